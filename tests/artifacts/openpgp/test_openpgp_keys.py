"""Certificates and secret keys: what is accepted, and that a secret never lies open."""

import json
import os
import pickle
import stat
from datetime import UTC, datetime, timedelta

import pysequoia
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.protocol.openpgp import (
    MAX_CERTIFICATE_BYTES,
    Certificate,
    CertificateError,
    SealError,
    SecretFileError,
    SecretKey,
    WrongKeyPassphraseError,
    open_sealed,
    seal,
)

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(scope="module")
def key_file(tmp_path_factory, capsule):
    path = tmp_path_factory.mktemp("home") / "sub" / "capsule.key"
    capsule.seal_to_file(path, PASSPHRASE)
    return path


def copy_with(key_file, tmp_path, change):
    document = json.loads(key_file.read_text())
    change(document)
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_text(json.dumps(document))
    return path


class TestCertificates:
    def test_bytes_and_armour_are_the_same_certificate(self, scientist):
        ours = scientist.certificate
        assert Certificate.from_bytes(ours.to_bytes()).to_bytes() == ours.to_bytes()
        armoured = str(pysequoia.Cert.from_bytes(ours.to_bytes())).encode()
        assert armoured.startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----")
        assert Certificate.from_bytes(armoured) == ours
        assert Certificate.from_bytes(armoured).to_bytes() == ours.to_bytes()

    def test_version_4_with_a_name(self, scientist):
        assert len(scientist.certificate.fingerprint) == 40
        assert scientist.certificate.user_ids == ["scientist"]

    def test_expiration_is_told_not_enforced(self, scientist):
        assert scientist.certificate.expiration is None
        tsk = pysequoia.Tsk.generate("short", profile=pysequoia.Profile.RFC4880, validity_seconds=3600)
        short = Certificate.from_bytes(bytes(tsk.extract_certificate()))
        assert short.expiration is not None
        assert timedelta(minutes=58) < short.expiration - datetime.now(UTC) < timedelta(minutes=61)

    def test_equal_by_fingerprint(self, scientist, stranger):
        assert scientist.certificate != stranger.certificate
        assert len({scientist.certificate, Certificate.from_bytes(scientist.certificate.to_bytes())}) == 1

    def test_secret_keys_are_refused(self, scientist):
        with pytest.raises(CertificateError, match="secret"):
            Certificate.from_bytes(bytes(scientist.native()))

    def test_two_certificates_are_refused(self, scientist, stranger):
        with pytest.raises(CertificateError, match="exactly one"):
            Certificate.from_bytes(scientist.certificate.to_bytes() + stranger.certificate.to_bytes())

    def test_revoked_is_refused(self):
        tsk = pysequoia.Tsk.generate("gone", profile=pysequoia.Profile.RFC4880)
        cert = tsk.extract_certificate()
        revoked = bytes(cert) + bytes(cert.revoke(certifier=tsk.certifier()))
        with pytest.raises(CertificateError, match="revoked"):
            Certificate.from_bytes(revoked)

    def test_size_cap(self):
        with pytest.raises(CertificateError, match=f"{MAX_CERTIFICATE_BYTES + 1} bytes"):
            Certificate.from_bytes(bytes(MAX_CERTIFICATE_BYTES + 1))
        with pytest.raises(CertificateError, match="exactly one"):
            Certificate.from_bytes(bytes(MAX_CERTIFICATE_BYTES))

    @given(st.data())
    def test_any_bytes_give_a_typed_error(self, scientist, data):
        mutated = bytearray(scientist.certificate.to_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            mutated[data.draw(st.integers(0, len(mutated) - 1))] ^= data.draw(st.integers(1, 255))
        try:
            certificate = Certificate.from_bytes(bytes(mutated))
        except CertificateError:
            return
        assert certificate.to_bytes() == bytes(mutated)


class TestSecretFiles:
    def test_round_trip(self, key_file, capsule):
        opened = SecretKey.open_from_file(key_file, PASSPHRASE)
        assert opened.certificate == capsule.certificate
        assert open_sealed(seal(b"x", [capsule.certificate]), opened) == b"x"

    def test_mode_and_neighbours(self, key_file):
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(key_file.parent.stat().st_mode) == 0o700
        assert [path.name for path in key_file.parent.iterdir()] == ["capsule.key"]

    def test_nothing_secret_is_readable(self, key_file, capsule):
        """Neither the packets of the secret key nor any 16 bytes of them are in the file."""
        import base64

        secret, public = bytes(capsule.native()), capsule.certificate.to_bytes()
        text = key_file.read_bytes()
        sealed = base64.b64decode(json.loads(text)["sealed"])
        pieces = {secret[i : i + 16] for i in range(len(secret) - 15)}
        hidden = {piece for piece in pieces if piece not in public}
        assert hidden
        for piece in hidden:
            assert piece not in text
            assert piece not in sealed
            assert piece.hex().encode() not in text
        assert PASSPHRASE.encode() not in text

    def test_wrong_passphrase(self, key_file):
        for wrong in ("", PASSPHRASE + " "):
            with pytest.raises(WrongKeyPassphraseError, match="passphrase") as caught:
                SecretKey.open_from_file(key_file, wrong)
            assert PASSPHRASE not in str(caught.value)

    def test_empty_passphrase_seals_nothing(self, capsule, tmp_path):
        with pytest.raises(SecretFileError, match="empty"):
            capsule.seal_to_file(tmp_path / "key", "")
        assert list(tmp_path.iterdir()) == []

    def test_never_overwritten(self, key_file, stranger):
        before = key_file.read_bytes()
        with pytest.raises(SecretFileError, match="already there"):
            stranger.seal_to_file(key_file, PASSPHRASE)
        assert key_file.read_bytes() == before
        assert len(list(key_file.parent.iterdir())) == 1

    def test_missing_directory_and_oversized(self, tmp_path):
        with pytest.raises(SecretFileError, match="no such"):
            SecretKey.open_from_file(tmp_path / "none", PASSPHRASE)
        with pytest.raises(SecretFileError, match="cannot be read"):
            SecretKey.open_from_file(tmp_path, PASSPHRASE)
        (tmp_path / "big").touch(mode=0o600)
        (tmp_path / "big").write_bytes(bytes(70_000))
        with pytest.raises(SecretFileError, match="larger"):
            SecretKey.open_from_file(tmp_path / "big", PASSPHRASE)

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
    def test_readable_by_others_is_refused(self, key_file, tmp_path, mode):
        path = tmp_path / "key"
        path.write_bytes(key_file.read_bytes())
        path.chmod(mode)
        with pytest.raises(SecretFileError, match=f"{mode:04o}"):
            SecretKey.open_from_file(path, PASSPHRASE)

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: d.pop("kdf"),
            lambda d: d.pop("format"),
            lambda d: d.update(format="openmined/secret_key/2"),
            lambda d: d["kdf"].update(name="md5"),
            lambda d: d["kdf"].update(n=True),
            lambda d: d["kdf"].update(n=2**14 - 1),
            lambda d: d["kdf"].update(n=2**13),
            lambda d: d["kdf"].update(n=2**21),
            lambda d: d["kdf"].update(r=1024),
            lambda d: d["kdf"].update(p=2),
            lambda d: d["kdf"].update(salt="00"),
            lambda d: d["kdf"].update(salt=5),
            lambda d: d.update(sealed="not base64!"),
            lambda d: d.update(fingerprint=7),
        ],
    )
    def test_other_forms_are_refused_before_any_work(self, key_file, tmp_path, change):
        path = copy_with(key_file, tmp_path, change)
        with pytest.raises(SecretFileError):
            SecretKey.open_from_file(path, PASSPHRASE)

    @pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 10_000, b"null", b"1" * 5000])
    def test_no_such_json(self, tmp_path, content):
        path = tmp_path / "key"
        path.touch(mode=0o600)
        path.write_bytes(content)
        with pytest.raises(SecretFileError, match="not a secret key file"):
            SecretKey.open_from_file(path, PASSPHRASE)

    def test_swapped_fingerprint_is_noticed(self, key_file, tmp_path, stranger):
        path = copy_with(key_file, tmp_path, lambda d: d.update(fingerprint=stranger.certificate.fingerprint))
        with pytest.raises(SecretFileError, match=stranger.certificate.fingerprint):
            SecretKey.open_from_file(path, PASSPHRASE)

    def test_full_disk_leaves_nothing(self, stranger, tmp_path, monkeypatch):
        def no_room(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", no_room)
        with pytest.raises(SecretFileError, match="cannot be written"):
            stranger.seal_to_file(tmp_path / "key", PASSPHRASE)
        assert list(tmp_path.iterdir()) == []


def test_a_secret_key_shows_nothing(capsule):
    assert repr(capsule) == f"SecretKey({capsule.certificate.fingerprint})"
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(capsule)


@pytest.mark.parametrize("user_id", ["", "x" * 201, "two\nlines"])
def test_impossible_user_ids(user_id):
    with pytest.raises(SealError, match="user id"):
        SecretKey.generate(user_id)
