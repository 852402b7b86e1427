"""A service that bears little, and routes of the tests' own before all others."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from sonar_web.api.app import Serving, make_app
from sonar_web.api.limits import AtOnce
from sonar_web.api.reading import Place, Reader
from sonar_web.index.indexer import Progress
from sonar_web.index.reading import open_for_reading


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
