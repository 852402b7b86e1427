"""A node that takes questions and never answers holds up its own answers, and nothing else."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from mine_agent.home import Home
from mine_agent.ui import desk
from mine_agent.ui.app import THREADS, make_app
from mine_agent.ui.desk import Desk
from pysonar.party.browser_sessions import Sessions

ASKED = ("/api/campaigns", "/api/earnings", "/api/payments", "/api/decisions", "/api/status")


class SilentNode:
    """Takes every connection, and says nothing until it is let go."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections.append(connection)

    def let_go(self) -> None:
        """From now on nothing listens here."""
        if self._listening.fileno() < 0:
            return
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        for connection in self.connections:
            connection.close()


@pytest.fixture
def silent_node() -> Iterator[SilentNode]:
    node = SilentNode()
    yield node
    node.let_go()


def test_pause_waits_for_no_node_and_the_state_is_shown_without_it(
    make_home: Callable[..., Home],
    silent_node: SilentNode,
    links: list[str],
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(desk, "PATIENCE", 0.2)
    home = make_home("second_miner", rpc=silent_node.url)
    sessions = Sessions(links.append)
    sessions.begin()
    owner = TestClient(make_app(Desk(home), sessions, {}), base_url=str(client.base_url))
    owner.headers["origin"] = client.headers["origin"]
    key = owner.post("/api/session", json={"token": links[-1]}).json()["key"]
    owner.headers["authorization"] = f"Bearer {key}"
    waiting = [threading.Thread(target=owner.get, args=(path,), daemon=True) for path in ASKED]
    for one in waiting:
        one.start()
    deadline = time.monotonic() + 20
    while len(silent_node.connections) < THREADS:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    begun = time.monotonic()
    assert owner.post("/api/pause", json={}).json() == {"paused": True}
    assert home.is_paused
    status = owner.get("/api/status").json()
    assert owner.get("/api/policy").status_code == 200
    assert owner.post("/api/resume", json={}).json() == {"paused": False}
    assert time.monotonic() - begun < 5
    assert sum(one.is_alive() for one in waiting) >= THREADS
    assert status["paused"] is True
    assert "the node has not answered" in status["campaigns_unknown"]
    silent_node.let_go()
    for one in waiting:
        one.join()
