"""What the owner changes in the Mine UI is changed in the home, and the mine obeys."""

from __future__ import annotations

import time
from pathlib import Path

from starlette.testclient import TestClient

from mine_agent.home import Home
from pysonar.chain.sending.signer import KeyfileSigner
from tests.json_types import JsonObject
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.mine.ui.conftest import Ask
from tests.roles import Tell


def seen(ask: Ask, ticket: str) -> JsonObject:
    deadline = time.monotonic() + 30
    while (look := ask(f"/api/data/looks/{ticket}"))["state"] in ("reading", "matching"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return look


def test_data_are_looked_at_before_they_are_kept_and_what_was_seen_is_what_is_kept(
    ask: Ask, client: TestClient, home: Home, colours: Path, small_capsule: SmallCapsule
) -> None:
    campaign = small_capsule.open()
    asked = {"name": "colours", "location": str(colours)}
    ticket = ask("/api/data/looks", asked)["ticket"]
    look = seen(ask, ticket)
    assert (look["state"], look["rows_read"], look["error"]) == ("seen", 60, None)
    preview = look["preview"]
    assert [column["name"] for column in preview["columns"]] == ["a", "b", "c", "colour", "name"]
    assert "secret-0" in preview["columns"][-1]["samples"]
    assert [(fit["campaign"], fit["fits"]) for fit in preview["campaigns"]] == [("0x" + campaign.hex(), True)]
    assert home.data().all() == []
    kept = ask("/api/data", {"ticket": ticket})
    assert (kept["name"], kept["rows"], kept["usable"]) == ("colours", 60, True)
    assert home.data().get("colours").digest.hex() == preview["sha256"]
    again = client.post("/api/data/looks", json=asked)
    assert (again.status_code, "registered already" in again.json()["error"]) == (400, True)
    anew = ask("/api/data/looks", {**asked, "replace": True})["ticket"]
    assert seen(ask, anew)["state"] == "seen"
    assert client.post("/api/data", json={"ticket": anew}).status_code == 400
    assert ask("/api/data", {"ticket": anew, "replace": True})["name"] == "colours"
    assert ask("/api/data/colours/forget", {}) == {"forgotten": "colours"}
    assert (home.data().all(), colours.exists()) == ([], True)
    assert client.post("/api/data/colours/forget", json={}).status_code == 404


def test_data_that_cannot_be_read_say_why_and_nothing_is_kept(
    ask: Ask, client: TestClient, home: Home, tmp_path: Path
) -> None:
    for location in (tmp_path / "nothing.csv", "sqlite:nowhere?table=x", "~nobody-here/x.csv", "x\0.csv"):
        look = seen(ask, ask("/api/data/looks", {"name": "x", "location": str(location)})["ticket"])
        assert look["state"] == "failed", location
        assert look["error"]
        assert "fault in the program" not in look["error"]
    ticket = ask("/api/data/looks", {"name": "x", "location": str(tmp_path / "nothing.csv")})["ticket"]
    seen(ask, ticket)
    assert client.post("/api/data", json={"ticket": ticket}).status_code == 400
    assert client.post("/api/data", json={"ticket": "none"}).status_code == 400
    for body in ({}, {"name": "x", "location": " "}, {"name": "x", "location": "y", "options": {"a": 1}}):
        assert client.post("/api/data/looks", json=body).status_code == 400
    assert home.data().all() == []


def test_a_mapping_is_shown_by_field_and_changed_by_field(
    ask: Ask, client: TestClient, home: Home, colours: Path, small_capsule: SmallCapsule
) -> None:
    campaign = "0x" + small_capsule.open().hex()
    own = colours.with_name("own.csv")
    own.write_text(colours.read_text().replace("a,b", "Alpha,b", 1))
    home.data().add("own", own, replace=False)
    shown = ask(f"/api/data/own/mapping?campaign={campaign[:10]}")
    assert [field["name"] for field in shown["fields"]] == ["a", "b", "c", "colour"]
    assert (shown["fields"][0]["numeric"], shown["fields"][0]["range"]) == (True, [-4.0, 4.0])
    assert shown["fields"][3]["classes"] == ["red", "green", "blue"]
    assert [column["name"] for column in shown["columns"]] == ["Alpha", "b", "c", "colour", "name"]
    (fit,) = ask("/api/data/own/check")["campaigns"]
    assert fit["missing"] == ["a"]
    first = {"a": {"column": "Alpha"}, "b": {"column": "b", "factor": 0.5}}
    kept = ask("/api/data/own/mapping", {"digest": shown["digest"], "fields": first})
    (fit,) = ask("/api/data/own/check")["campaigns"]
    assert fit["fits"] is True
    late = client.post("/api/data/own/mapping", json={"digest": shown["digest"], "fields": {"a": None}})
    assert (late.status_code, "the mapping of own changed" in late.json()["error"]) == (409, True)
    assert (mapping := home.data().get("own").mapping) is not None
    assert mapping.text == kept["mapping"]
    second = ask("/api/data/own/mapping", {"digest": kept["digest"], "fields": {"b": None}})
    origins = {
        field["name"]: field["origin"]
        for field in ask(f"/api/data/own/mapping?campaign={campaign}")["fields"]
    }
    assert (origins["a"]["column"], origins["b"]) == ("Alpha", None)
    wrongs: list[JsonObject] = [
        {"a": {"column": "x", "constant": "y"}}, {"a": 5}, {"a": {"column": [None]}}, {"a": {}}
    ]  # fmt: skip
    for wrong in wrongs:
        body = {"digest": second["digest"], "fields": wrong}
        assert client.post("/api/data/own/mapping", json=body).status_code == 400
    last = ask("/api/data/own/mapping", {"digest": second["digest"], "fields": {"a": None}})
    assert last["mapping"] is None
    assert home.data().get("own").mapping is None


def test_a_rule_is_tried_on_the_open_campaigns_saved_and_obeyed(
    ask: Ask,
    client: TestClient,
    home: Home,
    colours: Path,
    small_capsule: SmallCapsule,
    miner: KeyfileSigner,
    tell: Tell,
) -> None:
    campaign = small_capsule.open()
    home.data().add("colours", colours, replace=False)
    home.save_policy(home.policy().text + "# my own remark\n")
    shown = ask("/api/policy")
    change = {"digest": shown["digest"], "changes": {"scientists": []}}
    (effect,) = ask("/api/policy/try", change)
    assert (effect["joins_before"], effect["joins_after"], effect["rules_after"]) == (
        True,
        False,
        ["scientists"],
    )
    assert home.policy().text == shown["text"]
    saved = ask("/api/policy", change)
    assert saved["text"] == home.policy().text != shown["text"]
    assert "# my own remark" in saved["text"]
    assert Mine(home, miner, tell).round() == []
    assert small_capsule.sonar.campaign(campaign).submitted == 0
    (decision,) = ask("/api/decisions")
    assert (decision["answer"], [one["rule"] for one in decision["reasons"]]) == ("no", ["scientists"])
    late = client.post("/api/policy", json=change)
    assert (late.status_code, "reload the page" in late.json()["error"]) == (409, True)
    wrongs: list[JsonObject] = [
        {"scientists": "any"}, {"scientist": []}, {"hours": ["25:00-26:00"]}, {"ask_first": 1}
    ]  # fmt: skip
    for wrong in wrongs:
        answer = client.post("/api/policy", json={"digest": saved["digest"], "changes": wrong})
        assert (answer.status_code, next(iter(wrong)) in answer.json()["error"]) == (400, True)
    assert home.policy().text == saved["text"]


def test_a_campaign_that_waits_for_the_owners_word_is_joined_once_it_is_given(
    ask: Ask,
    home: Home,
    colours: Path,
    small_capsule: SmallCapsule,
    miner: KeyfileSigner,
    tell: Tell,
) -> None:
    campaign = small_capsule.open()
    home.data().add("colours", colours, replace=False)
    shown = ask("/api/policy")
    ask("/api/policy", {"digest": shown["digest"], "changes": {"ask_first": True}})
    mine = Mine(home, miner, tell)
    mine.round()
    assert mine.submitted(campaign) == []
    assert ask("/api/status")["asked"] == ["0x" + campaign.hex()]
    assert ask("/api/word", {"campaign": campaign.hex()[:8], "word": "refused"})["word"] == "refused"
    assert ask("/api/status")["asked"] == []
    mine.round()
    assert mine.submitted(campaign) == []
    ask("/api/word", {"campaign": "0x" + campaign.hex(), "word": "approved"})
    mine.round()
    assert len(mine.submitted(campaign)) == 1


def test_pause_and_resume_are_those_of_the_command_line(
    ask: Ask,
    home: Home,
    colours: Path,
    small_capsule: SmallCapsule,
    miner: KeyfileSigner,
    tell: Tell,
) -> None:
    campaign = small_capsule.open()
    home.data().add("colours", colours, replace=False)
    mine = Mine(home, miner, tell)
    ask("/api/pause", {})
    mine.round()
    status = ask("/api/status")
    assert status["paused"] is True
    assert "mine-agent resume" in [reason["command"] for reason in status["quiet"]]
    assert mine.submitted(campaign) == []
    ask("/api/resume", {})
    assert ask("/api/status")["paused"] is False
    mine.round()
    assert len(mine.submitted(campaign)) == 1
