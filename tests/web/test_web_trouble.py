"""The index after a database that went away and a process that was killed, each in the middle of its work."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pysonar.chain.sending.signer import KeyfileSigner
from sonar_web.api.app import Serving, make_app
from sonar_web.api.reading import Place, Reader
from sonar_web.errors import DatabaseAwayError
from sonar_web.index.batch import Batch
from sonar_web.index.indexer import Indexer
from sonar_web.index.reading import open_for_reading
from tests.postgres_server import Postgres, postgres_bin
from tests.web.chain_story import Story
from tests.web.recount import TABLES, rows, same_as_recounted
from tests.web.test_web_index import two_campaigns

ROOT = Path(__file__).resolve().parents[2]

# `rebuild` and the reading that follows, in a process that is killed at a point.
_REBUILD = """
import contextlib, os, signal, sys
from sonar_web.index import indexer
from sonar_web.index.batch import Batch

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

point, contract, url, database = sys.argv[1:]
if point == "before the deletion is committed":
    real = indexer.transaction
    @contextlib.contextmanager
    def dying(opened):
        with real(opened):
            yield
            die()
    indexer.transaction = dying
elif point == "after the deletion":
    indexer.Indexer.close = die
else:
    flush = Batch.flush
    def dying_flush(self):
        flush(self)
        die()
    Batch.flush = dying_flush

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.node.connect import connect
web3 = connect(url)
found = indexer.Indexer(web3, Sonar.open(web3, contract), database, confirmations=0, start_block=0)
found.rebuild()
found.poll()
"""


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """A PostgreSQL server that a test may stop."""
    programs = postgres_bin()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="openmined-index-"))
    running = Postgres(folder, programs)
    yield running
    running.stop()
    shutil.rmtree(folder)


def test_a_server_that_goes_away_in_the_middle_of_a_batch_costs_nothing(
    story: Story,
    own_server: Postgres,
    miner: KeyfileSigner,
    second_miner: KeyfileSigner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two_campaigns(story, miner, second_miner)
    indexer = Indexer(story.node.web3, story.sonar, own_server.url, confirmations=0, start_block=0)
    flush = Batch.flush

    def cut_off(batch: Batch) -> None:
        own_server.stop()
        flush(batch)

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "flush", cut_off)
        with pytest.raises(DatabaseAwayError, match="nothing is lost"):
            indexer.poll()
    indexer.close()
    own_server.start()
    assert rows(own_server.url, "campaign") == []
    indexer.poll()
    indexer.close()
    same_as_recounted(story.node, story.sonar, own_server.url)


@pytest.mark.slow
def test_a_server_that_is_stopped_and_started_is_said_once_and_waited_for(
    story: Story, own_server: Postgres, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    indexer = Indexer(
        story.node.web3, story.sonar, own_server.url, confirmations=0, start_block=0, poll_seconds=0.05
    )
    reader = Reader(
        Place(story.sonar.chain_id, story.sonar.address), lambda: open_for_reading(own_server.url)
    )
    asked = TestClient(make_app(reader, indexer.progress, Serving()), base_url="http://127.0.0.1")
    said: list[str] = []
    stop = threading.Event()
    indexer.poll()  # makes the tables
    running = threading.Thread(target=indexer.run, args=(stop, said.append))
    running.start()

    def wait_until(true: Callable[[], bool]) -> None:
        until = time.monotonic() + 60
        while not true():
            assert time.monotonic() < until, said
            time.sleep(0.05)

    try:
        two_campaigns(story, miner, second_miner)
        wait_until(lambda: len(asked.get("/api/v1/campaigns").json()["data"]) == 2)
        own_server.stop()
        wait_until(lambda: any("does not answer; nothing is lost" in line for line in said))
        assert asked.get("/healthz").status_code == 503
        assert "does not answer" in asked.get("/healthz").json()["trouble"]
        away = asked.get("/api/v1/campaigns")
        assert (away.status_code, "does not answer" in away.json()["error"]) == (503, True)
        assert "only%20for%20tests" not in away.text + "".join(said)  # the password
        two_campaigns(story, miner, second_miner)
        own_server.start()
        wait_until(lambda: indexer.progress.trouble is None)
        wait_until(lambda: len(asked.get("/api/v1/campaigns").json()["data"]) == 4)
    finally:
        stop.set()
        running.join()
    assert len([line for line in said if "does not answer" in line]) == 1
    same_as_recounted(story.node, story.sonar, own_server.url)


@pytest.mark.parametrize(
    "point", ["before the deletion is committed", "after the deletion", "while it is read again"]
)
def test_a_rebuild_that_is_killed_is_made_good_by_the_next_reading(
    story: Story, tmp_path: Path, miner: KeyfileSigner, second_miner: KeyfileSigner, point: str
) -> None:
    two_campaigns(story, miner, second_miner)
    database = str(tmp_path / "index.sqlite")
    indexer = Indexer(story.node.web3, story.sonar, database, confirmations=0, start_block=0)
    indexer.poll()
    indexer.close()
    before = {table: rows(database, table) for table in TABLES}
    command = [sys.executable, "-c", _REBUILD, point, story.sonar.address, story.node.url, database]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
    assert killed.returncode == -9, killed.stderr.decode()
    indexer.poll()
    indexer.close()
    assert {table: rows(database, table) for table in TABLES} == before
    same_as_recounted(story.node, story.sonar, database)
