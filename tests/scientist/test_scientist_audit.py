"""The audit derives a campaign anew from its events: what an honest one passes, and what it finds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner, Result

from pysonar.chain.contract.events import (
    Claimed,
    Delivered,
    Improved,
    LoggedEvent,
    Settled,
    Submitted,
    Verdicts,
)
from pysonar.chain.contract.types import CampaignRecord, Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.openpgp import SecretKey
from pysonar.scientist.auditing.artifacts import audit_artifacts
from pysonar.scientist.auditing.check import Check
from pysonar.scientist.auditing.events import audit_chain
from pysonar.scientist.campaign import Campaign
from pysonar.scientist.cli import app
from pysonar.scientist.connection import Scientist
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.plan_file import plan_from
from tests.json_types import JsonObject
from tests.scientist.conftest import PASSPHRASE, Judge


@dataclass
class Ended:
    """A campaign that ran to its end: opened at 50 %, four submissions, two gains, settled and claimed."""

    record: CampaignRecord
    history: Sequence[LoggedEvent]
    times: dict[int, int]
    name: str
    second: str

    def audit(self, history: Sequence[LoggedEvent] | None = None) -> list[Check]:
        return list(audit_chain(self.record, history or self.history, self.times.__getitem__))

    def differences(self, history: Sequence[LoggedEvent]) -> list[str]:
        return [check.what for check in self.audit(history) if not check.passed]

    def changed(self, kind: type, place: int, **changes: object) -> list[LoggedEvent]:
        """The history with the place-th event of that kind changed."""
        seen, history = -1, []
        for logged in self.history:
            seen += isinstance(logged.event, kind)
            hit = isinstance(logged.event, kind) and seen == place
            history.append(replace(logged, event=replace(logged.event, **changes)) if hit else logged)
        return history

    def without(self, kind: type, place: int) -> list[LoggedEvent]:
        found = [logged for logged in self.history if isinstance(logged.event, kind)]
        return [logged for logged in self.history if logged is not found[place]]


@pytest.fixture
def ended(
    owner: Scientist,
    plan: Plan,
    records: pa.Table,
    judge: Judge,
    miner: KeyfileSigner,
    second_miner: KeyfileSigner,
    weights: np.ndarray,
) -> Ended:
    launched = Campaign(owner, plan, records, name="audited").launch()
    judge.open(launched.id, 500_000)
    judge.judge(launched.id, miner, "NO_GAIN")
    judge.judge(launched.id, second_miner, "IMPROVED", 700_000)
    judge.judge(launched.id, miner, "MALFORMED")
    judge.judge(launched.id, miner, "IMPROVED", 950_000)
    judge.deliver(launched.id, judge.result(launched.id, weights), owner.key.certificate)
    judge.send(judge.sonar.calls.settle(launched.id))
    for account in (miner, second_miner, judge.signer):
        judge.send(judge.sonar.calls.claim(launched.id, account.address), account)
    connection = owner.connection
    connection.read_events()
    history = connection.follower.history(campaign=launched.id)
    times = {}
    for number in {logged.block_number for logged in history}:
        block = rpc.block(connection.web3, number)
        assert block is not None
        times[number] = block.timestamp
    return Ended(connection.confirmed(launched.id), history, times, "audited", second_miner.address)


def test_an_honest_campaign_passes_to_the_wei(ended: Ended) -> None:
    checks = ended.audit()
    assert [check for check in checks if not check.passed] == []
    assert len(checks) > 50
    assert {"the contract's bounty earned in wei", "what was settled as refund"} <= {c.what for c in checks}


GAIN, SAID = "the improvement by submission", "the submissions with the verdict IMPROVED"


def swapped(ended: Ended) -> list[LoggedEvent]:
    """The miners of the first two submissions have changed places: the second gets what the first earned."""
    made = [logged.event for logged in ended.history if isinstance(logged.event, Submitted)]
    ended.history = ended.changed(Submitted, 0, miner=made[1].miner)
    return ended.changed(Submitted, 1, miner=made[0].miner)


Tamper = Callable[[Ended], list[LoggedEvent]]


@pytest.mark.parametrize(
    ("tamper", "first"),
    [
        (lambda e: swapped(e), "what {second} has claimed"),
        (lambda e: e.without(Verdicts, 0), "the place of the verdict on submission 1"),
        (lambda e: e.without(Submitted, 3), "the submission of the verdict on submission 3"),
        (lambda e: e.changed(Improved, 0, accuracy=700_001), f"the payout of {GAIN} 1 in wei"),
        (lambda e: e.changed(Improved, 0, accuracy=509_999), f"the accuracy of {GAIN} 1"),
        (lambda e: e.changed(Improved, 1, payout=1), f"the payout of {GAIN} 3 in wei"),
        (lambda e: e.changed(Improved, 1, version=3), f"the version of {GAIN} 3"),
        (lambda e: e.without(Improved, 1), "when the result was delivered"),
        (lambda e: e.changed(Improved, 1, accuracy=899_999), f"the payout of {GAIN} 3 in wei"),
        (lambda e: e.without(Delivered, 0), "when it was settled"),
        (lambda e: e.changed(Delivered, 0, result=b"\x01" * 32), "the contract's result"),
        (lambda e: e.changed(Verdicts, 0, verdicts=(Verdict.IMPROVED,)), SAID),
        (lambda e: e.changed(Verdicts, 2, verdicts=(Verdict.NO_GAIN,)), "what was settled as burned"),
        (lambda e: e.changed(Settled, 0, refund=0), "what was settled as refund"),
        (lambda e: e.changed(Settled, 0, fees=13), "what was settled as fees"),
    ],
)
def test_what_was_tampered_with_is_the_first_difference(ended: Ended, tamper: Tamper, first: str) -> None:
    found = ended.differences(tamper(ended))
    assert found[0] == first.format(second=ended.second)


def test_a_claim_of_a_wei_too_much_is_found(ended: Ended) -> None:
    claims = [logged.event for logged in ended.history if isinstance(logged.event, Claimed)]
    history = ended.changed(Claimed, 0, amount=claims[0].amount + 1)
    (found,) = ended.differences(history)
    assert found == f"what {claims[0].account} has claimed"


def test_a_verdict_after_the_review_is_found(ended: Ended) -> None:
    (number,) = {
        logged.block_number
        for logged in ended.history
        if isinstance(logged.event, Verdicts) and logged.event.first == 3
    }
    ended.times[number] = ended.record.terms.review_until
    assert "when the verdict on submission 3 was said" in ended.differences(ended.history)


def test_a_submission_that_is_called_unavailable_at_once_is_found(ended: Ended) -> None:
    """It burns the stake of somebody who may well have handed it out in the quarter of an hour after it."""
    history = ended.changed(Verdicts, 2, verdicts=(Verdict.UNAVAILABLE,))
    assert ended.differences(history) == ["the seconds before the verdict on submission 2"]
    (said,) = {
        logged.block_number
        for logged in ended.history
        if isinstance(logged.event, Verdicts) and logged.event.first == 2
    }
    for number in ended.times:
        if number >= said:
            ended.times[number] += 900
    assert ended.differences(history) == []


def test_a_node_that_lacks_a_block_ends_the_audit(
    ended: Ended, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has no time cannot be too late: nothing may pass by it."""
    numbers = {logged.block_number for logged in ended.history}
    honest = rpc.block
    monkeypatch.setattr(rpc, "block", lambda web3, tag: None if tag in numbers else honest(web3, tag))
    done = CliRunner().invoke(app, ["audit", ended.name, "--home", str(home)])
    assert done.exit_code == 3
    assert f"expected block {min(numbers)} as it was when its events were read" in done.stderr


def test_a_start_that_is_not_what_the_spec_claims_is_found(
    owner: Scientist, plan: Plan, records: pa.Table, judge: Judge
) -> None:
    launched = Campaign(owner, plan, records, name="off").launch()
    most = judge.sonar.campaign(launched.id).terms.max_start
    judge.open(launched.id, most - 200_000)
    connection = owner.connection
    connection.read_events()
    history = connection.follower.history(campaign=launched.id)
    record = connection.confirmed(launched.id)
    found = list(audit_artifacts(record, history, frozenset(), connection.store))
    assert "the start, off what the spec claims, in ppm" in [c.what for c in found if not c.passed]


def test_the_contract_s_own_totals_are_not_believed(ended: Ended) -> None:
    ended.record = replace(ended.record, paid=ended.record.paid + 1)
    assert "the contract's bounty earned in wei" in ended.differences(ended.history)


def test_the_command_says_that_all_is_well(ended: Ended, home: Path) -> None:
    done = CliRunner().invoke(app, ["audit", ended.name, "--home", str(home), "--format", "json"])
    shown = json.loads(done.stdout)
    assert (done.exit_code, shown["passed"], shown["differences"]) == (0, True, [])
    assert shown["checks"] > 50


def test_an_accuracy_that_the_model_does_not_have_is_found(
    ended: Ended, home: Path, validation_csv: Path
) -> None:
    """The record says 95 %, the delivered model is right about every record."""
    command = ["audit", ended.name, "--home", str(home), "--validation", str(validation_csv)]
    environment = {"OPENMINED_PASSPHRASE": PASSPHRASE}
    done = CliRunner().invoke(app, [*command, "--format", "json"], env=environment)
    shown = json.loads(done.stdout)
    assert done.exit_code == 1
    assert shown["first_difference"] == "the accuracy of the delivered model in ppm"
    assert shown["differences"][0]["found"] == "1000000"


def test_where_the_records_are_split_those_that_pay_are_measured_and_the_file_must_hold_them(
    owner: Scientist,
    plan_values: JsonObject,
    records: pa.Table,
    judge: Judge,
    miner: KeyfileSigner,
    weights: np.ndarray,
    home: Path,
    validation_csv: Path,
) -> None:
    split = Campaign(
        owner, plan_from(plan_values | {"guiding_share": "20 %"}), records, name="split"
    ).launch()
    judge.open(split.id, judge.sonar.campaign(split.id).terms.max_start)
    judge.judge(split.id, miner, "IMPROVED", 950_000)
    judge.deliver(split.id, judge.result(split.id, weights), owner.key.certificate)

    def audited() -> Result:
        command = ["audit", "split", "--home", str(home), "--validation", str(validation_csv)]
        return CliRunner().invoke(app, command, env={"OPENMINED_PASSPHRASE": PASSPHRASE, "COLUMNS": "400"})

    assert "the accuracy of the delivered model in ppm" in audited().output
    lines = validation_csv.read_text().splitlines(keepends=True)
    validation_csv.write_text("".join([lines[0], *reversed(lines[1:])]))
    other = audited()
    assert other.exit_code == 1
    assert "does not hold the" in other.output
    assert "in their order; name the file that it was created with" in other.output


def test_a_report_can_be_handed_on(
    ended: Ended, home: Path, scientist_key: SecretKey, tmp_path: Path
) -> None:
    from pysonar.protocol.openpgp import TamperedError, verify_detached

    file = tmp_path / "report.json"
    command = ["audit", ended.name, "--home", str(home), "--report", str(file)]
    environment = {"OPENMINED_PASSPHRASE": PASSPHRASE}
    assert CliRunner().invoke(app, command, env=environment).exit_code == 0
    said, signature = file.read_bytes(), (tmp_path / "report.json.sig").read_bytes()
    verify_detached(said, signature, expected_signer=scientist_key.certificate)
    with pytest.raises(TamperedError):
        verify_detached(said.replace(b"true", b"TRUE"), signature, expected_signer=scientist_key.certificate)
    report = json.loads(said)
    assert (report["passed"], report["campaign"]) == (True, ended.record.hex_id)
    assert len(report["checks"]) > 50
    assert all(check["found"] == check["expected"] for check in report["checks"])
    again = CliRunner().invoke(app, command, env=environment)
    assert (again.exit_code, "name a new file" in again.stderr) == (1, True)
    assert file.read_bytes() == said
