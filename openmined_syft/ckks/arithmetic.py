"""Operations on ciphertexts under a public key.

A product that is not yet relinearised has three parts; one that is not yet rescaled is at SCALE squared.
"""

import functools
from collections.abc import Sequence
from typing import Any

from openmined_syft.ckks.hiding import Hiding
from openmined_syft.ckks.keys import CkksPublicKey
from openmined_syft.ckks.seal import SCALE, Vector, context, encode, from_bytes, levels
from openmined_syft.ckks.slots import J
from openmined_syft.errors import CiphertextError, KeyFormError
from openmined_syft.seal_bindings import seal


class Arithmetic:
    """What a network's gradient is made of. Nothing changes its operands but `added`.

    Args:
        public: the keys.
        elements: SEAL's numbers of the rotations that will be needed.

    Raises:
        KeyFormError: the bytes are not keys of these parameters, or a rotation is missing.
    """

    def __init__(self, public: CkksPublicKey, elements: Sequence[int]) -> None:
        s = seal()
        try:
            self._hiding = Hiding(public.zeros)
            self._relinearisation = from_bytes("RelinKeys", public.relinearisation)
            self._rotation = from_bytes("GaloisKeys", public.rotation)
        except CiphertextError as problem:
            raise KeyFormError(f"the CKKS public key: {problem}") from None
        if not all(self._rotation.has_key(element) for element in elements):
            raise KeyFormError("the CKKS public key: a rotation key that the network needs is missing")
        self._evaluator = s.Evaluator(context())
        self._new = s.Ciphertext

    def _aligned(self, a: Any, b: Any) -> tuple[Any, Any]:
        """Both at the lower level of the two."""
        if a.coeff_modulus_size() > b.coeff_modulus_size():
            return self._switched(a, b.parms_id()), b
        if b.coeff_modulus_size() > a.coeff_modulus_size():
            return a, self._switched(b, a.parms_id())
        return a, b

    def _switched(self, a: Any, level: Any) -> Any:
        result = self._new()
        self._evaluator.mod_switch_to(a, level, result)
        return result

    def at_level(self, a: Any, level: int) -> Any:
        """The same numbers as after `level` multiplications."""
        return a if a.parms_id() == levels()[level] else self._switched(a, levels()[level])

    def add(self, a: Any, b: Any) -> Any:
        """a + b."""
        result = self._new()
        self._evaluator.add(a, b, result)
        return result

    def subtract(self, a: Any, b: Any) -> Any:
        """a - b."""
        result = self._new()
        self._evaluator.sub(a, b, result)
        return result

    def added(self, total: Any | None, a: Any | None) -> Any:
        """total + a, None being nothing. `total` is used up: it may be changed."""
        if total is None or a is None:
            return a if total is None else total
        self._evaluator.add_inplace(total, a)
        return total

    def subtract_plain(self, a: Any, vector: Vector, level: int) -> Any:
        """a - vector."""
        result = self._new()
        self._evaluator.sub_plain(a, encode(vector, level), result)
        return result

    def product(self, a: Any, b: Any) -> Any:
        """a b, not yet relinearised or rescaled."""
        result = self._new()
        a, b = self._aligned(a, b)
        self._evaluator.multiply(a, b, result)
        return result

    def products(self, pairs: Sequence[tuple[Any, Any]]) -> Any:
        """The sum of a b over all pairs (a, b), not yet relinearised or rescaled."""
        total = None
        for a, b in pairs:
            total = self.added(total, self.product(a, b))
        return total

    def product_plain(self, a: Any, plain: Any) -> Any | None:
        """a times a plaintext, not yet rescaled; None where the plaintext is all zeros."""
        if plain.is_zero():
            return None
        result = self._new()
        self._evaluator.multiply_plain(a, plain, result)
        return result

    def times_j(self, a: Any, level: int) -> Any:
        """J a, exactly: neither level nor scale change."""
        result = self._new()
        self._evaluator.multiply_plain(a, _encoded_j(level), result)
        return result

    def rescaled(self, a: Any) -> Any:
        """One level lower, at SCALE again."""
        result = self._new()
        self._evaluator.rescale_to_next(a, result)
        # In truth the scale is now off by `drift`, which the plaintexts make good.
        result.scale = SCALE
        return result

    def finished(self, a: Any) -> Any:
        """A product rescaled, then back to two parts: in this order on one prime less, which is faster."""
        a = self.rescaled(a)
        if a.size() == 2:
            return a
        result = self._new()
        self._evaluator.relinearize(a, self._relinearisation, result)
        return result

    def rotated(self, a: Any, distance: int) -> Any:
        """Slot i gets what slot i + distance had, cyclically."""
        result = self._new()
        self._evaluator.rotate_vector(a, distance, self._rotation, result)
        return result

    def conjugated(self, a: Any) -> Any:
        """The complex conjugate in each slot."""
        result = self._new()
        self._evaluator.complex_conjugate(a, self._rotation, result)
        return result

    def twice_real(self, a: Any) -> Any:
        """Twice the real part in each slot."""
        return self.add(a, self.conjugated(a))

    def with_rotations(self, a: Any, distances: Sequence[int]) -> Any:
        """For each distance in turn, the sum with itself rotated by it: doubles a window of sums."""
        for distance in distances:
            a = self.add(a, self.rotated(a, distance))
        return a

    def turned(self, a: Any, distance: int, count: int) -> list[Any]:
        """a rotated by 0, 1, ..., count - 1 times the distance, each from the one before: one key for all."""
        turned = [a]
        while len(turned) < count:
            turned.append(self.rotated(turned[-1], distance))
        return turned

    def summed(self, parts: Sequence[Any | None], distance: int) -> Any | None:
        """Part k rotated by k times the distance, summed over k: from the last to the first, by one key. None
        is nothing; the parts are used up.
        """
        total = None
        for part in reversed(parts):
            total = self.added(None if total is None else self.rotated(total, distance), part)
        return total

    def noised(self, a: Any) -> bytes:
        """The wire form, at the last level, with a fresh combination of the key's zeros added."""
        return self._hiding.added(a)


@functools.cache
def _encoded_j(level: int) -> Any:
    return encode(J, level, 1.0)
