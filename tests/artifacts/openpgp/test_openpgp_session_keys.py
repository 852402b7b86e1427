"""A session key shows one message to somebody else, and no other one."""

from __future__ import annotations

import pysequoia
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pysonar.protocol.openpgp import (
    NotForThisKeyError,
    SecretKey,
    TamperedError,
    open_sealed,
    open_with_session_key,
    seal,
    session_key,
)
from pysonar.protocol.openpgp.packets import outer_packets


@settings(max_examples=5, deadline=None)
@given(data=st.binary(max_size=2000))
def test_it_opens_what_the_recipient_opens_whoever_else_it_is_sealed_to(data: bytes) -> None:
    mine, other = SecretKey.generate("mine"), SecretKey.generate("other")
    message = seal(data, [other.certificate, mine.certificate])
    found = session_key(message, mine)
    assert open_with_session_key(message, found) == data
    assert session_key(message, other) == found


def test_a_signed_message_of_several_pieces_opens_too(capsule: SecretKey, scientist: SecretKey) -> None:
    data = bytes(300_000)
    message = seal(data, [scientist.certificate], capsule)
    assert open_with_session_key(message, session_key(message, scientist)) == data


def test_no_other_message_opens_with_it(capsule: SecretKey) -> None:
    first, second = (seal(b"the same", [capsule.certificate]) for _ in range(2))
    found = session_key(first, capsule)
    for wrong in (session_key(second, capsule), found[:-1], b"", b"\x09" + bytes(32), b"\x63" + found[1:]):
        with pytest.raises(TamperedError):
            open_with_session_key(first, wrong)
    with pytest.raises(TamperedError):
        open_with_session_key(first[:-1] + bytes([first[-1] ^ 1]), found)


def test_there_is_none_for_somebody_else_or_in_the_newer_form(
    capsule: SecretKey, stranger: SecretKey
) -> None:
    with pytest.raises(NotForThisKeyError):
        session_key(seal(b"secret", [stranger.certificate]), capsule)
    newer = pysequoia.encrypt(b"secret", [capsule.certificate.native()], armor=False)
    with pytest.raises(NotForThisKeyError, match="cannot be shown"):
        session_key(bytes(newer), capsule)


def test_a_second_packet_for_the_same_key_shows_nothing_else(capsule: SecretKey) -> None:
    """A sender who adds a packet with another session key cannot make the recipient show the wrong one: the
    message opens to the same for both, or for neither.
    """
    real, decoy = seal(b"real", [capsule.certificate]), seal(b"decoy", [capsule.certificate])
    (extra, _), (key, container) = outer_packets(decoy), outer_packets(real)
    added = decoy[extra.begin : extra.end]
    for message in (added + real, real[: key.end] + added + real[container.begin :]):
        try:
            opened = open_sealed(message, capsule)
        except TamperedError:
            with pytest.raises(TamperedError):
                session_key(message, capsule)
        else:
            assert open_with_session_key(message, session_key(message, capsule)) == opened == b"real"
