"""The API does what its own description says, whatever is asked; and it tells what is new as it happens."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from sonar_web.api.app import LOOPBACK, Serving, make_app
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
def application(story: Story, indexer: Indexer, database: str, miner: Any, second_miner: Any) -> Any:
    """The service over a finished and a declined campaign."""
    two_campaigns(story, miner, second_miner)
    indexer.poll()
    place = Place(story.sonar.chain_id, story.sonar.address)
    # Clients that run inside the process call it so.
    serving = Serving(hosts=LOOPBACK | {"testserver"}, requests_a_minute=1_000_000)
    return make_app(Reader(place, lambda: open_for_reading(database)), indexer.progress, serving)


@pytest.fixture
def description(application: Any) -> Any:
    """The API's own description, with the service behind it."""
    loaded = schemathesis.openapi.from_asgi("/openapi.json", application)
    return loaded.exclude(path=ENDLESS)


described = schemathesis.pytest.from_fixture("description")


@pytest.mark.slow
@described.parametrize()
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_asked_is_answered_as_described(case: schemathesis.Case) -> None:
    answer = case.call()
    case.validate_response(answer, checks=[not_a_server_error, response_schema_conformance])


def _blocks(url: str) -> Generator[int, None, None]:
    with httpx.stream("GET", url + ENDLESS, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data:"):
                yield json.loads(line.removeprefix("data:"))["block"]


def test_what_is_new_is_told_as_it_happens_and_only_once(
    application: Any, story: Story, indexer: Indexer
) -> None:
    first = indexer.progress.block
    with served(application) as url:
        heard = _blocks(url)
        assert next(heard) == first
        story.create()
        indexer.poll()
        assert next(heard) == indexer.progress.block == first + 1
        heard.close()
