"""Secret OpenPGP keys: made here, kept on disk only under a passphrase.

The file is JSON: the passphrase goes through scrypt (RFC 7914) with a fresh salt, its output is the password
of a symmetrically encrypted OpenPGP message that holds the key. OpenPGP's own passphrase hashing is a few
hundredths of a second of plain SHA-256; scrypt costs a guesser memory as well, as an Ethereum keyfile does.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pysequoia

from pysonar.files.secret_file import NotPrivateError, create_secret_file, require_private_stat
from pysonar.files.text import normal, spellings
from pysonar.protocol.openpgp.certificates import Certificate
from pysonar.protocol.openpgp.errors import SealError, SecretFileError, WrongKeyPassphraseError

FORMAT = "openmined/secret_key/1"
MAX_FILE_BYTES = 64 * 1024
MIN_SCRYPT_N, MAX_SCRYPT_N = 2**14, 2**20
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**17, 8, 1
SALT_BYTES = 32


class SecretKey:
    """A secret key with signing and encryption subkeys. Its `repr` shows the fingerprint only."""

    __slots__ = ("_tsk", "certificate")

    def __init__(self, tsk: pysequoia.Tsk, certificate: Certificate) -> None:
        self._tsk = tsk
        self.certificate = certificate

    @classmethod
    def generate(cls, user_id: str) -> SecretKey:
        """A fresh version 4 key (Ed25519, X25519) that does not expire; takes about a millisecond.

        Args:
            user_id: a name for people to read, at most 200 characters; nobody checks it.
        """
        if not user_id or len(user_id) > 200 or not user_id.isprintable():
            raise SealError(f"user id {user_id[:40]!r}: 1 to 200 printable characters are expected")
        tsk = pysequoia.Tsk.generate(user_id, profile=pysequoia.Profile.RFC4880)
        return cls(tsk, Certificate.from_bytes(bytes(tsk.extract_certificate())))

    def certificate_with(self, name: str, value: str) -> Certificate:
        """The certificate with a signed notation on its first user id: of the same fingerprint, in other
        bytes, and in others each time. Raises ClockBehindError.
        """
        self.certificate.require_made()
        noted = [pysequoia.Notation(name, value)]
        cert = self.certificate.native().set_notations(self._tsk.certifier(), noted)
        return Certificate.from_bytes(bytes(cert))

    def seal_to_file(self, path: Path, passphrase: str) -> None:
        """Write the key to a new file, mode 0600, whole or not at all.

        Raises:
            SecretFileError: the file is already there (a key is never overwritten), or the passphrase is
                empty.
        """
        if not passphrase:
            raise SecretFileError("an empty passphrase protects nothing")
        salt = secrets.token_bytes(SALT_BYTES)
        password = _stretch(normal(passphrase), salt, SCRYPT_N, SCRYPT_R, SCRYPT_P)
        sealed = pysequoia.encrypt(bytes(self._tsk), passwords=[password], armor=False)
        document = {
            "format": FORMAT,
            "fingerprint": self.certificate.fingerprint,
            "kdf": {"name": "scrypt", "n": SCRYPT_N, "r": SCRYPT_R, "p": SCRYPT_P, "salt": salt.hex()},
            "sealed": base64.b64encode(sealed).decode("ascii"),
        }
        data = json.dumps(document, indent=1).encode("ascii") + b"\n"
        try:
            create_secret_file(Path(path), data)
        except FileExistsError:
            raise SecretFileError(f"{path}: already there; a secret key is never overwritten") from None
        except OSError as error:
            raise SecretFileError(f"{path}: cannot be written ({error.strerror})") from None

    @classmethod
    def open_from_file(cls, path: Path, passphrase: str) -> SecretKey:
        """Read a key written by `seal_to_file`.

        Raises:
            SecretFileError: missing, too large, readable by others, or not of the expected form.
            WrongKeyPassphraseError: the passphrase does not open it (or the sealed bytes were changed).
        """
        path = Path(path)
        fingerprint, stretch, sealed = _read(path)
        opened = _unseal(path, passphrase, stretch, sealed)
        try:
            tsk = pysequoia.Tsk.from_bytes(opened)
            certificate = Certificate.from_bytes(bytes(tsk.extract_certificate()))
        except (RuntimeError, ValueError):
            raise SecretFileError(f"{path}: what is sealed in it is not an OpenPGP key") from None
        if certificate.fingerprint != fingerprint:
            raise SecretFileError(
                f"{path}: holds key {certificate.fingerprint}, but says it is {fingerprint}"
            )
        return cls(tsk, certificate)

    def native(self) -> pysequoia.Tsk:
        """The library's own object; for this package only."""
        return self._tsk

    def __repr__(self) -> str:
        return f"SecretKey({self.certificate.fingerprint})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret key is not copied or pickled; use seal_to_file")


def _stretch(passphrase: str, salt: bytes, n: int, r: int, p: int) -> str:
    derived = hashlib.scrypt(
        passphrase.encode("utf-8"), salt=salt, n=n, r=r, p=p, maxmem=128 * r * (n + p + 2) + 2**20, dklen=32
    )
    return derived.hex()


def _unseal(path: Path, passphrase: str, stretch: Callable[[str], str], sealed: bytes) -> bytes:
    for spelling in spellings(passphrase):
        try:
            return pysequoia.decrypt(sealed, passwords=[stretch(spelling)]).bytes or b""
        except RuntimeError:
            continue
    raise WrongKeyPassphraseError(f"{path}: the passphrase does not open this key")


def _read(path: Path) -> tuple[str, Callable[[str], str], bytes]:
    """Fingerprint, how a passphrase becomes the password, and sealed bytes of a secret key file."""
    try:
        with path.open("rb") as file:
            require_private_stat(path, os.fstat(file.fileno()))
            data = file.read(MAX_FILE_BYTES + 1)
    except NotPrivateError as error:
        raise SecretFileError(str(error)) from None
    except FileNotFoundError:
        raise SecretFileError(f"{path}: no such secret key file") from None
    except OSError as error:
        raise SecretFileError(f"{path}: cannot be read ({error.strerror})") from None
    if len(data) > MAX_FILE_BYTES:
        raise SecretFileError(f"{path}: larger than {MAX_FILE_BYTES} bytes, which no secret key file is")
    try:
        document = json.loads(data)
        kdf = document["kdf"]
        n, r, p = kdf["n"], kdf["r"], kdf["p"]
        salt, sealed = bytes.fromhex(kdf["salt"]), base64.b64decode(document["sealed"], validate=True)
        fingerprint = document["fingerprint"]
        known = document["format"] == FORMAT and kdf["name"] == "scrypt" and isinstance(fingerprint, str)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SecretFileError(f"{path}: not a secret key file of format {FORMAT}") from None
    if not known or type(n) is not int or (r, p) != (SCRYPT_R, SCRYPT_P) or len(salt) < 16:
        raise SecretFileError(f"{path}: not a secret key file of format {FORMAT}")
    if not MIN_SCRYPT_N <= n <= MAX_SCRYPT_N or n & (n - 1):
        raise SecretFileError(f"{path}: scrypt n is {n}; a power of two in 2^14 to 2^20 is expected")
    return fingerprint, partial(_stretch, salt=salt, n=n, r=r, p=p), sealed
