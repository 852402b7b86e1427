"""How the pages are served: from memory, under a strict policy, to those names only that the service has."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.files.web_pages import read_pages
from pysonar.protocol.cid import Cid
from pysonar.store.embedded.store import EmbeddedStore
from sonar_web.api.app import Serving, make_app
from sonar_web.api.reading import Place, Reader
from sonar_web.index.indexer import Indexer
from sonar_web.index.reading import open_for_reading
from sonar_web.index.titles import TitleReader
from tests.web.chain_story import Story

HERE = {"origin": "http://127.0.0.1", "content-type": "application/octet-stream"}


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(tmp_path / "index.sqlite")


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore(tmp_path / "store")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Something like a build, with a secret beside it."""
    folder = tmp_path / "built"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Sonar</title>")
    (folder / "assets" / "index-abc.js").write_text("start();" * 100)
    (tmp_path / "secret").write_text("not for browsers")
    return folder


@pytest.fixture
def browser(story: Story, indexer: Indexer, database: str, store: EmbeddedStore, built: Path) -> TestClient:
    """A client of the whole service, which takes artifacts."""
    reader = Reader(Place(story.sonar.chain_id, story.sonar.address), lambda: open_for_reading(database))
    serving = Serving(store=store, taker=store, pages=read_pages(built))
    indexer.poll()
    return TestClient(make_app(reader, indexer.progress, serving), base_url="http://127.0.0.1")


def test_every_address_of_the_application_is_its_page(browser: TestClient) -> None:
    for path in ("/", "/campaigns/0x" + "11" * 32, "/miners", "/no/such/page"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
        assert "<title>Sonar" in answer.text


def test_the_policy_allows_no_inline_code_and_no_other_host(browser: TestClient) -> None:
    policy = browser.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    for source in policy.replace(";", " ").split():
        assert source not in ("'unsafe-inline'", "'unsafe-eval'", "*", "data:", "blob:")
        assert not source.startswith(("http:", "https:"))


def test_what_has_a_hash_in_its_name_is_kept_for_good(browser: TestClient) -> None:
    answer = browser.get("/assets/index-abc.js")
    assert answer.headers["cache-control"].endswith("immutable")
    assert (answer.headers["content-encoding"], answer.text) == ("gzip", "start();" * 100)
    assert browser.get("/assets/index-old.js").status_code == 404


@pytest.mark.parametrize(
    "path", ["/../secret", "/%2e%2e/secret", "/assets/..%2f..%2fsecret", "/assets/%2e%2e/%2e%2e/secret"]
)
def test_no_path_leaves_the_build(browser: TestClient, path: str) -> None:
    assert "not for browsers" not in browser.get(path).text


def test_a_foreign_name_for_this_address_gets_nothing(browser: TestClient) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:80"):
        answer = browser.get("/api/v1/campaigns", headers={"host": host})
        assert answer.status_code == 403
        assert "does not answer to that name" in answer.json()["error"]
    for host in ("localhost:8770", "127.0.0.1:1", "[::1]:8770"):
        assert browser.get("/api/v1/campaigns", headers={"host": host}).status_code == 200


def test_without_a_build_the_page_says_how_to_get_one(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 503
    assert "make web" in answer.text


def test_an_artifact_that_the_chain_names_is_handed_out_and_no_other(
    browser: TestClient, story: Story, indexer: Indexer, store: EmbeddedStore
) -> None:
    spec, other = store.put(b'{"title": "Irises"}'), store.put(b"somebody's")
    story.create(spec=spec.digest)
    indexer.poll()
    answer = browser.get(f"/api/v1/artifacts/{spec}")
    assert answer.content == b'{"title": "Irises"}'
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert browser.get(f"/api/v1/artifacts/{other}").status_code == 404
    assert browser.get("/api/v1/artifacts/..%2fsecret").status_code in (400, 404)


def test_an_artifact_that_cannot_be_had_now_is_said(
    browser: TestClient, story: Story, indexer: Indexer
) -> None:
    lost = Cid.of_block(b"lost")
    story.create(spec=lost.digest)
    indexer.poll()
    answer = browser.get(f"/api/v1/artifacts/{lost}")
    assert answer.status_code == 503
    assert str(lost) in answer.json()["error"]


def test_artifacts_are_taken_from_our_own_pages_only(browser: TestClient, store: EmbeddedStore) -> None:
    taken = browser.post("/api/v1/artifacts", content=b"sealed", headers=HERE)
    assert taken.status_code == 201
    assert store.get(Cid.parse(taken.json()["cid"]), max_bytes=100) == b"sealed"
    for headers in (
        HERE | {"origin": "http://evil.example"},
        HERE | {"origin": "null"},
        {"content-type": HERE["content-type"]},
    ):
        assert browser.post("/api/v1/artifacts", content=b"other", headers=headers).status_code == 403
    form = HERE | {"content-type": "text/plain"}
    assert browser.post("/api/v1/artifacts", content=b"other", headers=form).status_code == 400


def test_a_service_that_takes_nothing_says_so(client: TestClient) -> None:
    answer = client.post("/api/v1/artifacts", content=b"x", headers=HERE)
    assert answer.status_code == 403
    assert "--take-artifacts" in answer.json()["error"]


def test_campaigns_are_found_by_words_of_their_title_by_address_and_by_id(
    browser: TestClient,
    story: Story,
    indexer: Indexer,
    store: EmbeddedStore,
    scientist: KeyfileSigner,
    stranger: KeyfileSigner,
) -> None:
    titled = story.create(spec=store.put(b'{"title": "Fever of 100 % in Gro\\u00dfstadt"}').digest)
    story.create(spec=store.put(b"no spec").digest)
    indexer.poll()
    titles = TitleReader(indexer.another_connection, store)
    assert titles.round() == 2
    assert titles.round() == 0

    def found(search: str) -> int:
        return len(browser.get("/api/v1/campaigns", params={"search": search}).json()["data"])

    assert [found(text) for text in ("grossstadt fever", "100 %", "100 _", "'", "\\", "%")] == [
        1,
        1,
        0,
        0,
        0,
        1,
    ]
    assert [found("0x" + titled.hex()), found("0x" + titled.hex()[:7]), found("0x")] == [1, 1, 2]
    assert [found(scientist.address), found(stranger.address), found(" ")] == [2, 0, 2]
    rows = browser.get("/api/v1/campaigns").json()["data"]
    assert sorted(row["title"] or "" for row in rows) == ["", "Fever of 100 % in Großstadt"]


def test_a_title_that_no_database_could_hold_is_made_fit(
    browser: TestClient, story: Story, indexer: Indexer, store: EmbeddedStore
) -> None:
    story.create(spec=store.put(b'{"title": "a\\u0000\\ud800' + b"x" * 10_000 + b'"}').digest)
    indexer.poll()
    TitleReader(indexer.another_connection, store).round()
    title = browser.get("/api/v1/campaigns").json()["data"][0]["title"]
    assert title == "a" + "x" * 199
