"""Calls that no client makes: unknown, cut short, with dirty words, too long. On titanoboa."""

from collections.abc import Iterator
from typing import Any

import boa
import pytest
from eth_utils import keccak

REASON = bytes.fromhex("08c379a0")
ID, SOMEBODY = keccak(text="no campaign"), "0x" + "11" * 20
TERMS = (ID, SOMEBODY, SOMEBODY, 1, 0, 0, 1, 1, 1, 2, 1, False)
REPORT = (SOMEBODY, ID, 2, 0, bytes(32))
# Arguments that every function understands; and which of their words are addresses.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "register_capsule": (ID,),
    "create_campaign": (TERMS, ID),
    "cancel": (ID,),
    "decline": (ID, "no"),
    "open_campaign": (ID, ID, ID, 0),
    "submit": (ID, ID),
    "report": (ID, [REPORT]),
    "reclaim": (ID, 0, ID),
    "deliver": (ID, ID),
    "settle": (ID,),
    "claim": (ID, SOMEBODY),
    "campaign": (ID,),
    "campaign_id": (SOMEBODY, ID, ID),
    "certificate": (SOMEBODY,),
    "queued": (ID, 0),
    "claimable": (ID, SOMEBODY),
    "owed": (ID, SOMEBODY),
}
ADDRESSES = [
    *(("create_campaign", 1), ("create_campaign", 2), ("report", 3), ("claim", 1)),
    *(("campaign_id", 0), ("certificate", 0), ("claimable", 1), ("owed", 1)),
]
FLAG = ("create_campaign", 11)
# Where `decline` has the length of its text, and `report` that of its list; and the first that is too long.
TOO_LONG = [("decline", 2, 129), ("report", 2, 33)]


@pytest.fixture(scope="module")
def raw_sonar() -> Any:
    return boa.load("contracts/Sonar.vy")


@pytest.fixture(autouse=True)
def undone() -> Iterator[None]:
    with boa.env.anchor():
        yield


def send(sonar: Any, data: bytes, value: int = 0) -> Any:
    boa.env.set_balance(SOMEBODY, 10**18)
    return boa.env.execute_code(
        to_address=str(sonar.address), sender=SOMEBODY, value=value, data=data, contract=sonar
    )


def calldata(sonar: Any, name: str) -> bytes:
    return bytes(getattr(sonar, name).prepare_calldata(*ARGUMENTS[name]))


def with_word(data: bytes, place: int, word: int) -> bytes:
    return data[: 4 + 32 * place] + word.to_bytes(32) + data[36 + 32 * place :]


def is_understood(done: Any) -> bool:
    """It went through or was refused for a reason: its arguments were read."""
    return not done.is_error or bytes(done.output)[:4] == REASON


def is_not_understood(done: Any) -> bool:
    return done.is_error and bytes(done.output) == b""


@pytest.mark.parametrize("name", ARGUMENTS)
def test_calls_cut_short_are_refused(raw_sonar, name):
    data = calldata(raw_sonar, name)
    assert is_understood(send(raw_sonar, data))
    shortest = 4 + 64 if name in ("decline", "report") else len(data)
    for length in (3, 4, shortest - 1):
        assert is_not_understood(send(raw_sonar, data[:length]))


@pytest.mark.parametrize("name", sorted(ARGUMENTS.keys() - {"create_campaign", "submit"}))
def test_no_other_function_takes_ether(raw_sonar, name):
    assert is_not_understood(send(raw_sonar, calldata(raw_sonar, name), value=1))
    assert raw_sonar.env.get_balance(raw_sonar.address) == 0


@pytest.mark.parametrize(("name", "place"), [*ADDRESSES, FLAG])
def test_words_that_are_no_address_and_no_flag_are_refused(raw_sonar, name, place):
    data = calldata(raw_sonar, name)
    most = 1 if (name, place) == FLAG else 2**160 - 1
    assert is_understood(send(raw_sonar, with_word(data, place, most)))
    assert is_not_understood(send(raw_sonar, with_word(data, place, most + 1)))
    assert is_not_understood(send(raw_sonar, with_word(data, place, 2**256 - 1)))


@pytest.mark.parametrize(("name", "place", "length"), TOO_LONG)
def test_a_batch_or_a_reason_that_is_too_long_is_refused(raw_sonar, name, place, length):
    data = calldata(raw_sonar, name) + bytes(160 * length)
    assert is_understood(send(raw_sonar, with_word(data, place, length - 1)))
    assert is_not_understood(send(raw_sonar, with_word(data, place, length)))
    assert is_not_understood(send(raw_sonar, with_word(data, place, 2**255)))


def test_unknown_functions_are_refused(raw_sonar):
    known = {calldata(raw_sonar, name)[:4] for name in ARGUMENTS}
    for number in range(200):
        unknown = number.to_bytes(4)
        assert unknown not in known
        assert is_not_understood(send(raw_sonar, unknown + bytes(1_000)))
