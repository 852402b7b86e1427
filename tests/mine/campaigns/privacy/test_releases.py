"""A mine under its owner's budget, on a real chain: what it learns from, states, charges and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from operator import itemgetter
from pathlib import Path

import numpy as np
import pytest

from mine_agent.campaigns.artifacts import CampaignArtifacts
from mine_agent.privacy.budget import Budget
from mine_agent.privacy.entries import Kind
from mine_agent.privacy.errors import LedgerDamagedError
from mine_agent.privacy.protection import Budgeted, seconds_for
from openmined_syft.models import Rows
from openmined_syft.privacy import UnnoisedSums, epsilon_at
from openmined_syft.privacy.sums import NoisedSums, variances
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import PrivacyFloor
from tests.json_types import JsonObject
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.privacy.ledgers import charges, kinds, ledger_of
from tests.mine.campaigns.small_capsule import Records, SmallCapsule
from tests.roles import Tell, linear, there


def learned_from_release(mine: Mine, small_capsule: SmallCapsule, campaign: bytes, key: bytes) -> np.ndarray:
    """What the stored release, and nothing else, makes of zero weights."""
    plan = CampaignArtifacts(mine.connection).spec_of(small_capsule.sonar.campaign(campaign))
    release = ledger_of(mine).release(key)
    assert release is not None
    visit = plan.scheme.visit(plan.family, release, plan.rule, version=0, salt=b"")
    return np.asarray(visit(np.zeros((4, 3))))  # type: ignore[operator]


def test_by_default_a_gradient_comes_from_one_noised_release_and_says_so(
    mine: Mine, small_capsule: SmallCapsule, rows: Records
) -> None:
    campaign = small_capsule.open()
    assert mine.round() == []
    (event,) = mine.submitted(campaign)
    stated = there(small_capsule.envelope(campaign, mine.address, event.update).privacy)
    assert 2.9 < stated.epsilon <= 3.0
    assert stated.delta == 1e-6

    assert kinds(mine) == [Kind.OPENED, Kind.CHARGED, Kind.RELEASED, Kind.SUBMITTED]
    (charged,) = charges(mine)
    assert (charged.rho, charged.data, charged.campaign) == (Budget().price_rho, "colours", campaign)
    small_capsule.report(campaign, mine.address, event.update, Verdict.IMPROVED, 500_000)
    expected = learned_from_release(mine, small_capsule, campaign, charged.key)
    np.testing.assert_allclose(small_capsule.weights[campaign], expected, atol=1e-6)
    X, colours = np.array([row[:3] for row in rows]), [small_capsule.CLASSES.index(row[3]) for row in rows]
    spec = small_capsule.spec()
    family = linear(spec.family_for(b""))
    exact = family.visit(X, colours, there(spec.algorithm.training_rule()))(np.zeros((4, 3)))
    assert np.abs(small_capsule.weights[campaign] - exact).max() > 1e-3


def test_later_versions_restarts_and_campaigns_that_see_the_same_records_are_free(
    mine: Mine, small_capsule: SmallCapsule, miner: KeyfileSigner, tell: Tell
) -> None:
    first = small_capsule.open()
    mine.round()
    small_capsule.report(first, mine.address, mine.submitted(first)[0].update, Verdict.IMPROVED, 300_000)
    mine.round()
    mine.round()
    assert len(mine.submitted(first)) == 2

    again = Mine(mine.connection.home, miner, tell)
    second = small_capsule.open(salt=b"\5" * 32)
    again.round()
    assert len(again.submitted(second)) == 1
    assert len(charges(mine)) == 1
    assert {entry.key for entry in ledger_of(mine).entries() if entry.kind is Kind.SUBMITTED} == {
        charges(mine)[0].key
    }


def test_a_campaigns_floor_is_answered_with_more_noise_and_charged_less(
    mine: Mine, small_capsule: SmallCapsule
) -> None:
    floor = PrivacyFloor(1.0, 1e-5)
    campaign = small_capsule.open(small_capsule.spec(privacy_floor=floor))
    assert mine.round() == []
    (event,) = mine.submitted(campaign)
    stated = there(small_capsule.envelope(campaign, mine.address, event.update).privacy)
    assert 0.99 < stated.epsilon <= floor.epsilon
    assert stated.delta == floor.delta
    assert charges(mine)[0].rho < Budget().price_rho / 4


def test_a_floor_of_delta_zero_is_refused_before_anything_is_charged(
    mine: Mine, small_capsule: SmallCapsule
) -> None:
    small_capsule.open(small_capsule.spec(privacy_floor=PrivacyFloor(1.0, 0.0)))
    assert mine.round() == []
    assert mine.submitted() == []
    assert kinds(mine) == [Kind.OPENED]


def test_without_noise_only_by_the_owners_word_and_the_ledger_says_so(
    make_mine: Callable[..., Mine], small_capsule: SmallCapsule
) -> None:
    mine = make_mine(privacy="none")
    campaign = small_capsule.open()
    mine.round()
    (event,) = mine.submitted(campaign)
    assert small_capsule.envelope(campaign, mine.address, event.update).privacy is None
    assert kinds(mine) == [Kind.OPENED, Kind.UNPROTECTED]


def test_data_registered_anew_are_other_data_and_charged_again_under_fresh_noise(
    mine: Mine, small_capsule: SmallCapsule, colours: Path, miner: KeyfileSigner, tell: Tell
) -> None:
    """Also if not a byte has changed: whether it has must not show."""
    campaign = small_capsule.open()
    mine.round()
    small_capsule.report(
        campaign, mine.address, mine.submitted(campaign)[0].update, Verdict.IMPROVED, 300_000
    )
    mine.connection.home.data().add("colours", colours, replace=True)
    mine.round()
    mine.round()
    first, second = charges(mine)
    assert first.key != second.key
    releases = [ledger_of(mine).release(key) for key in (first.key, second.key)]
    assert not np.array_equal(releases[0].triangle, releases[1].triangle)  # type: ignore[union-attr]


def test_data_that_changed_under_the_agent_release_and_charge_nothing(
    mine: Mine, small_capsule: SmallCapsule, colours: Path
) -> None:
    small_capsule.open()
    colours.write_text(colours.read_text() + "0.5,0.5,0.5,red,someone\n")
    assert mine.round() == ["DataChangedError"]
    assert kinds(mine) == [Kind.OPENED]
    assert mine.submitted() == []


def with_marks(colours: Path, marks: str) -> None:
    """Write the file with semicolons, and each column of numbers with a decimal mark of its own."""
    header, *lines = colours.read_text().splitlines()
    rows = [
        ";".join(cell.replace(".", mark) for cell, mark in zip(line.split(","), marks.ljust(9), strict=False))
        for line in lines
    ]
    colours.write_text("\n".join([header.replace(",", ";"), *rows]) + "\n")


def test_under_a_budget_the_decimal_mark_is_settled_when_the_owner_registers(
    make_mine: Callable[..., Mine], small_capsule: SmallCapsule, colours: Path
) -> None:
    with_marks(colours, ",,,")
    mine = make_mine()
    small_capsule.open()
    assert mine.round() == []
    assert len(charges(mine)) == 1


def test_under_a_budget_no_record_decides_how_the_others_are_read(
    make_mine: Callable[..., Mine], small_capsule: SmallCapsule, colours: Path
) -> None:
    """What an earlier release registered has no notations, and a record more could turn how a column looks.
    So the mark is a point, and records that have none are left out; the noised release says how many are
    left. Registered today, each column keeps the mark that its owner saw.
    """
    with_marks(colours, ",.,")
    mine = make_mine()
    registration = mine.connection.home.path / "data" / "colours.json"
    document = json.loads(registration.read_text())
    assert [column["mark"] for column in document["columns"][:3]] == [",", ".", ","]
    for column in document["columns"]:
        del column["mark"], column["currency"]
    registration.write_text(json.dumps(document))
    small_capsule.open()
    errors = mine.round()
    (charged,) = charges(mine)
    release = ledger_of(mine).release(charged.key)
    assert release is not None
    assert errors == ([] if release.most_rows >= 20 else ["TooLittleReleasedError"])


def test_a_spent_budget_stops_new_releases_and_nothing_else(
    make_mine: Callable[..., Mine], small_capsule: SmallCapsule, colours: Path
) -> None:
    mine = make_mine(privacy_budget=3.0)
    campaign = small_capsule.open()
    mine.round()
    small_capsule.report(
        campaign, mine.address, mine.submitted(campaign)[0].update, Verdict.IMPROVED, 300_000
    )
    mine.round()
    mine.round()
    assert len(mine.submitted(campaign)) == 2  # the same release goes on
    update = mine.submitted(campaign)[-1].update
    small_capsule.report(campaign, mine.address, update, Verdict.IMPROVED, 400_000)
    mine.connection.home.data().add("colours", colours, replace=True)
    assert [*mine.round(), *mine.round()] == ["BudgetSpentError"]
    assert len(mine.submitted(campaign)) == 2
    assert len(charges(mine)) == 1


def test_a_delta_above_one_in_the_number_of_records_releases_nothing(
    make_mine: Callable[..., Mine], small_capsule: SmallCapsule
) -> None:
    mine = make_mine(privacy_delta=0.017)  # there are 60 records
    small_capsule.open()
    (error,) = mine.errors()
    assert "for 60 records" in str(error)
    assert kinds(mine) == [Kind.OPENED]
    allowed = make_mine_edited(mine, "privacy_delta = 0.017", "privacy_delta = 0.016")
    allowed.time += 1000
    assert allowed.round() == []
    assert len(charges(allowed)) == 1


def make_mine_edited(mine: Mine, old: str, new: str) -> Mine:
    """The same mine after its owner edited the policy."""
    file = mine.connection.home.policy_file
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return mine


def test_a_damaged_or_rolled_back_ledger_stops_the_mine(mine: Mine, small_capsule: SmallCapsule) -> None:
    home = mine.connection.home
    names = ("ledger.sqlite", "ledger.head")
    copies = {name: (home.path / name).read_bytes() for name in names if (home.path / name).exists()}
    campaign = small_capsule.open()
    mine.round()
    assert len(mine.submitted(campaign)) == 1
    for name, content in copies.items():
        (home.path / name).write_bytes(content)
    with pytest.raises(LedgerDamagedError, match="knows nothing of gradient"):
        mine.agent.round()


@pytest.mark.parametrize("privacy", ["differential", "none"])
def test_a_mine_whose_clock_was_set_back_goes_on_and_says_so_once(
    make_mine: Callable[..., Mine],
    small_capsule: SmallCapsule,
    happenings: list[JsonObject],
    privacy: str,
) -> None:
    mine = make_mine(privacy=privacy)
    mine.time -= 10_000  # a clock that ran ahead when the ledger was begun, and is right now
    first, second = (small_capsule.open(salt=bytes([number]) * 32) for number in (1, 2))
    assert mine.round() == []
    mine.round()
    assert len(mine.submitted(first)) == len(mine.submitted(second)) == 1
    assert len(charges(mine)) == (1 if privacy == "differential" else 0)
    behind = [record for record in happenings if record["event"] == "clock_behind"]
    assert [record["seconds"] for record in behind] == [10_000]


def test_the_time_of_a_release_depends_on_its_size_and_not_on_what_is_drawn(
    mine: Mine, small_capsule: SmallCapsule, rows: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = small_capsule.open()
    plan = CampaignArtifacts(mine.connection).spec_of(small_capsule.sonar.campaign(campaign))
    data = mine.connection.home.data().get("colours")
    records = Rows(np.array([row[:3] for row in rows]), np.arange(len(rows)) % 3)
    elapsed, noised = [], UnnoisedSums.noised
    for drawing in (0.0, 0.001, 0.2):
        now = [100.0]

        def slow(
            sums: UnnoisedSums, rho: Fraction, seconds: float = drawing, clock: list[float] = now
        ) -> NoisedSums:
            clock[0] += seconds
            return noised(sums, rho)

        monkeypatch.setattr(UnnoisedSums, "noised", slow)

        def sleep(seconds: float, clock: list[float] = now) -> None:
            clock[0] += seconds

        protection = Budgeted(
            Budget(epsilon=50.0),
            ledger_of(mine),
            clock=lambda: mine.time,
            sleep=sleep,
            passed=partial(itemgetter(0), now),
        )
        protection.gather(plan, replace(data, registration=str(drawing)), [records])()
        elapsed.append(round(now[0] - 100.0, 9))
        monkeypatch.undo()
    assert elapsed == [round(seconds_for(4, 3), 9)] * 3


def test_a_release_prepared_on_a_campaigns_data_is_what_the_budget_says(
    mine: Mine, small_capsule: SmallCapsule
) -> None:
    small_capsule.open()
    mine.round()
    (charged,) = charges(mine)
    release = ledger_of(mine).release(charged.key)
    assert release is not None
    assert (release.products_variance, release.pulls_variance) == variances(Budget().price_rho)
    assert epsilon_at(release.rho, 1e-6) <= 3.0
