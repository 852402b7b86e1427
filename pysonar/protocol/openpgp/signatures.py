"""Detached signatures: who stands behind bytes that are public anyway."""

from __future__ import annotations

import time

import pysequoia

from pysonar.protocol.openpgp.certificates import Certificate
from pysonar.protocol.openpgp.errors import (
    ClockBehindError,
    NotOpenPGPError,
    SealError,
    TamperedError,
    WrongSignerError,
)
from pysonar.protocol.openpgp.secret_keys import SecretKey

MAX_SIGNATURE_BYTES = 16 * 1024


def sign_detached(data: bytes, key: SecretKey) -> bytes:
    """A binary signature of `key` over `data`. Raises ClockBehindError."""
    key.certificate.require_made()
    mode = pysequoia.SignatureMode.DETACHED
    return bytes(pysequoia.sign(key.native().signer(), data, mode=mode, armor=False))


def verify_detached(data: bytes, signature: bytes, *, expected_signer: Certificate) -> None:
    """Check that `expected_signer` made `signature` over exactly `data`.

    Raises:
        NotOpenPGPError: `signature` is not one.
        WrongSignerError: somebody else made it.
        TamperedError: they signed something else.
        ClockBehindError: this machine's clock is behind the signature, or the signer's certificate.
    """
    if len(signature) > MAX_SIGNATURE_BYTES:
        raise NotOpenPGPError(
            f"a signature of {len(signature)} bytes; at most {MAX_SIGNATURE_BYTES} are read"
        )

    def certificates(issuers: list[str]) -> list[pysequoia.Cert]:
        if not any(expected_signer.has_key(issuer) for issuer in issuers):
            named = ", ".join(issuer.upper() for issuer in issuers) or "nobody"
            raise WrongSignerError(f"signed by {named}, not by {expected_signer.fingerprint}")
        return [expected_signer.native()]

    try:
        parsed = pysequoia.Sig.from_bytes(signature)
        made = parsed.created
    except (RuntimeError, ValueError):
        raise NotOpenPGPError("not an OpenPGP signature") from None
    try:
        valid = pysequoia.verify(bytes=data, store=certificates, signature=parsed).valid_sigs
    except SealError:
        raise
    except RuntimeError:
        expected_signer.require_made()
        now = time.time()
        if made is not None and made.timestamp() > now:
            raise ClockBehindError("a signature", made.timestamp(), now) from None
        raise TamperedError(f"{expected_signer.fingerprint} did not sign these {len(data)} bytes") from None
    if not any(str(s.certificate).upper() == expected_signer.fingerprint for s in valid):
        raise WrongSignerError(f"no valid signature by {expected_signer.fingerprint}")
