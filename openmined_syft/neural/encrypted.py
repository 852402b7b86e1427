"""An encrypted network and an encrypted gradient of one: the same interface as the linear models' twins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import BoundError, KeyMismatchError, ShapeError
from openmined_syft.fields import Fields
from openmined_syft.fixed_point import as_matrix
from openmined_syft.neural import slots
from openmined_syft.neural.ckks import (
    CkksPrivateKey,
    CkksPublicKey,
    decrypt_vector,
    encrypt_for_owner,
    load_ciphertext,
)
from openmined_syft.neural.network import SquareNetwork

LARGEST_CIPHERTEXT = 1 << 22
LARGEST_WEIGHT = 64.0
NOISE_ALLOWED = 1e-3


def _check_key(what: str, fingerprint: bytes, public: CkksPublicKey) -> None:
    if fingerprint != public.fingerprint:
        raise KeyMismatchError(
            f"the {what} is for key {fingerprint.hex()[:16]}; this is {public.fingerprint.hex()[:16]}"
        )


def _network_fields(network: SquareNetwork) -> dict[str, int]:
    return {"features": network.n_features, "outputs": network.n_outputs, "hidden": network.hidden}


def _network(reader: Fields) -> SquareNetwork:
    return SquareNetwork(
        reader.integer("features", 9, 128), reader.integer("outputs", 2, 16), reader.integer("hidden", 16, 64)
    )


@dataclass(frozen=True)
class EncryptedNetwork:
    """All weights of a network under a campaign's CKKS key.

    Attributes:
        key_fingerprint: 32 bytes.
        network: the shape; its seed does not travel.
        version: number of improvements so far.
        ciphertexts: SEAL's bytes: W1, then the Q diagonals of W2.
    """

    key_fingerprint: bytes
    network: SquareNetwork
    version: int
    ciphertexts: tuple[bytes, ...]

    def __post_init__(self) -> None:
        needed = 1 + self.network.outputs_padded
        if len(self.ciphertexts) != needed:
            raise ShapeError(f"{len(self.ciphertexts)} ciphertexts; this network needs {needed}")

    @classmethod
    def encrypt(
        cls, weights: ArrayLike, key: CkksPrivateKey, *, network: SquareNetwork, version: int
    ) -> "EncryptedNetwork":
        """Encrypt weights of shape `network.weights_shape`, each at most 64 in absolute value.

        Raises:
            ShapeError, NotFiniteError, BoundError: nothing is encrypted.
        """
        matrix = as_matrix(weights, "weights", network.weights_shape)
        if np.abs(matrix).max() > LARGEST_WEIGHT:
            raise BoundError(f"a weight is {np.abs(matrix).max():.6g}; at most {LARGEST_WEIGHT} is allowed")
        first, *second = slots.weight_vectors(network, matrix)
        vectors = [(first, 0), *((vector, 2) for vector in second)]
        return cls(key.public.fingerprint, network, version, tuple(encrypt_for_owner(vectors, key)))

    @property
    def shape(self) -> tuple[int, int]:
        """(P + Q, H)."""
        return self.network.weights_shape

    def check_key(self, public: CkksPublicKey) -> None:
        """Refuse another key.

        Raises:
            KeyMismatchError: the fingerprint differs.
        """
        _check_key("model", self.key_fingerprint, public)

    def decrypt(self, key: CkksPrivateKey) -> NDArray[np.float64]:
        """The weights, to about 1e-6.

        Raises:
            KeyMismatchError, CiphertextError: nothing is decrypted.
        """
        self.check_key(key.public)
        first, *second = [decrypt_vector(data, key) for data in self.ciphertexts]
        network = self.network
        H, Q, B = network.hidden, network.outputs_padded, network.batch
        weights = np.zeros(network.weights_shape)
        weights[: network.inputs_padded] = first.reshape(H, B)[:, : network.inputs_padded].T
        unit = np.arange(H)
        for d, vector in enumerate(second):
            weights[network.inputs_padded + unit % Q, (unit + d) % H] = vector.reshape(H, B)[:, 0]
        return weights

    def to_fields(self) -> dict[str, Any]:
        """The wire form; `from_fields` is its inverse."""
        return {
            "key_fingerprint": self.key_fingerprint,
            "version": self.version,
            **_network_fields(self.network),
            "ciphertexts": list(self.ciphertexts),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "EncryptedNetwork":
        """Parse the wire form; the ciphertexts are parsed when used.

        Raises:
            FieldError, ParameterError: a field is missing, unknown, of a wrong type or out of range.
        """
        reader = Fields("network", fields)
        fingerprint, network = reader.fingerprint(), _network(reader)
        version = reader.integer("version", 0, (1 << 32) - 1)
        parts = reader.list_of_octets("ciphertexts", 1 + network.outputs_padded, LARGEST_CIPHERTEXT)
        reader.finish()
        return cls(fingerprint, network, version, tuple(parts))


@dataclass(frozen=True)
class EncryptedNetworkGradient:
    """The gradient of a mini-batch: one ciphertext, with a fresh encryption of zero in it.

    Attributes:
        key_fingerprint: 32 bytes.
        network: the shape.
        base_version: version of the model it is for.
        ciphertext: SEAL's bytes.
    """

    key_fingerprint: bytes
    network: SquareNetwork
    base_version: int
    ciphertext: bytes

    def check_base(self, model: EncryptedNetwork) -> None:
        """Refuse a gradient made for another key or network, or for a version that is not there yet.

        Raises:
            KeyMismatchError, ShapeError, BoundError: naming what differs.
        """
        if self.key_fingerprint != model.key_fingerprint:
            raise KeyMismatchError(f"the gradient is for key {self.key_fingerprint.hex()[:16]}")
        if _network_fields(self.network) != _network_fields(model.network):
            raise ShapeError(f"the gradient is for {self.network}; the model is {model.network}")
        if self.base_version > model.version:
            raise BoundError(
                f"the gradient is for version {self.base_version}; the model is at {model.version}"
            )

    def decrypt(self, key: CkksPrivateKey) -> NDArray[np.float64]:
        """The gradient, shape (P + Q, H), for the key's owner only.

        Raises:
            KeyMismatchError, CiphertextError: nothing is decrypted.
            BoundError: a slot that must be empty is not: another computation than the agreed one.
        """
        _check_key("gradient", self.key_fingerprint, key.public)
        load_ciphertext(self.ciphertext)
        vector = decrypt_vector(self.ciphertext, key)
        network = self.network
        used = slots.mask(network, 0, network.inputs_padded + network.outputs_padded, 1.0)
        outside = np.abs(vector * (1 - used)).max()
        if not (np.isfinite(vector).all() and outside <= NOISE_ALLOWED):
            raise BoundError(
                f"a slot outside the gradient holds {outside:.6g}; at most {NOISE_ALLOWED} may be"
            )
        return slots.gradient_from(network, vector) * network.used

    def to_fields(self) -> dict[str, Any]:
        """The wire form; `from_fields` is its inverse."""
        return {
            "key_fingerprint": self.key_fingerprint,
            "base_version": self.base_version,
            **_network_fields(self.network),
            "ciphertexts": [self.ciphertext],
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "EncryptedNetworkGradient":
        """Parse the wire form; the ciphertext is parsed when used.

        Raises:
            FieldError, ParameterError: a field is missing, unknown, of a wrong type or out of range.
        """
        reader = Fields("network gradient", fields)
        fingerprint, network = reader.fingerprint(), _network(reader)
        base = reader.integer("base_version", 0, (1 << 32) - 1)
        (ciphertext,) = reader.list_of_octets("ciphertexts", 1, LARGEST_CIPHERTEXT)
        reader.finish()
        return cls(fingerprint, network, base, ciphertext)
