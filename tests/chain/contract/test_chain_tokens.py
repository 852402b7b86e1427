"""Tokens: what they say of themselves, and approvals of exactly what is needed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.tokens import ETHER, Asset, Token, asset_at
from pysonar.chain.errors import NodeDownError, NotATokenError, TokensMissingError
from pysonar.chain.node import rpc
from pysonar.chain.sending.approvals import next_approval
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.amounts import AmountError
from tests.chain.sending.outboxes import register
from tests.conftest import Anvil
from tests.meddling import Answer, Meddling, Params
from tests.roles import Transact
from tests.token_under_test import STRICT, UNIT, GivenToken

CAMPAIGN, OTHER = b"\x01" * 32, b"\x02" * 32
USDX = Asset("0x" + "11" * 20, "USDX", 6)


@pytest.fixture
def token(
    node: Anvil,
    deploy: Callable[..., str],
    transact: Transact,
    capsule: KeyfileSigner,
    stranger: KeyfileSigner,
) -> GivenToken:
    """A token of which the capsule's account holds 100."""
    made = GivenToken(node, deploy(node, STRICT), transact)
    made.give(stranger, capsule.address, 100 * UNIT)
    return made


def approved(outbox: Outbox, token: GivenToken, spender: str, amount: int, campaign: bytes = CAMPAIGN) -> int:
    """How many transactions it took until the amount was approved."""
    before = len(outbox.history())
    while (deed := next_approval(outbox, token.token, spender, amount, campaign)) is not None:
        outbox.wait(deed)
    return len(outbox.history()) - before


# --- what a token says


def test_symbol_and_decimals_are_the_tokens_own(node: Anvil, token: GivenToken) -> None:
    assert asset_at(node.web3, token.address) == Asset(token.address, "USDX", 6)
    assert asset_at(node.web3, ETHER.address) is ETHER


def test_an_account_or_another_contract_is_no_token(
    node: Anvil, sonar: Sonar, stranger: KeyfileSigner
) -> None:
    with pytest.raises(NotATokenError, match="there is no contract"):
        Token(node.web3, stranger.address).asset()
    with pytest.raises(NotATokenError, match="expected the address of an ERC-20 contract"):
        Token(node.web3, sonar.address).asset()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (encode(["string"], ["USD\x1b[31m coin " + "x" * 90]), "USD31mcoinxxxxxx"),
        (b"MKR".ljust(32, b"\0"), "MKR"),
        (encode(["string"], [""]), "tokens"),
        (b"\xff" * 32, "tokens"),
        (b"", "tokens"),
    ],
)
def test_a_symbol_is_short_and_plain_whatever_is_said(
    node: Anvil, token: GivenToken, said: bytes, shown: str
) -> None:
    def answer(method: str, params: Params) -> Answer | None:
        asked = method == "eth_call" and params[0]["data"].startswith("0x95d89b41")
        return {"result": "0x" + said.hex()} if asked else None

    from pysonar.chain.node.handle import NodeHandle

    assert Token(NodeHandle(Meddling(node.url, answer)), token.address).asset().symbol == shown


def test_decimals_beyond_all_use_are_refused(node: Anvil, token: GivenToken) -> None:
    from pysonar.chain.node.handle import NodeHandle

    def answer(method: str, params: Params) -> Answer | None:
        asked = method == "eth_call" and params[0]["data"].startswith("0x313ce567")
        return {"result": "0x" + (255).to_bytes(32, "big").hex()} if asked else None

    with pytest.raises(NotATokenError, match="says 255 decimals, expected at most 30"):
        Token(NodeHandle(Meddling(node.url, answer)), token.address).asset()


@pytest.mark.parametrize(
    ("text", "units"),
    [("10 USDX", 10 * UNIT), ("0.000001 usdx", 1), ("1.5 tokens", 1_500_000), ("7 units", 7), ("0", 0)],
)
def test_amounts_are_in_the_tokens_own_decimals(text: str, units: int) -> None:
    assert USDX.parse(text) == units


@pytest.mark.parametrize(
    "text", ["10", "0.0000001 USDX", "10 ETH", "10 wei", "-1 USDX", "1e3 USDX", "0.5 units"]
)
def test_what_is_no_amount_of_the_token_is_refused(text: str) -> None:
    with pytest.raises(AmountError, match="'10 USDX'"):
        USDX.parse(text)


def test_a_token_that_calls_itself_ether_is_not_taken_for_it() -> None:
    impostor = Asset("0x" + "22" * 20, "ETH", 2)
    with pytest.raises(AmountError):
        impostor.parse("10 ETH")
    assert impostor.parse("10 tokens") == 1000


@given(st.integers(0, 1 << 96), st.integers(0, 30))
def test_what_is_shown_reads_back_to_the_unit(amount: int, decimals: int) -> None:
    asset = Asset("0x" + "11" * 20, "USDX", decimals)
    assert asset.parse(asset.show(amount)) == amount


# --- approvals


def test_exactly_what_is_needed_is_approved_and_nothing_twice(
    make: Callable[..., Outbox], token: GivenToken, sonar: Sonar, capsule: KeyfileSigner
) -> None:
    outbox = make()
    assert approved(outbox, token, sonar.address, 7) == 1
    assert token.token.allowance(capsule.address, sonar.address) == 7
    assert approved(make(), token, sonar.address, 7) == 0
    assert approved(outbox, token, sonar.address, 6, OTHER) == 0  # it suffices


def test_an_approval_that_is_too_small_is_set_to_zero_first(
    make: Callable[..., Outbox], token: GivenToken, sonar: Sonar, capsule: KeyfileSigner
) -> None:
    """The token refuses anything else."""
    token.approve(capsule, sonar.address, 3)
    assert approved(make(), token, sonar.address, 7) == 2
    assert token.token.allowance(capsule.address, sonar.address) == 7


def test_the_same_amount_is_approved_again_after_it_was_used(
    make: Callable[..., Outbox], token: GivenToken, sonar: Sonar, capsule: KeyfileSigner
) -> None:
    outbox = make()
    for _ in range(2):
        assert approved(outbox, token, sonar.address, 7) >= 1
        token.approve(capsule, sonar.address, 0)  # as if Sonar had taken it


def test_what_the_account_does_not_hold_is_not_approved(
    make: Callable[..., Outbox], token: GivenToken, sonar: Sonar
) -> None:
    assert approved(make(), token, sonar.address, 100 * UNIT) == 1
    with pytest.raises(TokensMissingError, match=r" 0\.000001 USDX are missing"):
        next_approval(make(), token.token, sonar.address, 100 * UNIT + 1, OTHER)


def test_nothing_is_approved_while_a_call_that_draws_on_it_is_on_its_way(
    make: Callable[..., Outbox], token: GivenToken, sonar: Sonar, node: Anvil
) -> None:
    outbox = make()
    approved(outbox, token, sonar.address, 7)
    node.set_automine(False)
    drawing = Deed(Action.SUBMIT, OTHER, "11")
    from dataclasses import replace

    outbox.send(replace(register(sonar), runs_token=True), drawing)
    assert next_approval(outbox, token.token, sonar.address, 9, CAMPAIGN) == drawing
    node.mine()
    outbox.wait(drawing)
    deed = next_approval(outbox, token.token, sonar.address, 9, CAMPAIGN)
    assert deed is not None
    assert deed.action is Action.APPROVE


def test_a_process_that_dies_after_the_approval_was_stored_approves_once(
    make: Callable[..., Outbox], token: GivenToken, sonar: Sonar, node: Anvil, capsule: KeyfileSigner
) -> None:
    def gone(method: str, _: object) -> Answer | None:
        if method == "eth_sendRawTransaction":
            raise NodeDownError(node.url, "test")
        return None

    with pytest.raises(NodeDownError):
        next_approval(make(Meddling(node.url, gone)), token.token, sonar.address, 7, CAMPAIGN)
    assert approved(make(), token, sonar.address, 7) == 0  # the stored one, sent
    assert token.token.allowance(capsule.address, sonar.address) == 7
    assert rpc.nonce(node.web3, capsule.address) == 1
