"""A verdict answers no question about decrypted numbers but the one that is paid for: is it a gain?

A mine that multiplies a ciphertext of the model into its gradient, with an offset of its choice, and declares
a bound, could once read a weight bit by bit from MALFORMED or not. Here every gradient that can be opened is
judged as a gain or as none, and with the same work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openmined_oracle.campaigns.assignment import Assignment
from openmined_oracle.campaigns.workbench import Workbench
from openmined_oracle.journal import Version
from openmined_oracle.judging.judge import judge
from openmined_oracle.workers import Workers
from openmined_syft.affine import AffineMap
from openmined_syft.judging import judged_rows
from openmined_syft.judging.judged_rows import JudgedRows
from openmined_syft.paillier.encrypted import EncryptedModel
from openmined_syft.paillier.keys import PrivateKey
from openmined_syft.paillier.training import train
from openmined_syft.schemes import scheme_named
from pysonar.chain.contract.events import Submitted
from pysonar.chain.contract.types import Verdict
from pysonar.protocol.artifacts import GradientEnvelope
from pysonar.protocol.cid import Cid
from tests.builders.opaque import as_gradient, as_model
from tests.builders.terms import terms_of
from tests.oracle.capsule_world import World

SECRET_WEIGHTS = np.array([[0.75, -0.5, 0.25], [1.0, 0, -1], [0, 0.5, 0], [-0.25, 0, 0], [0.1, 0.2, 0.3]])
CONTRACT, MINER, CAMPAIGN, BASE = "0x" + "11" * 20, "0x" + "22" * 20, b"\x03" * 32, Cid(b"\x04" * 32)
TERMS = terms_of("0x" + "33" * 20, target=1_000_000, min_gain=5_000)


@dataclass
class Counted:
    """What one judgement came to, and what it cost: how often rows were measured."""

    verdict: Verdict
    scores: int
    fits: int


@pytest.fixture
def judged(
    world: World, paillier: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> Callable[[AffineMap, int | None], Counted]:
    """`judged(map, bits)`: a mine's gradient, with the bound that fits or one of its own choice."""
    spec = world.spec()
    family, records = spec.family_for(CAMPAIGN), world.validation_table
    X, y = world.schema.encode(records), world.schema.encode_labels(records)
    rows = JudgedRows(family, scheme_named(spec.scheme), spec.metric, X, y)
    assignment = Assignment(spec, family, world.own, world.scientist_key.certificate, rows)
    model = EncryptedModel.encrypt(SECRET_WEIGHTS, paillier, version=0, weight_bound=8.0)
    best = rows.score(SECRET_WEIGHTS)
    bench = Workbench(
        SimpleNamespace(  # type: ignore[arg-type]
            sonar=SimpleNamespace(chain_id=1337, address=CONTRACT), workers=Workers()
        ),
        CAMPAIGN,
        assignment,
        paillier,
        Version(0, BASE.digest, best),
        as_model(model),
        SECRET_WEIGHTS,
    )
    event = Submitted(id=CAMPAIGN, index=0, miner=MINER, update=b"\x06" * 32)
    counts = {"score": 0, "fit": 0}
    for name, owner, method in (("score", judged_rows, "measure_ppm"), ("fit", type(rows.scheme), "fit")):
        measured = getattr(owner, method)

        def counting(*given: object, name: str = name, measured: Callable[..., float] = measured) -> float:
            counts[name] += 1
            return measured(*given)

        monkeypatch.setattr(owner, method, counting)

    def run(visit: AffineMap, bits: int | None = None) -> Counted:
        gradient = train(model, paillier.public, visit)
        if bits is not None:
            gradient = replace(gradient, bound_bits=bits)
        sealed = GradientEnvelope(
            chain_id=1337,
            contract=CONTRACT,
            campaign=CAMPAIGN,
            base_version=0,
            base=BASE,
            miner=MINER,
            gradient=as_gradient(gradient),
            scheme="paillier",
        ).seal(world.own.certificate)
        before = dict(counts)
        judgement = judge(bench, TERMS, event, sealed, {0: BASE.digest})
        return Counted(judgement.verdict, counts["score"] - before["score"], counts["fit"] - before["fit"])

    return run


def probe(row: int, threshold: float) -> AffineMap:
    """The crafted gradient: one row of the model, shifted by a threshold, and nothing else."""
    matrix, offset = np.eye(5), np.zeros((5, 3))
    matrix[row, row] = 2.0
    offset[row] = -threshold
    return AffineMap(matrix, offset)


def test_bisecting_a_weight_by_a_declared_bound_learns_nothing(
    judged: Callable[[AffineMap, int | None], Counted],
) -> None:
    """The threshold passes the weight 0.75; bound and slot agree on one side and not on the other."""
    answers = [judged(probe(0, threshold), 42) for threshold in (0.5, 0.7499, 0.75, 0.7501, 1.0, 6.0)]
    assert {answer.verdict for answer in answers} <= {Verdict.NO_GAIN, Verdict.IMPROVED}
    assert len({(answer.scores, answer.fits) for answer in answers}) == 1


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    change=st.lists(st.floats(-0.2, 0.2), min_size=25, max_size=25),
    offset=st.lists(st.floats(-20.0, 20.0), min_size=15, max_size=15),
    bits=st.none() | st.integers(0, 49),
)
def test_whatever_is_decrypted_is_a_gain_or_no_gain_at_the_same_cost(
    judged: Callable[[AffineMap, int | None], Counted],
    change: list[float],
    offset: list[float],
    bits: int | None,
) -> None:
    """Random and crafted: long ones, ones that leave the bound of the weights, ones that lie about theirs."""
    visit = AffineMap(np.eye(5) + np.array(change).reshape(5, 5), np.array(offset).reshape(5, 3))
    answer = judged(visit, bits)
    assert answer.verdict in (Verdict.NO_GAIN, Verdict.IMPROVED)
    assert (answer.scores, answer.fits) == (5, 5)
