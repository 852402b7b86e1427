"""The typed client against a real Sonar: what is read, what is refused, and how a node's faults are named."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pysonar.chain.contract.calls import SonarCalls
from pysonar.chain.contract.events import (
    CampaignCreated,
    CampaignDeclined,
    Improved,
    Settled,
    Submitted,
    Verdicts,
    from_json,
    to_json,
)
from pysonar.chain.contract.sonar import Sonar, campaign_id, queue_entry, simulate
from pysonar.chain.contract.types import EMPTY, Report, State, Terms, Verdict
from pysonar.chain.errors import (
    BadAddressError,
    BadArgumentError,
    BadUrlError,
    ContractRefusedError,
    NoContractError,
    NodeBusyError,
    NodeDownError,
    NodeRefusedError,
    NoSuchCampaignError,
    NotSonarError,
    WrongChainError,
)
from pysonar.chain.node import rpc
from pysonar.chain.node.connect import connect, redact_url
from pysonar.chain.sending.signer import KeyfileSigner
from tests.builders.terms import terms_of
from tests.conftest import Anvil
from tests.roles import Transact, as_a

SPEC, SALT, KEY, MODEL, UPDATE, RESULT = (bytes([n]) * 32 for n in range(1, 7))
BOUNTY = 1000


@pytest.fixture
def terms(node: Anvil, capsule: KeyfileSigner) -> Terms:
    """The worked example of docs/protocol.md, section 1: bounty 1,000, target 80 %."""
    return terms_of(
        capsule.address, node.now(), spec=SPEC, bounty=BOUNTY, target=800_000, min_gain=5_000,
        stake=70, fee=3, max_pending=2,
    )  # fmt: skip


@pytest.fixture
def opened(
    node: Anvil,
    sonar: Sonar,
    scientist: KeyfileSigner,
    capsule: KeyfileSigner,
    terms: Terms,
    transact: Transact,
) -> bytes:
    """The id of an open campaign that starts at 0 %."""
    transact(node, scientist, sonar.calls.create_campaign(terms, SALT))
    campaign = sonar.campaign_id(scientist.address, SPEC, SALT)
    transact(node, capsule, sonar.calls.open_campaign(campaign, KEY, MODEL, 0))
    return campaign


def test_a_whole_campaign_is_read_back_as_typed_records(
    node: Anvil,
    sonar: Sonar,
    scientist: KeyfileSigner,
    miner: KeyfileSigner,
    capsule: KeyfileSigner,
    terms: Terms,
    opened: bytes,
    transact: Transact,
) -> None:
    record = sonar.campaign(opened)
    assert (record.owner, record.state, record.terms) == (scientist.address, State.OPEN, terms)
    assert (record.public_key, record.model, record.version, record.start) == (KEY, MODEL, 0, 0)
    assert record.payout(20_000) == 25  # docs/protocol.md, section 1, to the wei
    assert record.payout(4_999) == 0

    (submitted,) = transact(node, miner, sonar.calls.submit(opened, UPDATE, miner.address, 73))
    assert submitted.event == Submitted(opened, 0, miner.address, UPDATE)
    assert sonar.queued(opened, 0) == queue_entry(miner.address, UPDATE)

    report = Report(miner.address, UPDATE, Verdict.IMPROVED, 20_000, RESULT)
    improved, verdicts = transact(node, capsule, sonar.calls.report(opened, [report]))
    assert verdicts.event == Verdicts(opened, 0, (Verdict.IMPROVED,))
    assert improved.event == Improved(opened, 0, 1, 20_000, 25, RESULT)
    assert (sonar.claimable(opened, miner.address), sonar.owed(opened, miner.address)) == (70, 95)

    record = sonar.campaign(opened)
    assert (record.best, record.version, record.pending, record.paid) == (20_000, 1, 0, 25)
    assert record.left_to_earn == 975
    assert not record.finished(node.now())
    node.advance_to(terms.submit_until)
    assert record.finished(node.now())
    transact(node, capsule, sonar.calls.deliver(opened, RESULT))
    (settled,) = transact(node, miner, sonar.calls.settle(opened))
    assert settled.event == Settled(opened, 25, 975, 3, 0)
    assert sonar.campaign(opened).delivered


def test_the_preview_of_a_payout_is_what_the_contract_pays(
    node: Anvil,
    sonar: Sonar,
    scientist: KeyfileSigner,
    miner: KeyfileSigner,
    capsule: KeyfileSigner,
    terms: Terms,
    transact: Transact,
) -> None:
    for gap_basis in (False, True):
        salt = bytes([gap_basis]) * 32
        transact(node, scientist, sonar.calls.create_campaign(replace(terms, gap_basis=gap_basis), salt))
        campaign = sonar.campaign_id(scientist.address, SPEC, salt)
        transact(node, capsule, sonar.calls.open_campaign(campaign, KEY, MODEL, 123_457))
        for accuracy in (130_001, 777_777, 900_000):
            expected = sonar.campaign(campaign).payout(accuracy)
            transact(node, miner, sonar.calls.submit(campaign, UPDATE, miner.address, 73))
            report = Report(miner.address, UPDATE, Verdict.IMPROVED, accuracy, MODEL)
            (logged,) = transact(node, capsule, sonar.calls.report(campaign, [report]))[:1]
            assert as_a(Improved, logged.event).payout == expected > 0


def test_the_id_is_known_before_the_campaign_exists(sonar: Sonar, scientist: KeyfileSigner) -> None:
    local = campaign_id(sonar.chain_id, sonar.address, scientist.address, SPEC, SALT)
    assert local == sonar.campaign_id(scientist.address, SPEC, SALT)
    with pytest.raises(NoSuchCampaignError, match=local.hex()):
        sonar.campaign(local)


def test_an_address_without_contract_and_a_contract_that_is_no_sonar(
    node: Anvil, sonar: Sonar, stranger: KeyfileSigner
) -> None:
    assert Sonar.open(node.web3, sonar.address).address == sonar.address
    with pytest.raises(NoContractError, match=stranger.address):
        Sonar.open(node.web3, stranger.address)
    for code in (
        "0x00",
        "0xfe",
        "0x60205ff3",
        "0x6001600052602060006000f3",
    ):  # stops, fails, zeros, something
        node.rpc("anvil_setCode", stranger.address, code)
        with pytest.raises(NotSonarError, match=stranger.address):
            Sonar.open(node.web3, stranger.address)


def test_refusals_carry_the_contracts_own_reason(
    sonar: Sonar, scientist: KeyfileSigner, miner: KeyfileSigner, terms: Terms, opened: bytes
) -> None:
    with pytest.raises(ContractRefusedError, match="sonar: value is not stake and fee") as refused:
        simulate(sonar.web3, sonar.calls.submit(opened, UPDATE, miner.address, 72), miner.address)
    assert (refused.value.label, refused.value.reason) == ("submit", "sonar: value is not stake and fee")
    with pytest.raises(ContractRefusedError, match="sonar: campaign exists"):
        simulate(sonar.web3, sonar.calls.create_campaign(terms, SALT), scientist.address)
    paid = sonar.calls.submit(opened, UPDATE, miner.address, 73)
    assert simulate(sonar.web3, paid, miner.address) == bytes(32)  # index 0


def test_certificates(node: Anvil, sonar: Sonar, capsule: KeyfileSigner, transact: Transact) -> None:
    assert sonar.certificate(capsule.address) is None
    transact(node, capsule, sonar.calls.register_capsule(KEY))
    assert sonar.certificate(capsule.address) == KEY


def test_a_reason_that_is_no_text_does_not_stop_readers(
    node: Anvil,
    sonar: Sonar,
    scientist: KeyfileSigner,
    capsule: KeyfileSigner,
    terms: Terms,
    transact: Transact,
) -> None:
    (created,) = transact(node, scientist, sonar.calls.create_campaign(terms, SALT))
    assert isinstance(created.event, CampaignCreated)
    call = sonar.calls.decline(created.event.id, "xy")
    hostile = replace(call, data=call.data.replace(b"xy", b"\xff\xfe"))
    (declined,) = transact(node, capsule, hostile)
    assert declined.event == CampaignDeclined(created.event.id, "��")
    assert from_json(declined.event.name, to_json(declined.event)) == declined.event


def test_the_log_alone_tells_the_terms_and_the_salt(
    node: Anvil, sonar: Sonar, scientist: KeyfileSigner, terms: Terms, transact: Transact
) -> None:
    odd = replace(terms, gap_basis=True, max_start=123_456, max_pending=2**24 - 1, stake=2**96 - 1)
    for salt, chosen in ((SALT, terms), (KEY, odd)):
        (created,) = transact(node, scientist, sonar.calls.create_campaign(chosen, salt))
        assert isinstance(created.event, CampaignCreated)
        assert (created.event.terms, created.event.salt) == (chosen, salt)
        assert sonar.campaign(created.event.id).terms == chosen


def test_arguments_are_checked_before_anything_is_sent(terms: Terms, capsule: KeyfileSigner) -> None:
    calls = SonarCalls(capsule.address)
    with pytest.raises(BadArgumentError, match="32 bytes"):
        calls.submit(b"short", UPDATE, capsule.address, 0)
    with pytest.raises(BadArgumentError, match="0 or more"):
        calls.submit(SPEC, UPDATE, capsule.address, -1)
    with pytest.raises(BadArgumentError, match="0 or more"):
        replace(terms, bounty=1 << 256)
    with pytest.raises(BadAddressError, match="capsule"):
        replace(terms, capsule="0x1234")
    with pytest.raises(BadArgumentError, match="1 to 32"):
        calls.report(SPEC, [])
    report = Report(capsule.address, UPDATE, Verdict.NO_GAIN)
    assert calls.report(SPEC, [report] * 32).data
    with pytest.raises(BadArgumentError, match="1 to 32"):
        calls.report(SPEC, [report] * 33)
    assert calls.decline(SPEC, "é" * 64).data
    with pytest.raises(BadArgumentError, match="128 bytes"):
        calls.decline(SPEC, "é" * 64 + "a")
    assert report.model == EMPTY


def test_a_wrong_chain_id(node: Anvil) -> None:
    assert rpc.chain_id(connect(node.url, expected_chain_id=1337)) == 1337
    with pytest.raises(WrongChainError, match="serves chain 1337, expected chain 1"):
        connect(node.url, expected_chain_id=1)


def test_a_node_that_is_down_is_named_without_its_credentials() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(NodeDownError) as down:
        connect(f"http://user:hunter2@127.0.0.1:{port}/v3/apikey?token=topsecret")
    shown = f"{down.value!r} {down.value} {down.value.__cause__!r}"
    assert f"http://127.0.0.1:{port}" in shown
    assert not any(secret in shown for secret in ("user", "hunter2", "apikey", "topsecret"))
    assert down.value.__suppress_context__


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8545", "ftp://127.0.0.1", "http://", "http://host:notaport", "http://[::1"]
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(BadUrlError, match="must look like"):
        connect(url)


def test_redaction_keeps_scheme_host_and_port() -> None:
    assert redact_url("https://u:p@node.example:8443/v3/key?x=1") == "https://node.example:8443/..."
    assert redact_url("http://127.0.0.1:8545") == "http://127.0.0.1:8545"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<html>busy</html>", NodeDownError),
        (b"[]", NodeDownError),
        (b"{}", NodeDownError),
        (b'{"result": null}', NodeDownError),
        (b'{"result": "0xzz"}', NodeDownError),
        (b'{"error": {"code": -32005, "message": "limit\\u0007 exceeded"}}', NodeBusyError),
        (b'{"error": {"code": -32601, "message": "no\\u0007 such method"}}', NodeRefusedError),
    ],
)
def test_answers_that_are_no_json_rpc(body: bytes, error: type[Exception]) -> None:
    class Strange(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Strange)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(error) as raised:
            connect(f"http://127.0.0.1:{server.server_port}")
        assert "\x07" not in str(raised.value)
    finally:
        server.shutdown()
        server.server_close()


def test_credentials_do_not_reach_the_log(node: Anvil, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    connect(node.url.replace("http://", "http://user:hunter2@") + "/?apikey")
    assert not any(secret in caplog.text for secret in ("hunter2", "apikey"))
