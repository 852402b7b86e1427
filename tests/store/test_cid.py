"""The name of an artifact: text and bytes32 are one value, and nothing else passes for one."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.protocol.cid import Cid, CidError

EMPTY_FILE = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"
EMPTY_FILE_BLOCK = bytes.fromhex("0a0408021800")


def test_the_empty_files_block_has_the_publicly_known_name():
    assert str(Cid.of_block(EMPTY_FILE_BLOCK)) == EMPTY_FILE
    assert Cid.parse(EMPTY_FILE).digest == hashlib.sha256(EMPTY_FILE_BLOCK).digest()


@given(st.binary(min_size=32, max_size=32).filter(any))
def test_text_and_digest_round_trip(digest):
    cid = Cid.from_bytes32(digest)
    assert Cid.parse(str(cid)) == cid
    assert Cid.or_none(digest) == cid
    assert len(str(cid)) == 46
    assert str(cid).startswith("Qm")


def test_zero_digest_is_none_and_never_a_cid():
    assert Cid.or_none(bytes(32)) is None
    with pytest.raises(CidError, match="nothing has been set"):
        Cid.from_bytes32(bytes(32))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_digest_of_another_length_is_refused(length):
    with pytest.raises(CidError, match="32 bytes"):
        Cid(b"\x01" * length)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "46 characters"),
        (EMPTY_FILE[:-1], "46 characters"),
        (EMPTY_FILE + "1", "46 characters"),
        (" " + EMPTY_FILE[:-1], "46 characters"),
        ("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", "46 characters"),
        ("Qm" + "0" * 44, "base58btc"),
        ("Qm" + "z" * 44, "sha2-256"),
        ("x" * 5000, r"x{80}\.\.\."),
    ],
)
def test_what_is_no_cidv0_is_refused_with_a_reason(text, reason):
    with pytest.raises(CidError, match=reason):
        Cid.parse(text)


def test_cids_can_be_compared_sorted_and_used_as_keys():
    low, high = Cid(b"\x01" * 32), Cid(b"\x02" * 32)
    assert sorted([high, low]) == [low, high]
    assert {low: 1}[Cid(b"\x01" * 32)] == 1
    assert repr(low) == f"Cid('{low}')"
