"""Fetches what a campaign names, and checks that it fits together before anything is computed or paid.

The store checks bytes against CIDs, the parsers check formats; here it is checked that spec, key and model
belong to each other and to what the chain says: sizes, fingerprint, version, shape, bound, and that the
spec's certificate is one that the campaign's Capsule registered. What contradicts is refused by an
ArtifactError that names the artifact, its CID, the field, what was found and what was expected.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from mine_agent.campaigns.fetches import Fetches
from mine_agent.connection import Connection
from mine_agent.memory import Pool
from mine_agent.work.gradient import Base
from openmined_syft.models import ModelFamily
from openmined_syft.rules import Rule
from openmined_syft.schemes import AnyScheme, PublicHalf, scheme_named
from pysonar.chain.contract.events import CapsuleRegistered
from pysonar.chain.contract.types import CampaignRecord
from pysonar.protocol.artifacts import (
    MAX_BYTES,
    ArtifactError,
    ModelArtifact,
    PublicKeyArtifact,
    Spec,
    WrongBindingError,
    parse_certificate,
)
from pysonar.protocol.artifacts.parts.errors import naming
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate, seal
from pysonar.protocol.schema import Schema

SPECS_KEPT = 256


@dataclass(frozen=True)
class CampaignSpec:
    """What a mine has to know of a campaign that stays the same for its whole life."""

    campaign: bytes
    spec_cid: Cid
    spec: Spec

    @property
    def schema(self) -> Schema:
        """Which columns are needed and how they become numbers."""
        return self.spec.schema

    @property
    def family(self) -> ModelFamily:
        """The kind of model, sized for the schema, its features drawn for this campaign."""
        return self.spec.family_for(self.campaign)

    @property
    def rule(self) -> Rule | None:
        """How to train; None for a network."""
        return self.spec.algorithm.training_rule()

    @property
    def scheme(self) -> AnyScheme:
        """What the model is encrypted with."""
        return scheme_named(self.spec.scheme)


class CampaignArtifacts:
    """The artifacts of campaigns. Specs are kept in memory, as they never change.

    What takes longer than a moment to fetch raises StillFetchingError and is there in a later round.
    """

    def __init__(self, connection: Connection, pool: Pool | None = None) -> None:
        self._connection = connection
        self._pool = pool or Pool()
        self._fetches = Fetches(
            lambda cid, most: connection.store.get(cid, max_bytes=most), limit=lambda: self._pool.limit
        )
        self._specs: OrderedDict[bytes, CampaignSpec] = OrderedDict()

    def spec_of(self, record: CampaignRecord) -> CampaignSpec:
        """The campaign's spec. Raises StoreError, ArtifactError, CidError."""
        if record.id not in self._specs:
            cid = Cid.from_bytes32(record.terms.spec)
            spec = Spec.parse(self._get(cid, MAX_BYTES["spec"]), cid=cid)
            with naming(cid):
                spec.check_size()
            self._specs[record.id] = CampaignSpec(record.id, cid, spec)
            while len(self._specs) > SPECS_KEPT:
                self._specs.popitem(last=False)
        return self._specs[record.id]

    def base(self, record: CampaignRecord, campaign_spec: CampaignSpec) -> Base:
        """The newest version of the model, and the campaign's key. Raises StoreError, ArtifactError,
        CidError; KernelError if the scheme needs a package that is not here.
        """
        campaign_spec.scheme.require_usable()
        public = self._public_key(record, campaign_spec)
        cid = Cid.from_bytes32(record.model)
        most = min(
            MAX_BYTES["model"],
            campaign_spec.scheme.most_model_bytes(campaign_spec.family, campaign_spec.spec.key_bits),
        )
        artifact = ModelArtifact.parse(self._get(cid, most), scheme=campaign_spec.spec.scheme, cid=cid)
        self._pool.require(artifact.model.bytes_in_memory, "the campaign's model")
        artifact.require_asked_for(
            campaign_spec.family,
            public,
            version=record.version,
            weight_bound=campaign_spec.spec.weight_bound,
            cid=cid,
        )
        return Base(artifact.for_key(public, cid=cid), public, cid, campaign_spec.spec.scheme)

    def certificate(self, record: CampaignRecord, campaign_spec: CampaignSpec) -> Certificate:
        """The certificate to seal to: the spec's, if the campaign's Capsule registered it at any time. It is
        tried here, before anything is trained that could not be sealed to it.

        Raises StoreError; WrongBindingError if it is not Capsule's; CertificateError, ClockBehindError.
        """
        cid, capsule = campaign_spec.spec.capsule_certificate, record.terms.capsule
        history = [entry.event for entry in self._connection.follower.history(CapsuleRegistered)]
        registered = {
            event.certificate
            for event in history
            if isinstance(event, CapsuleRegistered) and event.capsule == capsule
        }
        current = self._connection.sonar.certificate(capsule)  # may be older than what this mine reads from
        if cid.digest not in registered | {current}:
            expected = f"a certificate that {capsule} registered on Sonar"
            raise WrongBindingError("spec", "capsule_certificate", str(cid), expected, campaign_spec.spec_cid)
        certificate = parse_certificate(self._get(cid, MAX_BYTES["certificate"]), cid=cid)
        seal(b"", [certificate])
        return certificate

    def _public_key(self, record: CampaignRecord, campaign_spec: CampaignSpec) -> PublicHalf:
        """The campaign's key: the same for its whole life, and large for a network, so it is kept."""
        cid = Cid.from_bytes32(record.public_key)
        most = min(MAX_BYTES["public_key"], campaign_spec.scheme.most_public_bytes(campaign_spec.family))

        def fetched() -> PublicHalf:
            content = self._get(cid, most)
            return PublicKeyArtifact.parse(content, scheme=campaign_spec.spec.scheme, cid=cid).key

        # Other campaigns may name the same bytes and say other things of them.
        public = self._pool.get(("key", campaign_spec.spec.scheme, cid), "the campaign's key", fetched)
        bits = campaign_spec.scheme.size_of(public)
        if bits != campaign_spec.spec.key_bits:
            raise ArtifactError("public_key", "n", f"{bits} bits", f"{campaign_spec.spec.key_bits} bits", cid)
        return public

    def _get(self, cid: Cid, most: int) -> bytes:
        return self._fetches.get(cid, most)
