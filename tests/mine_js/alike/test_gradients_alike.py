"""Both mines learn alike: the same spec, records and model give the same map and the same plaintext gradient,
bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mine_agent.data.datasets import DataShelf
from openmined_syft.affine import AffineMap
from openmined_syft.errors import OpenMinedError
from openmined_syft.fixed_point import fixed_map
from openmined_syft.models import Learnable, Rows
from openmined_syft.models.family import LinearFamily
from openmined_syft.paillier.layout import Layout
from openmined_syft.paillier.training import check_bounds, to_offsets
from openmined_syft.privacy import exact_sums
from openmined_syft.rules import rule_from
from pysonar.protocol.artifacts import Algorithm, Spec, Zeros
from pysonar.protocol.artifacts.spec.record_clip import record_clip
from pysonar.protocol.schema import (
    Schema,
    boolean_field,
    class_label,
    input_schema,
    number_field,
    number_label,
    output_schema,
)
from pysonar.tables import read_records
from tests.artifacts.test_golden_artifacts import classifying_spec, regression_spec
from tests.json_types import JsonObject
from tests.mine.mine_commands import is_built
from tests.mine_js.alike.asking import Ask, asking

pytestmark = pytest.mark.skipif(not is_built(), reason="Mine.js is not built: make build/stamps/mine-js")
CAMPAIGN = bytes(range(32))
BOUND = 8
CLASSES = ["a", "b", "c"]

RATE = st.sampled_from([None, 0.05, 0.5])
DAMPING = st.sampled_from([1.0, 0.3])
L2 = st.sampled_from([0.0, 1e-3, 0.1])
RULES = st.one_of(
    st.fixed_dictionaries(
        {
            "name": st.just("gradient_descent"),
            "steps": st.integers(1, 60),
            "l2": L2,
            "learning_rate": RATE,
            "damping": DAMPING,
        }
    ),
    st.fixed_dictionaries(
        {
            "name": st.just("mini_batch"),
            "batch": st.integers(1, 50),
            "epochs": st.integers(1, 3),
            "seed": st.integers(0, 2**53 - 1),
            "l2": L2,
            "learning_rate": RATE,
            "damping": DAMPING,
        }
    ),
    st.fixed_dictionaries(
        {"name": st.just("proximal"), "rho": st.sampled_from([0.1, 2.0]), "l2": L2, "damping": DAMPING}
    ),
)
FEATURES = st.none() | st.fixed_dictionaries(
    {"name": st.just("fourier"), "count": st.integers(1, 40), "gamma": st.sampled_from([0.01, 0.7, 30.0])}
)


class Case(NamedTuple):
    """A spec, and the seed and number of the records."""

    spec: Spec
    seed: int
    rows: int


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Every linear family under every rule, with or without a feature map, on few records and on many."""
    family = draw(st.sampled_from(["linear", "ridge", "logistic", "one_vs_rest"]))
    classes = {"logistic": CLASSES[:2], "one_vs_rest": CLASSES}.get(family)
    parameters: JsonObject = {"alpha": draw(st.sampled_from([0.0, 0.02]))} if family == "ridge" else {}
    features = draw(FEATURES)
    if features is not None:
        parameters["features"] = features
    width = number_field(
        (-50, 200), center=draw(st.sampled_from([0, 61.7])), scale=draw(st.sampled_from([1, 33.3]))
    )
    gaps = number_field((0, 1))
    gaps["openmined"] = {**gaps["openmined"], "missing": {"value": 0.25}}
    spec = replace(
        regression_spec() if classes is None else classifying_spec(),
        input_schema=input_schema({"width": width, "share": gaps, "member": boolean_field()}),
        output_schema=output_schema("y", number_label((-9, 9)) if classes is None else class_label(classes)),
        algorithm=Algorithm(family, draw(RULES), parameters),
        initial=Zeros(),
        privacy_floor=None,
    )  # fmt: skip
    return Case(spec, draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([1, 2, 3, 5, 30, 120])))


@pytest.fixture(scope="module")
def by_node() -> Iterator[Ask]:
    """`by_node(question)`: what Mine.js makes of it; one process for all questions."""
    with asking("learn.mjs") as ask:
        yield ask


def shelf_with(case: Case, folder: Path) -> DataShelf:
    """A mine's data: numbers of every size, gaps, and labels."""
    random, shelf = np.random.default_rng(case.seed), DataShelf(folder / "data")
    numeric = case.spec.algorithm.family in ("linear", "ridge")
    lines = ["width,share,member,y"]
    for place in range(case.rows):
        share = "" if random.random() < 0.2 else repr(float(random.random()))
        label = (
            repr(float(random.normal())) if numeric else CLASSES[place % (3 if len(labels(case)) == 3 else 2)]
        )
        lines.append(f"{float(random.normal() * 60)!r},{share},{('no', 'yes')[place % 2]},{label}")
    path = folder / "records.csv"
    path.write_text("\n".join(lines) + "\n")
    shelf.add("records", path, replace=True)
    return shelf


def labels(case: Case) -> list[str]:
    """The classes of the spec's label; none of a number."""
    return list(Schema(case.spec.input_schema, case.spec.output_schema).label.classes)


def records_of(case: Case, shelf: DataShelf) -> Rows:
    data, schema = shelf.get("records"), Schema(case.spec.input_schema, case.spec.output_schema)
    with data.opened() as source:
        table, _ = read_records(source, schema, limit=data.unusable, written=data.written())
    return Rows(schema.encode(table), schema.encode_labels(table))


def family_of(case: Case) -> LinearFamily:
    family = case.spec.family_for(CAMPAIGN)
    assert isinstance(family, LinearFamily)
    return family


def visited(case: Case, data: Learnable) -> AffineMap:
    return family_of(case).compiled(data, rule_from(case.spec.algorithm.rule))


def drawn_weights(case: Case) -> np.ndarray:
    """A model's weights, in whole numbers of 2^-22."""
    drawn = np.random.default_rng(case.seed).integers(
        -BOUND << 22, BOUND << 22, family_of(case).weights_shape
    )
    return np.asarray(drawn)


def asked(case: Case, **data: object) -> JsonObject:
    return {
        "spec": case.spec.to_bytes().decode(),
        "campaign": CAMPAIGN.hex(),
        "bound": BOUND,
        "weights": [[str(entry) for entry in row] for row in drawn_weights(case).tolist()],
        **data,
    }


def told_of(case: Case, visit: AffineMap) -> JsonObject:
    """A, c, and (A - I) W + c in whole numbers of 2^-44: what the gradient decrypts to."""
    layout = Layout.choose(family_of(case).weights_shape, 2048, float(BOUND))
    matrix, offsets = fixed_map(visit.A, layout.map_bits), to_offsets(visit.c, layout)
    check_bounds(matrix, offsets, BOUND << layout.weight_bits, layout)
    moved = matrix.astype(object) @ drawn_weights(case).astype(object)
    gradient = [str(int(moved[i, j]) + c) for i, row in enumerate(offsets) for j, c in enumerate(row)]
    return {"A": visit.A.ravel().tolist(), "c": visit.c.ravel().tolist(), "gradient": gradient}


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_the_same_spec_records_and_model_give_the_same_gradient_bit_for_bit(
    by_node: Ask, tmp_path_factory: pytest.TempPathFactory, case: Case
) -> None:
    folder = tmp_path_factory.mktemp("alike")
    shelf = shelf_with(case, folder)
    told = by_node(asked(case, home=str(folder), name="records"))
    try:
        expected = told_of(case, visited(case, records_of(case, shelf)))
    except OpenMinedError as error:
        expected = {"error": type(error).__name__}
        told.pop("says", None)
    assert told == expected


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases(), rho=st.sampled_from([Fraction(1, 64), Fraction(1), Fraction(4096)]))
def test_the_same_release_gives_the_same_gradient_bit_for_bit(
    by_node: Ask, tmp_path_factory: pytest.TempPathFactory, case: Case, rho: Fraction
) -> None:
    family, records = family_of(case), records_of(case, shelf_with(case, tmp_path_factory.mktemp("released")))
    clip = record_clip(Schema(case.spec.input_schema, case.spec.output_schema), family)
    release = exact_sums(family.grid_rows(records, clip)).noised(rho)
    fields = {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in release.to_fields().items()
    }
    told = by_node(asked(case, release=fields))
    try:
        expected = told_of(case, visited(case, release))
    except OpenMinedError as error:
        expected = {"error": type(error).__name__}
        told.pop("says", None)
    assert told == expected


@settings(max_examples=8, deadline=None)
@given(
    rows=st.integers(300, 900),
    at_once=st.integers(1, 400),
    inputs=st.integers(1, 30),
    seed=st.integers(0, 999),
)
def test_how_a_source_cuts_its_records_changes_no_bit(
    rows: int, at_once: int, inputs: int, seed: int
) -> None:
    from openmined_syft.models import build_family

    family = build_family("linear", inputs, 1, {})
    assert isinstance(family, LinearFamily)
    random = np.random.default_rng(seed)
    whole = Rows(random.normal(size=(rows, inputs)), random.normal(size=rows))
    rule = rule_from({"name": "gradient_descent"})
    one, other = (family.compiled(family.sums(parts), rule) for parts in ([whole], whole.parts(at_once)))
    direct = family.compiled(whole, rule)
    assert one.A.tobytes() == other.A.tobytes() == direct.A.tobytes()
    assert one.c.tobytes() == other.c.tobytes() == direct.c.tobytes()
