"""The service tells what is new as it happens, to clients over a real connection."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from pysonar.chain.sending.signer import KeyfileSigner
from sonar_web.api.app import Serving, make_app
from sonar_web.api.reading import Place, Reader
from sonar_web.index.indexer import Indexer
from sonar_web.index.reading import open_for_reading
from tests.web.chain_story import Story
from tests.web.serving import served
from tests.web.test_web_index import two_campaigns

ENDLESS = "/api/v1/news"


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(tmp_path / "index.sqlite")


@pytest.fixture
def titles() -> list[str]:
    """Those that were found."""
    return []


@pytest.fixture
def application(
    story: Story,
    indexer: Indexer,
    database: str,
    miner: KeyfileSigner,
    second_miner: KeyfileSigner,
    titles: list[str],
) -> FastAPI:
    """The service over a finished and a declined campaign."""
    two_campaigns(story, miner, second_miner)
    indexer.poll()
    place = Place(story.sonar.chain_id, story.sonar.address)
    serving = Serving(beside=lambda: len(titles))
    return make_app(Reader(place, lambda: open_for_reading(database)), indexer.progress, serving)


def _blocks(url: str) -> Generator[int, None, None]:
    with httpx.stream("GET", url + ENDLESS, timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            assert not line.startswith(":"), "a sign of life: nothing was new for a quarter of a minute"
            if line.startswith("data:"):
                yield json.loads(line.removeprefix("data:"))["block"]


def test_what_is_new_is_told_as_it_happens_and_only_once(
    application: FastAPI, story: Story, indexer: Indexer
) -> None:
    first = indexer.progress.block
    with served(application) as url:
        heard = _blocks(url)
        assert next(heard) == first
        story.create()
        indexer.poll()
        assert next(heard) == indexer.progress.block == first + 1
        heard.close()


def test_another_branch_of_the_same_height_is_new_and_so_is_a_title(
    application: FastAPI, story: Story, indexer: Indexer, titles: list[str]
) -> None:
    """Nothing else would make an open page ask again: the number of the block is the old one."""
    block = indexer.progress.block
    with served(application) as url:
        heard = _blocks(url)
        assert next(heard) == block
        story.node.reorg(2)
        indexer.poll()
        assert next(heard) == indexer.progress.block == block
        titles.append("Irises of three botanical gardens")
        assert next(heard) == block
        heard.close()


@pytest.mark.slow  # a process of its own
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_page_that_is_open_does_not_keep_the_service_from_stopping(
    story: Story, tmp_path: Path, ending: signal.Signals
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    line = [str(Path(sys.executable).with_name("sonar-web")), "run", "--contract", story.sonar.address]
    line += ["--rpc", story.node.url, "--port", port, "--store", f"embedded:{tmp_path / 'store'}"]
    line += ["--database", str(tmp_path / "own.sqlite")]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stderr is not None
            while f"http://127.0.0.1:{port}/" not in (said := running.stderr.readline()):
                assert said, "the service ended before it began"
            with httpx.stream("GET", _once_it_listens(port), timeout=60) as page:
                lines = page.iter_lines()  # a stream is closed when nobody holds its lines
                assert next(lines) == "event: block"
                running.send_signal(ending)
                assert running.wait(timeout=60) == 0
            assert running.stderr.read().endswith("stopped\n")
        finally:
            running.kill()


def _once_it_listens(port: str) -> str:
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            httpx.get(f"{url}/healthz", timeout=60)
        except httpx.ConnectError:
            time.sleep(0.1)
        else:
            return url + ENDLESS
    raise AssertionError(f"nothing listens at {url}")
