"""The Mine UI over a miner's home, as a browser that was let in asks it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from mine_agent.home import Home
from mine_agent.ui.app import make_app
from mine_agent.ui.desk import Desk
from pysonar.files.web_pages import read_pages
from pysonar.party.browser_sessions import Sessions
from tests.json_types import Json, JsonObject
from tests.mine.campaigns.conftest import asked as asked
from tests.mine.campaigns.conftest import campaign_key as campaign_key
from tests.mine.campaigns.conftest import capsule_secret as capsule_secret
from tests.mine.campaigns.conftest import colours as colours
from tests.mine.campaigns.conftest import rows as rows
from tests.mine.campaigns.conftest import small_capsule as small_capsule

Ask = Callable[..., Json]
"""`ask(path, body=None)`: the answer's JSON."""

HERE = "http://127.0.0.1:8771"


@pytest.fixture
def links() -> list[str]:
    """The tokens of the links that were printed."""
    return []


@pytest.fixture
def stranger_client(home: Home, links: list[str], tmp_path: Path) -> TestClient:
    """A browser that has not shown a link."""
    pages = tmp_path / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text("<!doctype html><title>Mine</title>")
    (pages / "assets" / "index-abc.js").write_text("start();")
    (tmp_path / "secret").write_text("not for browsers")
    sessions = Sessions(links.append)
    sessions.begin()
    return TestClient(make_app(Desk(home), sessions, read_pages(pages)), base_url=HERE)


@pytest.fixture
def client(stranger_client: TestClient, links: list[str]) -> TestClient:
    """The owner's browser: it has exchanged the link's token for a key."""
    stranger_client.headers["origin"] = HERE
    answer = stranger_client.post("/api/session", json={"token": links[-1]})
    stranger_client.headers["authorization"] = f"Bearer {answer.json()['key']}"
    return stranger_client


@pytest.fixture
def ask(client: TestClient) -> Ask:
    """`ask(path, **body)`: the answer's JSON; a body makes it a POST. The status must be 200."""

    def answer(path: str, body: JsonObject | None = None) -> Json:
        found = client.get(path) if body is None else client.post(path, json=body)
        assert found.status_code == 200, found.text
        return found.json()

    return answer
