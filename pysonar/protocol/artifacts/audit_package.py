"""Audit package: what an auditor needs to judge every submission anew, signed by Capsule and sealed to them.

Only where the spec names an auditor. Deterministic CBOR inside; the result names its CID. Nothing in it has
to be believed: the campaign's key has the fingerprint of the public models, the validation set and sealed
weights have the digests of the spec, and a session key opens the very submission that the chain names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from openmined_syft.errors import SyftError
from openmined_syft.schemes import PrivateHalf, scheme_named, scheme_names
from pysonar.protocol.artifacts.parts import checks
from pysonar.protocol.artifacts.parts.bindings import require_campaign, require_same
from pysonar.protocol.artifacts.parts.errors import ArtifactError, Said, naming
from pysonar.protocol.artifacts.parts.fields import Fields, read_cbor, require_one_form, write_cbor
from pysonar.protocol.artifacts.parts.limits import KIB, MAX_BYTES
from pysonar.protocol.artifacts.parts.sealed import open_limited
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate, SecretKey, seal

KIND = "audit_package"
VERSION = 1
MAX_SUBMISSIONS = 1_000_000
_MOST_ITEMS = 64 + 5 * MAX_SUBMISSIONS
_MOST = MAX_BYTES[KIND] - 16 * KIB
_SECRETS = 16
"""Texts that a campaign's key may consist of."""


@dataclass(frozen=True)
class Opening:
    """How one submission and its version are looked into.

    Attributes:
        session_key: opens the sealed gradient (`pysonar.protocol.openpgp.open_with_session_key`); None if
            Capsule could not open it, or never had it.
        salt: of the version's digest in the result's record, 32 bytes; None if it has none.
    """

    session_key: bytes | None = field(default=None, repr=False)
    salt: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.session_key is not None and not 17 <= len(self.session_key) <= 33:
            raise ArtifactError(KIND, "session_key", Said(f"{len(self.session_key)} bytes"), "17 to 33 bytes")
        if self.salt is not None:
            checks.octets(KIND, "salt", self.salt, 32)


@dataclass(frozen=True)
class AuditPackage:
    """What is inside the seal.

    Attributes:
        chain_id, contract, campaign, spec: what it is about, as of a result.
        scheme, secrets: the campaign's key, as its scheme writes it down.
        validation: the bytes inside the sealed validation set (`SealedInput.to_bytes`).
        weights: the same of sealed initial weights; None if the spec has none.
        submissions: one for each evaluated submission, in order.

    Raises:
        ArtifactError: one of them is out of range.
    """

    chain_id: int
    contract: str
    campaign: bytes
    spec: Cid
    scheme: str
    secrets: Mapping[str, str] = field(repr=False)
    validation: bytes = field(repr=False)
    weights: bytes | None = field(repr=False, default=None)
    submissions: tuple[Opening, ...] = field(repr=False, default=())

    def __post_init__(self) -> None:
        checks.integer(KIND, "chain_id", self.chain_id, 1, checks.MAX_CHAIN_ID)
        object.__setattr__(self, "contract", checks.address(KIND, "contract", self.contract))
        checks.octets(KIND, "campaign", self.campaign, 32)
        checks.cid(KIND, "spec", self.spec)
        checks.one_of(KIND, "scheme", self.scheme, scheme_names())
        texts = [*self.secrets, *self.secrets.values()]
        if len(self.secrets) > _SECRETS or not all(isinstance(text, str) for text in texts):
            raise ArtifactError(KIND, "key", Said("something else"), f"at most {_SECRETS} texts by name")
        object.__setattr__(self, "submissions", tuple(self.submissions))
        if len(self.submissions) > MAX_SUBMISSIONS:
            many = Said(f"{len(self.submissions)} long")
            raise ArtifactError(KIND, "submissions", many, f"at most {MAX_SUBMISSIONS}")

    def key(self) -> PrivateHalf:
        """The campaign's key.

        Raises:
            ArtifactError: it is not a key of the scheme.
            KernelError: the scheme needs a package that is not here.
        """
        scheme = scheme_named(self.scheme)
        scheme.require_usable()
        try:
            return scheme.key_from_secret(self.secrets)
        except (SyftError, KeyError, TypeError, ValueError):
            raise ArtifactError(KIND, "key", Said("unusable"), f"a secret key of {self.scheme}") from None

    def to_bytes(self) -> bytes:
        """Deterministic CBOR; what is signed and sealed. Never to be stored unsealed."""
        values = {
            "chain_id": self.chain_id,
            "contract": checks.address_bytes(self.contract),
            "campaign": self.campaign,
            "spec": self.spec.digest,
            "scheme": self.scheme,
            "key": dict(self.secrets),
            "validation": self.validation,
            "weights": self.weights,
            "submissions": [{"session_key": one.session_key, "salt": one.salt} for one in self.submissions],
        }
        return write_cbor(KIND, VERSION, values, _MOST)

    @classmethod
    def parse(cls, data: bytes, *, cid: Cid | None = None) -> Self:
        """Read what was inside a seal. Raises ArtifactError."""
        with naming(cid):
            fields = read_cbor(KIND, VERSION, data, _MOST, max_items=_MOST_ITEMS)
            entries = fields.items("submissions", 0, MAX_SUBMISSIONS)
            package = cls(
                chain_id=fields.take("chain_id"),
                contract=fields.address("contract"),
                campaign=fields.octets("campaign", 32),
                spec=fields.cid("spec"),
                scheme=fields.take("scheme"),
                secrets=fields.inner("key").rest(),
                validation=fields.blob("validation", _MOST),
                weights=_optional_blob(fields, "weights"),
                submissions=tuple(
                    _opening(Fields(KIND, entry, f"submissions[{place}]"))
                    for place, entry in enumerate(entries)
                ),
            )
            fields.finish()
            require_one_form(KIND, package.to_bytes(), data)
            return package

    def seal(self, auditor: Certificate, signer: SecretKey) -> bytes:
        """The artifact as it is stored: signed by Capsule, sealed to the auditor alone."""
        return seal(self.to_bytes(), [auditor], signer)

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
        """Open a package and check that this Capsule made it for this campaign; arguments and errors as of
        `Result.open`.
        """
        with naming(cid):
            package = cls.parse(open_limited(KIND, blob, key, signer=capsule, there_at=there_at))
            require_campaign(KIND, package, chain_id=chain_id, contract=contract, campaign=campaign)
            require_same(KIND, "spec", package.spec, spec)
            return package


def _optional_blob(fields: Fields, name: str) -> bytes | None:
    value = fields.take(name)
    if value is not None and not isinstance(value, bytes):
        raise ArtifactError(KIND, fields.path(name), value, "bytes or null")
    return value


def _opening(fields: Fields) -> Opening:
    found = Opening(_optional_blob(fields, "session_key"), _optional_blob(fields, "salt"))
    fields.finish()
    return found
