"""Ring-LWE as a scheme: the linear families up to thousands of inputs, trained by one affine map a visit."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from openmined_syft.affine import AffineMap
from openmined_syft.blocks import Blocks
from openmined_syft.errors import FormError, KernelError, SyftError
from openmined_syft.fixed_point import fixed_limit
from openmined_syft.lattice.ring import DEGREE
from openmined_syft.models import ModelFamily
from openmined_syft.rlwe.gradient import RlweGradient, gradient_bytes
from openmined_syft.rlwe.keys import SCHEME, RlwePrivateKey, RlwePublicKey
from openmined_syft.rlwe.layout import MOST_POLYNOMIALS, POLYNOMIAL_BYTES, WEIGHT_BITS, ZEROS, RlweLayout
from openmined_syft.rlwe.model import RlweModel
from openmined_syft.rlwe.training import check_visit, train
from openmined_syft.schemes.ahead import Ahead
from openmined_syft.schemes.linear import LinearScheme, check_declared
from openmined_syft.wire_fields import WireFields

_FIELDS = 1024  # names, numbers and lengths around what travels
MOST_PUBLIC_BYTES = _FIELDS


class RlweScheme(LinearScheme[RlwePublicKey, RlwePrivateKey, RlweModel, RlweGradient]):
    """Additive encryption of polynomials, exact."""

    name = SCHEME
    key_sizes = (DEGREE,)
    largest_weight = 4096.0

    @override
    def require_usable(self) -> None:
        """The kernel in numpy always works; faster ones are taken where they are."""

    @override
    def generate(self, bits: int) -> RlwePrivateKey:
        """A new master secret; `bits` is the degree of the ring, and there is one."""
        if bits != DEGREE:
            raise FormError("key_bits", bits, str(DEGREE))
        return RlwePrivateKey.generate()

    @override
    def secret_fields(self, key: RlwePrivateKey) -> dict[str, str]:
        """The master secret, base64."""
        return {"master": base64.b64encode(key.master).decode()}

    @override
    def key_from_secret(self, fields: Mapping[str, Any]) -> RlwePrivateKey:
        """From the master secret."""
        return RlwePrivateKey(base64.b64decode(fields["master"], validate=True))

    @override
    def size_of(self, key: RlwePrivateKey | RlwePublicKey) -> int:
        """The degree of the ring."""
        return DEGREE

    @override
    def public_half(self, key: RlwePrivateKey, family: ModelFamily) -> RlwePublicKey:
        """A fingerprint; what mines encrypt with comes with each version."""
        return key.public

    @override
    def public_fields(self, public: RlwePublicKey) -> dict[str, Any]:
        """Fingerprint and degree."""
        return {"key_fingerprint": public.fingerprint, "degree": DEGREE}

    @override
    def public_from_fields(
        self, fields: Mapping[str, Any], *, allow_small_for_tests: bool = False
    ) -> RlwePublicKey:
        """Fingerprint and degree, and nothing else."""
        reader = WireFields("rlwe public key", fields)
        fingerprint, _ = reader.fingerprint(), reader.integer("degree", DEGREE, DEGREE)
        reader.finish()
        return RlwePublicKey(fingerprint)

    @override
    def encrypt(
        self,
        weights: NDArray[np.float64],
        key: RlwePrivateKey,
        family: ModelFamily,
        *,
        version: int,
        weight_bound: float,
        ahead: Ahead | None = None,
    ) -> RlweModel:
        """In the layout that the shape and the bound give, under the version's own secret."""
        return RlweModel.encrypt(weights, key, version=version, weight_bound=weight_bound)

    @override
    def model_from_fields(self, fields: Mapping[str, Any]) -> RlweModel:
        """An `RlweModel`."""
        return RlweModel.from_fields(fields)

    @override
    def gradient_from_fields(self, fields: Mapping[str, Any]) -> RlweGradient:
        """An `RlweGradient`."""
        return RlweGradient.from_fields(fields)

    @override
    def validate(self, gradient: RlweGradient, key: RlwePrivateKey) -> None:
        """The key, and that all numbers are packed as they should be: any number is an answer's."""
        gradient.validate(key)

    @override
    def require_sound(self, key: RlwePrivateKey) -> None:
        """A model of one weight, encrypted and decrypted."""
        weights = np.array([[0.5]])
        try:
            again = RlweModel.encrypt(weights, key, version=0, weight_bound=1.0).decrypt(key)
        except (SyftError, OSError, MemoryError, RuntimeError, ValueError):
            raise KernelError("this machine cannot work with rlwe ciphertexts now") from None
        if not np.array_equal(again, weights):
            raise KernelError("this machine decrypts rlwe ciphertexts wrongly")

    @override
    def check_form(
        self, model: RlweModel, public: RlwePublicKey, family: ModelFamily, weight_bound: float
    ) -> None:
        """The one layout, and no weight declared beyond the bound.

        No second half of a polynomial travels, so there is none to be chosen; what Capsule writes into first
        halves, the masks of a visit do not let it see more than its answers hold.
        """
        most = fixed_limit(weight_bound, WEIGHT_BITS)
        usual = RlweLayout.choose(family.weights_shape, weight_bound)
        check_declared(model.weight_limit, model.layout, most=most, usual=usual)

    @override
    def train(
        self,
        model: RlweModel,
        public: RlwePublicKey,
        visit: AffineMap,
        *,
        ahead: Ahead | None = None,
        blocks: Blocks | None = None,
    ) -> RlweGradient:
        """The encrypted difference (A - I) W + c."""
        return train(model, public, visit, blocks=blocks)

    @override
    def plain_gradient(
        self,
        family: ModelFamily,
        weights: NDArray[np.float64],
        visit: AffineMap,
        bits: int,
        weight_bound: float,
    ) -> NDArray[np.float64]:
        """(A - I) W + c, if no slot could overflow and the flood covers the noise."""
        check_visit(
            visit,
            RlweLayout.choose(family.weights_shape, weight_bound),
            fixed_limit(weight_bound, WEIGHT_BITS),
        )
        return visit(weights) - weights

    @override
    def check_size(self, family: ModelFamily, bits: int, weight_bound: float) -> None:
        """Whether there is a layout."""
        RlweLayout.choose(family.weights_shape, weight_bound)

    @override
    def most_public_bytes(self, family: ModelFamily) -> int:
        """A fingerprint and little more."""
        return MOST_PUBLIC_BYTES

    @override
    def most_model_bytes(self, family: ModelFamily, bits: int) -> int:
        """As many polynomials as any layout of that shape could have."""
        return (MOST_POLYNOMIALS + ZEROS) * POLYNOMIAL_BYTES + _FIELDS

    @override
    def most_gradient_bytes(self, model: RlweModel) -> int:
        """Its numbers and some fields."""
        return gradient_bytes(model.layout) + _FIELDS

    @override
    def effort(self, family: ModelFamily, bits: int, weight_bound: float) -> float:
        """Polynomials: each takes about as long as a ciphertext of 2,048-bit Paillier keys on gmpy2."""
        layout = RlweLayout.choose(family.weights_shape, weight_bound)
        return float(layout.polynomials + ZEROS)
