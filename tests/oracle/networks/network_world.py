"""Capsule's world with nine numbers in each record, for what is not a linear model: features and networks."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, ClassVar, Self, Unpack

import numpy as np
import pyarrow as pa

from openmined_syft.applying import quantised
from openmined_syft.ckks.encrypted import EncryptedNetwork
from openmined_syft.ckks.keys import CkksPrivateKey
from openmined_syft.models.network import NetworkVisit, SquareNetwork
from pysonar.protocol.artifacts import MAX_BYTES, Algorithm, ModelArtifact, Spec
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema import Schema, input_schema, number_field
from tests.builders.specs import SpecChanges
from tests.oracle.capsule_world import OUTPUT, World
from tests.roles import as_a, dense

if TYPE_CHECKING:
    from openmined_syft.ckks.encrypted import EncryptedNetworkGradient
    from openmined_syft.ckks.keys import CkksPrivateKey

NINE = tuple("abcdefghi")
NINE_CENTRES = 1.2 * np.sign(np.sin(np.outer(np.arange(1, 4), np.arange(1, 10)) * 2.1))
NINE_INPUT = input_schema({name: number_field((-8.0, 8.0), scale=2.0) for name in NINE})


def wide_table(rows: int, seed: int) -> pa.Table:
    """Records of nine numbers around three centres, each with its opposite: no linear model tells them
    apart.
    """
    draw = np.random.default_rng(seed)
    labels = np.arange(rows) % 3
    sides = np.where(draw.random(rows) < 0.5, -1.0, 1.0)[:, None]
    points = sides * NINE_CENTRES[labels] + 0.9 * draw.standard_normal((rows, 9))
    columns = {name: points[:, place] for place, name in enumerate(NINE)}
    return pa.table({**columns, "kind": [("x", "y", "z")[label] for label in labels]})


@dataclass
class WideWorld(World):
    """The same world, whose records have nine numbers."""

    schema: Schema = field(default_factory=lambda: Schema(NINE_INPUT, OUTPUT))

    @classmethod
    def on(cls, world: World, **changes: object) -> Self:
        """On the same chain, with the same Capsule and scientist."""
        same = {item.name: getattr(world, item.name) for item in fields(world) if item.name != "schema"}
        return cls(**{**same, **changes})

    @property
    def validation_table(self) -> pa.Table:
        return wide_table(60, 1)

    def spec(self, **changes: Unpack[SpecChanges]) -> Spec:
        return super().spec(**(SpecChanges(input_schema=NINE_INPUT) | changes))

    def encoded(self, *, rows: int = 90, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
        """A mine's own records as numbers, and their labels."""
        records = wide_table(rows, seed)
        return dense(self.schema.encode(records)), self.schema.encode_labels(records)


@dataclass
class NetworkWorld(WideWorld):
    """The scientist wants a small network: 9 numbers, 16 hidden units, 3 classes."""

    scheme: ClassVar[str] = "ckks"
    within_reach: ClassVar[int] = 800_000

    @property
    def family(self) -> SquareNetwork:
        """The network."""
        return as_a(SquareNetwork, self.spec().family_for(b""))

    @property
    def ckks(self) -> CkksPrivateKey:
        """The key of every campaign."""
        return as_a(CkksPrivateKey, self.generate("ckks", 16384))

    @property
    def start(self) -> np.ndarray:
        """The weights that every campaign begins with, (32, 16): what `encrypt` rounds them to."""
        return quantised(self.family.initial_weights())

    def spec(self, **changes: Unpack[SpecChanges]) -> Spec:
        small = Algorithm("mlp", parameters={"hidden": 16, "bias": False})
        network = SpecChanges(algorithm=small, key_bits=16384)
        return super().spec(**(network | changes))

    def linear_spec(self) -> Spec:
        """The same records for a linear model."""
        return self.spec(algorithm=Algorithm("one_vs_rest"), key_bits=2048)

    def visit(self, *, rows: int = 90, seed: int = 2) -> NetworkVisit:
        """A mini-batch of a mine."""
        return self.family.visit(*self.encoded(rows=rows, seed=seed))

    def slope(self) -> np.ndarray:
        """What an honest mine's gradient holds at the start, (32, 16)."""
        return self.visit().gradient(self.start)

    def published(self, campaign: bytes) -> tuple[EncryptedNetwork, bytes]:
        """The model on chain, and the bytes of the campaign's public half, whatever they are."""
        record = self.record(campaign)
        key, model = (Cid.from_bytes32(digest) for digest in (record.public_key, record.model))
        data = self.store.get(model, max_bytes=MAX_BYTES["model"])
        parsed = as_a(EncryptedNetwork, ModelArtifact.parse(data).model)
        return parsed, self.store.get(key, max_bytes=MAX_BYTES["public_key"])

    def gradient(self, campaign: bytes, visit: NetworkVisit | None = None) -> EncryptedNetworkGradient:
        """As a mine makes it: seconds of work."""
        from openmined_syft.ckks.training import train_network

        model, public = self.model(campaign)
        return train_network(model, public, visit or self.visit())  # type: ignore[arg-type]

    def made_up(
        self, campaign: bytes, matrix: np.ndarray, *, key: CkksPrivateKey | None = None, version: int = 0
    ) -> EncryptedNetworkGradient:
        """A gradient with any numbers (32, 16) inside, made in milliseconds: of whoever can encrypt."""
        from openmined_syft.ckks.slots import gradient_vector

        return self.made_up_vector(campaign, gradient_vector(self.family, matrix), key=key, version=version)

    def made_up_vector(
        self, campaign: bytes, vector: np.ndarray, *, key: CkksPrivateKey | None = None, version: int = 0
    ) -> EncryptedNetworkGradient:
        """The same with any numbers in all 8,192 slots."""
        from openmined_syft.ckks.encrypted import EncryptedNetworkGradient
        from openmined_syft.ckks.keys import encrypt_for_owner
        from openmined_syft.ckks.seal import DEPTH

        own = self.ckks
        (ciphertext,) = encrypt_for_owner([(vector, DEPTH)], key or own)
        return EncryptedNetworkGradient(own.fingerprint, self.family, version, ciphertext)


@dataclass
class MadeUpNetworkWorld(NetworkWorld):
    """The same with honest gradients that were never computed under encryption: milliseconds of work."""

    def gradient(self, campaign: bytes, visit: NetworkVisit | None = None) -> EncryptedNetworkGradient:
        model, _ = self.published(campaign)
        slope = (visit or self.visit()).gradient(model.decrypt(self.ckks))
        return self.made_up(campaign, slope, version=model.version)
