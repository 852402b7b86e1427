"""Campaigns with an auditor: what they compute again from what Capsule hands over, and what they find."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pysequoia
import pytest

from openmined_oracle.judging.judge import USED_UP
from openmined_syft.judging import judged_rows
from pysonar.chain.contract.events import Improved, Submitted
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.deeds import capsule_pins
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import FromCampaign, PrivacyStatement, SealedInput, Validation
from pysonar.protocol.artifacts.validation_rows import judged_rows as judged_rows_of
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SecretKey, verify_detached
from pysonar.scientist.auditing.judging import Bench
from pysonar.scientist.auditing.verdicts import audit_verdicts
from pysonar.scientist.errors import NotTheAuditorError
from pysonar.store import MalformedBlockError, NotFoundError, StoreError, TooLargeError
from pysonar.store.interface import Progress
from tests.builders.changes import with_fields
from tests.oracle.audited import ROW, Audited, Lie
from tests.oracle.audited import audited as audited
from tests.oracle.audited import auditor as auditor
from tests.oracle.capsule_world import World


def _entry(bench: Bench, index: int, **changes: object) -> Bench:
    """One line of the record changed."""
    record = list(bench.result.record)
    record[index] = with_fields(record[index], changes)
    return replace(bench, result=replace(bench.result, record=tuple(record)))


def _opening(bench: Bench, index: int, **changes: object) -> Bench:
    """What was handed over of one submission changed."""
    handed = list(bench.package.submissions)
    handed[index] = with_fields(handed[index], changes)
    return replace(bench, package=replace(bench.package, submissions=tuple(handed)))


def _result(bench: Bench, **changes: object) -> Bench:
    return replace(bench, result=with_fields(bench.result, changes))


def _package(bench: Bench, **changes: object) -> Bench:
    return replace(bench, package=with_fields(bench.package, changes))


class Without:
    """A store that has everything but one submission."""

    def __init__(self, bench: Bench, index: int, error: type[StoreError]) -> None:
        made = [one.event for one in bench.history if isinstance(one.event, Submitted)]
        self.inner, self.gone, self.error = bench.read, Cid.from_bytes32(made[index].update), error

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        if cid == self.gone:
            raise self.error("not what it should be", cid=cid)
        return self.inner.get(cid, max_bytes=max_bytes)

    def get_stream(self, cid: Cid, *, max_bytes: int, progress: Progress | None = None) -> Iterator[bytes]:
        return self.inner.get_stream(cid, max_bytes=max_bytes, progress=progress)


def _without(error: type[StoreError]) -> Callable[[Bench], Bench]:
    return lambda b: replace(b, read=Without(b, 1, error))


STRANGER = "0x" + "99" * 20
LIES: list[tuple[Callable[[Bench], Bench], str]] = [
    (
        lambda b: _entry(b, 2, score_ppm=(b.result.record[2].score_ppm or 0) - ROW),
        "the score of submission 2 in the record, in ppm",
    ),
    (
        lambda b: _entry(b, 0, step=1.5 - (b.result.record[0].step or 0)),
        "the step of submission 0 in the record",
    ),
    (lambda b: _entry(b, 1, miner=STRANGER), "the miner of submission 1 in the record"),
    (lambda b: _entry(b, 1, base_version=1), "the base version of submission 1 in the record"),
    (  # who has lost the base has lost the rest as well
        lambda b: _entry(b, 0, base_version=None, step=1.5 - (b.result.record[0].step or 0)),
        "the base version of submission 0 in the record",
    ),
    (
        lambda b: _entry(b, 2, base_version=None, step=None, privacy=PrivacyStatement(1.0, 0.0)),
        "the base version of submission 2 in the record",
    ),
    # Another scientist's records; a model that is packed, or under a key, as no mine trains it.
    (lambda b: replace(b, record=replace(b.record, owner=STRANGER)), "the audit package"),
    (lambda b: replace(b, spec=replace(b.spec, weight_bound=b.spec.weight_bound * 64)), "the audit package"),
    (lambda b: replace(b, spec=replace(b.spec, key_bits=3072)), "the audit package"),
    (
        lambda b: _entry(b, 0, version_digest=b"\x01" * 32),
        "the digest of version 1 of the model in the record",
    ),
    (
        lambda b: _entry(b, 1, privacy=PrivacyStatement(1.0, 0.0)),
        "the privacy that submission 1 states in the record",
    ),
    (lambda b: _result(b, weights=b.result.weights + 1), "the weights in the result"),
    (lambda b: _opening(b, 0, session_key=None), "the session key of submission 0"),
    (
        lambda b: _opening(b, 0, session_key=b.package.submissions[1].session_key),
        "the session key of submission 0",
    ),
    (lambda b: _opening(b, 0, salt=bytes(32)), "the digest of version 1 of the model in the record"),
    (_without(NotFoundError), "the sealed gradient of submission 1"),
    (_without(TooLargeError), "the sealed gradient of submission 1"),
    (_without(MalformedBlockError), "the sealed gradient of submission 1"),
    (lambda b: _package(b, submissions=b.package.submissions[:2]), "the submissions in the audit package"),
    (lambda b: _package(b, validation=b.package.validation[:-1] + b"\0"), "the audit package"),
    (lambda b: _package(b, secrets={"p": "5", "q": "7"}), "the audit package"),
]


def test_an_honest_campaign_is_recomputed_to_the_last_step(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    audited.run()
    verdicts = audited.world.verdicts(audited.campaign)
    assert (verdicts[0], verdicts[2]) == (Verdict.IMPROVED, Verdict.NO_GAIN)
    key, report = audited.home(monkeypatch), tmp_path / "report.json"
    done = audited.command("--auditor-key", str(key), "--report", str(report))
    shown = json.loads(done.stdout)
    assert (done.exit_code, shown["passed"], shown["claimed"]) == (0, True, [])
    said = report.read_bytes()
    signature = (tmp_path / "report.json.sig").read_bytes()
    verify_detached(said, signature, expected_signer=audited.key.certificate)
    seen = {check["what"] for check in json.loads(said)["checks"]}
    for index in range(3):
        assert {f"the verdict on submission {index}", f"the step of submission {index} in the record"} <= seen
    assert "version 1 of the model, made by submission 0" in seen

    # What the auditor needs is kept after the end.
    submitted = audited.world.sonar_events(Submitted, audited.campaign)
    gains = audited.world.sonar_events(Improved, audited.campaign)
    needed = {event.update for event in submitted} | {event.model for event in gains}
    pinned = {cid.digest for cid in audited.world.store.pins(capsule_pins(audited.campaign))}
    assert needed <= pinned

    # Each of these is a Capsule that has said one thing otherwise.
    bench = audited.bench(monkeypatch)
    assert all(check.passed for check in audit_verdicts(bench))
    for lie, first in LIES:
        wrong = [check.what for check in audit_verdicts(lie(bench)) if not check.passed]
        assert wrong[:1] == [first], lie
    with pytest.raises(NotTheAuditorError, match="names the auditor"):
        audited.checks(SecretKey.generate("somebody"))


@pytest.mark.slow
def test_an_auditor_of_sealed_weights_or_of_an_earlier_model(audited: Audited) -> None:
    sealed = audited.world.sealed_weights(np.full((5, 3), 0.125))
    audited.run(initial=sealed)
    assert all(check.passed for check in audited.checks())
    source = audited.campaign
    start = audited.world.record(source).best
    audited.run(initial=FromCampaign(source), start_ppm=start)
    checks = audited.checks()
    assert all(check.passed for check in checks)
    assert [check.what for check in checks if check.claimed] == ["version 0 of the model"]


def split(world: World, *, evaluations: int = 0) -> Validation:
    """The world's records, sealed to the scientist, too; 24 of 60 guide. With this salt the zero model has
    a third of either part right, and no gradient all of the paying rows.
    """
    sealed = SealedInput.of_records(world.validation_table, world.schema, **world.binding)
    sealed = replace(sealed, salt=bytes([10]) * 32)
    cid = world.store.put(sealed.seal(world.own.certificate, world.scientist_key.certificate))
    return Validation(cid, sealed.salted_digest(), 60, 24, evaluations)


def test_where_rows_are_split_the_auditor_judges_by_the_same_rows(audited: Audited) -> None:
    """And the third submission is behind the last one that is measured."""
    world = audited.world
    validation = split(world, evaluations=2)
    audited.run(validation=validation)
    verdicts = world.verdicts(audited.campaign)
    assert (verdicts[0], verdicts[2]) == (Verdict.IMPROVED, Verdict.NO_GAIN)
    assert world.reason(audited.campaign) == USED_UP
    checks = audited.checks()
    assert [check for check in checks if not check.passed] == []
    scored = next(check for check in checks if check.what == "the accuracy of submission 0 in ppm")
    assert int(scored.found) in {right * 1_000_000 // 36 for right in range(37)}

    # With the scientist's key, which opens the sealed records as well.
    result = world.result(audited.campaign)
    sealed = world.store.get(validation.sealed, max_bytes=1 << 20)
    opened = SealedInput.open(sealed, world.scientist_key, digest=validation.digest, **world.binding)
    spec = world.spec(validation=validation)
    paying = judged_rows_of(spec, spec.family_for(audited.campaign), opened)
    assert paying.score(result.weights) == result.final_ppm


def guiding_rows_pay(patch: pytest.MonkeyPatch) -> None:
    """What the search has looked at is paid for as well."""
    patch.setattr(judged_rows.JudgedRows, "_paying", property(lambda rows: (rows.X, rows.y)))


def measured_for_ever(patch: pytest.MonkeyPatch) -> None:
    """The set is measured on for a friend when it is used up."""
    patch.setattr(Validation, "is_used_up", lambda _self, _index: False)


@pytest.mark.parametrize(
    ("lie", "evaluations", "first"),
    [
        (guiding_rows_pay, 0, "the accuracy of submission 0 in ppm"),
        (measured_for_ever, 1, "the step of submission 1 in the record"),
    ],
)
def test_a_capsule_that_judges_by_other_rows_is_found(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, lie: Lie, evaluations: int, first: str
) -> None:
    with monkeypatch.context() as patch:
        lie(patch)
        audited.run(validation=split(audited.world, evaluations=evaluations))
    assert audited.first == first


def test_what_stays_capsule_s_word_is_listed_as_such(
    audited: Audited, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    world = audited.world
    spec = world.spec(auditor_certificate=world.store.put(audited.key.certificate.to_bytes()))
    campaign = audited.campaign = world.opened(spec)
    world.submit_digest(campaign, miner, b"\x07" * 32)  # nobody has it
    world.submit_bytes(campaign, miner, b"no message at all")
    world.submit_bytes(campaign, miner, bytes(3_000_000))  # larger than a gradient can be
    world.submit_digest(campaign, miner, no_file(world))
    world.submit(campaign, miner, world.envelope(campaign, second_miner))  # for another miner
    sealed = bytearray(world.envelope(campaign, miner).seal(world.own.certificate))
    sealed[-1] ^= 1
    world.submit_bytes(campaign, miner, bytes(sealed))  # that it does not open, only Capsule can tell
    # Good, but in the form of RFC 9580, which has no session key to show: nobody could check what is paid.
    newer = pysequoia.encrypt(
        world.envelope(campaign, miner).to_bytes(), [world.own.certificate.native()], armor=False
    )
    world.submit_bytes(campaign, miner, bytes(newer))
    world.submit(campaign, miner)
    world.node.advance(901)
    audited.finish()
    expected = [Verdict.UNAVAILABLE, *6 * [Verdict.MALFORMED], Verdict.IMPROVED]
    assert world.verdicts(campaign) == expected
    checks = audited.checks()
    assert all(check.passed for check in checks)
    claims = [f"{check.what}: {check.found.split(':')[0]}" for check in checks if check.claimed]
    assert claims == [
        "the verdict on submission 0: UNAVAILABLE",
        "the verdict on submission 5: MALFORMED",
    ]


def no_file(world: World) -> bytes:
    """The digest of a block that is no file of the store's profile."""
    data = b"\xff" * 40
    cid = Cid.from_bytes32(hashlib.sha256(data).digest())
    path = world.store_path / "blocks" / str(cid)[-2:] / str(cid)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return cid.digest
