"""Calls that no client makes: unknown, cut short, with dirty words, too long. On titanoboa."""

from __future__ import annotations

from collections.abc import Iterator

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract
from eth.abc import ComputationAPI
from eth_utils import keccak

from tests.contracts.parties import Contract

REASON = bytes.fromhex("08c379a0")
ID, SOMEBODY = keccak(text="no campaign"), "0x" + "11" * 20
ADDRESS_2 = "0x" + "22" * 20
TERMS = (ID, SOMEBODY, SOMEBODY, 1, 0, 0, 1, 1, 0, 1, 2, 1, False)
PERMIT = (0, 27, ID, ID)
REPORT = (SOMEBODY, ID, 2, 0, bytes(32))
# Arguments that every function understands; and which of their words are addresses.
ARGUMENTS: dict[str, tuple[object, ...]] = {
    "register_capsule": (ID,),
    "create_campaign": (TERMS, ID),
    "create_campaign_with_permit": (TERMS, ID, PERMIT),
    "cancel": (ID,),
    "decline": (ID, b"no"),
    "open_campaign": (ID, ID, ID, 0),
    "submit": (ID, ID, SOMEBODY),
    "submit_with_permit": (ID, ID, SOMEBODY, PERMIT),
    "report": (ID, [REPORT]),
    "reclaim": (ID, 0, ID, SOMEBODY),
    "deliver": (ID, ID),
    "settle": (ID,),
    "claim": (ID, SOMEBODY, SOMEBODY),
    "burn": (SOMEBODY, 1),
    "version": (),
    "campaign": (ID,),
    "campaign_id": (SOMEBODY, ID, ID),
    "certificate": (SOMEBODY,),
    "queued": (ID, 0),
    "claimable": (ID, SOMEBODY),
    "owed": (ID, SOMEBODY),
}
ADDRESSES = [
    *(("create_campaign", 1), ("create_campaign", 2), ("report", 3), ("claim", 1), ("claim", 2)),
    *(("submit", 2), ("reclaim", 3), ("burn", 0)),
    *(("campaign_id", 0), ("certificate", 0), ("claimable", 1), ("owed", 1)),
]
FLAG = ("create_campaign", 12)
# Where `decline` has the length of its text, and `report` that of its list; and the first that is too long.
TOO_LONG = [("decline", 2, 129), ("report", 2, 33)]


@pytest.fixture(scope="module")
def raw_sonar() -> VyperContract:
    return boa.load("contracts/Sonar.vy")


@pytest.fixture(autouse=True)
def undone() -> Iterator[None]:
    with boa.env.anchor():
        yield


def send(sonar: Contract, data: bytes, value: int = 0) -> ComputationAPI:
    boa.env.set_balance(SOMEBODY, 10**18)
    return boa.env.execute_code(
        to_address=str(sonar.address), sender=SOMEBODY, value=value, data=data, contract=sonar
    )


def calldata(sonar: Contract, name: str) -> bytes:
    return bytes(getattr(sonar, name).prepare_calldata(*ARGUMENTS[name]))


def with_word(data: bytes, place: int, word: int) -> bytes:
    return data[: 4 + 32 * place] + word.to_bytes(32) + data[36 + 32 * place :]


def is_understood(done: ComputationAPI) -> bool:
    """It went through or was refused for a reason: its arguments were read."""
    return not done.is_error or bytes(done.output)[:4] == REASON


def is_cut_or_padded(done: ComputationAPI) -> bool:
    return done.is_error and b"sonar: call is cut short or padded" in bytes(done.output)


def is_not_understood(done: ComputationAPI) -> bool:
    return done.is_error and bytes(done.output) == b""


@pytest.mark.parametrize("name", ARGUMENTS)
def test_calls_cut_short_are_refused(raw_sonar, name):
    data = calldata(raw_sonar, name)
    assert is_understood(send(raw_sonar, data))
    for length in {0, 3, 4 if len(data) > 4 else 3, len(data) - 1}:
        cut = send(raw_sonar, data[:length])
        assert is_not_understood(cut) or is_cut_or_padded(cut)


@pytest.mark.parametrize("name", ["decline", "report"])
def test_lists_and_texts_are_refused_unless_they_are_whole(raw_sonar, name):
    """Vyper reads what is missing as zeros: a report cut in its model would name what nobody has."""
    data = calldata(raw_sonar, name)
    assert not is_cut_or_padded(send(raw_sonar, data))
    for length in range(4 + 64, len(data)):
        cut = send(raw_sonar, data[:length])
        assert is_cut_or_padded(cut) or is_not_understood(cut)
    for more in (1, 31, 32, 160):
        assert is_cut_or_padded(send(raw_sonar, data + bytes(more)))
    for offset in (0, 32, 63, 65, 80, 96, 2**200, 2**256 - 32):
        moved = send(raw_sonar, with_word(data, 1, offset))
        assert is_cut_or_padded(moved) or is_not_understood(moved)


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 64, 127, 128])
def test_a_reason_of_any_length_is_whole(raw_sonar, length):
    data = bytes(raw_sonar.decline.prepare_calldata(ID, b"a" * length))
    assert not is_cut_or_padded(send(raw_sonar, data))


@pytest.mark.parametrize("name", sorted(ARGUMENTS.keys() - {"create_campaign", "submit"}))
def test_no_other_function_takes_ether(raw_sonar, name):
    assert is_not_understood(send(raw_sonar, calldata(raw_sonar, name), value=1))
    assert raw_sonar.env.get_balance(raw_sonar.address) == 0


@pytest.mark.parametrize(("name", "place"), [*ADDRESSES, FLAG])
def test_words_that_are_neither_an_address_nor_a_flag_are_refused(raw_sonar, name, place):
    data = calldata(raw_sonar, name)
    most = 1 if (name, place) == FLAG else 2**160 - 1
    assert is_understood(send(raw_sonar, with_word(data, place, most)))
    assert is_not_understood(send(raw_sonar, with_word(data, place, most + 1)))
    assert is_not_understood(send(raw_sonar, with_word(data, place, 2**256 - 1)))


@pytest.mark.parametrize(("name", "place", "length"), TOO_LONG)
def test_a_batch_or_a_reason_that_is_too_long_is_refused(raw_sonar, name, place, length):
    data = calldata(raw_sonar, name)[: 4 + 32 * place] + bytes(32)
    one = 160 if name == "report" else 1
    whole = data + bytes((one * (length - 1) + 31) // 32 * 32)
    accepted = send(raw_sonar, with_word(whole, place, length - 1))
    assert is_understood(accepted)
    assert not is_cut_or_padded(accepted)
    data += bytes((one * length + 31) // 32 * 32)
    assert is_not_understood(send(raw_sonar, with_word(data, place, length)))
    assert is_not_understood(send(raw_sonar, with_word(data, place, 2**255)))


def test_unknown_functions_are_refused(raw_sonar):
    known = {calldata(raw_sonar, name)[:4] for name in ARGUMENTS}
    for number in range(200):
        unknown = number.to_bytes(4)
        assert unknown not in known
        assert is_not_understood(send(raw_sonar, unknown + bytes(1_000)))


@pytest.mark.parametrize(("submit_until", "accepted"), [(2**34 - 1, True), (2**34, False), (2**35, False)])
def test_times_that_the_contract_could_not_keep_are_refused(raw_sonar, submit_until, accepted):
    """On a chain whose clock counts milliseconds, say: cut to 34 bits a time would be another."""
    before, boa.env.evm.patch.timestamp = boa.env.evm.patch.timestamp, submit_until - 100
    terms = (ID, ADDRESS_2, "0x" + "00" * 20, 1, 0, 0, 1, 1, 0, submit_until, submit_until + 3_600, 1, False)
    done = send(raw_sonar, bytes(raw_sonar.create_campaign.prepare_calldata(terms, ID)), value=1)
    boa.env.evm.patch.timestamp = before
    assert done.is_error is not accepted
    assert accepted or b"sonar: time to submit is out of range" in bytes(done.output)
