"""Words and structs of words: the bytes are those of eth_abi, and what is no value is refused."""

from __future__ import annotations

import pytest
from eth_abi.abi import decode, encode
from eth_utils.address import is_checksum_address, to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from pysonar.chain.contract import abi
from pysonar.chain.contract.words import decode_word, decode_words, encode_word, encode_words, layout
from pysonar.chain.errors import BadArgumentError, UnexpectedAnswerError
from pysonar.protocol.account_address import checksum, is_address, keccak256

ADDRESSES = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
VALUES: dict[str, st.SearchStrategy[object]] = {
    "bool": st.booleans(),
    "bytes32": st.binary(min_size=32, max_size=32),
    "address": ADDRESSES,
    "uint8": st.integers(0, 2**8 - 1),
    "uint256": st.integers(0, 2**256 - 1),
}
FIELDS = ("bytes32", "address", "uint256", "bool", "uint8")
STRUCT = f"(uint256,({','.join(FIELDS)}),bool)"


@given(
    st.tuples(*VALUES.values()),
    st.tuples(VALUES["uint256"], st.tuples(*(VALUES[kind] for kind in FIELDS)), VALUES["bool"]),
)
def test_words_and_structs_are_laid_out_as_eth_abi_does_it(
    values: tuple[object, ...], struct: object
) -> None:
    kinds = [*VALUES, STRUCT]
    laid_out = encode_words(kinds, [*values, struct])
    assert laid_out == encode(kinds, [*values, struct])
    assert decode_words(kinds, laid_out) == tuple(decode(kinds, laid_out)) == (*values, struct)


@pytest.mark.parametrize("version", [1, 2])
def test_every_view_of_every_version_answers_in_words(version: int) -> None:
    """So no reading command needs eth_abi; what has no fixed number of words are `report` and `decline`."""
    known = abi.functions(version)
    assert all(layout(kind) for one in known.values() for kind in one.outputs)
    others = {one.name for one in known.values() if not all(layout(kind) for kind in one.inputs)}
    assert others == {"report", "decline"}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256),
        ("uint256", 2**256),
        ("uint256", -1),
        ("uint256", True),
        ("uint256", 1.0),
        ("uint256", "1"),
        ("bool", 1),
        ("bytes32", b"\1" * 31),
        ("bytes32", b"\1" * 33),
        ("bytes32", "0x" + "11" * 32),
        ("address", "0x" + "1" * 39),
        ("address", "0x" + "1" * 41),
        ("address", "0xDe709f2102306220921060314715629080e2fb77"),
        ("address", b"\1" * 20),
    ],
)
def test_what_does_not_fit_is_refused(kind: str, value: object) -> None:
    with pytest.raises(ValueError, match="is no"):
        encode_word(kind, value)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("bool", (2).to_bytes(32, "big")),
        ("uint8", (256).to_bytes(32, "big")),
        ("address", (1 << 160).to_bytes(32, "big")),
        ("uint256", bytes(31)),
        ("bytes32", bytes(31)),
    ],
)
def test_words_that_no_value_has_are_refused(kind: str, word: bytes) -> None:
    with pytest.raises(ValueError, match=r"missing|range|not an address"):
        decode_word(kind, word)


def test_arguments_and_answers_of_the_wrong_number_are_typed_errors() -> None:
    campaign = abi.functions()["campaign"]
    with pytest.raises(BadArgumentError, match="campaign"):
        campaign.encode(bytes(32), bytes(32))
    with pytest.raises(UnexpectedAnswerError):
        campaign.decode(bytes(32 * 20))
    with pytest.raises(BadArgumentError, match="report"):
        abi.functions()["report"].encode(bytes(32), [("0x12", bytes(32), 1, 1, bytes(32))])


@given(ADDRESSES)
def test_addresses_have_the_checksum_of_eth_utils(address: str) -> None:
    mixed = checksum(address)
    assert mixed == to_checksum_address(address)
    wrong = "0x" + mixed[2:].swapcase()
    assert is_address(address)
    assert is_address("0x" + address[2:].upper())
    assert is_address(mixed)
    assert is_address(wrong) is (wrong in (address, "0x" + address[2:].upper()))
    assert not is_address(mixed[:-1])
    assert is_checksum_address(mixed)


@pytest.mark.parametrize(
    "kind", ["", "uint256[]", "(uint256,bytes)", "string", "(uint256", "uint256)", "a,b", "uint7", "()x"]
)
def test_what_has_no_fixed_number_of_words_has_no_layout(kind: str) -> None:
    assert layout(kind) is None
    with pytest.raises(ValueError, match="no fixed number"):
        encode_words([kind], [1])


@pytest.mark.parametrize(
    "text", ["", "0x", "1" * 40, "0X" + "1" * 40, "0x" + "g" * 40, "0x" + "1" * 40 + "\n"]
)
def test_other_texts_are_no_address(text: str) -> None:
    assert not is_address(text)


def test_keccak_is_the_hash_of_ethereum() -> None:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"  # Yellow Paper, appendix
    assert keccak256(b"").hex() == empty
