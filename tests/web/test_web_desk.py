"""What the pages may ask of an account of this machine, and what they are told before anything is paid."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from openmined_oracle.campaigns.operator_rules import published_terms
from openmined_oracle.home import CapsuleSettings
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.tokens import Token
from pysonar.chain.errors import NodeDownError
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.browser_sessions import Sessions
from pysonar.party.home.settings import Settings, save_settings
from pysonar.protocol.artifacts import Algorithm
from pysonar.protocol.artifacts.capsule_terms import NOTATION
from pysonar.protocol.openpgp import SecretKey
from pysonar.protocol.schema import class_label, input_schema, number_field, output_schema
from pysonar.scientist.connection import Connection, Scientist
from pysonar.scientist.home import Home
from pysonar.scientist.planning.plan import Plan
from pysonar.store import cid_of
from pysonar.store.embedded.store import EmbeddedStore
from sonar_web.api.app import Serving, make_app
from sonar_web.api.reading import Place, Reader
from sonar_web.desk.account import Account
from sonar_web.desk.opening import open_desk
from sonar_web.desk.routes import account_router, advice_router
from sonar_web.errors import NotLocalError
from sonar_web.index.indexer import Indexer
from sonar_web.index.reading import open_for_reading
from tests.builders.specs import spec_of
from tests.builders.terms import TermsChanges, terms_of
from tests.conftest import Anvil
from tests.json_types import Json, JsonObject
from tests.roles import Transact
from tests.token_under_test import STRICT, GivenToken
from tests.web.chain_story import DAY, Story

HERE = "http://127.0.0.1"
OWN_PAGE = {"origin": HERE, "content-type": "application/json"}


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(tmp_path / "index.sqlite")


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore(tmp_path / "store")


@pytest.fixture
def account(tmp_path: Path, node: Anvil, sonar: Sonar, scientist: KeyfileSigner) -> Iterator[Account]:
    """The scientist's account, as the service of their machine has it."""
    path = tmp_path / "scientist"
    settings = Settings(
        rpc=node.url,
        chain_id=sonar.chain_id,
        contract=sonar.address,
        store=f"embedded:{tmp_path / 'store'}",
        confirmations=0,
        poll_seconds=0.05,
    )
    save_settings(path, settings)

    def opened() -> Scientist:
        connection = Connection.open(Home.open(path))
        outbox = connection.outbox(scientist, poll_seconds=0.01)
        return Scientist(connection, scientist, SecretKey.generate("scientist"), outbox)

    made = Account(opened)
    yield made
    made.close()


@pytest.fixture
def links() -> list[str]:
    return []


@pytest.fixture
def desk(
    sonar: Sonar, indexer: Indexer, database: str, store: EmbeddedStore, account: Account, links: list[str]
) -> TestClient:
    """The service, asked by its own page."""
    sessions = Sessions(links.append)
    sessions.begin()
    reader = Reader(Place(sonar.chain_id, sonar.address), lambda: open_for_reading(database))
    serving = Serving(store=store, desk=[advice_router(), account_router(account, sessions)])
    app = make_app(reader, indexer.progress, serving)
    return TestClient(app, base_url=HERE, headers=OWN_PAGE, raise_server_exceptions=False)


Wallet = Callable[..., Json]
"""`wallet(method, *params)`."""


@pytest.fixture
def wallet(desk: TestClient, links: list[str]) -> Wallet:
    """`wallet(method, *params)`: what a browser that was let in is answered; a failure's own words."""
    key = desk.post("/api/v1/account/session", json={"token": links[-1]}).json()["key"]

    def ask(method: str, *params: object) -> Json:
        body = {"method": method, "params": list(params)}
        answer = desk.post("/api/v1/account", json=body, headers={"authorization": f"Bearer {key}"})
        return answer.json()["result"] if answer.status_code == 200 else answer.json()["error"]

    return ask


def creation(story: Story, account: str, *, asset: str | None = None) -> JsonObject:
    """A page's transaction that creates a campaign."""
    now = int(story.node.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    asked = TermsChanges(bounty=1000, submit_until=now + DAY, review_until=now + 2 * DAY)
    terms = terms_of(story.capsule.address, **(asked if asset is None else asked | {"asset": asset}))
    call = story.sonar.calls.create_campaign(terms, b"\x07" * 32)
    return {"from": account, "to": call.to, "data": "0x" + call.data.hex(), "value": hex(call.value)}


def mined(wallet: Wallet, account: Account, sent: str) -> str:
    """The status of what was sent, once it is in a block."""
    for _ in range(200):
        account.pump()
        receipt = wallet("eth_getTransactionReceipt", sent)
        if receipt is not None:
            return str(receipt["status"])
        time.sleep(0.02)
    raise AssertionError(f"{sent} was never mined")


def test_a_campaign_is_created_by_the_account_once_however_often_a_page_asks(
    story: Story, wallet: Wallet, account: Account, scientist: KeyfileSigner
) -> None:
    assert wallet("eth_requestAccounts") == [scientist.address]
    request = creation(story, scientist.address)
    assert wallet("eth_call", request, "latest").startswith("0x")
    sent = wallet("eth_sendTransaction", request)
    assert wallet("eth_sendTransaction", request) == sent
    assert mined(wallet, account, sent) == "0x1"
    assert wallet("eth_sendTransaction", request) == sent
    assert int(story.node.rpc("eth_getBalance", story.sonar.address, "latest"), 16) == 1000
    (log,) = story.node.rpc("eth_getLogs", {"address": story.sonar.address, "fromBlock": "0x0"})
    cancel = story.sonar.calls.cancel(bytes.fromhex(log["topics"][1][2:]))
    back = {"from": scientist.address, "to": cancel.to, "data": "0x" + cancel.data.hex(), "value": "0x0"}
    assert mined(wallet, account, wallet("eth_sendTransaction", back)) == "0x1"
    claim = story.sonar.calls.claim(bytes.fromhex(log["topics"][1][2:]), scientist.address)
    back |= {"data": "0x" + claim.data.hex()}
    assert mined(wallet, account, wallet("eth_sendTransaction", back)) == "0x1"
    assert int(story.node.rpc("eth_getBalance", story.sonar.address, "latest"), 16) == 0


def test_a_bounty_in_a_token_is_approved_exactly_and_taken(
    story: Story,
    wallet: Wallet,
    account: Account,
    scientist: KeyfileSigner,
    deploy: Callable[..., str],
    node: Anvil,
    transact: Transact,
) -> None:
    token = GivenToken(node, deploy(node, STRICT), transact)
    token.give(scientist, scientist.address, 5000)
    request = creation(story, scientist.address, asset=token.address)
    assert "refused" in wallet("eth_call", request, "latest")
    approval = token.token.approve(story.sonar.address, 1000)
    approve = {"from": scientist.address, "to": token.address, "data": "0x" + approval.data.hex()}
    assert mined(wallet, account, wallet("eth_sendTransaction", approve)) == "0x1"
    assert mined(wallet, account, wallet("eth_sendTransaction", request)) == "0x1"
    assert Token(node.web3, token.address).balance(story.sonar.address) == 1000
    assert Token(node.web3, token.address).allowance(scientist.address, story.sonar.address) == 0


def test_the_account_sends_nothing_but_a_scientists_own_calls(
    story: Story, wallet: Wallet, scientist: KeyfileSigner, miner: KeyfileSigner
) -> None:
    request = creation(story, scientist.address)
    calls, campaign = story.sonar.calls, b"\x01" * 32
    approval = Token(story.node.web3, story.sonar.address).approve(miner.address, 1).data
    other = "0x" + "11" * 20
    for change, said in (
        ({"from": miner.address}, "to be sent by"),
        ({"to": other}, "only Sonar is called"),
        ({"to": other, "data": "0x" + approval.hex()}, "approved to Sonar only"),
        ({"data": request["data"] + "00" * 32}, "are not those of the call"),
        ({"value": "0x1"}, "are not those of the call"),
        ({"data": "0x" + calls.submit(campaign, campaign, miner.address, 0).data.hex()}, "of Sonar only"),
        ({"data": "0x" + calls.claim(campaign, miner.address).data.hex()}, "claims for another account"),
        (
            {"data": "0x" + calls.claim(campaign, scientist.address, miner.address).data.hex()},
            "claims for another account",
        ),
        ({"data": "nonsense"}, "expected from, to, data and value"),
    ):
        assert said in wallet("eth_sendTransaction", request | change)
    assert "is not asked of it" in wallet("eth_sign", scientist.address, "0x00")
    assert story.node.rpc("eth_getTransactionCount", scientist.address, "latest") == story.node.rpc(
        "eth_getTransactionCount", scientist.address, "pending"
    )


def test_the_contracts_own_reason_reaches_the_page(
    story: Story, wallet: Wallet, scientist: KeyfileSigner
) -> None:
    call = story.sonar.calls.cancel(b"\x05" * 32)
    request = {"from": scientist.address, "to": call.to, "data": "0x" + call.data.hex(), "value": "0x0"}
    assert "sonar: " in wallet("eth_call", request, "latest")
    assert "sonar: " in wallet("eth_sendTransaction", request)


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://127.0.0.1:1"}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}],
)
def test_another_site_or_port_is_not_let_in_even_with_the_link(
    desk: TestClient, links: list[str], headers: dict[str, str]
) -> None:
    refused = desk.post("/api/v1/account/session", json={"token": links[0]}, headers=headers)
    assert (refused.status_code, len(links)) == (403, 1)
    assert desk.post("/api/v1/account/session", json={"token": links[0]}).status_code == 200


def test_a_link_lets_in_one_browser_and_nobody_asks_without_a_key(desk: TestClient, links: list[str]) -> None:
    words = {"method": "eth_requestAccounts", "params": []}
    assert desk.post("/api/v1/account", json=words).status_code == 401
    assert desk.post("/api/v1/account/session", json={"token": links[0]}).status_code == 200
    again = desk.post("/api/v1/account/session", json={"token": links[0]})
    assert (again.status_code, len(links)) == (403, 2)
    assert "not valid any more" in again.json()["error"]
    foreign = desk.post("/api/v1/account", json=words, headers={"host": "rebound.example"})
    assert foreign.status_code == 403


def test_trouble_with_looking_after_transactions_is_said_once_and_tried_again(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, said, tries = threading.Event(), list[str](), list[int]()

    def away() -> None:
        tries.append(1)
        if len(tries) == 3:
            stop.set()
        raise NodeDownError("http://127.0.0.1:1", "the connection is refused or breaks")

    monkeypatch.setattr(account, "pump", away)
    monkeypatch.setattr(account, "close", lambda: None)
    account.look_after(stop, said.append, seconds=0.01)
    (once,) = said
    assert "not looked after now" in once
    assert "refused or breaks" in once


def test_an_account_is_not_lent_where_others_can_ask(tmp_path: Path) -> None:
    with pytest.raises(NotLocalError, match="for this machine's own pages"):
        open_desk(tmp_path, None, is_local=False, where="http://0.0.0.0:8770/", say=print)


# Before anything is paid.


def asked(story: Story, **changes: Json) -> JsonObject:
    """A campaign that the Capsule works for."""
    usual: JsonObject = {
        "spec": spec_of().as_mapping(),
        "capsule": story.capsule.address,
        "asset": "0x" + "00" * 20,
        "bounty": str(10**18),
        "fee": str(10**15),
        "min_gain": 400_000,
        "seconds": 9 * DAY,
    }
    return usual | changes


def test_what_the_capsule_would_decline_is_said_beforehand_in_the_words_of_its_terms(
    story: Story, desk: TestClient, indexer: Indexer, store: EmbeddedStore
) -> None:
    terms = published_terms(CapsuleSettings(certificate="A")).to_bytes().decode()
    certificate = SecretKey.generate("Capsule").certificate_with(NOTATION, terms).to_bytes()
    store.put(certificate)
    call = story.sonar.calls.register_capsule(cid_of(certificate).digest)
    story.transact(story.node, story.capsule, call)
    indexer.poll()
    well = desk.post("/api/v1/advice", json=asked(story)).json()
    assert (well["wrong"], well["unmet"], well["remarks"]) == (None, [], [])
    assert {cost["scheme"] for cost in well["costs"]} == {"paillier", "rlwe"}
    assert [cost["scheme"] for cost in well["costs"] if cost["advised"]] == ["paillier"]
    assert all(cost["visit_seconds"] > 0 and cost["model_bytes"] > 0 for cost in well["costs"])
    poor = desk.post("/api/v1/advice", json=asked(story, bounty="1", seconds=10_000 * DAY)).json()
    assert [one["term"] for one in poor["unmet"]] == ["max_days", "least_bounty"]
    assert poor["unmet"][1]["found"] == "1 wei"


def test_a_capsule_without_terms_or_certificate_and_a_spec_that_is_none_are_said(
    story: Story, desk: TestClient, indexer: Indexer
) -> None:
    indexer.poll()
    unknown = desk.post("/api/v1/advice", json=asked(story)).json()
    assert "no certificate on chain" in unknown["remarks"][0]
    spec = spec_of().as_mapping() | {"key_bits": 17}
    assert "key_bits" in desk.post("/api/v1/advice", json=asked(story, spec=spec)).json()["wrong"]
    for body in (b"{", b"[]", b'{"spec": {}}', b"[" * 100_000):
        assert desk.post("/api/v1/advice", content=body).status_code == 400
    assert desk.post("/api/v1/advice", content=b" " * (1 << 21)).status_code == 413


@pytest.mark.parametrize(("rows", "guiding"), [(1, 0), (99, 0), (100, 50), (361, 180), (100_000, 50_000)])
@pytest.mark.parametrize("bounty", [10**17, 10**19])
def test_the_pages_propose_what_the_command_line_does(
    desk: TestClient, rows: int, guiding: int, bounty: int
) -> None:
    """By a plan that says nothing of them."""
    unsaid = Plan(
        title="Irises", capsule="0x" + "11" * 20, bounty=bounty, target=900_000,
        algorithm=Algorithm("logistic"),
        input_schema=input_schema({"x": number_field((0, 1))}),
        output_schema=output_schema("y", class_label(["a", "b"])),
    )  # fmt: skip
    plan = unsaid.for_rows(rows)
    assert plan.guiding_rows(rows) == guiding
    proposed = desk.get(f"/api/v1/advice/guards?rows={rows}&target=900000&bounty={bounty}").json()
    assert proposed == {"guiding_rows": guiding, "min_gain": plan.min_gain, "fee": str(plan.fee)}


@pytest.mark.parametrize(("bounty", "fee"), [(0, "1"), (1, "1"), (500, "1"), (501, "2"), (10**9, "2000000")])
def test_a_token_of_few_decimals_has_a_fee_all_the_same(desk: TestClient, bounty: int, fee: str) -> None:
    query = f"rows=360&target=900000&bounty={bounty}&in_ether=false"
    assert desk.get(f"/api/v1/advice/guards?{query}").json()["fee"] == fee


@pytest.mark.parametrize(
    "query", ["rows=0&target=1", "rows=1&target=1000001", "rows=1&target=1&bounty=-1", "rows=1&target=1", ""]
)
def test_guards_of_nothing_are_refused(desk: TestClient, query: str) -> None:
    assert desk.get(f"/api/v1/advice/guards?{query}").status_code == 422
