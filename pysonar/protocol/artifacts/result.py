"""Result: what Capsule delivers at the end, signed by it and sealed to the scientist. Deterministic CBOR
inside.

It has the final weights and, for every submission, what became of it. Intermediate versions are not in it:
two consecutive ones would show the scientist a single mine's gradient. They are only committed to, by salted
digests. Where the spec names an auditor they read the result as well, and it names the CID of what they
recompute everything from (`pysonar.protocol.artifacts.audit_package`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.models import family_names
from pysonar.protocol.artifacts.gradient import PrivacyStatement
from pysonar.protocol.artifacts.parts import checks
from pysonar.protocol.artifacts.parts.bindings import require_campaign, require_same
from pysonar.protocol.artifacts.parts.errors import ArtifactError, Said, naming
from pysonar.protocol.artifacts.parts.fields import Fields, read_cbor, require_one_form, write_cbor
from pysonar.protocol.artifacts.parts.limits import KIB, MAX_BYTES
from pysonar.protocol.artifacts.parts.sealed import open_limited
from pysonar.protocol.artifacts.parts.tensors import checked_weights, weights_from_bytes, weights_to_bytes
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate, SecretKey, seal

KIND = "result"
VERSION = 3
_WITHOUT_AUDIT = 2
"""A result that names no audit package is written as before: whoever reads that version can read it."""
VERDICTS = ("IMPROVED", "NO_GAIN", "MALFORMED", "UNAVAILABLE")
MAX_SUBMISSIONS = 1_000_000
_MOST_ITEMS = 32 + 23 * MAX_SUBMISSIONS  # nine fields and two inside one, with their names; the entry
_MOST = MAX_BYTES[KIND] - 16 * KIB


@dataclass(frozen=True)
class SubmissionRecord:
    """What became of one submission.

    Attributes:
        index: its place in the queue, from 0.
        miner: who submitted it.
        verdict: as on chain: IMPROVED, NO_GAIN, MALFORMED or UNAVAILABLE.
        base_version: version of the model it was trained from; None if it could not be opened, or if Capsule
            lost its own journal and went on from what is on chain.
        step: the best step of the spec's set; None if nothing was measured, or as above.
        score_ppm: accuracy with that step; with IMPROVED always there, as it is on chain; None if nothing was
            measured.
        version_digest: salted digest of the version it made (`version_digest`); None unless IMPROVED.
        damping: of a network's step (`openmined_syft.models.curvature`); None for other families, or as
            above.
        privacy: what its mine said protects its records; None if it said nothing, or could not be opened, or
            as above.
    """

    index: int
    miner: str
    verdict: str
    base_version: int | None = None
    step: float | None = None
    score_ppm: int | None = None
    version_digest: bytes | None = None
    damping: float | None = None
    privacy: PrivacyStatement | None = None

    def __post_init__(self) -> None:
        at = f"record[{self.index}]"
        checks.integer(KIND, f"{at}.index", self.index, 0, MAX_SUBMISSIONS - 1)
        object.__setattr__(self, "miner", checks.address(KIND, f"{at}.miner", self.miner))
        checks.one_of(KIND, f"{at}.verdict", self.verdict, VERDICTS)
        if self.base_version is not None:
            checks.integer(KIND, f"{at}.base_version", self.base_version, 0, 2**32 - 1)
        if self.step is not None:
            object.__setattr__(self, "step", checks.number(KIND, f"{at}.step", self.step, 1e-6, 16.0))
        if self.damping is not None:
            object.__setattr__(self, "damping", checks.number(KIND, f"{at}.damping", self.damping, 1e-9, 1e9))
        if self.score_ppm is not None:
            checks.integer(KIND, f"{at}.score_ppm", self.score_ppm, 0, checks.PPM)
        if self.version_digest is not None:
            checks.octets(KIND, f"{at}.version_digest", self.version_digest, 32)
        improved = self.verdict == "IMPROVED"
        if improved != (self.version_digest is not None):
            expected = "a digest with IMPROVED, and with no other verdict"
            raise ArtifactError(KIND, f"{at}.version_digest", self.version_digest, expected)
        if improved and self.score_ppm is None:
            raise ArtifactError(KIND, f"{at}.score_ppm", None, "a score with IMPROVED")

    def as_mapping(self) -> dict[str, Any]:
        """The form inside a result. A statement of privacy is written where there is one: records without any
        are what Capsules of the release before deliver.
        """
        values = {
            "index": self.index,
            "miner": checks.address_bytes(self.miner),
            "verdict": self.verdict,
            "base_version": self.base_version,
            "step": self.step,
            "score_ppm": self.score_ppm,
            "version_digest": self.version_digest,
            "damping": self.damping,
        }
        return values if self.privacy is None else values | {"privacy": self.privacy.as_mapping()}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """The inverse of `as_mapping`. Raises ArtifactError."""
        record = cls(
            index=fields.take("index"),
            miner=fields.address("miner"),
            verdict=fields.take("verdict"),
            base_version=fields.take("base_version"),
            step=fields.take("step"),
            score_ppm=fields.take("score_ppm"),
            version_digest=fields.take("version_digest"),
            damping=fields.take("damping"),
            privacy=PrivacyStatement.read(fields.inner("privacy")) if fields.has("privacy") else None,
        )
        fields.finish()
        return record


@dataclass(frozen=True, eq=False)
class Result:
    """What is inside the seal.

    Attributes:
        chain_id, contract, campaign: the campaign (32 bytes).
        spec: CID of its spec, which says schema, algorithm and metric.
        family: the algorithm's family, so that the weights can be read without the spec.
        version: number of improvements.
        start_ppm, final_ppm: accuracy before and after.
        weights: the final model, shape (d, k), float64, the bias in the last row.
        record: one entry for each evaluated submission, in order.
        audit: the audit package, sealed to the auditor; None if the spec names none.

    Raises:
        ArtifactError: one of them is out of range or in contradiction to another.
    """

    chain_id: int
    contract: str
    campaign: bytes
    spec: Cid
    family: str
    version: int
    start_ppm: int
    final_ppm: int
    weights: NDArray[np.float64] = field(repr=False)
    record: tuple[SubmissionRecord, ...] = ()
    audit: Cid | None = None

    def __post_init__(self) -> None:
        checks.integer(KIND, "chain_id", self.chain_id, 1, checks.MAX_CHAIN_ID)
        object.__setattr__(self, "contract", checks.address(KIND, "contract", self.contract))
        checks.octets(KIND, "campaign", self.campaign, 32)
        checks.cid(KIND, "spec", self.spec)
        checks.one_of(KIND, "family", self.family, family_names())
        checks.integer(KIND, "version", self.version, 0, MAX_SUBMISSIONS)
        checks.integer(KIND, "start_ppm", self.start_ppm, 0, checks.PPM)
        checks.integer(KIND, "final_ppm", self.final_ppm, 0, checks.PPM)
        object.__setattr__(self, "weights", checked_weights(KIND, "weights", self.weights))
        object.__setattr__(self, "record", tuple(self.record))
        if self.audit is not None:
            checks.cid(KIND, "audit", self.audit)
        if len(self.record) > MAX_SUBMISSIONS:
            raise ArtifactError(
                KIND, "record", Said(f"{len(self.record)} long"), f"at most {MAX_SUBMISSIONS}"
            )
        for place, entry in enumerate(self.record):
            if entry.index != place:
                raise ArtifactError(KIND, f"record[{place}].index", entry.index, str(place))
        improved = sum(entry.verdict == "IMPROVED" for entry in self.record)
        if improved != self.version:
            raise ArtifactError(KIND, "version", self.version, f"{improved}, the improvements in the record")

    def to_bytes(self) -> bytes:
        """Deterministic CBOR; what is signed and sealed. Never to be stored unsealed."""
        values = {
            "chain_id": self.chain_id,
            "contract": checks.address_bytes(self.contract),
            "campaign": self.campaign,
            "spec": self.spec.digest,
            "family": self.family,
            "version": self.version,
            "start_ppm": self.start_ppm,
            "final_ppm": self.final_ppm,
            "weights": weights_to_bytes(KIND, "weights", self.weights),
            "record": [entry.as_mapping() for entry in self.record],
        }
        if self.audit is None:
            return write_cbor(KIND, _WITHOUT_AUDIT, values, _MOST)
        return write_cbor(KIND, VERSION, values | {"audit": self.audit.digest}, _MOST)

    @classmethod
    def parse(cls, data: bytes, *, cid: Cid | None = None) -> Self:
        """Read what was inside a seal. Raises ArtifactError."""
        with naming(cid):
            older = (_WITHOUT_AUDIT,)
            fields = read_cbor(KIND, VERSION, data, _MOST, max_items=_MOST_ITEMS, older=older)
            entries = fields.items("record", 0, MAX_SUBMISSIONS)
            result = cls(
                chain_id=fields.take("chain_id"),
                contract=fields.address("contract"),
                campaign=fields.octets("campaign", 32),
                spec=fields.cid("spec"),
                family=fields.take("family"),
                version=fields.take("version"),
                start_ppm=fields.take("start_ppm"),
                final_ppm=fields.take("final_ppm"),
                weights=weights_from_bytes(KIND, "weights", fields.blob("weights", _MOST)),
                record=tuple(
                    SubmissionRecord.read(Fields(KIND, entry, f"record[{place}]"))
                    for place, entry in enumerate(entries)
                ),
                audit=fields.cid("audit") if fields.has("audit") else None,
            )
            fields.finish()
            require_one_form(KIND, result.to_bytes(), data)
            return result

    def seal(self, scientist: Certificate, signer: SecretKey, *, auditor: Certificate | None = None) -> bytes:
        """The artifact as it is stored and delivered: signed by Capsule, sealed to the scientist, and to the
        spec's auditor.
        """
        return seal(self.to_bytes(), [scientist, *([] if auditor is None else [auditor])], signer)

    @classmethod
    def open(
        cls,
        blob: bytes,
        key: SecretKey,
        *,
        capsule: Certificate,
        chain_id: int,
        contract: str,
        campaign: bytes,
        spec: Cid,
        cid: Cid | None = None,
        there_at: float = 0,
    ) -> Self:
        """Open a delivered result and check that this Capsule made it for this campaign.

        Args:
            capsule: the certificate the spec names; nobody else's signature will do.
            cid: its name, for error texts.
            there_at: a time at which it had been delivered; seconds since 1970.

        Raises:
            SealError: it does not open, or somebody else signed it (see `pysonar.protocol.openpgp`).
            WrongBindingError: made for another chain, contract, campaign or spec.
            ArtifactError: malformed.
        """
        with naming(cid):
            result = cls.parse(open_limited(KIND, blob, key, signer=capsule, there_at=there_at))
            require_campaign(KIND, result, chain_id=chain_id, contract=contract, campaign=campaign)
            require_same(KIND, "spec", result.spec, spec)
            return result


def version_digest(salt: bytes, weights: ArrayLike) -> bytes:
    """Commitment to one accepted version: sha256 of "openmined/version/1", a 32-byte salt, and the
    safetensors bytes.

    Capsule keeps the salts; with one, and the weights, an auditor can check the record.
    """
    checks.octets(KIND, "salt", salt, 32)
    data = b"openmined/version/1" + salt + weights_to_bytes(KIND, "weights", weights)
    return hashlib.sha256(data).digest()
