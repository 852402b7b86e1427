"""What strangers try: a node that lies, a database that is another's, more than is borne."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from pathlib import Path
from typing import cast

import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.node.connect import connect
from pysonar.chain.sending.signer import KeyfileSigner
from sonar_web.api import exports
from sonar_web.api.app import Serving, make_app
from sonar_web.api.connections import Door
from sonar_web.api.limits import sender
from sonar_web.api.reading import Place, Reader
from sonar_web.index.beside import BesideReader, read_beside
from sonar_web.index.indexer import Indexer, Progress
from sonar_web.index.reading import open_for_reading
from tests.conftest import Anvil
from tests.faulty_node import Exchange, FaultyNode, Said
from tests.web.chain_story import Story
from tests.web.recount import NAMES, same_as_recounted
from tests.web.strangers.behind_door import LATEST, before_all_others, behind_door
from tests.web.test_web_index import two_campaigns


def test_a_fault_of_the_program_is_counted(application: FastAPI) -> None:
    """The alert on errors rests on it."""

    def broken() -> Response:
        raise RuntimeError("a fault")

    before_all_others(application, "/broken", broken)
    client = TestClient(application, base_url="http://127.0.0.1", raise_server_exceptions=False)
    assert client.get("/broken").status_code == 500
    assert 'status="500"} 1' in client.get("/metrics").text


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
