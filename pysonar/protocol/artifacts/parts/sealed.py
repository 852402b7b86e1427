"""How a stored artifact is taken up: its size is looked at first, then seal and signer."""

from __future__ import annotations

from pysonar.protocol.artifacts.parts.errors import OversizedError, Said
from pysonar.protocol.artifacts.parts.limits import MAX_BYTES
from pysonar.protocol.openpgp import Certificate, SecretKey, open_sealed


def require_size(kind: str, stored: bytes) -> None:
    """Raises OversizedError: larger than any artifact of that kind."""
    if len(stored) > MAX_BYTES[kind]:
        raise OversizedError(kind, "", Said(f"{len(stored)} bytes"), f"at most {MAX_BYTES[kind]} bytes")


def open_limited(
    kind: str, stored: bytes, key: SecretKey, *, signer: Certificate | None = None, there_at: float = 0
) -> bytes:
    """What is inside the seal. `signer`, `there_at`: see `open_sealed`.

    Raises:
        OversizedError: larger than any artifact of that kind.
        SealError: it does not open, or somebody else signed it.
    """
    require_size(kind, stored)
    return open_sealed(stored, key, expected_signer=signer, there_at=there_at)
