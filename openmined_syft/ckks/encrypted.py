"""An encrypted network and an encrypted gradient of one: the same interface as the linear models' twins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.applying import quantised
from openmined_syft.ckks import slots
from openmined_syft.ckks.keys import CkksPrivateKey, CkksPublicKey, decrypt_vectors, encrypt_for_owner
from openmined_syft.ckks.seal import DEPTH, drift, load_ciphertext
from openmined_syft.ckks.sizes import LARGEST_CIPHERTEXT, LARGEST_GRADIENT
from openmined_syft.errors import BoundError, CiphertextError, KeyMismatchError, ShapeError, UnseenBoundError
from openmined_syft.fixed_point import WEIGHT_BITS, as_matrix, fixed_limit
from openmined_syft.models.network import LARGEST_VERSION, SquareNetwork
from openmined_syft.wire_fields import WireFields

LARGEST_WEIGHT = 64.0
LARGEST_SLOPE = 16384.0
NOISE_ALLOWED = 1e-3
# A fresh ciphertext's error is far below this; a weight that is further from the grid is none.
_GRID_ERROR = 2.0 ** -(WEIGHT_BITS + 2)


def _check_key(what: str, fingerprint: bytes, key: CkksPrivateKey | CkksPublicKey) -> None:
    if fingerprint != key.fingerprint:
        raise KeyMismatchError(
            f"the {what} is for key {fingerprint.hex()[:16]}; this is {key.fingerprint.hex()[:16]}"
        )


def _factor(level: int) -> float:
    """What weights at a level are multiplied by: the drift of the products they go into."""
    return {0: 1.0, 2: drift(1) * drift(2), 3: drift(3)}[level]


def _network_fields(network: SquareNetwork) -> dict[str, int]:
    return {"features": network.n_inputs, "outputs": network.n_outputs, "hidden": network.hidden}


def _network(reader: WireFields) -> SquareNetwork:
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
        ciphertexts: SEAL's bytes, as `slots.weight_vectors` orders them.
        weight_bound: every weight is at most this in absolute value, at most 64.
    """

    key_fingerprint: bytes
    network: SquareNetwork
    version: int
    ciphertexts: tuple[bytes, ...] = field(repr=False)
    weight_bound: float = LARGEST_WEIGHT

    def __post_init__(self) -> None:
        needed = len(slots.model_levels(self.network))
        if len(self.ciphertexts) != needed:
            raise ShapeError(f"{len(self.ciphertexts)} ciphertexts; this network needs {needed}")

    @classmethod
    def encrypt(
        cls,
        weights: ArrayLike,
        key: CkksPrivateKey,
        *,
        network: SquareNetwork,
        version: int,
        weight_bound: float = LARGEST_WEIGHT,
    ) -> "EncryptedNetwork":
        """Encrypt weights of shape `network.weights_shape`, each at most `weight_bound` in absolute value.

        They are first rounded to multiples of 2**-weight_bits, and `decrypt` rounds to the same. In CKKS
        whoever sees a ciphertext and its exact decryption learns the secret key (Li and Micciancio 2021). So
        weights that are handed on must be a function of the plaintext alone, without the ciphertext's error.

        Raises:
            ShapeError, NotFiniteError, BoundError: nothing is encrypted.
        """
        matrix = quantised(as_matrix(weights, "weights", network.weights_shape))
        bound = fixed_limit(weight_bound, WEIGHT_BITS) / 2**WEIGHT_BITS
        if bound > LARGEST_WEIGHT:
            raise BoundError(f"weight_bound is {weight_bound:.6g}; at most {LARGEST_WEIGHT} is possible")
        if np.abs(matrix).max() > bound:
            raise BoundError(f"a weight is {np.abs(matrix).max():.6g}; at most {bound:.6g} is allowed")
        pairs = zip(slots.weight_vectors(network, matrix), slots.model_levels(network), strict=True)
        vectors = [(vector * _factor(level), level) for vector, level in pairs]
        ciphertexts = tuple(encrypt_for_owner(vectors, key))
        return cls(key.fingerprint, network, version, ciphertexts, bound)

    @property
    def shape(self) -> tuple[int, int]:
        """(P + Q, H)."""
        return self.network.weights_shape

    @property
    def weight_bits(self) -> int:
        """Weights are multiples of 2**-weight_bits."""
        return WEIGHT_BITS

    @property
    def bytes_in_memory(self) -> int:
        """Of the ciphertexts."""
        return sum(map(len, self.ciphertexts))

    def check_key(self, key: CkksPrivateKey | CkksPublicKey) -> None:
        """Refuse another key.

        Raises:
            KeyMismatchError: the fingerprint differs.
        """
        _check_key("model", self.key_fingerprint, key)

    def loaded(self) -> list[Any]:
        """The ciphertexts as SEAL's objects.

        Raises:
            CiphertextError: one does not have the parameters, level, size and scale that its place asks for.
        """
        levels = slots.model_levels(self.network)
        return [load_ciphertext(data, level) for data, level in zip(self.ciphertexts, levels, strict=True)]

    def validate(self, public: CkksPrivateKey | CkksPublicKey) -> None:
        """Refuse another key and bytes that are not ciphertexts of this network.

        Raises:
            KeyMismatchError, CiphertextError: before anything is computed with them.
        """
        self.check_key(public)
        self.loaded()

    def decrypt(self, key: CkksPrivateKey) -> NDArray[np.float64]:
        """The weights, exactly what was encrypted.

        Raises:
            KeyMismatchError: nothing is decrypted.
            CiphertextError: not ciphertexts of these parameters, or what is in them is not weights.
        """
        raw = self._approximate(key)
        if not np.isfinite(raw).all() or np.abs(raw).max() > LARGEST_WEIGHT + 1:
            raise CiphertextError("the model's ciphertexts hold no weights")
        weights = quantised(raw)
        if np.abs(raw - weights).max() > _GRID_ERROR:
            raise CiphertextError("the model's ciphertexts hold numbers between those that weights can be")
        return weights

    def _approximate(self, key: CkksPrivateKey) -> NDArray[np.float64]:
        """The weights with the ciphertexts' error in them: not to be handed on."""
        self.check_key(key)
        levels = slots.model_levels(self.network)
        vectors = decrypt_vectors([(self.ciphertexts[i], levels[i]) for i in slots.READ], key)
        plain = [vector / _factor(levels[i]) for vector, i in zip(vectors, slots.READ, strict=True)]
        return slots.weights_from(self.network, plain)

    def to_fields(self) -> dict[str, Any]:
        """The wire form; `from_fields` is its inverse."""
        return {
            "key_fingerprint": self.key_fingerprint,
            "version": self.version,
            **_network_fields(self.network),
            "weight_limit": round(self.weight_bound * 2**WEIGHT_BITS),
            "ciphertexts": list(self.ciphertexts),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "EncryptedNetwork":
        """Parse the wire form. Call `validate` with the campaign's public key before use.

        Raises:
            FieldError, ParameterError: a field is missing, unknown, of a wrong type or out of range.
        """
        reader = WireFields("network", fields)
        fingerprint, network = reader.fingerprint(), _network(reader)
        version = reader.integer("version", 0, LARGEST_VERSION)
        limit = reader.integer("weight_limit", 1, int(LARGEST_WEIGHT) << WEIGHT_BITS)
        count = len(slots.model_levels(network))
        parts = reader.list_of_octets("ciphertexts", count, LARGEST_CIPHERTEXT)
        reader.finish()
        return cls(fingerprint, network, version, tuple(parts), limit / 2**WEIGHT_BITS)


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
    ciphertext: bytes = field(repr=False)

    @property
    def shape(self) -> tuple[int, int]:
        """(P + Q, H)."""
        return self.network.weights_shape

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

    def validate(self, public: CkksPrivateKey | CkksPublicKey) -> None:
        """Refuse another key and bytes that are not the ciphertext of a finished gradient.

        Raises:
            KeyMismatchError, CiphertextError: before anything is computed with it.
        """
        _check_key("gradient", self.key_fingerprint, public)
        load_ciphertext(self.ciphertext, DEPTH)

    def decrypt(self, key: CkksPrivateKey) -> NDArray[np.float64]:
        """The gradient, shape (P + Q, H), for the key's owner only.

        Raises:
            KeyMismatchError, CiphertextError: nothing is decrypted.
            UnseenBoundError: an entry is above 16,384, or a slot that must be empty is not. It may be another
                computation than the agreed one; but large weights do the same to an honest one.
        """
        _check_key("gradient", self.key_fingerprint, key)
        (vector,) = decrypt_vectors([(self.ciphertext, DEPTH)], key)
        gradient, rest = slots.gradient_from(self.network, vector)
        outside = np.abs(rest).max()
        if not (np.isfinite(vector).all() and outside <= NOISE_ALLOWED):
            raise UnseenBoundError(
                f"a slot outside the gradient holds {outside:.6g}; at most {NOISE_ALLOWED} may be"
            )
        largest = np.abs(gradient).max()
        if largest > LARGEST_SLOPE:
            raise UnseenBoundError(
                f"an entry of the gradient is {largest:.6g}; at most {LARGEST_SLOPE:.6g} may be"
            )
        return gradient

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
        """Parse the wire form. Call `check_base` and `validate` before use.

        Raises:
            FieldError, ParameterError: a field is missing, unknown, of a wrong type or out of range.
        """
        reader = WireFields("network gradient", fields)
        fingerprint, network = reader.fingerprint(), _network(reader)
        base = reader.integer("base_version", 0, LARGEST_VERSION)
        (ciphertext,) = reader.list_of_octets("ciphertexts", 1, LARGEST_GRADIENT)
        reader.finish()
        return cls(fingerprint, network, base, ciphertext)
