"""What strangers try: connections that nobody ends, a node that lies, a database that is another's."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.node.connect import connect
from pysonar.chain.sending.signer import KeyfileSigner
from sonar_web.api import exports
from sonar_web.api.app import Serving, make_app
from sonar_web.api.connections import Door, Patience, Server
from sonar_web.api.limits import AtOnce, sender
from sonar_web.api.reading import Place, Reader
from sonar_web.index.beside import BesideReader, read_beside
from sonar_web.index.indexer import Indexer, Progress
from sonar_web.index.reading import open_for_reading
from tests.conftest import Anvil
from tests.faulty_node import Exchange, FaultyNode, Said
from tests.web.chain_story import Story
from tests.web.recount import NAMES, same_as_recounted
from tests.web.test_web_index import two_campaigns

SOON = Patience(head=0.3, body=0.3, stalled=0.3)
LATEST = 20.0
"""Seconds after which a machine under load has done what an idle one does at once."""


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The index tests see to it that both databases hold the same; here one is enough."""
    return str(tmp_path / "index.sqlite")


@pytest.fixture
def serving() -> Serving:
    """A service that bears little."""
    return Serving(streams=AtOnce(3, 2), exports=AtOnce(2, 1))


@pytest.fixture
def application(tmp_path: Path, serving: Serving) -> FastAPI:
    """The service, whose index has not been made."""
    missing = str(tmp_path / "none.sqlite")
    reader = Reader(Place(1, "0x" + "11" * 20), lambda: open_for_reading(missing))
    return make_app(reader, Progress(), serving)


@contextlib.contextmanager
def behind_door(application: FastAPI, door: Door) -> Iterator[tuple[str, int]]:
    """The service as `sonar-web run` serves it; it must end by itself whatever is still open."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address: tuple[str, int] = free.getsockname()
    server = Server(application, *address, door=door, asked_to_stop=lambda: None)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield address
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        assert not thread.is_alive(), "a connection held the service up"


def ended(stranger: socket.socket) -> bytes:
    """What the service says until it closes the connection; TimeoutError if it does not."""
    stranger.settimeout(LATEST)
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := stranger.recv(65_536):
            said += piece
    return said


def test_a_request_that_never_ends_is_not_waited_for(application: FastAPI) -> None:
    with behind_door(application, Door(patience=SOON)) as address:
        for beginning in (b"", b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: "):
            with socket.create_connection(address) as stranger:
                stranger.sendall(beginning)
                assert ended(stranger) == b""
        with socket.create_connection(address) as stranger:
            head = b"POST /api/v1/artifacts HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\n"
            stranger.sendall(head + b"slow")
            ended(stranger)


def test_a_drip_of_bytes_puts_nothing_off(application: FastAPI) -> None:
    with behind_door(application, Door(patience=SOON)) as address:
        stranger = socket.create_connection(address)
        until = time.monotonic() + LATEST
        with contextlib.suppress(ConnectionError), stranger:
            stranger.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n")
            while time.monotonic() < until:
                stranger.sendall(b"x-slow: 1\r\n")
                time.sleep(0.05)
        assert time.monotonic() < until


def test_a_head_that_never_ends_is_refused(application: FastAPI) -> None:
    with behind_door(application, Door()) as address, socket.create_connection(address) as stranger:
        with contextlib.suppress(ConnectionError):
            stranger.sendall(b"GET /api/v1/campaigns?search=" + b"x" * 200_000)
        assert ended(stranger).startswith((b"HTTP/1.1 400", b""))
        assert httpx.get(f"http://127.0.0.1:{address[1]}/healthz").status_code == 503


def test_whoever_opens_many_connections_locks_out_nobody_else(application: FastAPI) -> None:
    door = Door(places=AtOnce(4, 2))
    with behind_door(application, door) as address:
        idle = [socket.create_connection(address) for _ in range(2)]
        with socket.create_connection(address) as third:
            assert b"503 Service Unavailable" in ended(third)
        with socket.create_connection(address, source_address=("127.0.0.2", 0)) as other:
            other.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
            assert b'"healthy":false' in ended(other)
        for one in idle:
            one.close()
        until = time.monotonic() + LATEST
        while door.places.taken and time.monotonic() < until:
            time.sleep(0.01)
        assert door.places.taken == 0


def test_a_full_house_lets_go_of_whoever_asks_for_nothing(application: FastAPI) -> None:
    """A slow loris of many addresses: each one's connections are few, all of them together are not."""
    with behind_door(application, Door(places=AtOnce(5, 2))) as address:
        idle = [socket.create_connection(address, source_address=(f"127.0.0.{n}", 0)) for n in range(2, 7)]
        for one in idle:
            one.sendall(b"GET /healthz HTTP/1.1\r\nx-slow: ")
        url = f"http://127.0.0.1:{address[1]}/healthz"
        assert [httpx.get(url, timeout=LATEST).status_code for _ in range(3)] == [503] * 3
        assert "healthy" in httpx.get(url).json()
        assert ended(idle[0]) == b""
        for one in idle:
            one.close()


def test_a_proxy_may_have_all_the_places(application: FastAPI) -> None:
    door = Door(places=AtOnce(3, 1), proxies=frozenset({"127.0.0.1"}))
    with behind_door(application, door) as address:
        idle = [socket.create_connection(address) for _ in range(2)]
        assert httpx.get(f"http://127.0.0.1:{address[1]}/healthz").status_code == 503
        for one in idle:
            one.close()


def test_streams_are_few_for_each_address_and_end_with_the_service(
    application: FastAPI, serving: Serving
) -> None:
    with behind_door(application, Door()) as address:
        url = f"http://127.0.0.1:{address[1]}/api/v1/news"
        with contextlib.ExitStack() as open_ones:
            heard = []  # a stream is closed when nobody holds its lines
            for _ in range(2):
                answer = open_ones.enter_context(httpx.stream("GET", url, timeout=LATEST))
                heard.append(answer.iter_lines())
                assert next(heard[-1]) == "event: block"
            assert serving.streams.taken == 2
            assert httpx.get(url, timeout=LATEST).text == "retry: 30000\n\n"
            assert serving.streams.enter("192.0.2.1")
            assert httpx.get(url, timeout=LATEST).status_code == 503
            assert "streams 3.0\n" in httpx.get(f"http://127.0.0.1:{address[1]}/metrics").text


def test_one_home_has_one_bucket() -> None:
    assert sender("2001:db8:1:2::1") == sender("2001:db8:1:2:ffff::1") != sender("2001:db8:1:3::1")
    assert sender("::ffff:192.0.2.7") == "192.0.2.7"
    assert sender("made up by a proxy" * 10) == ("made up by a proxy" * 10)[:64]


def test_an_export_that_nobody_takes_gives_back_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "SECONDS_STALLED", 0.1)
    left = threading.Event()
    chunks = exports._in_one_thread(lambda: iter(range(100)), left.set)
    assert next(chunks) == 0
    assert left.wait(LATEST)
    with pytest.raises(Exception, match="slow readers"):
        list(chunks)


def test_exports_are_few_at_once(client: TestClient, indexer: Indexer) -> None:
    indexer.poll()
    places = cast(FastAPI, client.app).state.serving.exports
    for _ in range(places.each):
        assert places.enter("testclient")
    refused = client.get("/api/v1/export/days.csv")
    assert (refused.status_code, "as many exports" in refused.json()["error"]) == (503, True)
    for _ in range(places.each):
        places.leave("testclient")
    assert client.get("/api/v1/export/days.csv").status_code == 200
    until = time.monotonic() + LATEST
    while places.taken and time.monotonic() < until:
        time.sleep(0.01)
    assert places.taken == 0


@pytest.mark.parametrize("nasty", ["\ud800", "\0", "a\0b"])
def test_a_text_that_no_database_could_hold_is_refused(
    client: TestClient, indexer: Indexer, nasty: str
) -> None:
    indexer.poll()
    cursor = base64.urlsafe_b64encode(json.dumps([nasty, nasty]).encode()).decode()
    for path in ("days", "miners", "gas"):
        assert client.get(f"/api/v1/{path}", params={"after": cursor}).status_code == 400
    if "\0" in nasty:
        assert client.get("/api/v1/campaigns", params={"search": nasty}).status_code == 400


def test_a_body_that_is_too_large_is_refused_before_it_comes(application: FastAPI) -> None:
    application.state.taker = object()
    with behind_door(application, Door()) as address, socket.create_connection(address) as stranger:
        head = b"POST /api/v1/artifacts HTTP/1.1\r\nhost: 127.0.0.1\r\norigin: http://127.0.0.1\r\n"
        stranger.sendall(head + b"content-type: application/octet-stream\r\ncontent-length: 67108865\r\n\r\n")
        stranger.settimeout(LATEST)
        assert stranger.recv(100).startswith(b"HTTP/1.1 413")


def test_a_tag_that_a_proxy_has_weakened_is_known(client: TestClient, indexer: Indexer) -> None:
    indexer.poll()
    tag = client.get("/api/v1/days").headers["etag"]
    for known in (f"W/{tag}", f'"old", W/{tag}', "*"):
        assert client.get("/api/v1/days", headers={"if-none-match": known}).status_code == 304
    refused = client.get("/healthz", headers={"host": "elsewhere.example"})
    assert refused.status_code == 403
    assert refused.headers["x-content-type-options"] == "nosniff"


def test_an_index_of_another_contract_is_not_given_as_this_one(
    client: TestClient, indexer: Indexer, database: str, sonar: Sonar
) -> None:
    early = client.get("/api/v1/campaigns")
    assert early.status_code == 503
    indexer.poll()
    assert client.get("/api/v1/campaigns").status_code == 200
    for place in (Place(sonar.chain_id + 1, sonar.address), Place(sonar.chain_id, "0x" + "11" * 20)):
        other = TestClient(
            make_app(Reader(place, lambda: open_for_reading(database)), Progress(), Serving()),
            base_url="http://127.0.0.1",
        )
        answer = other.get("/api/v1/campaigns")
        assert (answer.status_code, "belongs to" in answer.json()["error"]) == (503, True)


def test_numbers_that_cannot_be_are_said_and_cost_nothing(
    story: Story, sonar: Sonar, tmp_path: Path, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    two_campaigns(story, miner, second_miner)

    def impossible(exchange: Exchange) -> Said:
        answer = exchange.honest()
        for log in answer["result"]:
            if NAMES[log["topics"][0]] == "Submitted":  # its place in the queue
                log["data"] = "0x" + "f" * 64 + log["data"][66:]
        return answer

    with FaultyNode(story.node.url) as node:
        web3 = connect([node.url])
        database = str(tmp_path / "lied to.sqlite")
        indexer = Indexer(
            web3, Sonar.open(web3, sonar.address), database, confirmations=0, start_block=0,
            poll_seconds=0.02,
        )  # fmt: skip
        node.habit(impossible, "eth_getLogs")
        said: list[str] = []
        stop = threading.Event()
        running = threading.Thread(target=indexer.run, args=(stop, said.append))
        running.start()
        until = time.monotonic() + 30
        while indexer.progress.trouble is None and time.monotonic() < until:
            time.sleep(0.02)
        assert "what was read cannot be kept" in str(indexer.progress.trouble), said
        node.behave()
        while (indexer.progress.trouble or indexer.progress.block < 0) and time.monotonic() < until:
            time.sleep(0.02)
        stop.set()
        running.join()
    assert len([line for line in said if "cannot be kept" in line]) == 1
    same_as_recounted(story.node, sonar, database)


def test_a_token_or_spec_ends_no_reading_of_others() -> None:
    stop = threading.Event()
    rounds: list[str] = []

    class Broken:
        found = 0

        def round(self, stop: threading.Event | None = None) -> int:
            raise RuntimeError("a token that nobody foresaw")

    class Whole:
        found = 0

        def round(self, _: threading.Event | None = None) -> int:
            rounds.append("read")
            if len(rounds) == 2:
                stop.set()
            return 0

    readers: list[BesideReader] = [Broken(), Whole()]
    read_beside(readers, stop, 0.01)
    assert len(rounds) == 2


def test_an_index_that_stands_still_is_not_healthy(client: TestClient, indexer: Indexer, node: Anvil) -> None:
    indexer.poll()
    indexer.progress.looked_at = time.monotonic() - 10
    assert client.get("/healthz").status_code == 200
    indexer.progress.looked_at = time.monotonic() - 300
    answer = client.get("/healthz")
    assert (answer.status_code, "has not looked at the chain" in answer.json()["trouble"]) == (503, True)
