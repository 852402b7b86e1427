"""Sealed input: the scientist's validation set or initial weights, for Capsule's eyes only.

Deterministic CBOR, sealed to Capsule's certificate. It carries the chain, the contract and the scientist's
address: a sealed set copied into somebody else's spec is refused, as only the owner could have made one that
names them. The spec commits to the bytes by a digest, salted so that nobody can guess a small set from it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from pysonar.protocol.artifacts.parts import checks
from pysonar.protocol.artifacts.parts.bindings import require_same
from pysonar.protocol.artifacts.parts.errors import (
    ArtifactError,
    MalformedError,
    OversizedError,
    Said,
    WrongDigestError,
    naming,
)
from pysonar.protocol.artifacts.parts.fields import read_cbor, require_one_form, write_cbor
from pysonar.protocol.artifacts.parts.limits import KIB, MAX_BYTES
from pysonar.protocol.artifacts.parts.records import records_from_bytes, records_to_bytes
from pysonar.protocol.artifacts.parts.sealed import open_limited
from pysonar.protocol.artifacts.parts.tensors import weights_from_bytes, weights_to_bytes
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate, SecretKey, seal
from pysonar.protocol.schema import MissingColumnError, Schema, SchemaError

KIND = "sealed_input"
VERSION = 1
RECORDS, WEIGHTS = "records", "weights"
SALT_BYTES = 32
_MOST = MAX_BYTES[KIND] - 16 * KIB  # room for the seal


@dataclass(frozen=True)
class SealedInput:
    """What is inside the seal.

    Attributes:
        chain_id, contract: the Sonar it is meant for.
        scientist: the campaign's owner.
        payload_kind: "records" (Arrow stream in the spec's schema) or "weights" (safetensors).
        payload: its bytes.
        salt: 32 random bytes.

    Raises:
        ArtifactError: one of them is out of range.
    """

    chain_id: int
    contract: str
    scientist: str
    payload_kind: str
    payload: bytes = field(repr=False)
    salt: bytes = field(repr=False, default_factory=lambda: secrets.token_bytes(SALT_BYTES))

    def __post_init__(self) -> None:
        checks.integer(KIND, "chain_id", self.chain_id, 1, checks.MAX_CHAIN_ID)
        object.__setattr__(self, "contract", checks.address(KIND, "contract", self.contract))
        object.__setattr__(self, "scientist", checks.address(KIND, "scientist", self.scientist))
        checks.one_of(KIND, "payload_kind", self.payload_kind, (RECORDS, WEIGHTS))
        if not isinstance(self.payload, bytes) or not self.payload:
            raise ArtifactError(KIND, "payload", Said("empty"), "bytes")
        if len(self.payload) > _MOST - KIB:
            size = Said(f"{len(self.payload)} bytes")
            raise OversizedError(KIND, "payload", size, f"at most {_MOST - KIB} bytes")
        checks.octets(KIND, "salt", self.salt, SALT_BYTES)

    @classmethod
    def of_records(
        cls, table: pa.Table, schema: Schema, *, chain_id: int, contract: str, scientist: str
    ) -> Self:
        """The validation set: only the schema's columns of `table`, with a fresh salt.

        Raises:
            MissingColumnError, BadValueError: the table does not fit the schema.
        """
        return cls(chain_id, contract, scientist, RECORDS, records_to_bytes(schema.select(table)))

    @classmethod
    def of_weights(cls, weights: ArrayLike, *, chain_id: int, contract: str, scientist: str) -> Self:
        """Initial weights (d, k), with a fresh salt."""
        return cls(chain_id, contract, scientist, WEIGHTS, weights_to_bytes(KIND, "payload", weights))

    def records(self, schema: Schema, *, rows: int) -> pa.Table:
        """The records in the schema's columns and types.

        Args:
            rows: how many the spec says there are.

        Raises:
            ArtifactError: no records, another number of them, or they do not fit the schema.
        """
        self._require_kind(RECORDS)
        table = records_from_bytes(self.payload)
        if table.num_rows != rows:
            raise ArtifactError(KIND, "payload", Said(f"{table.num_rows} records"), f"{rows} records")
        try:
            return schema.select(table, source="the sealed records")
        except MissingColumnError as error:
            raise ArtifactError(
                KIND, "payload", Said(f"without column {error.columns[0]!r}"), "every column of the schema"
            ) from None
        except SchemaError as error:
            # Its text shows a record's value; that belongs to the scientist alone.
            where = f"row {getattr(error, 'row', '?')}, column {getattr(error, 'column', '?')!r}"
            expected = str(getattr(error, "expected", "a value that fits the schema"))
            raise ArtifactError(KIND, "payload", Said(f"unfit at {where}"), expected) from None

    def weights(self, *, shape: tuple[int, int], weight_bound: float) -> NDArray[np.float64]:
        """The initial weights.

        Raises:
            ArtifactError: no weights, another shape, or one larger than the spec's bound.
        """
        self._require_kind(WEIGHTS)
        weights = weights_from_bytes(KIND, "payload", self.payload)
        if weights.shape != shape:
            raise ArtifactError(KIND, "payload", Said(f"of shape {weights.shape}"), f"shape {shape}")
        if float(np.abs(weights).max()) > weight_bound:
            expected = f"weights of at most {weight_bound:g}"
            raise ArtifactError(KIND, "payload", Said("beyond the bound"), expected)
        return weights

    def salted_digest(self) -> bytes:
        """sha256 over the bytes inside the seal: format, chain, contract, scientist, salt, kind and
        payload.
        """
        return hashlib.sha256(self.to_bytes()).digest()

    def to_bytes(self) -> bytes:
        """Deterministic CBOR; what is sealed. Never to be stored unsealed."""
        values = {
            "chain_id": self.chain_id,
            "contract": checks.address_bytes(self.contract),
            "scientist": checks.address_bytes(self.scientist),
            "salt": self.salt,
            "payload_kind": self.payload_kind,
            "payload": self.payload,
        }
        return write_cbor(KIND, VERSION, values, _MOST)

    @classmethod
    def parse(cls, data: bytes, *, cid: Cid | None = None) -> Self:
        """Read what was inside a seal. Raises ArtifactError."""
        with naming(cid):
            fields = read_cbor(KIND, VERSION, data, _MOST)
            sealed = cls(
                chain_id=fields.take("chain_id"),
                contract=fields.address("contract"),
                scientist=fields.address("scientist"),
                salt=fields.octets("salt", SALT_BYTES),
                payload_kind=fields.take("payload_kind"),
                payload=fields.blob("payload", _MOST),
            )
            fields.finish()
            require_one_form(KIND, sealed.to_bytes(), data)
            return sealed

    def seal(self, *readers: Certificate) -> bytes:
        """The artifact as it is stored, for Capsule and whoever else may open it."""
        return seal(self.to_bytes(), readers)

    @classmethod
    def open(
        cls,
        blob: bytes,
        key: SecretKey,
        *,
        chain_id: int,
        contract: str,
        scientist: str,
        digest: bytes,
        cid: Cid | None = None,
    ) -> Self:
        """Open a stored artifact and check that it is the one the spec means.

        Args:
            scientist: the campaign's owner, from the chain.
            digest: the salted digest in the spec.
            cid: its name, for error texts.

        Raises:
            SealError: it does not open (see `pysonar.protocol.openpgp`).
            WrongBindingError: made for another chain, contract or owner.
            WrongDigestError: not what the spec committed to.
            ArtifactError: malformed.
        """
        with naming(cid):
            return cls.bound(
                open_limited(KIND, blob, key),
                chain_id=chain_id,
                contract=contract,
                scientist=scientist,
                digest=digest,
            )

    @classmethod
    def bound(
        cls,
        data: bytes,
        *,
        chain_id: int,
        contract: str,
        scientist: str,
        digest: bytes,
        cid: Cid | None = None,
    ) -> Self:
        """Read what was inside a seal, which Capsule or an auditor has, and check that it is the one the spec
        means; arguments and errors as of `open`.
        """
        with naming(cid):
            sealed = cls.parse(data)
            require_same(KIND, "chain_id", sealed.chain_id, chain_id)
            require_same(KIND, "contract", sealed.contract, checks.address(KIND, "contract", contract))
            require_same(KIND, "scientist", sealed.scientist, checks.address(KIND, "scientist", scientist))
            found = hashlib.sha256(data).digest()
            if not hmac.compare_digest(found, digest):
                expected = f"0x{digest.hex()} as in the spec"
                raise WrongDigestError(KIND, "digest", Said("0x" + found.hex()), expected)
            return sealed

    def _require_kind(self, kind: str) -> None:
        if self.payload_kind != kind:
            raise MalformedError(KIND, "payload_kind", self.payload_kind, repr(kind))
