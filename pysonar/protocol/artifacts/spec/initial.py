"""Where a campaign's model starts: where its family does, at weights the scientist sealed, or where another
campaign ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pysonar.protocol.artifacts.parts import checks
from pysonar.protocol.artifacts.parts.fields import Fields
from pysonar.protocol.cid import Cid

KIND = "spec"


@dataclass(frozen=True)
class Zeros:
    """Where the family starts: all weights zero; of a network, those that its parameters draw."""


@dataclass(frozen=True)
class SealedWeights:
    """Weights in a sealed input.

    Attributes:
        sealed: CID of the sealed input, its payload of kind "weights".
        digest: its salted digest, 32 bytes.
    """

    sealed: Cid
    digest: bytes

    def __post_init__(self) -> None:
        checks.cid(KIND, "initial.sealed", self.sealed)
        checks.octets(KIND, "initial.digest", self.digest, 32)


@dataclass(frozen=True)
class FromCampaign:
    """The final model of an earlier campaign of the same owner and Capsule.

    Attributes:
        campaign: its id, 32 bytes.
    """

    campaign: bytes

    def __post_init__(self) -> None:
        checks.octets(KIND, "initial.campaign", self.campaign, 32)


Initial = Zeros | SealedWeights | FromCampaign


def initial_mapping(initial: Initial) -> dict[str, Any]:
    """The form in a spec."""
    if isinstance(initial, SealedWeights):
        return {"kind": "sealed", "sealed": str(initial.sealed), "digest": "0x" + initial.digest.hex()}
    if isinstance(initial, FromCampaign):
        return {"kind": "campaign", "campaign": "0x" + initial.campaign.hex()}
    return {"kind": "zeros"}


def initial_from(fields: Fields) -> Initial:
    """The inverse of `initial_mapping`. Raises ArtifactError."""
    kind = fields.one_of("kind", ("zeros", "sealed", "campaign"))
    result: Initial = Zeros()
    if kind == "sealed":
        result = SealedWeights(fields.cid("sealed"), fields.hex_octets("digest", 32))
    elif kind == "campaign":
        result = FromCampaign(fields.hex_octets("campaign", 32))
    fields.finish()
    return result
