"""CKKS as a scheme: networks, trained by one encrypted gradient of a mini-batch a visit (extra `nn`)."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from openmined_syft.blocks import Blocks
from openmined_syft.ckks import keys as ckks
from openmined_syft.ckks import sizes
from openmined_syft.ckks.encrypted import (
    LARGEST_SLOPE,
    LARGEST_WEIGHT,
    EncryptedNetwork,
    EncryptedNetworkGradient,
)
from openmined_syft.ckks.keys import CkksPrivateKey, CkksPublicKey
from openmined_syft.ckks.seal import DEPTH, PRIME_BITS
from openmined_syft.ckks.slots import MOST_ROTATIONS
from openmined_syft.ckks.training import train_network
from openmined_syft.errors import BoundError, FormError, KernelError, PrivacyError, SyftError
from openmined_syft.models import Inputs, Learnable, ModelFamily, Rows
from openmined_syft.models.curvature import curved_steps
from openmined_syft.models.network import SLOTS, NetworkVisit, SquareNetwork
from openmined_syft.rules import Rule
from openmined_syft.schemes.ahead import Ahead
from openmined_syft.schemes.interface import Direction, Scheme
from openmined_syft.schemes.unpacking import require_few_keys

_IN_A_SET = len(PRIME_BITS) - 1  # keys that one relinearisation or rotation takes
_LARGEST_UNPACKED = 2 * len(PRIME_BITS) * ckks.RING * 8 + 1024  # of a key: two polynomials

EFFORT = 1500.0
"""An opening (keys, bundle and first version) took 2.1 s where an encryption under 2048 bits of Paillier took
2.3 ms: as long as some 920 of those. Kept well above that."""


class CkksScheme(
    Scheme[CkksPublicKey, CkksPrivateKey, EncryptedNetwork, EncryptedNetworkGradient, NetworkVisit]
):
    """Encryption of vectors of approximate numbers that can be multiplied with each other."""

    name = ckks.SCHEME
    key_sizes = (ckks.RING,)
    largest_weight = LARGEST_WEIGHT
    fresh_rows = True

    @override
    def require_usable(self) -> None:
        """TenSEAL must be there."""
        ckks.seal()

    @override
    def generate(self, bits: int) -> CkksPrivateKey:
        """A new secret; `bits` is the degree of the ring, and there is one."""
        if bits != ckks.RING:
            raise FormError("key_bits", bits, str(ckks.RING))
        return CkksPrivateKey.generate()

    @override
    def secret_fields(self, key: CkksPrivateKey) -> dict[str, str]:
        """SEAL's bytes, base64."""
        return {"secret": base64.b64encode(key.secret).decode()}

    @override
    def key_from_secret(self, fields: Mapping[str, Any]) -> CkksPrivateKey:
        """From SEAL's bytes."""
        return CkksPrivateKey.from_secret(base64.b64decode(fields["secret"], validate=True))

    @override
    def size_of(self, key: CkksPrivateKey | CkksPublicKey) -> int:
        """The degree of the ring."""
        return ckks.RING

    @override
    def public_half(self, key: CkksPrivateKey, family: ModelFamily) -> CkksPublicKey:
        """Keys to encrypt, to relinearise, and for the rotations that the network needs; new ones each
        time.
        """
        return key.public_bundle(_network(family))

    @override
    def public_fields(self, public: CkksPublicKey) -> dict[str, Any]:
        """Fingerprint and SEAL's bytes."""
        return public.to_fields()

    @override
    def public_from_fields(
        self,
        fields: Mapping[str, Any],
        *,
        allow_small_for_tests: bool = False,
    ) -> CkksPublicKey:
        """Parsed by SEAL when they are used; before, that they do not unpack to much more than keys do."""
        public = CkksPublicKey.from_fields(fields)
        for name, sets in (("relinearisation", 1), ("rotation", MOST_ROTATIONS)):
            require_few_keys(name, getattr(public, name), sets * _IN_A_SET, largest=_LARGEST_UNPACKED)
        return public

    @override
    def encrypt(
        self,
        weights: NDArray[np.float64],
        key: CkksPrivateKey,
        family: ModelFamily,
        *,
        version: int,
        weight_bound: float,
        ahead: Ahead | None = None,
    ) -> EncryptedNetwork:
        """In the slots that the network's sizes give."""
        return EncryptedNetwork.encrypt(
            weights, key, network=_network(family), version=version, weight_bound=weight_bound
        )

    @override
    def model_from_fields(self, fields: Mapping[str, Any]) -> EncryptedNetwork:
        """An `EncryptedNetwork`."""
        return EncryptedNetwork.from_fields(fields)

    @override
    def gradient_from_fields(self, fields: Mapping[str, Any]) -> EncryptedNetworkGradient:
        """An `EncryptedNetworkGradient`."""
        return EncryptedNetworkGradient.from_fields(fields)

    @override
    def validate(self, gradient: EncryptedNetworkGradient, key: CkksPrivateKey) -> None:
        """SEAL accepts it, at the level and scale that the computation ends with."""
        gradient.validate(key)

    @override
    def require_sound(self, key: CkksPrivateKey) -> None:
        """One of the lightest ciphertexts, which a gradient is."""
        try:
            (sound,) = ckks.encrypt_for_owner([(np.ones(SLOTS), DEPTH)], key)
            (ones,) = ckks.decrypt_vectors([(sound, DEPTH)], key)
        except (SyftError, OSError, MemoryError, RuntimeError, ValueError):
            raise KernelError("this machine cannot work with CKKS ciphertexts now") from None
        if not np.abs(ones - 1).max() < 1e-3:
            raise KernelError("this machine decrypts CKKS ciphertexts wrongly")

    @override
    def check_form(
        self,
        model: EncryptedNetwork,
        public: CkksPublicKey,
        family: ModelFamily,
        weight_bound: float,
    ) -> None:
        """The spec's own sizes, and no weight declared beyond the bound.

        That the slots hold what they should cannot be seen from outside.
        """
        ours, theirs = _sizes(_network(family)), _sizes(model.network)
        if ours != theirs:
            raise FormError("network", theirs, str(ours))
        if model.weight_bound > weight_bound:
            raise FormError("weight_limit", model.weight_bound, f"at most {weight_bound:g}")

    @override
    def visit(
        self,
        family: ModelFamily,
        data: Learnable,
        rule: Rule | None,
        *,
        version: int,
        salt: bytes,
    ) -> NetworkVisit:
        """A mini-batch: other rows for each version, the same again after a crash."""
        if not isinstance(data, Rows):
            raise PrivacyError(
                "a network learns from records, not from a release of their sums: how much that gives away "
                "of a single record cannot be bounded yet; use a linear model"
            )
        return _network(family).batch_visit(data.X, data.y, version=version, salt=salt)

    @override
    def train(
        self,
        model: EncryptedNetwork,
        public: CkksPublicKey,
        visit: NetworkVisit,
        *,
        ahead: Ahead | None = None,
        blocks: Blocks | None = None,
    ) -> EncryptedNetworkGradient:
        """The encrypted slope of the batch's loss, worked out here: it is not cut into blocks."""
        return train_network(model, public, visit)

    @override
    def plain_gradient(
        self,
        family: ModelFamily,
        weights: NDArray[np.float64],
        visit: NetworkVisit,
        bits: int,
        weight_bound: float,
    ) -> NDArray[np.float64]:
        """The slope of the batch, if a ciphertext holds it."""
        slope = visit.gradient(weights)
        if not np.abs(slope).max(initial=0.0) <= LARGEST_SLOPE:
            raise BoundError(
                f"an entry of the gradient is {np.abs(slope).max():.6g}; at most {LARGEST_SLOPE:.6g} may be"
            )
        return slope

    @override
    def directions(
        self,
        family: ModelFamily,
        weights: NDArray[np.float64],
        gradient: NDArray[np.float64],
        X: Inputs,
    ) -> tuple[Direction, ...]:
        """Against the slope, bent by the curvature on Capsule's own rows; one for each damping."""
        found = curved_steps(_network(family), weights, gradient, X)
        return tuple(Direction(difference, damping) for damping, difference in found.items())

    @override
    def fit(self, family: ModelFamily, weights: NDArray[np.float64], X: Inputs, y: NDArray[Any]) -> float:
        """The squared error of the scores, negative."""
        network = _network(family)
        errors = network.scores(weights, X) - network.targets(y)[:, : network.n_outputs]
        return -float((errors**2).mean())

    @override
    def is_trainable(
        self, family: ModelFamily, weights: NDArray[np.float64], X: Inputs, y: NDArray[Any]
    ) -> bool:
        """Whether no row alone has a slope above a quarter of what a ciphertext holds. A mine cannot see that
        it has more.
        """
        return _network(family).largest_slope(weights, X, y) <= LARGEST_SLOPE / 4

    @override
    def most_public_bytes(self, family: ModelFamily) -> int:
        """By the number of rotation keys."""
        return sizes.bundle_bytes(_network(family))

    @override
    def most_model_bytes(self, family: ModelFamily, bits: int) -> int:
        """By the number of ciphertexts."""
        return sizes.model_bytes(_network(family))

    @override
    def most_gradient_bytes(self, model: EncryptedNetwork) -> int:
        """One ciphertext."""
        return sizes.gradient_bytes(model.network)

    @override
    def check_size(self, family: ModelFamily, bits: int, weight_bound: float) -> None:
        """Always: a network's sizes have limits of their own."""

    @override
    def effort(self, family: ModelFamily, bits: int, weight_bound: float) -> float:
        """The same for every network that fits the slots."""
        return EFFORT


def _network(family: ModelFamily) -> SquareNetwork:
    if not isinstance(family, SquareNetwork):
        raise TypeError(f"family {family.name} is not trained under {ckks.SCHEME}")
    return family


def _sizes(network: SquareNetwork) -> tuple[int, int, int]:
    return network.n_inputs, network.hidden, network.n_outputs
