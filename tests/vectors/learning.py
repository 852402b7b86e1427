"""Feature maps, records as numbers, fixed point, layouts, and what a release becomes."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from openmined_syft.features import feature_map_from
from openmined_syft.fixed_point import fixed_map
from openmined_syft.models import Rows, build_family
from openmined_syft.models.family import LinearFamily
from openmined_syft.paillier.layout import Layout
from openmined_syft.paillier.layout_fields import layout_fields
from openmined_syft.paillier.training import check_bounds, pack_rows, to_offsets
from openmined_syft.privacy import NoisedSums
from openmined_syft.rules import rule_from
from pysonar.protocol.artifacts.spec.record_clip import record_clip
from pysonar.protocol.schema import Schema
from tests.artifacts.test_golden_artifacts import classifying_spec, regression_spec
from tests.json_types import JsonObject
from tests.roles import dense, linear
from tests.vectors.drawing import integers, unit

SEED = hashlib.sha256(b"openmined/vectors/campaign").digest()


def features() -> JsonObject:
    """A map drawn from a campaign's id, and rows through it, to the bit."""
    mapping = {"name": "fourier", "count": 7, "gamma": 0.05}
    made = feature_map_from(mapping, 3, SEED)
    rows = [[0.0, 0.0, 0.0], [1.0, -2.0, 0.5], [1e3, 1e-3, -7.25]]
    return {
        "about": "Random Fourier features, exact float64.",
        "seed": SEED.hex(),
        "map": mapping,
        "rows": rows,
        "mapped": made.transform(rows).tolist(),
        "usual_norm": made.usual_norm,
    }


def records() -> JsonObject:
    """Records in two schemas, encoded to the bit, and the lengths they are clipped to."""
    documents = []
    for spec, columns in (
        (
            classifying_spec(),
            {
                "width": [-5.0, 100.5, 1e9, 0.1],
                "age": [-1, 7, 119, 120],
                "Member": [True, False, True, False],
                "colour": ["r\u00f6d", "gr\u00f6n", "gr\u00f6n", "r\u00f6d"],
                "kind": ["a", "b", "c", "a"],
            },
        ),
        (regression_spec(), None),
    ):
        schema = Schema(spec.input_schema, spec.output_schema)
        clip = record_clip(schema, linear(spec.family_for(SEED)))
        document: JsonObject = {
            "spec": spec.to_bytes().decode(),
            "clip": [clip.inputs.hex(), clip.targets.hex()],
            "shape": list(spec.weights_shape),
        }
        if columns is not None:
            table = pa.table(columns)
            document["columns"] = columns
            document["encoded"] = dense(schema.encode(table)).tolist()
            document["labels"] = schema.encode_labels(table).tolist()
        documents.append(document)
    return {
        "about": "Specs, records encoded (exact float64), and clips as C99 hexadecimal.",
        "specs": documents,
    }


def layouts() -> JsonObject:
    """The layout of every kind of shape, and one matrix in fixed point."""
    shapes = [(1, 1), (2, 1), (5, 3), (65, 10), (65, 1), (785, 10), (257, 2), (1025, 1)]
    chosen = [
        {"shape": list(shape), "bound": bound, **layout_fields(Layout.choose(shape, bits, bound))}
        for shape in shapes
        for bits in (2048, 3072, 4096)
        for bound in (1.0, 10.0, 100.0, 1e6)
    ]
    values = [0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994, 1e-9, 3.25]
    matrix = np.diag([1.0 + value * 2.0**-22 for value in values])
    return {
        "about": "Layout.choose of shape, key size and bound; `fixed` is round((A - I) 2^22), ties to even.",
        "layouts": chosen,
        "diagonal": np.diag(matrix).tolist(),
        "fixed": np.diag(fixed_map(matrix, 22)).tolist(),
    }


def release(rows: int, columns: int) -> NoisedSums:
    """Sums of drawn records under drawn noise: what a small mine could have released."""
    from openmined_syft.privacy import Clip

    clip = Clip(2.0, 1.0)
    design = integers("inputs", 40 * rows, 900).reshape(40, rows)
    design[:, -1] = clip.bias_unit
    targets = np.eye(columns, dtype=np.int64)[integers("labels", 40, 1000) % columns] * 4096
    noise = integers("noise", rows * rows, 60_000_000).reshape(rows, rows)
    products = design.T @ design + np.triu(noise)
    pulls = design.T @ targets + integers("pulls", rows * columns, 60_000_000).reshape(rows, columns)
    return NoisedSums(products[np.triu_indices(rows)].astype(np.int64), pulls, 10**15, 10**15, clip)


def training() -> JsonObject:
    """From a release to the integers that meet the ciphertexts."""
    cases = []
    for family_name, outputs, rule in (
        ("one_vs_rest", 3, {"name": "gradient_descent", "steps": 50}),
        ("one_vs_rest", 3, {"name": "gradient_descent", "steps": 3, "learning_rate": 0.5, "damping": 0.5}),
        ("logistic", 1, {"name": "proximal", "rho": 0.1}),
        ("ridge", 1, {"name": "gradient_descent", "steps": 7, "l2": 0.0}),
        ("logistic", 1, {"name": "mini_batch", "batch": 16, "epochs": 2}),
    ):
        family = build_family(family_name, 5, outputs, {})
        sums = release(*family.weights_shape)
        assert isinstance(family, LinearFamily)
        visit = family.compiled(sums, rule_from(rule))
        layout = Layout.choose(family.weights_shape, 2048, 10.0)
        matrix, offsets = fixed_map(visit.A, layout.map_bits), to_offsets(visit.c, layout)
        limit = 10 << layout.weight_bits
        cases.append(
            {
                "family": family_name,
                "outputs": outputs,
                "rule": rule,
                "release": {
                    name: value.hex() if isinstance(value, bytes) else value
                    for name, value in sums.to_fields().items()
                },
                "A": visit.A.tolist(),
                "c": visit.c.tolist(),
                "matrix": matrix.tolist(),
                "offsets": [[str(entry) for entry in row] for row in offsets],
                "weight_limit": limit,
                "bound_bits": check_bounds(matrix, offsets, limit, layout),
                "plaintexts": [str(int(packed)) for packed in pack_rows(offsets, layout)],
            }
        )
    return {
        "about": "A release, the affine map of it by a rule (exact float64), and the integers of the visit.",
        "features": 5,
        "key_bits": 2048,
        "weight_bound": 10.0,
        "cases": cases,
        "of_rows": _of_rows(),
        "drawn": unit("check", 3),
    }


def _of_rows() -> list[JsonObject]:
    """From records themselves to affine maps: no noise, so no release."""
    drawn = np.array([unit(f"row {number}", 5) for number in range(37)])
    every = drawn * 2.0 - 1.0
    cases = []
    for family_name, outputs, rule in (
        ("one_vs_rest", 3, {"name": "mini_batch", "batch": 8, "epochs": 3, "seed": 5}),
        (
            "linear",
            1,
            {"name": "mini_batch", "batch": 37, "epochs": 2, "learning_rate": 0.25, "damping": 0.5},
        ),
        ("ridge", 1, {"name": "mini_batch", "batch": 1, "epochs": 1, "learning_rate": 0.1}),
        ("logistic", 1, {"name": "gradient_descent", "steps": 20}),
        ("linear", 1, {"name": "proximal", "rho": 0.05}),
        ("ridge", 1, {"name": "gradient_descent", "steps": 30, "l2": 0.01}),
    ):
        count = (
            3 if family_name == "ridge" and rule["name"] == "gradient_descent" else 37
        )  # fewer than inputs
        family = build_family(family_name, 5, outputs, {})
        assert isinstance(family, LinearFamily)
        X = every[:count]
        y = X[:, 0] if family_name in ("linear", "ridge") else np.arange(count) % max(2, outputs)
        visit = family.compiled(Rows(X, y), rule_from(rule))
        cases.append(
            {
                "family": family_name,
                "outputs": outputs,
                "rule": rule,
                "rows": X.tolist(),
                "labels": y.tolist(),
                "A": visit.A.tolist(),
                "c": visit.c.tolist(),
            }
        )
    return cases
