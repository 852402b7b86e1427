"""Sealed messages: who can open them, who signed them, and that nobody can change them."""

import io
import subprocess
import sys

import pysequoia
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.protocol.openpgp import (
    CertificateError,
    ExpandingMessageError,
    NotForThisKeyError,
    NotOpenPGPError,
    SealError,
    SecretKey,
    TamperedError,
    WrongSignerError,
    messages,
    open_sealed,
    seal,
    sign_detached,
    verify_detached,
)
from pysonar.protocol.openpgp.packets import ENCRYPTED_AND_PROTECTED, SESSION_KEY, outer_packets

PLAINTEXT = b"the weights of the model, in the clear " * 4


@pytest.fixture(scope="module")
def sealed(capsule, scientist) -> bytes:
    return seal(PLAINTEXT, [scientist.certificate], capsule)


def test_recipient_opens(sealed, capsule, scientist):
    assert open_sealed(sealed, scientist) == PLAINTEXT
    assert open_sealed(sealed, scientist, expected_signer=capsule.certificate) == PLAINTEXT


def test_stranger_does_not_open(sealed, stranger):
    with pytest.raises(NotForThisKeyError, match=stranger.certificate.fingerprint):
        open_sealed(sealed, stranger)


def test_every_one_of_several_recipients_opens(capsule, scientist, stranger):
    blob = seal(b"x", [scientist.certificate, capsule.certificate])
    assert open_sealed(blob, scientist) == open_sealed(blob, capsule) == b"x"
    with pytest.raises(NotForThisKeyError):
        open_sealed(blob, stranger)


def test_empty_and_large_contents(scientist):
    for data in (b"", bytes(3_000_000)):
        assert open_sealed(seal(data, [scientist.certificate]), scientist) == data


def test_other_signer_is_refused(sealed, scientist, stranger):
    with pytest.raises(WrongSignerError, match=stranger.certificate.fingerprint):
        open_sealed(sealed, scientist, expected_signer=stranger.certificate)


def test_unsigned_is_refused_where_a_signer_is_expected(capsule, scientist):
    blob = seal(PLAINTEXT, [scientist.certificate])
    with pytest.raises(WrongSignerError, match="unsigned"):
        open_sealed(blob, scientist, expected_signer=capsule.certificate)


def test_two_keys_with_one_name_are_two_signers(scientist):
    real, false = SecretKey.generate("capsule"), SecretKey.generate("capsule")
    blob = seal(b"x", [scientist.certificate], false)
    with pytest.raises(WrongSignerError):
        open_sealed(blob, scientist, expected_signer=real.certificate)


def test_plaintext_is_not_in_the_blob_and_no_two_blobs_are_equal(sealed, capsule, scientist):
    assert PLAINTEXT[:12] not in sealed
    assert seal(PLAINTEXT, [scientist.certificate], capsule) != sealed


def test_packets_are_session_key_and_protected_container(sealed):
    """What every client opens: a version 3 session key packet, a version 1 container, nothing outside."""
    session, container = outer_packets(sealed)
    assert (session.tag, session.body[0]) == (SESSION_KEY, 3)
    assert (container.tag, container.body[0]) == (ENCRYPTED_AND_PROTECTED, 1)


def test_sealing_does_not_compress(scientist):
    assert len(seal(bytes(100_000), [scientist.certificate])) > 100_000


def test_every_flipped_bit_is_refused(capsule, scientist, monkeypatch):
    """Every single bit of a small message; without the child process, as thousands would take minutes."""

    def without_child(blob, verifier, *, key):
        try:
            result = pysequoia.decrypt(blob, key.native().decryptor(), verifier)
        except RuntimeError:
            raise TamperedError("does not open") from None
        verifier.check(result.valid_sigs)
        return result.bytes

    monkeypatch.setattr(messages, "_open_limited", without_child)
    blob = seal(b"x", [scientist.certificate], capsule)
    assert open_sealed(blob, scientist, expected_signer=capsule.certificate) == b"x"
    for bit in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealError):
            open_sealed(bytes(changed), scientist, expected_signer=capsule.certificate)


@pytest.mark.parametrize("place", [0.3, 0.6, 0.999])
def test_flipped_bit_in_the_content_is_tampering(sealed, scientist, place):
    changed = bytearray(sealed)
    changed[max(200, int(len(sealed) * place) - 1)] ^= 1
    with pytest.raises(TamperedError):
        open_sealed(bytes(changed), scientist)


def test_tampering_far_into_a_large_message(capsule, scientist):
    """Beyond what the library holds back before it lets plaintext out."""
    blob = bytearray(seal(bytes(30_000_000), [scientist.certificate], capsule))
    blob[-100] ^= 1
    with pytest.raises(TamperedError):
        open_sealed(bytes(blob), scientist, expected_signer=capsule.certificate)


@pytest.mark.parametrize("keep", [0, 1, 2, 3, 50, 100, 111, 112, 300, -20, -1])
def test_truncated_is_refused(sealed, scientist, keep):
    with pytest.raises(NotOpenPGPError):
        open_sealed(sealed[:keep], scientist)


def test_appended_bytes_are_refused(sealed, scientist):
    for tail in (b"\0", b"junk", sealed):
        with pytest.raises(NotOpenPGPError):
            open_sealed(sealed + tail, scientist)


def test_cut_container_with_a_right_header_is_tampering(sealed, scientist):
    """Cut, and the packet's length mended: only the authentication can notice."""
    session, container = outer_packets(sealed)
    head = sealed[: sealed.index(container.body[:40]) - 3]
    body = container.body[:-17]
    length = len(body) - 192
    forged = head + bytes([0xC0 | 18, 192 + (length >> 8), length & 255]) + body
    assert [p.tag for p in outer_packets(forged)] == [session.tag, container.tag]
    with pytest.raises(TamperedError):
        open_sealed(forged, scientist)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_typed_error(data):
    with pytest.raises(NotOpenPGPError):
        outer_packets(data)


def test_what_is_only_signed_is_not_sealed(capsule, scientist):
    signed = pysequoia.sign(capsule.native().signer(), b"x", armor=False)
    with pytest.raises(NotOpenPGPError, match="not an encrypted"):
        open_sealed(bytes(signed), scientist)


def test_armour_a_certificate_and_a_password_message_are_refused(sealed, scientist):
    armoured = pysequoia.armor(sealed, pysequoia.ArmorKind.Message).encode()
    with pytest.raises(NotOpenPGPError):
        open_sealed(armoured, scientist)
    with pytest.raises(NotOpenPGPError):
        open_sealed(scientist.certificate.to_bytes(), scientist)
    with pytest.raises(NotForThisKeyError, match="password"):
        open_sealed(bytes(pysequoia.encrypt(b"x", passwords=["p"], armor=False)), scientist)


def test_nobody_to_seal_to():
    with pytest.raises(CertificateError, match="at least one"):
        seal(b"x", [])


class TestOurOwnTrouble:
    """Capsule burns a stake for what is the sender's fault: a full disk must not look like tampering."""

    def test_killed_child_is_not_tampering(self, sealed, scientist, monkeypatch):
        monkeypatch.setattr(messages, "_KEEP", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
        with pytest.raises(SealError, match="failed on this side") as caught:
            open_sealed(sealed, scientist)
        assert type(caught.value) is SealError

    def test_failing_child_is_not_tampering(self, sealed, scientist, monkeypatch):
        monkeypatch.setattr(messages, "_KEEP", "raise SystemExit(1)")
        with pytest.raises(SealError, match="failed on this side") as caught:
            open_sealed(sealed, scientist)
        assert type(caught.value) is SealError

    def test_file_the_library_cannot_open_is_not_tampering(self, sealed, scientist, monkeypatch):
        class Unreachable(io.BytesIO):
            def fileno(self):
                return 99_999

        monkeypatch.setattr(messages, "_as_file", Unreachable)
        with pytest.raises(SealError, match="failed on this side") as caught:
            open_sealed(sealed, scientist)
        assert type(caught.value) is SealError

    def test_no_descriptors_left_is_not_tampering(self, sealed, scientist, tmp_path):
        """In a process of its own, with as few open files allowed as still let it start."""
        (tmp_path / "blob").write_bytes(sealed)
        (tmp_path / "key").write_bytes(bytes(scientist.native()))
        script = """
import resource, sys
import pysequoia
from pysonar.protocol.openpgp import Certificate, SecretKey, open_sealed
from pysonar.protocol.openpgp.errors import SealError
blob, tsk = open(sys.argv[1], "rb").read(), pysequoia.Tsk.from_bytes(open(sys.argv[2], "rb").read())
key = SecretKey(tsk, Certificate.from_bytes(bytes(tsk.extract_certificate())))
assert open_sealed(blob, key)
kinds = set()
for limit in range(3, 16):
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, 64))
    try:
        open_sealed(blob, key)
    except SealError as error:
        kinds.add(type(error).__name__)
print(",".join(sorted(kinds)))
"""
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "blob"), str(tmp_path / "key")],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == "SealError"


class TestDetached:
    def test_signature_of_the_expected_signer(self, capsule):
        verify_detached(b"data", sign_detached(b"data", capsule), expected_signer=capsule.certificate)

    def test_other_data(self, capsule):
        with pytest.raises(TamperedError):
            verify_detached(b"Data", sign_detached(b"data", capsule), expected_signer=capsule.certificate)

    def test_other_signer(self, capsule, stranger):
        with pytest.raises(WrongSignerError):
            verify_detached(b"data", sign_detached(b"data", stranger), expected_signer=capsule.certificate)

    def test_no_signature(self, capsule):
        for junk in (b"", b"junk", bytes(20_000)):
            with pytest.raises(NotOpenPGPError):
                verify_detached(b"data", junk, expected_signer=capsule.certificate)


def test_compressed_message_is_refused_without_being_kept(scientist, compressed_to):
    """A bomb: 50 MB of zeros in some 50 kB. Made by gpg, as our own sealing cannot."""
    bomb = compressed_to(scientist.certificate, bytes(50_000_000))
    assert len(bomb) < 100_000
    with pytest.raises(ExpandingMessageError, match="compressed"):
        open_sealed(bomb, scientist)
