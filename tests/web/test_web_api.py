"""The public API: answers name their block, pages hang together, and strangers' parameters do no harm."""

from __future__ import annotations

import base64
import csv
import io
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.sending.signer import KeyfileSigner
from sonar_web.api.exports import TABLES
from sonar_web.api.limits import RateLimit
from sonar_web.errors import TooManyRequestsError
from sonar_web.index.gas import GasReader
from sonar_web.index.indexer import Indexer
from sonar_web.index.rows import upsert
from tests.conftest import Anvil
from tests.web.chain_story import Story, digest
from tests.web.recount import rows
from tests.web.test_web_index import two_campaigns

NASTY = ["'; drop table campaign; --", "1 or 1=1", "%00", "\u202e", "x" * 400, "0x" + "zz" * 32]
PATHS = [
    "/api/v1/campaigns?state={}", "/api/v1/campaigns?owner={}", "/api/v1/campaigns?after={}",
    "/api/v1/campaigns/{}", "/api/v1/miners?asset={}", "/api/v1/miners/{}/submissions",
    "/api/v1/capsules/{}", "/api/v1/days?after={}", "/api/v1/export/{}.csv", "/api/v1/export/{}.parquet",
    "/api/v1/campaigns?capsule={}", "/api/v1/campaigns?limit={}", "/api/v1/campaigns/{}/versions",
    "/api/v1/campaigns/{}/submissions", "/api/v1/miners?after={}", "/api/v1/capsules?after={}",
    "/api/v1/gas?after={}", "/api/v1/tokens?after={}", "/api/v1/tokens/{}", "/api/v1/artifacts/{}",
]  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The index tests see to it that both databases hold the same; here one is enough."""
    return str(tmp_path / "index.sqlite")


@pytest.fixture
def told(story: Story, indexer: Indexer, miner: KeyfileSigner, second_miner: KeyfileSigner) -> bytes:
    """An index with a finished and a declined campaign; the finished one's id."""
    campaign = two_campaigns(story, miner, second_miner)
    indexer.poll()
    return campaign


def test_an_answer_names_chain_contract_and_block(
    client: TestClient, told: bytes, sonar: Sonar, node: Anvil
) -> None:
    answer = client.get("/api/v1/campaigns").json()
    block = node.rpc("eth_getBlockByNumber", "latest", False)
    assert (answer["chain_id"], answer["contract"]) == (sonar.chain_id, sonar.address)
    assert (answer["block"], answer["block_hash"]) == (int(block["number"], 16), block["hash"])


def test_a_campaign_is_told_with_exact_amounts(client: TestClient, told: bytes) -> None:
    campaign = client.get(f"/api/v1/campaigns/0x{told.hex()}").json()["data"]
    assert (campaign["terms"]["bounty"], campaign["paid"], campaign["fees"]) == ("1000", "1000", "12")
    versions = client.get(f"/api/v1/campaigns/0x{told.hex()}/versions").json()["data"]
    assert [(one["version"], one["accuracy"], one["payout"]) for one in versions] == [
        (1, 20_000, "25"),
        (2, 800_000, "975"),
    ]


def test_pages_hang_together(client: TestClient, told: bytes) -> None:
    whole = client.get(f"/api/v1/campaigns/0x{told.hex()}/submissions").json()["data"]
    pages, after = [], None
    while True:
        asked = {"limit": 1} | ({"after": after} if after else {})
        answer = client.get(f"/api/v1/campaigns/0x{told.hex()}/submissions", params=asked).json()
        pages += answer["data"]
        after = answer["next"]
        if after is None:
            break
    assert pages == whole
    assert len(whole) == 4


def test_filters_find_what_they_say(
    client: TestClient, told: bytes, scientist: KeyfileSigner, stranger: KeyfileSigner
) -> None:
    def count(**asked: str) -> int:
        return len(client.get("/api/v1/campaigns", params=asked).json()["data"])

    assert (count(), count(state="declined"), count(state="open")) == (2, 1, 0)
    assert count(owner=scientist.address.lower()) == 2
    assert count(owner=stranger.address) == 0


def test_an_unchanged_answer_is_not_sent_twice(
    client: TestClient, told: bytes, story: Story, indexer: Indexer
) -> None:
    tag = client.get("/api/v1/campaigns").headers["etag"]
    assert client.get("/api/v1/campaigns", headers={"if-none-match": tag}).status_code == 304
    story.create()
    indexer.poll()
    assert client.get("/api/v1/campaigns", headers={"if-none-match": tag}).status_code == 200


def test_strangers_parameters_are_refused_in_words(client: TestClient, told: bytes) -> None:
    for path in PATHS:
        for nasty in NASTY:
            answer = client.get(path.format(quote(nasty, safe="")))
            assert 400 <= answer.status_code < 500, (path, nasty)
    assert len(client.get("/api/v1/campaigns").json()["data"]) == 2


def test_what_is_searched_for_is_never_a_pattern_or_sql(
    client: TestClient, indexer: Indexer, told: bytes
) -> None:
    named = indexer.another_connection()
    row = {"digest": digest("spec"), "title": "Irises", "folded": "irises"}
    upsert(named, "spec_title", ("digest",), row)
    named.close()

    def found(words: str) -> int:
        answer = client.get("/api/v1/campaigns", params={"search": words})
        assert answer.status_code == 200
        return len(answer.json()["data"])

    assert found("IRIS") == 2
    for words in ("' or '1'='1", "%", "ir_s", "\\", "iris') --", "0x' or id is not null --"):
        assert found(words) == 0, words


def test_a_cursor_of_brackets_ends_no_process(client: TestClient) -> None:
    cursor = base64.urlsafe_b64encode(b"[" * 39_999).decode()
    assert client.get("/api/v1/campaigns", params={"after": cursor}).status_code == 422


@pytest.mark.parametrize(
    "inside", ["[1]", '["x", 1]', "{}", "[9e99, 1]", "[1, null]", '[1, "zz"]', "[true, 1]"]
)
def test_a_cursor_that_no_answer_gave_is_refused_or_an_empty_page(
    client: TestClient, told: bytes, inside: str
) -> None:
    cursor = base64.urlsafe_b64encode(inside.encode()).decode()
    answer = client.get("/api/v1/campaigns", params={"after": cursor})
    assert answer.status_code == 400
    assert "a cursor that an answer gave" in answer.json()["error"]


def test_what_is_not_there_is_said(client: TestClient, told: bytes) -> None:
    answer = client.get("/api/v1/campaigns/0x" + "11" * 32)
    assert answer.status_code == 404
    assert "there is no campaign" in answer.json()["error"]


def test_every_export_has_the_columns_and_rows_that_the_api_says(
    client: TestClient, told: bytes, indexer: Indexer
) -> None:
    GasReader(indexer.another_connection, indexer.web3).round()
    for table in TABLES:
        said = client.get(f"/api/v1/{table}").json()["data"]
        assert said, table
        flat = [{name: one[name] for name in one if name != "terms"} | one.get("terms", {}) for one in said]
        sheet = csv.DictReader(io.StringIO(client.get(f"/api/v1/export/{table}.csv").text))
        in_csv = {tuple(row.items()) for row in sheet}
        assert in_csv == {tuple((name, _cell(value)) for name, value in row.items()) for row in flat}, table
        raw = client.get(f"/api/v1/export/{table}.parquet").content
        rows = pq.read_table(io.BytesIO(raw)).to_pylist()
        assert sorted(rows, key=repr) == sorted(flat, key=repr), table


def test_a_capsules_record_has_the_sums_that_the_index_keeps(
    client: TestClient, told: bytes, database: str
) -> None:
    (kept,) = rows(database, "capsule")
    (said,) = client.get("/api/v1/capsules").json()["data"]
    assert {name: said[name] for name in kept} == kept
    assert said["unavailable_seconds"] >= 3600  # it opened two hours after the request


def _cell(value: object) -> str:
    """As a spreadsheet's file has it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith("=") else text


def test_a_spreadsheet_takes_no_text_for_a_formula(client: TestClient, told: bytes) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get("/api/v1/export/campaigns.csv").text)))
    assert {row["reason"] for row in rows} == {"", "'=too small"}


def test_health_says_whether_the_index_keeps_up(client: TestClient, indexer: Indexer) -> None:
    assert client.get("/healthz").status_code == 503
    indexer.poll()
    assert client.get("/healthz").json()["healthy"] is True
    indexer.progress.trouble = "the node is away"
    assert client.get("/healthz").json() == {
        "healthy": False,
        "block": indexer.progress.block,
        "behind": 0,
        "trouble": "the node is away",
    }
    assert "sonar_web_trouble 1.0\n" in client.get("/metrics").text


def test_no_answer_can_be_framed_sniffed_or_shared(client: TestClient, told: bytes) -> None:
    headers = client.get("/api/v1/campaigns", headers={"origin": "https://elsewhere.example"}).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers


def test_an_address_that_asks_too_often_is_told_when_to_come_back() -> None:
    now = [0.0]
    limit = RateLimit(3, clock=lambda: now[0])
    for _ in range(3):
        limit.take("a")
    with pytest.raises(TooManyRequestsError, match="try again in 20 s"):
        limit.take("a")
    limit.take("b")
    now[0] = 20.0
    limit.take("a")
