"""A Data Scientist who wants a network needs no TenSEAL: the model is encrypted and trained elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from openmined_syft.ckks import seal
from openmined_syft.errors import KernelError
from openmined_syft.schemes import scheme_named
from pysonar.chain.contract.types import State
from pysonar.party.home.passphrase import PASSPHRASE_VARIABLE
from pysonar.protocol.artifacts import MAX_BYTES, Spec
from pysonar.protocol.cid import Cid
from pysonar.scientist.campaign import Campaign
from pysonar.scientist.cli import app
from pysonar.scientist.connection import Scientist
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.plan_file import plan_from
from pysonar.scientist.result.estimator import Estimator
from tests.json_types import JsonObject
from tests.scientist.conftest import Judge

NAMES = tuple("abcdefghi")


@pytest.fixture(autouse=True)
def _no_tenseal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine that it was never installed on."""
    for name in ("tenseal", "tenseal.sealapi"):
        monkeypatch.setitem(sys.modules, name, None)
    seal.seal.cache_clear()
    with pytest.raises(KernelError):
        scheme_named("ckks").require_usable()
    yield
    monkeypatch.undo()
    seal.seal.cache_clear()


@pytest.fixture
def network_values(plan_values: JsonObject) -> JsonObject:
    """A plan file that asks for a network of nine numbers and two classes."""
    wanted = {name: value for name, value in plan_values.items() if name not in ("rule", "key_bits")}
    fields = [{"name": name, "clip": [-4.0, 4.0]} for name in NAMES]
    return wanted | {"family": "mlp", "parameters": {"hidden": 16}, "fields": fields}


@pytest.fixture
def nine_numbers() -> pa.Table:
    """Thirty records, ten of them ill."""
    draw = np.random.default_rng(3)
    columns = {name: draw.normal(size=30).clip(-4, 4) for name in NAMES}
    return pa.table({**columns, "ill": [int(place % 3 == 0) for place in range(30)]})


def test_a_campaign_for_a_network_is_launched(
    owner: Scientist, network_values: JsonObject, nine_numbers: pa.Table, judge: Judge
) -> None:
    record = Campaign(owner, plan_from(network_values), nine_numbers).launch().record
    assert record.state is State.REQUESTED
    cid = Cid.from_bytes32(record.terms.spec)
    spec = Spec.parse(judge.store.get(cid, max_bytes=MAX_BYTES["spec"]), cid=cid)
    assert (spec.algorithm.family, spec.scheme, spec.key_bits) == ("mlp", "ckks", 16384)
    assert spec.algorithm.as_mapping()["rule"] == {"name": "one_gradient"}
    assert spec.weights_shape == (32, 16)
    assert spec.start_ppm == 666_666  # all scores are zero at first, and the first class wins


def test_the_delivered_network_predicts_and_comes_back_from_its_file(
    network_values: JsonObject, nine_numbers: pa.Table, tmp_path: Path
) -> None:
    plan = plan_from(network_values)
    weights = plan.family.drawn_weights()  # type: ignore[attr-defined]
    documents = plan.input_schema, plan.output_schema
    estimator = Estimator(weights, plan.algorithm, *documents, plan.metric, bytes(32))
    estimator.save(tmp_path / "model.safetensors")
    loaded = Estimator.load(tmp_path / "model.safetensors")
    assert 0 < loaded.score(nine_numbers) == estimator.score(nine_numbers) < 1
    np.testing.assert_array_equal(loaded.predict(nine_numbers), estimator.predict(nine_numbers))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"rule": {"steps": 50}}, "rule"),
        ({"parameters": {"hidden": 17}}, "algorithm"),
        ({"parameters": {"features": {"name": "fourier"}}}, "parameters.features"),
        ({"weight_bound": 0.5}, "initial"),
    ],
)
def test_what_a_network_cannot_have_is_named_before_anything_is_escrowed(
    network_values: JsonObject, changes: JsonObject, key: str
) -> None:
    assert isinstance(plan_from(network_values), Plan)
    with pytest.raises(PlanError) as caught:
        plan_from(network_values | changes)
    assert key in str(caught.value)


def test_the_command_line_creates_such_a_campaign(
    network_values: JsonObject, nine_numbers: pa.Table, tmp_path: Path, home: Path, judge: Judge
) -> None:
    plan, validation = tmp_path / "plan.json", tmp_path / "validation.csv"
    plan.write_text(json.dumps(network_values))
    rows = zip(*(nine_numbers.column(name).to_pylist() for name in (*NAMES, "ill")), strict=True)
    validation.write_text(
        "\n".join([",".join((*NAMES, "ill")), *(",".join(map(str, r)) for r in rows)]) + "\n"
    )
    command = ["campaign", "create", str(plan), "--validation", str(validation), "--home", str(home)]
    done = CliRunner().invoke(app, [*command, "--format", "json"], env={PASSPHRASE_VARIABLE: "correct horse"})
    assert done.exit_code == 0, done.output
    campaign = bytes.fromhex(json.loads(done.stdout)["campaign"].removeprefix("0x"))
    assert judge.sonar.campaign(campaign).state is State.REQUESTED
