"""The same messages and certificates in GnuPG: an independent judge, where a `gpg` binary is found."""

import subprocess

import pysequoia
import pytest

from pysonar.protocol.openpgp import (
    Certificate,
    CertificateError,
    SecretKey,
    WrongSignerError,
    open_sealed,
    seal,
)
from pysonar.protocol.openpgp.packets import outer_packets, recipient


@pytest.fixture
def gpg_user(gpg) -> Certificate:
    """Somebody whose key was made by GnuPG."""
    gpg("--passphrase", "", "--quick-gen-key", "somebody@example.org", "ed25519", "sign", "never")
    fingerprint = next(
        line.split(":")[9]
        for line in gpg("--with-colons", "--list-keys").decode().splitlines()
        if line[:3] == "fpr"
    )
    gpg("--passphrase", "", "--quick-add-key", fingerprint, "cv25519", "encr", "never")
    return Certificate.from_bytes(gpg("--export", fingerprint))


def test_gpg_reads_our_certificate(gpg, scientist):
    gpg("--import", data=scientist.certificate.to_bytes())
    assert scientist.certificate.fingerprint in gpg("--with-colons", "--list-keys").decode()


def test_gpg_opens_and_verifies_what_we_seal(gpg, gpg_user, capsule, tmp_path):
    gpg("--import", data=capsule.certificate.to_bytes())
    status = tmp_path / "status"
    opened = gpg("--status-file", str(status), "--decrypt", data=seal(b"the result", [gpg_user], capsule))
    assert opened == b"the result"
    said = status.read_text(errors="replace")  # signatures carry random bytes as a notation
    assert f"VALIDSIG {_signing_key(capsule)}" in said
    assert capsule.certificate.fingerprint in said


def test_gpg_opens_what_we_seal_to_keys_that_we_made(gpg, gpg_user, scientist, capsule):
    """Our own keys say that they read more than GnuPG 2.2 and 2.4 do; one of both kinds is the hardest."""
    gpg("--import", data=bytes(scientist.native()))
    gpg("--import", data=capsule.certificate.to_bytes())
    for recipients in ([scientist.certificate], [scientist.certificate, gpg_user]):
        assert gpg("--decrypt", data=seal(b"the result", recipients, capsule)) == b"the result"


def test_a_scientist_takes_their_key_to_gpg(gpg, scientist, capsule):
    gpg("--import", data=bytes(scientist.native()))
    gpg("--import", data=capsule.certificate.to_bytes())
    megabytes = bytes(range(256)) * 2**13  # more than one piece of a message
    assert gpg("--decrypt", data=seal(megabytes, [scientist.certificate], capsule)) == megabytes


def test_nobody_is_not_among_the_recipients(scientist):
    blob = seal(b"the result", [scientist.certificate])
    names = [recipient(packet) for packet in outer_packets(blob)[:-1]]
    assert [scientist.certificate.has_key(name) for name in names] == [True]


def test_a_key_of_the_newer_standard_opens_what_is_sealed_to_it():
    newer = pysequoia.Tsk.generate("newer", profile=pysequoia.Profile.RFC9580)
    key = SecretKey(newer, Certificate.from_bytes(bytes(newer.extract_certificate())))
    assert len(key.certificate.fingerprint) == 64
    assert open_sealed(seal(b"x", [key.certificate]), key) == b"x"


def test_we_open_and_verify_what_gpg_seals(gpg, gpg_user, scientist, capsule):
    gpg("--import", data=scientist.certificate.to_bytes())
    blob = gpg(
        *("--trust-model", "always", "--compress-algo", "none", "--sign", "--encrypt"),
        *("--recipient", scientist.certificate.fingerprint, "--local-user", gpg_user.fingerprint),
        data=b"from gpg",
    )
    assert open_sealed(blob, scientist, expected_signer=gpg_user) == b"from gpg"
    with pytest.raises(WrongSignerError):
        open_sealed(blob, scientist, expected_signer=capsule.certificate)


def test_certificate_that_can_only_sign_cannot_receive(gpg, scientist):
    gpg("--passphrase", "", "--quick-gen-key", "signer@example.org", "ed25519", "sign", "never")
    certificate = Certificate.from_bytes(gpg("--export", "signer@example.org"))
    with pytest.raises(CertificateError, match=certificate.fingerprint):
        seal(b"x", [certificate])
    with pytest.raises(CertificateError):
        seal(b"x", [scientist.certificate, certificate])


def test_gpg_verifies_our_detached_signature(gpg, capsule, tmp_path):
    from pysonar.protocol.openpgp import sign_detached

    gpg("--import", data=capsule.certificate.to_bytes())
    (tmp_path / "data").write_bytes(b"data")
    (tmp_path / "data.sig").write_bytes(sign_detached(b"data", capsule))
    gpg("--verify", str(tmp_path / "data.sig"), str(tmp_path / "data"))
    (tmp_path / "data").write_bytes(b"Data")
    with pytest.raises(subprocess.CalledProcessError):
        gpg("--verify", str(tmp_path / "data.sig"), str(tmp_path / "data"))


def _signing_key(key) -> str:
    from pysequoia.packet import PacketPile, Tag

    packets = PacketPile.from_bytes(key.certificate.to_bytes())
    return next(p.fingerprint.upper() for p in packets if p.tag == Tag.PublicSubkey)
