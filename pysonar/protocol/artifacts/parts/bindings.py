"""What ties an artifact to its place: the chain, the contract, the campaign, the owner, the miner."""

from __future__ import annotations

from pysonar.protocol.artifacts.parts.errors import Said, WrongBindingError


def require_same(kind: str, field: str, found: object, expected: object) -> None:
    """Refuse an artifact that was made for another place.

    Raises:
        WrongBindingError: naming the field, what the artifact says, and what it should say.
    """
    if found != expected:
        raise WrongBindingError(kind, field, Said(_shown(found)), _shown(expected))


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
