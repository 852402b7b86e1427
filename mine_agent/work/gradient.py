"""Trains one version of a model while it stays encrypted, and seals what comes out to Capsule.

What leaves is an encrypted difference under fresh noise, inside an OpenPGP message that only Capsule opens.
The envelope names chain, contract, campaign, base version and miner, so that nobody else can submit it for
themselves. It is not signed: the chain binds the miner to the digest.
"""

from __future__ import annotations

from dataclasses import dataclass

from openmined_syft.blocks import Blocks
from openmined_syft.schemes import Ahead, Gradient, Model, PublicHalf, scheme_named
from pysonar.chain.contract.sonar import Sonar
from pysonar.protocol.artifacts import GradientEnvelope, PrivacyStatement
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate


@dataclass(frozen=True)
class Base:
    """One checked version of a campaign's model, and the key it is encrypted under."""

    model: Model
    public: PublicHalf
    cid: Cid
    scheme: str


def train_on(base: Base, visit: object, ahead: Ahead | None = None, blocks: Blocks | None = None) -> Gradient:
    """What this mine's data make of the model, encrypted. Raises SyftError; nothing leaves.

    Args:
        ahead: what was prepared for it, see `mine_agent.work.idle`.
        blocks: the owner's cluster, see `mine_agent.scale`.
    """
    scheme = scheme_named(base.scheme)
    return scheme.train(base.model, base.public, visit, ahead=ahead, blocks=blocks)


def seal_update(
    gradient: Gradient,
    base: Base,
    capsule: Certificate,
    *,
    sonar: Sonar,
    campaign: bytes,
    miner: str,
    privacy: PrivacyStatement | None,
) -> bytes:
    """The gradient in its envelope, sealed: what is stored and submitted."""
    envelope = GradientEnvelope(
        chain_id=sonar.chain_id,
        contract=sonar.address,
        campaign=campaign,
        base_version=base.model.version,
        base=base.cid,
        miner=miner,
        gradient=gradient,
        privacy=privacy,
        scheme=base.scheme,
    )
    return envelope.seal(capsule)
