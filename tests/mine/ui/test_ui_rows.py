"""The Mine UI shows what the command line shows: the same rows, to the last digit."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from mine_agent.home import Home
from pysonar.chain.contract.types import Verdict
from tests.json_types import Json
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.mine.mine_commands import MineCommand
from tests.mine.ui.conftest import Ask

SAME = {
    "/api/status": ["status"],
    "/api/campaigns": ["campaigns"],
    "/api/data": ["data", "list"],
    "/api/data/kinds": ["data", "kinds"],
    "/api/data/colours/check": ["data", "check", "colours"],
    "/api/policy": ["policy", "show"],
    "/api/earnings": ["earnings"],
    "/api/payments": ["earnings", "--each"],
    "/api/ledger": ["ledger"],
    "/api/decisions": ["explain"],
}


def test_every_page_shows_the_rows_of_a_command(
    mine_agent: MineCommand,
    home: Home,
    colours: Path,
    small_capsule: SmallCapsule,
    ask: Ask,
) -> None:
    def command(*words: str) -> Json:
        place = [] if words[:2] == ("data", "kinds") else ["--home", home.path]
        result = mine_agent(*words, *place, "--format", "json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    campaign = small_capsule.open()
    home.data().add("colours", colours, replace=False)
    assert mine_agent("run", "--once", "--home", home.path).exit_code == 0
    while small_capsule.sonar.campaign(campaign).submitted == 0:
        time.sleep(0.02)
    update = command("explain")  # the journal is read only by those who have it open
    assert update
    (submitted,) = home_updates(home)
    small_capsule.report(campaign, home.address, submitted, Verdict.IMPROVED, 475_000)
    assert mine_agent("run", "--once", "--home", home.path).exit_code == 0
    for path, words in SAME.items():
        shown = ask(path)
        assert shown == command(*words), path
        assert shown, path
    (books,) = ask("/api/earnings")
    payments = ask("/api/payments")
    assert payments[-1]["total"] == books["net"]
    assert {row["what"] for row in payments} == {"payout", "fee", "gas"}
    assert all(row["time"] for row in payments)
    (decision, *_) = ask(f"/api/decisions?campaign={campaign.hex()[:8]}")
    assert decision["answer"] == "train"
    assert decision == command("explain", campaign.hex()[:8])[0]


def home_updates(home: Home) -> list[bytes]:
    from mine_agent.connection import Connection

    connection = Connection.open(home)
    found = connection.own_updates() or [made.update for made in connection.journal.submissions()]
    connection.database.close()
    return found


def test_what_a_stranger_wrote_is_text_in_json_and_never_markup(
    client: TestClient, home: Home, colours: Path, small_capsule: SmallCapsule
) -> None:
    title = "<script>alert(1)</script>" + "x" * 150
    small_capsule.open(small_capsule.spec(title=title))
    hostile = small_capsule.spec(title="Sly").to_bytes().replace(b"Sly", "\u202e".encode() + b"y" * 10_000)
    small_capsule.opened_with(hostile, salt=b"\x01" * 32)
    home.data().add("colours", colours, replace=False)
    answer = client.get("/api/campaigns")
    assert answer.headers["content-type"] == "application/json"
    honest, sly = answer.json()
    assert (honest["title"], sly["title"]) == (title, None)
    assert "title is" in sly["data"]
    assert "\u202e" not in sly["data"]
    assert len(sly["data"]) < 600


def test_while_the_chain_is_away_what_does_not_need_it_is_shown_and_the_rest_says_so(
    make_home: Callable[..., Home], dead_url: str, colours: Path, links: list[str], client: TestClient
) -> None:
    from mine_agent.ui.app import make_app
    from mine_agent.ui.desk import Desk
    from pysonar.party.browser_sessions import Sessions

    away = make_home("second_miner", rpc=dead_url)
    away.data().add("colours", colours, replace=False)
    sessions = Sessions(links.append)
    sessions.begin()
    lonely = TestClient(make_app(Desk(away), sessions, {}), base_url=str(client.base_url))
    lonely.headers["origin"] = client.headers["origin"]
    key = lonely.post("/api/session", json={"token": links[-1]}).json()["key"]
    lonely.headers["authorization"] = f"Bearer {key}"
    for path in ("/api/data", "/api/policy", "/api/ledger", "/api/status"):
        assert lonely.get(path).status_code == 200, path
    status = lonely.get("/api/status").json()
    assert status["open"] is None
    assert "no Ethereum node answers" in status["campaigns_unknown"]
    for path in ("/api/campaigns", "/api/earnings", "/api/payments", "/api/decisions"):
        answer = lonely.get(path)
        assert answer.status_code == 503, path
        assert "no Ethereum node answers" in answer.json()["error"]
    assert lonely.get("/").status_code == 503
    assert "make web" in lonely.get("/").text
