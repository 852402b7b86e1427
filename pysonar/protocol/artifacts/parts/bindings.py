"""What ties an artifact to its place: the chain, the contract, the campaign, the owner, the miner."""

from __future__ import annotations

from typing import Protocol

from pysonar.protocol.artifacts.parts import checks
from pysonar.protocol.artifacts.parts.errors import Said, WrongBindingError


class OfCampaign(Protocol):
    """An artifact that names the campaign it was made for."""

    @property
    def chain_id(self) -> int: ...

    @property
    def contract(self) -> str: ...

    @property
    def campaign(self) -> bytes: ...


def require_campaign(
    kind: str, artifact: OfCampaign, *, chain_id: int, contract: str, campaign: bytes
) -> None:
    """Refuse an artifact that was made for another campaign. Raises WrongBindingError, as `require_same`."""
    require_same(kind, "chain_id", artifact.chain_id, chain_id)
    require_same(kind, "contract", artifact.contract, checks.address(kind, "contract", contract))
    require_same(kind, "campaign", artifact.campaign, campaign)


def require_same(kind: str, field: str, found: object, expected: object) -> None:
    """Refuse an artifact that was made for another place.

    Raises:
        WrongBindingError: naming the field, what the artifact says, and what it should say.
    """
    if found != expected:
        raise WrongBindingError(kind, field, Said(_shown(found)), _shown(expected))


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
