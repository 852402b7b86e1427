"""The service keeps to its own OpenAPI file, whatever is asked of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks, openapi
from schemathesis.specs.openapi import checks as openapi_checks
from schemathesis.specs.openapi.schemas import OpenApiSchema

from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.store.embedded.store import EmbeddedStore
from sonar_web.api.app import Serving, make_app
from sonar_web.api.reading import Place, Reader
from sonar_web.desk.routes import advice_router
from sonar_web.index.indexer import Indexer
from sonar_web.index.reading import open_for_reading
from tests.web.chain_story import Story
from tests.web.test_web_index import two_campaigns

ENDLESS = "/api/v1/news"
"""Never ends, so that no client of a test gets the whole of it; test_web_news listens to it."""
HEADERS = {"origin": "http://127.0.0.1", "host": "127.0.0.1"}
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]
IS_AWAY = 503
EXAMPLES = 40

schema = schemathesis.pytest.from_fixture("own_file").exclude(path=ENDLESS)


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(tmp_path / "index.sqlite")


@pytest.fixture
def own_file(
    story: Story,
    indexer: Indexer,
    database: str,
    miner: KeyfileSigner,
    second_miner: KeyfileSigner,
    tmp_path: Path,
) -> OpenApiSchema:
    """What the service over a finished and a declined campaign says of itself."""
    two_campaigns(story, miner, second_miner)
    indexer.poll()
    store = EmbeddedStore(tmp_path / "store")
    place = Place(story.sonar.chain_id, story.sonar.address)
    serving = Serving(requests_a_minute=10**6, store=store, taker=store, desk=[advice_router()])
    application: FastAPI = make_app(
        Reader(place, lambda: open_for_reading(database)), indexer.progress, serving
    )
    return openapi.from_asgi("/openapi.json", application, headers=HEADERS)


@pytest.mark.slow
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_openapi_file_names(case: schemathesis.Case) -> None:
    answer = case.call(headers=HEADERS)
    # A named artifact that the store does not hold is documented as 503, and the store is empty here.
    wanted = CHECKS if answer.status_code != IS_AWAY else CHECKS[1:]
    case.validate_response(answer, checks=wanted)
