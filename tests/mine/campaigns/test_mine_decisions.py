"""What a mine decides about campaigns: asked first, by the clock, within its limits, as long as it pays; and
explained afterwards from what was written down.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from mine_agent.campaigns.decisions.explanations import explanations
from mine_agent.campaigns.decisions.records import waiting_for_a_word
from mine_agent.campaigns.overview import open_campaigns
from mine_agent.home import Home
from mine_agent.rules.decisions import Answer, Facts, decide
from mine_agent.rules.hours import minute_of_day, shown_minute
from mine_agent.rules.policy_file import parse_policy
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from tests.builders.terms import ETHER
from tests.json_types import Json, JsonObject
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.mine.mine_commands import MineCommand
from tests.roles import Tell


@pytest.fixture
def mine(home: Home, miner: KeyfileSigner, tell: Tell, colours: Path) -> Mine:
    """The miner's mine with the colours registered."""
    home.data().add("colours", colours, replace=False)
    return Mine(home, miner, tell)


def set_rules(home: Home, **rules: str) -> None:
    """Change the owner's rules; values as TOML writes them."""
    lines = [
        f"{line.split(' = ')[0]} = {rules[line.split(' = ')[0]]}" if line.split(" = ")[0] in rules else line
        for line in home.policy_file.read_text().splitlines()
    ]
    home.save_policy("\n".join(lines) + "\n")


def ask(mine_agent: MineCommand, home: Home, *command: str) -> Json:
    result = mine_agent(*command, "--home", home.path, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_owner_is_asked_once_and_a_word_decides(
    mine: Mine,
    home: Home,
    small_capsule: SmallCapsule,
    mine_agent: MineCommand,
    happenings: list[JsonObject],
) -> None:
    set_rules(home, ask_first="true")
    wanted, unwanted = small_capsule.open(), small_capsule.open(salt=b"\x01" * 32)
    mine.round()
    mine.time += 60
    mine.round()
    asked = [entry["campaign"] for entry in happenings if entry["event"] == "asking"]
    assert sorted(asked) == sorted(["0x" + wanted.hex(), "0x" + unwanted.hex()])  # each once
    assert waiting_for_a_word(home.database) == [wanted, unwanted]
    assert mine.submitted() == []
    ask(mine_agent, home, "approve", "0x" + wanted.hex()[:10])
    assert waiting_for_a_word(home.database) == [unwanted]
    ask(mine_agent, home, "refuse", "0x" + unwanted.hex()[:10])
    assert waiting_for_a_word(home.database) == []
    mine.round()
    assert [event.id for event in mine.submitted()] == [wanted]
    set_rules(home, ask_first="false")
    mine.time += 60
    mine.round()
    assert [event.id for event in mine.submitted()] == [wanted]  # refused is refused
    ask(mine_agent, home, "approve", "0x" + unwanted.hex())
    mine.round()
    assert {event.id for event in mine.submitted()} == {wanted, unwanted}


def test_an_id_that_names_no_campaign_or_too_little_of_one_is_refused(
    mine_agent: MineCommand, home: Home, small_capsule: SmallCapsule
) -> None:
    campaign = small_capsule.open()
    for given in ("0xffffff", "0x" + campaign.hex()[:5], "red", campaign.hex() + "00"):
        answer = mine_agent("approve", given, "--home", home.path)
        assert answer.exit_code == 1
        assert "does not name a campaign" in answer.stderr


def test_nothing_new_is_begun_outside_the_hours_and_what_was_submitted_is_followed_up(
    mine: Mine, home: Home, small_capsule: SmallCapsule
) -> None:
    minute = minute_of_day(mine.time)
    begins, ends = shown_minute((minute + 60) % 1440), shown_minute((minute + 120) % 1440)
    set_rules(home, hours=f'["{begins}-{ends}"]')
    campaign = small_capsule.open()
    mine.round()
    assert mine.submitted() == []
    mine.time += 60 * 60
    mine.round()
    assert len(mine.submitted()) == 1
    mine.time += 60 * 60
    small_capsule.report(campaign, mine.address, mine.submitted()[0].update, Verdict.IMPROVED, 500_000)
    mine.round()
    assert len(mine.submitted()) == 1
    (made,) = mine.connection.journal.submissions(campaign)
    assert made.closed_at is not None


def test_no_more_campaigns_at_a_time_than_the_owner_allows(
    mine: Mine, home: Home, small_capsule: SmallCapsule
) -> None:
    set_rules(home, maximum_campaigns="1")
    first = small_capsule.open()
    second = small_capsule.open(salt=b"\x01" * 32)
    mine.round()
    assert [event.id for event in mine.submitted()] == [first]
    small_capsule.report(first, mine.address, mine.submitted()[0].update, Verdict.IMPROVED, 950_000)
    mine.round()  # the first has reached its target and takes nothing any more
    assert [event.id for event in mine.submitted()] == [first, second]


def test_a_mine_stops_where_its_gradients_bring_nothing_any_more(
    mine: Mine, home: Home, small_capsule: SmallCapsule
) -> None:
    # A hundredth of what is left is expected at first: 0.1 ETH, four times the fee of 0.025 ETH.
    set_rules(home, expected_share="0.01", stake_risk="0.0", no_gain_in_a_row="50")
    campaign = small_capsule.open(fee=ETHER // 40)
    for turn in range(1, 5):
        mine.time += 100_000
        mine.round()
        waiting = [made for made in mine.connection.journal.submissions() if made.closed_at is None]
        for made in waiting:
            small_capsule.report(campaign, mine.address, made.update, Verdict.IMPROVED, 1000 * turn)
        mine.connection.follower.poll()
    spent = len(mine.submitted()) * ETHER // 40
    assert 1 <= len(mine.submitted()) <= 3
    assert spent <= ETHER // 10 + mine.connection.sonar.owed(campaign, mine.address)
    last = explanations(mine.connection, campaign)[-1]
    assert {reason.rule for reason in last.record.reasons} <= {
        "margin",
        "expected_share",
        "pace",
        "minimum_reward",
    }
    assert {reason.rule for reason in last.record.reasons} & {"margin", "expected_share"}


def test_a_paused_mine_begins_nothing_and_still_gets_its_money(
    mine: Mine,
    home: Home,
    small_capsule: SmallCapsule,
    mine_agent: MineCommand,
    happenings: list[JsonObject],
) -> None:
    campaign = small_capsule.open()
    mine.round()
    assert mine_agent("pause", "--home", home.path).exit_code == 0
    other = small_capsule.open(salt=b"\x01" * 32)
    small_capsule.report(campaign, mine.address, mine.submitted()[0].update, Verdict.IMPROVED, 500_000)
    mine.round()
    mine.round()
    assert mine.submitted(other) == []
    small_capsule.settle(campaign)
    mine.round()
    assert mine.connection.sonar.claimable(campaign, mine.address) == 0
    assert [entry["event"] for entry in happenings].count("paused") == 1
    assert mine_agent("resume", "--home", home.path).exit_code == 0
    mine.round()
    assert [entry["event"] for entry in happenings].count("resumed") == 1


def test_every_decision_is_explained_by_the_rules_as_they_were(
    mine: Mine, home: Home, small_capsule: SmallCapsule, mine_agent: MineCommand
) -> None:
    set_rules(home, purposes='["health"]')
    campaign = small_capsule.open(small_capsule.spec(purpose="advertising"))
    mine.round()
    mine.time += 60
    mine.round()  # nothing new: not written down again
    set_rules(home, purposes='["health", "advertising"]')
    mine.round()
    set_rules(home, purposes="[]")
    explained = ask(mine_agent, home, "explain", campaign.hex())
    assert [(one["answer"], one["replay"]) for one in explained] == [
        ("no", "the same"),
        ("train", "the same"),
    ]
    assert explained[0]["why"] == "purpose advertising is not allowed (allowed: health)"
    assert [one["rule"] for one in explained[0]["rules"] if not one["passed"]] == ["purposes"]
    assert all(one["passed"] for one in explained[1]["rules"])
    assert 'purposes = ["health"]' in explained[0]["policy"]
    shown = mine_agent("explain", campaign.hex(), "--rules", "--home", home.path)
    assert "purpose advertising" in shown.stdout
    assert "nothing spoke against it" in shown.stdout

    # Without an ID the last decisions about all campaigns, newest first.
    other = small_capsule.open(small_capsule.spec(purpose="finance"), salt=b"\x01" * 32)
    set_rules(home, purposes='["health"]')
    mine.round()
    everything = ask(mine_agent, home, "explain")
    assert [one["number"] for one in everything] == [3, 2, 1]
    assert {one["campaign"] for one in everything} == {"0x" + campaign.hex(), "0x" + other.hex()}
    assert ask(mine_agent, home, "explain", "--last", "2") == everything[:2]
    shown = mine_agent("explain", "--rules", "--home", home.path)
    assert shown.stdout.count("The rules on colours at") == 2
    for count in ("0", "10001", "some"):
        assert mine_agent("explain", "--last", count, "--home", home.path).exit_code == 2


def test_a_replay_that_comes_out_differently_says_so(
    mine: Mine, home: Home, small_capsule: SmallCapsule
) -> None:
    campaign = small_capsule.open()
    mine.round()
    (honest,) = explanations(mine.connection, campaign)
    assert honest.agrees
    mine.connection.database.execute("update mine_decision set answer = 'no'")
    (changed,) = explanations(mine.connection, campaign)
    assert not changed.agrees
    mine.connection.database.execute("update mine_decision set facts = '{}'")
    (unread,) = explanations(mine.connection, campaign)
    assert unread.replayed is None
    assert unread.fault == "its facts were written by another release"


def test_facts_are_the_same_after_the_journal(mine: Mine, home: Home, small_capsule: SmallCapsule) -> None:
    campaign = small_capsule.open()
    mine.round()
    small_capsule.report(campaign, mine.address, mine.submitted()[0].update, Verdict.NO_GAIN)
    mine.connection.follower.poll()
    (listing,) = open_campaigns(mine.connection, home.data().all(), home.policy(), costs=False)
    facts = listing.best.facts
    assert facts.past
    assert Facts.from_json(facts.to_json()) == facts
    assert decide(home.policy(), Facts.from_json(facts.to_json())) == listing.best.decision


def test_what_new_rules_would_change_is_shown_before_they_are_saved(
    mine_agent: MineCommand, home: Home, small_capsule: SmallCapsule, colours: Path, tmp_path: Path
) -> None:
    home.data().add("colours", colours, replace=False)
    health = small_capsule.open(small_capsule.spec(purpose="health"))
    small_capsule.open(small_capsule.spec(title="Shop"), salt=b"\x01" * 32)
    before = home.policy_file.read_text()
    new = tmp_path / "new.toml"
    new.write_text(before.replace('purposes = ["any"]', 'purposes = ["health"]'))
    (change,) = ask(mine_agent, home, "policy", "diff", str(new))
    assert (change["title"], change["joins_before"], change["joins_after"]) == ("Shop", True, False)
    assert change["rules_after"] == ["purposes"]
    assert {one["campaign"] for one in ask(mine_agent, home, "policy", "diff", str(new), "--all")} > {
        "0x" + health.hex()
    }
    assert home.policy_file.read_text() == before
    assert mine_agent("policy", "save", new, "--yes", "--home", home.path).exit_code == 0
    assert (
        home.policy_file.read_text()
        == new.read_text()
        == mine_agent("policy", "show", "--home", home.path).stdout
    )
    assert ask(mine_agent, home, "policy", "diff", str(new)) == []
    new.write_text("purposes = [3]\n")
    refused = mine_agent("policy", "save", new, "--yes", "--home", home.path)
    assert (refused.exit_code, "the setting 'purposes'" in refused.stderr) == (1, True)
    assert 'purposes = ["health"]' in home.policy_file.read_text()


def test_a_listing_says_what_a_visit_and_a_point_are_worth(
    mine: Mine, mine_agent: MineCommand, home: Home, small_capsule: SmallCapsule, colours: Path
) -> None:
    from pysonar.protocol.schema import input_schema, number_field

    wide = {name: number_field((-4, 4)) for name in ("a", "b", "salary")}
    small_capsule.open(salt=b"\x01" * 32)
    small_capsule.open(small_capsule.spec(input_schema=input_schema(wide), purpose="finance"))
    one, other = ask(mine_agent, home, "campaigns")
    assert (one["coverage"], one["missing"], one["joins"], one["reasons"]) == (1.0, [], True, [])
    assert (other["coverage"], other["missing"], other["joins"]) == (0.75, ["salary"], False)
    assert other["purpose"] == "finance"
    assert one["point_pays"] == str(10 * ETHER * 10_000 // 950_000)
    assert one["visit_measured"] is False
    assert 0 < one["visit_seconds"] < 60
    assert 0 < one["bytes_up"] <= one["bytes_down"] * 10
    took = f"{one['visit_seconds']:.2g} s, {one['bytes_down'] / 1000:.3g} kB down"
    assert one["visit"].startswith(took)
    table = mine_agent("campaigns", "--home", home.path).stdout
    for shown in ("a point pays", "0.105263 ETH", "covers", "75%", "a visit", " B up", "finance"):
        assert shown in table
    mine.round()
    measured = ask(mine_agent, home, "campaigns")[0]
    assert measured["visit_measured"] is True
    assert [reason["rule"] for reason in measured["reasons"]] == ["pace"]
    assert measured["joins"] is True


def test_a_home_of_an_earlier_release_gets_the_new_tables(
    mine: Mine, home: Home, small_capsule: SmallCapsule
) -> None:
    from mine_agent.connection import Connection
    from mine_agent.journal import SCHEMA

    for table in ("mine_decision", "mine_rules", "mine_word"):
        mine.connection.database.execute(f"drop table {table}")
    mine.connection.database.execute("alter table mine_submission drop column seconds")
    mine.connection.database.execute("update migration set step = 1 where room = ?", (SCHEMA.room,))
    renewed = Connection.open(home)
    renewed.decisions.say(b"\x01" * 32, "approved", now=int(time.time()))
    assert renewed.decisions.words() == {b"\x01" * 32: "approved"}
    assert renewed.journal.seconds_of_visits(b"\x01" * 32) is None
    assert parse_policy(home.policy().text, "policy.toml") == home.policy()
    assert Answer("train") is Answer.TRAIN
