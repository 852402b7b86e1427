"""Which transactions an account of this machine sends for the pages: a scientist's own to Sonar, and a
token's exact approval to it.

A call is read from its data and made anew from what was read: only what comes out the same is sent, so
nothing can hide in the data, and no claim goes to another account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from pysonar.chain.address import checksum, require_address
from pysonar.chain.contract import abi
from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.sonar import Sonar, campaign_id
from pysonar.chain.contract.tokens import Token
from pysonar.chain.contract.types import Terms
from pysonar.chain.errors import ChainError
from pysonar.chain.sending.claims import ensure_claim
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Pending
from sonar_web.errors import BadQueryError, NotOursError

_APPROVE = bytes.fromhex("095ea7b3")


def send(outbox: Outbox, sonar: Sonar, request: Mapping[str, Any]) -> Pending | None:
    """See to it that a page's `eth_sendTransaction` is done, once; None if the chain shows that it is.

    Raises:
        NotOursError: another contract, function, sender or receiver. BadQueryError: no transaction.
        The errors of `Outbox.ensure`.
    """
    account = outbox.account
    try:
        sender, to = checksum(str(request["from"])), checksum(str(request["to"]))
        data, value = _octets(request["data"]), int(str(request.get("value", "0x0")), 16)
    except (KeyError, ValueError, ChainError):
        raise BadQueryError("the transaction", str(request), "from, to, data and value in hex") from None
    if sender != account:
        raise NotOursError(f"it is to be sent by {sender}; this account is {account}")
    if to != sonar.address:
        deed, call = _approval(outbox, sonar, to, data)
    else:
        name, arguments = _read(sonar, data)
        if name == "claim":
            campaign, owner, receiver = arguments
            if (checksum(owner), checksum(receiver)) != (account, account):
                raise NotOursError("it claims for another account, or to one")
            _require_same(sonar.calls.claim(campaign, account, account), to, data, value)
            return ensure_claim(outbox, sonar, sonar.campaign(campaign), account)
        deed, call = _of_sonar(sonar, account, name, arguments)
    _require_same(call, to, data, value)
    return outbox.ensure(deed, lambda: call)


def _of_sonar(sonar: Sonar, account: str, name: str, arguments: tuple[Any, ...]) -> tuple[Deed, Call]:
    if name == "create_campaign":
        members, salt = arguments
        terms = Terms.from_abi(members, sonar.calls.version)
        campaign = campaign_id(sonar.chain_id, sonar.address, account, terms.spec, salt)
        return Deed(Action.CREATE, campaign), sonar.calls.create_campaign(terms, salt)
    (campaign,) = arguments
    if name == "settle":
        return Deed(Action.SETTLE, campaign), sonar.calls.settle(campaign)
    return Deed(Action.CANCEL, campaign), sonar.calls.cancel(campaign)


def _approval(outbox: Outbox, sonar: Sonar, token: str, data: bytes) -> tuple[Deed, Call]:
    try:
        if data[:4] != _APPROVE:
            raise DecodingError
        spender, amount = decode(["address", "uint256"], data[4:])
    except (DecodingError, OverflowError):
        raise NotOursError("only Sonar is called, and a token's approve") from None
    if checksum(spender) != sonar.address:
        raise NotOursError("a token is approved to Sonar only")
    call = Token(sonar.web3, require_address("the token", token)).approve(sonar.address, amount)
    number = len(outbox.records.confirmed(Action.APPROVE, f"-/{token}.{amount}"))
    return Deed(Action.APPROVE, None, f"{token}.{amount}.{number}"), call


def _read(sonar: Sonar, data: bytes) -> tuple[str, tuple[Any, ...]]:
    functions = abi.functions(sonar.calls.version)
    for name in ("create_campaign", "claim", "settle", "cancel"):
        if functions[name].selector == data[:4]:
            try:
                return name, decode(functions[name].inputs, data[4:])
            except (DecodingError, OverflowError):
                break
    raise NotOursError("of Sonar only create_campaign, claim, settle and cancel are called")


def _require_same(call: Call, to: str, data: bytes, value: int) -> None:
    if (call.to, call.data, call.value) != (to, data, value):
        raise NotOursError("its data or value are not those of the call that they stand for")


def _octets(text: object) -> bytes:
    return bytes.fromhex(str(text).removeprefix("0x"))
