"""Sealed messages: data for a few recipients, signed or not.

Sealing never compresses. Opening never trusts the sender about that: a message of a few hundred bytes can be
packed to open to gigabytes, and the library underneath has no limit. So the plaintext runs through a pipe to
a small child process that keeps no more bytes than the sealed message had; an honest message always fits, as
sealing only adds. Nothing unsealed touches a disk.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import BinaryIO

import pysequoia

from pysonar.protocol.openpgp.certificates import Certificate
from pysonar.protocol.openpgp.errors import (
    CertificateError,
    ClockBehindError,
    ExpandingMessageError,
    NotForThisKeyError,
    SealError,
    TamperedError,
    WrongSignerError,
)
from pysonar.protocol.openpgp.old_clients import nobody, without_nobody
from pysonar.protocol.openpgp.packets import SESSION_KEY, outer_packets, recipient
from pysonar.protocol.openpgp.secret_keys import SecretKey

_OVER = 3  # exit code of the child when more came than it may keep
_KEEP = f"""
import sys
limit = int(sys.argv[1])
data = sys.stdin.buffer.read(limit + 1)
if len(data) > limit:
    sys.exit({_OVER})
sys.stdout.buffer.write(data)
"""


def seal(data: bytes, recipients: Sequence[Certificate], signer: SecretKey | None = None) -> bytes:
    """Encrypt `data` to every one of `recipients` (at most 15), signed by `signer` if given.

    Returns:
        A binary message, integrity protected, uncompressed, in the form that every client opens (see
        `old_clients`); different every time.

    Raises:
        CertificateError: no recipient, or one that cannot receive.
        ClockBehindError: by this machine's clock a recipient or the signer is not there yet.
    """
    if not recipients:
        raise CertificateError("a message needs at least one recipient")
    native = [certificate.native() for certificate in recipients]
    try:
        signing = None if signer is None else signer.native().signer()
        message = bytes(pysequoia.encrypt(data, [*native, nobody()], signing, armor=False))
    except RuntimeError:
        for certificate in [*recipients, *([] if signer is None else [signer.certificate])]:
            certificate.require_made()
        names = ", ".join(certificate.fingerprint for certificate in recipients)
        raise CertificateError(f"cannot seal to {names}: no valid encryption key") from None
    return without_nobody(message)


def open_sealed(
    blob: bytes, key: SecretKey, *, expected_signer: Certificate | None = None, there_at: float = 0
) -> bytes:
    """Decrypt a message; with `expected_signer`, also check that exactly they signed it.

    `there_at`: a time at which the message is known to have been there (a file's time, the chain's), in
    seconds since 1970. A signature that is not accepted although it may only be of the future, by a clock
    that is behind that time, is no reason to call the message changed.

    Without `expected_signer` nothing is known about who made the message: a signature inside is not looked
    at.

    Raises:
        NotOpenPGPError: not an encrypted, integrity protected binary message, or cut off.
        NotForThisKeyError: sealed to somebody else.
        TamperedError: changed on the way.
        ExpandingMessageError: it would open to more bytes than it has itself.
        WrongSignerError: unsigned, or signed by somebody else.
        ClockBehindError: this machine's clock is behind the key, the signer's certificate or `there_at`.
        SealError (itself, no subclass): something failed on this side; the sender is not at fault, try again.
    """
    keys = outer_packets(blob)[:-1]
    if keys[0].tag != SESSION_KEY:
        raise NotForThisKeyError("sealed with a password, not to a key")
    names = [recipient(packet) for packet in keys]
    if not any(key.certificate.has_key(name) for name in names):
        raise NotForThisKeyError(
            f"sealed to {', '.join(names)}, not to a key of {key.certificate.fingerprint}"
        )
    key.certificate.require_made()
    if expected_signer is None:
        return _open_limited(blob, None, key=key)
    expected_signer.require_made()
    try:
        return _open_limited(blob, _Verifier(expected_signer), key=key)
    except TamperedError:
        now = time.time()
        if there_at > now:
            raise ClockBehindError("a signature", there_at, now) from None
        raise


def is_sealed_to(blob: bytes, certificate: Certificate) -> bool:
    """Whether one of the recipients that a sealed message names is a key of the certificate. Whether it opens
    for them, only they can tell.

    Raises:
        NotOpenPGPError: not an encrypted, integrity protected binary message, or cut off.
    """
    keys = outer_packets(blob)[:-1]
    if keys[0].tag != SESSION_KEY:
        return False
    names = [recipient(packet) for packet in keys]
    return any(certificate.has_key(name) for name in names)


def open_with_password(blob: bytes, password: str) -> bytes:
    """Decrypt a message that a password opens, whoever made it. Raises as `open_sealed`."""
    outer_packets(blob)
    return _open_limited(blob, None, password=password)


class _Verifier:
    """Hands the library the expected signer's certificate, and refuses at once if the message names
    another.
    """

    def __init__(self, expected: Certificate) -> None:
        self.expected = expected

    def __call__(self, issuers: list[str]) -> list[pysequoia.Cert]:
        if not issuers:
            raise WrongSignerError(f"the message is unsigned; {self.expected.fingerprint} should have signed")
        if not any(self.expected.has_key(issuer) for issuer in issuers):
            named = ", ".join(issuer.upper() for issuer in issuers)
            raise WrongSignerError(f"signed by {named}, not by {self.expected.fingerprint}")
        return [self.expected.native()]

    def check(self, signatures: Sequence[object]) -> None:
        """Raise unless one of the valid signatures is the expected signer's."""
        wanted = self.expected.fingerprint
        if not any(str(getattr(s, "certificate", "")).upper() == wanted for s in signatures):
            raise WrongSignerError(f"no valid signature by {wanted}")


def _as_file(blob: bytes) -> BinaryIO:
    """The sealed bytes as a nameless file: the library reads them by path."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed by the caller
    try:
        file.write(blob)
        file.flush()
    except OSError:
        file.close()
        raise
    return file


def _open_limited(
    blob: bytes, verifier: _Verifier | None, *, key: SecretKey | None = None, password: str | None = None
) -> bytes:
    try:
        sealed = _as_file(blob)
        read_end, write_end = os.pipe()
    except OSError as error:
        raise SealError(f"no room to open a message ({error.strerror})") from None
    with sealed:
        try:
            child = subprocess.Popen(  # noqa: S603  our own interpreter, our own text
                [sys.executable, "-I", "-S", "-c", _KEEP, str(len(blob))],
                stdin=read_end,
                stdout=subprocess.PIPE,
            )
        except OSError as error:
            os.close(write_end)
            raise SealError(
                f"cannot start the process that keeps what is opened ({error.strerror})"
            ) from None
        finally:
            os.close(read_end)
        failed = broken = False
        signatures: Sequence[object] = ()
        try:
            source, target = f"/dev/fd/{sealed.fileno()}", f"/dev/fd/{write_end}"
            decryptor = None if key is None else key.native().decryptor()
            passwords = [] if password is None else [password]
            opened = pysequoia.decrypt_file(source, target, decryptor, verifier, passwords)
            signatures = opened.valid_sigs
        except (RuntimeError, OSError) as error:
            failed = True
            # The sender must not pay for our full disk or our lack of descriptors; a broken pipe is the
            # child's.
            broken = "(os error" in str(error)
        finally:
            os.close(write_end)
            data, _ = child.communicate()
    if child.returncode == _OVER:
        raise ExpandingMessageError(
            f"a message of {len(blob)} bytes opens to more than that: it is compressed"
        )
    if child.returncode != 0 or broken:
        raise SealError(
            f"opening a message failed on this side (the keeping process ended with {child.returncode})"
        )
    if failed:
        raise TamperedError(
            f"a message of {len(blob)} bytes for this key does not open: changed or malformed"
        )
    if verifier is not None:
        verifier.check(signatures)
    return data
