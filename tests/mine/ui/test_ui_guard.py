"""Whom the Mine UI answers: a browser that was let in by a link, from a page of its own, under a name of this
machine; and what every answer forbids.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from mine_agent.home import Home
from mine_agent.ui.app import CHANGES, READS, make_app
from mine_agent.ui.asking import MOST_BYTES
from mine_agent.ui.desk import Desk
from pysonar.party.browser_sessions import MOST_SESSIONS, Sessions
from tests.mine.ui.conftest import HERE

JSON = {"content-type": "application/json"}


def paths() -> Iterator[tuple[str, str]]:
    for method, table in (("GET", READS), ("POST", CHANGES)):
        for path in table:
            yield method, path.replace("{name}", "colours").replace("{ticket}", "none")


@pytest.mark.parametrize(("method", "path"), paths())
def test_without_a_session_nothing_is_answered_or_done(
    stranger_client: TestClient, home: Home, method: str, path: str
) -> None:
    for headers in ({}, {"authorization": "Bearer "}, {"authorization": "Basic x"}, {"cookie": "key=x"}):
        answer = stranger_client.request(method, path, json={}, headers={"origin": HERE, **headers})
        assert answer.status_code == 401
        assert "open the link" in answer.json()["error"]
    assert not home.is_paused


def test_a_link_lets_in_one_browser_once_and_then_there_is_another(
    stranger_client: TestClient, links: list[str]
) -> None:
    def show(token: object) -> int:
        return stranger_client.post(
            "/api/session", json={"token": token}, headers={"origin": HERE}
        ).status_code

    first = links[0]
    assert show("") == show("x" * 43) == show("é") == 403
    assert show(5) == 400
    assert show(first) == 200
    assert show(first) == 403
    assert len(links) == 2
    assert show(links[1]) == 200
    assert len(set(links)) == 3


def test_a_terminal_that_nobody_reads_any_more_keeps_nobody_out(home: Home) -> None:
    tokens: list[str] = []

    def say(token: str) -> None:
        tokens.append(token)
        if len(tokens) > 1:
            raise BrokenPipeError

    sessions = Sessions(say)
    sessions.begin()
    browser = TestClient(make_app(Desk(home), sessions, {}), base_url=HERE, headers={"origin": HERE})
    for token in ("\ud800", "x" * 43):
        refused = browser.post("/api/session", content=json.dumps({"token": token}), headers=JSON)
        assert (refused.status_code, len(tokens)) == (403, 1)
    key = browser.post("/api/session", json={"token": tokens[0]}).json()["key"]
    assert browser.get("/api/policy", headers={"authorization": f"Bearer {key}"}).status_code == 200
    assert len(tokens) == 2


def test_rules_that_would_be_too_long_to_be_read_again_are_not_saved(client: TestClient, home: Home) -> None:
    before, digest = home.policy_file.read_bytes(), client.get("/api/policy").json()["digest"]
    names = [f"column {number}" for number in range(20_000)]
    refused = client.post("/api/policy", json={"changes": {"fields": names}, "digest": digest})
    assert (refused.status_code, home.policy_file.read_bytes()) == (400, before)
    assert "longer than 262144 bytes" in refused.json()["error"]


def test_the_keys_of_the_browsers_that_came_first_go_when_there_are_too_many() -> None:
    tokens: list[str] = []
    sessions = Sessions(tokens.append)
    sessions.begin()
    keys = []
    for _ in range(MOST_SESSIONS + 1):
        keys.append(sessions.open(tokens[-1]))
        sessions.announce_next()
    assert [sessions.lets_in(f"Bearer {keys[place]}") for place in (1, -1)] == [True, True]
    assert not sessions.lets_in(f"Bearer {keys[0]}")
    assert sessions.open(tokens[0]) is None


def test_a_foreign_name_for_this_machine_gets_nothing_not_even_the_pages(client: TestClient) -> None:
    for host in ("evil.example", "evil.example:8771", "127.0.0.1.evil.example", "", "0.0.0.0:8771"):
        for path in ("/", "/assets/index-abc.js", "/api/status", "/api/session"):
            answer = client.get(path, headers={"host": host, "origin": f"http://{host}"})
            assert answer.status_code == 403
            assert "<title>" not in answer.text
    for host in ("localhost:8771", "127.0.0.1:9", "[::1]:8771"):
        assert client.get("/api/data", headers={"host": host, "origin": f"http://{host}"}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9", "https://127.0.0.1:8771"]
)
def test_a_page_of_another_origin_changes_nothing_even_with_a_session(
    client: TestClient, home: Home, origin: str
) -> None:
    answer = client.post("/api/pause", json={}, headers={"origin": origin})
    assert answer.status_code == 403
    assert "its own pages only" in answer.json()["error"]
    assert client.get("/api/policy", headers={"origin": origin}).status_code == 403
    assert not home.is_paused


def test_a_post_without_an_origin_or_from_another_site_or_a_form_changes_nothing(
    client: TestClient, home: Home
) -> None:
    del client.headers["origin"]
    assert client.get("/api/data").status_code == 200
    assert client.post("/api/pause", json={}).status_code == 403
    client.headers["origin"] = HERE
    for site in ("cross-site", "same-site"):
        assert client.post("/api/pause", json={}, headers={"sec-fetch-site": site}).status_code == 403
    assert client.post("/api/pause", data={"a": "b"}).status_code == 400
    form = {"content-type": "text/plain"}
    assert client.post("/api/pause", content=b"{}", headers=form).status_code == 400
    assert not home.is_paused
    assert client.post("/api/pause", json={}, headers={"sec-fetch-site": "same-origin"}).status_code == 200
    assert home.is_paused


def test_no_answer_lets_another_site_read_it_or_keep_it(client: TestClient) -> None:
    for path in ("/", "/api/status", "/api/nothing"):
        headers = client.get(path).headers
        assert not [name for name in headers if name.startswith("access-control-")]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert client.get("/api/data").headers["cache-control"] == "no-store"
    assert client.options("/api/pause").status_code in (403, 404, 405)


def test_the_policy_allows_no_inline_code_and_no_other_host(client: TestClient) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    for source in policy.replace(";", " ").split():
        assert source not in ("'unsafe-inline'", "'unsafe-eval'", "*", "data:", "blob:")
        assert not source.startswith(("http:", "https:"))
    assert client.get("/api/data").headers["content-security-policy"].startswith("default-src 'none'")


def test_every_other_path_is_the_application_and_none_leaves_the_build(client: TestClient) -> None:
    for path in ("/", "/data", "/no/such/page"):
        assert "<title>Mine" in client.get(path).text
    for path in ("/../secret", "/%2e%2e/secret", "/assets/..%2f..%2fsecret"):
        assert "not for browsers" not in client.get(path).text
    assert client.get("/assets/index-old.js").status_code == 404
    assert client.get("/api/nothing").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (b'{"campaign": 5, "word": "approved"}', 400),
        (b'{"campaign": "0x123456", "word": "yes"}', 400),
        (b'{"campaign": "0x123456", "word": "approved"}', 404),
        (b'{"x": "' + b"x" * MOST_BYTES + b'"}', 413),
    ],
    ids=["cut", "a list", "no text", "deep", "a number", "another word", "no campaign", "too long"],
)
def test_a_body_that_means_nothing_is_refused_with_a_sentence(
    client: TestClient, body: bytes, status: int
) -> None:
    answer = client.post("/api/word", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert len(answer.json()["error"]) > 20


@pytest.mark.parametrize("last", ["0", "-1", "501", "x", "1e3", "²", "' or 1=1"])
def test_a_parameter_that_means_nothing_is_refused(client: TestClient, last: str) -> None:
    answer = client.get("/api/decisions", params={"last": last})
    assert answer.status_code == 400
    assert "whole number from 1 to 500" in answer.json()["error"]
