"""An index over a real chain, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.sending.signer import KeyfileSigner
from sonar_web.api.app import Serving, make_app
from sonar_web.api.reading import Place, Reader
from sonar_web.index.indexer import Indexer
from sonar_web.index.reading import open_for_reading
from tests.conftest import Anvil
from tests.postgres_server import Postgres, postgres_bin
from tests.roles import Transact
from tests.web.chain_story import Story

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL server of the tests' own."""
    programs = postgres_bin()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="openmined-index-"))  # pytest's own folders are closed to others
    running = Postgres(folder, programs)
    yield running
    running.stop()
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The setting of an empty database of either kind."""
    if request.param == "sqlite":
        return str(tmp_path / "index.sqlite")
    running: Postgres = request.getfixturevalue("server")
    name = f"index_{next(_NUMBERS)}"
    with psycopg.connect(running.url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return running.url.removesuffix("postgres") + name


@pytest.fixture
def story(
    node: Anvil, sonar: Sonar, transact: Transact, scientist: KeyfileSigner, capsule: KeyfileSigner
) -> Story:
    """A chain on which campaigns are lived."""
    return Story(node, sonar, transact, scientist, capsule)


@pytest.fixture
def indexer(node: Anvil, sonar: Sonar, database: str) -> Iterator[Indexer]:
    """An index without confirmations."""
    made = Indexer(node.web3, sonar, database, confirmations=0, start_block=0)
    yield made
    made.close()


@pytest.fixture
def client(sonar: Sonar, indexer: Indexer, database: str) -> TestClient:
    """Whoever asks the API."""
    reader = Reader(Place(sonar.chain_id, sonar.address), lambda: open_for_reading(database))
    return TestClient(
        make_app(reader, indexer.progress, Serving()),
        base_url="http://127.0.0.1",
        raise_server_exceptions=False,
    )
