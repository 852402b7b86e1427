"""Paillier as a scheme: the linear families, trained by one affine map a visit."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from openmined_syft.affine import AffineMap
from openmined_syft.blocks import Blocks
from openmined_syft.errors import FormError, KeyFormError, KeySizeError, SizeError
from openmined_syft.fixed_point import LARGEST_ENTRIES, fixed_limit, fixed_map
from openmined_syft.models import ModelFamily
from openmined_syft.paillier.certificate import certificate_bytes, is_certified
from openmined_syft.paillier.encrypted import EncryptedGradient, EncryptedModel
from openmined_syft.paillier.keys import (
    LARGEST_BITS,
    SCHEME,
    SMALLEST_BITS,
    PrivateKey,
    PublicKey,
    generate_keypair,
)
from openmined_syft.paillier.layout import Layout
from openmined_syft.paillier.noise_pool import NoisePool
from openmined_syft.paillier.training import check_bounds, to_offsets, train
from openmined_syft.schemes.ahead import Ahead
from openmined_syft.schemes.linear import LARGEST_ROWS, LinearScheme, check_declared, largest_where
from openmined_syft.wire_fields import FINGERPRINT_BYTES

MOST_PUBLIC_BYTES = 16 * 1024
LARGEST_WORK = 1 << 25  # rows^2 * blocks of columns of a visit: some minutes of one core at 2048 bits
_ENVELOPE = 64 * 1024  # of a model: everything but its ciphertexts
_FIELDS = 1024  # the same of a gradient, before it is in an envelope


class PaillierScheme(LinearScheme[PublicKey, PrivateKey, EncryptedModel, EncryptedGradient]):
    """Additive encryption, exact."""

    name = SCHEME
    key_sizes = (3072, 2048, 4096)
    largest_weight = 1e6

    @override
    def require_usable(self) -> None:
        """gmpy2 and phe are always there."""

    @override
    def generate(self, bits: int) -> PrivateKey:
        """A new pair of primes."""
        return generate_keypair(bits)

    @override
    def secret_fields(self, key: PrivateKey) -> dict[str, str]:
        """The primes, hexadecimal."""
        return {"p": f"{key.p:x}", "q": f"{key.q:x}"}

    @override
    def key_from_secret(self, fields: Mapping[str, Any]) -> PrivateKey:
        """From the primes."""
        return PrivateKey.from_primes(int(fields["p"], 16), int(fields["q"], 16))

    @override
    def size_of(self, key: PrivateKey | PublicKey) -> int:
        """Bits of the modulus."""
        return key.bits

    @override
    def public_half(self, key: PrivateKey, family: ModelFamily) -> PublicKey:
        """The modulus: the same for every family."""
        return key.public

    @override
    def public_fields(self, public: PublicKey) -> dict[str, Any]:
        """Modulus (big-endian, shortest form), fingerprint and certificate."""
        n = int(public.n)
        return {
            "n": n.to_bytes((n.bit_length() + 7) // 8, "big"),
            "fingerprint": public.fingerprint,
            "certificate": public.certificate,
        }

    @override
    def public_from_fields(
        self, fields: Mapping[str, Any], *, allow_small_for_tests: bool = False
    ) -> PublicKey:
        """The modulus, checked as far as it can be, its fingerprint, recomputed, and its certificate."""
        for name in fields:
            if name not in ("n", "fingerprint", "certificate"):
                raise FormError(str(name)[:60], "there", "no such field")
        octets, fingerprint = fields.get("n"), fields.get("fingerprint")
        if not isinstance(octets, bytes) or not 1 <= len(octets) <= LARGEST_BITS // 8:
            raise FormError("n", _shown(octets), f"1 to {LARGEST_BITS // 8} bytes")
        if octets[0] == 0:
            raise FormError("n", "padded with zero bytes", "its shortest form")
        if not isinstance(fingerprint, bytes) or len(fingerprint) != FINGERPRINT_BYTES:
            raise FormError("fingerprint", _shown(fingerprint), f"{FINGERPRINT_BYTES} bytes")
        try:
            key = PublicKey.from_n(int.from_bytes(octets, "big"), allow_small=allow_small_for_tests)
        except (KeySizeError, KeyFormError) as error:
            raise FormError("n", str(error), "a Paillier modulus") from None
        if key.fingerprint != fingerprint:
            raise FormError("fingerprint", fingerprint.hex(), key.fingerprint.hex())
        certificate, needed = fields.get("certificate"), certificate_bytes(key.n)
        if not isinstance(certificate, bytes) or len(certificate) != needed:
            raise FormError("certificate", _shown(certificate), f"{needed} bytes")
        if not is_certified(key.n, certificate):
            raise FormError("certificate", "no proof", "a proof that gcd(n, phi(n)) = 1")
        return replace(key, certificate=certificate)

    @override
    def encrypt(
        self,
        weights: NDArray[np.float64],
        key: PrivateKey,
        family: ModelFamily,
        *,
        version: int,
        weight_bound: float,
        ahead: Ahead | None = None,
    ) -> EncryptedModel:
        """In the layout that the shape, the key and the bound give."""
        layout = Layout.choose(family.weights_shape, key.bits, weight_bound)
        return EncryptedModel.encrypt(
            weights, key, version=version, weight_bound=weight_bound, layout=layout, pool=_pool(ahead)
        )

    @override
    def ahead_of_model(self, model: EncryptedModel, key: PrivateKey) -> NoisePool:
        """Noise for each of its ciphertexts."""
        return NoisePool.of_owner(key, model.layout.model_ciphertexts)

    @override
    def model_from_fields(self, fields: Mapping[str, Any]) -> EncryptedModel:
        """An `EncryptedModel`."""
        return EncryptedModel.from_fields(fields)

    @override
    def gradient_from_fields(self, fields: Mapping[str, Any]) -> EncryptedGradient:
        """An `EncryptedGradient`."""
        return EncryptedGradient.from_fields(fields)

    @override
    def validate(self, gradient: EncryptedGradient, key: PrivateKey) -> None:
        """Every number is one that an encryption could be."""
        gradient.validate(key.public)

    @override
    def require_sound(self, key: PrivateKey) -> None:
        """Integers are integers: what this machine lacks shows in errors of Python's own."""

    @override
    def check_form(
        self, model: EncryptedModel, public: PublicKey, family: ModelFamily, weight_bound: float
    ) -> None:
        """The usual layout, small enough to train, and no weight declared beyond the bound.

        Whoever holds the key can hide any numbers in a model. In a packing of their own choice, with one row
        in each ciphertext, one gradient would give them the whole matrix X'X; in the usual one rows share a
        ciphertext.
        """
        work = family.weights_shape[0] ** 2 * model.layout.column_blocks
        if work > LARGEST_WORK:
            raise FormError("layout", work, f"at most {LARGEST_WORK} rows^2 * column blocks")
        most = fixed_limit(weight_bound, model.layout.weight_bits)
        usual = Layout.choose(family.weights_shape, public.bits, weight_bound)
        check_declared(model.weight_limit, model.layout, most=most, usual=usual)

    @override
    def train(
        self,
        model: EncryptedModel,
        public: PublicKey,
        visit: AffineMap,
        *,
        ahead: Ahead | None = None,
        blocks: Blocks | None = None,
    ) -> EncryptedGradient:
        """The encrypted difference (A - I) W + c."""
        return train(model, public, visit, pool=_pool(ahead), blocks=blocks)

    @override
    def ahead_of_visit(self, model: EncryptedModel, public: PublicKey) -> NoisePool:
        """Noise for each ciphertext of a gradient."""
        return NoisePool.of_mine(public, model.layout.gradient_ciphertexts)

    @override
    def plain_gradient(
        self,
        family: ModelFamily,
        weights: NDArray[np.float64],
        visit: AffineMap,
        bits: int,
        weight_bound: float,
    ) -> NDArray[np.float64]:
        """(A - I) W + c, if no slot could overflow."""
        layout = Layout.choose(family.weights_shape, bits, weight_bound)
        matrix = fixed_map(visit.A, layout.map_bits)
        check_bounds(
            matrix, to_offsets(visit.c, layout), fixed_limit(weight_bound, layout.weight_bits), layout
        )
        return visit(weights) - weights

    @override
    def check_size(self, family: ModelFamily, bits: int, weight_bound: float) -> None:
        """Rows^2 * column blocks of the layout, as a mine will count them."""
        rows, columns = family.weights_shape
        if not _fits(rows, columns, bits, weight_bound):
            largest = largest_where(lambda d: _fits(d, columns, bits, weight_bound), LARGEST_ROWS)
            raise SizeError(self.name, (rows, columns), (largest, columns))

    @override
    def most_public_bytes(self, family: ModelFamily) -> int:
        """A modulus and little more."""
        return MOST_PUBLIC_BYTES

    @override
    def most_model_bytes(self, family: ModelFamily, bits: int) -> int:
        """As if each weight had a ciphertext of its own."""
        rows, columns = family.weights_shape
        return rows * columns * (bits // 4) + _ENVELOPE

    @override
    def most_gradient_bytes(self, model: EncryptedModel) -> int:
        """Its ciphertexts and some numbers beside them."""
        return model.layout.gradient_ciphertexts * (model.layout.key_bits // 4) + _FIELDS

    @override
    def effort(self, family: ModelFamily, bits: int, weight_bound: float) -> float:
        """Ciphertexts, each dearer with the third power of the key's length."""
        layout = Layout.choose(family.weights_shape, bits, weight_bound)
        return float(layout.model_ciphertexts * (bits / SMALLEST_BITS) ** 3)


def _pool(ahead: Ahead | None) -> NoisePool | None:
    if ahead is None or isinstance(ahead, NoisePool):
        return ahead
    raise TypeError(f"{type(ahead).__name__} was not made ahead by {SCHEME}")


def _fits(rows: int, columns: int, bits: int, weight_bound: float) -> bool:
    if rows > LARGEST_ROWS or rows * columns > LARGEST_ENTRIES or rows**2 > LARGEST_WORK:
        return False
    return rows**2 * Layout.choose((rows, columns), bits, weight_bound).column_blocks <= LARGEST_WORK


def _shown(value: object) -> str:
    return f"{len(value)} bytes" if isinstance(value, bytes) else "missing" if value is None else "no bytes"
