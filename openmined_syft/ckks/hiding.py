"""What a mine hides a gradient's ciphertext with: Capsule's encryptions of zero, times multipliers of its
own.

An ordinary public key is one encryption of zero, and a mine adds u times it. If its second half is Capsule's
to choose, it can be zero, and then nothing is added that hides anything. So there are 96, each saved by SEAL
as its first half and the seed of its second; nothing else is accepted, and the mine expands the seeds.
Multiplied with fresh polynomials of -1, 0 and 1 their second halves add up to one that looks uniform,
whatever Capsule wrote into first halves: 96 such polynomials hold 152 bits for each coefficient, of which
first halves can show 60 and uniformity takes 60. That is counted, not proved. First halves are not flooded:
there is no room below a gradient.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from openmined_syft.ckks.seal import DEPTH, context, from_bytes, levels
from openmined_syft.ckks.slots import RING
from openmined_syft.errors import CiphertextError
from openmined_syft.lattice.kernels.seal_kernel import SealKernel
from openmined_syft.lattice.ring import Integers, Ring
from openmined_syft.seal_bindings import as_ciphertext, saved_numbers, seal, to_bytes, unpacked

ZEROS = 96
_HALF = 8 * RING  # bytes of one polynomial modulo one prime
_MOST_BESIDE = 512  # names, sizes, headers and the seed
_COUNT_AT = 33 + 24 + 16 + 16  # behind parameters and form, sizes, scale and factor, header


def encrypted_zeros(secret: Any) -> tuple[bytes, ...]:
    """Fresh ones at the last level, as SEAL saves them: first halves and seeds."""
    encryptor = seal().Encryptor(context(), secret)
    return tuple(to_bytes(encryptor.encrypt_zero_symmetric(levels()[DEPTH])) for _ in range(ZEROS))


def require_seeded(data: bytes) -> None:
    """Refuse an encryption of zero whose second half was sent and not its seed.

    Raises:
        CiphertextError: that, or nothing that SEAL has saved.
    """
    refused = CiphertextError("an encryption of zero of the public key is not saved as a half and a seed")
    try:
        whole = unpacked(data, _HALF + _MOST_BESIDE + 1)
    except (OSError, IndexError):
        raise refused from None
    numbers = int.from_bytes(whole[_COUNT_AT : _COUNT_AT + 8], "little")
    if not _HALF < len(whole) <= _HALF + _MOST_BESIDE or numbers != RING:
        raise refused


class Hiding:
    """The zeros of one public key, expanded.

    Raises:
        CiphertextError: another number of them, or one that is not seeded or not of these parameters.
    """

    def __init__(self, zeros: Sequence[bytes]) -> None:
        if len(zeros) != ZEROS:
            raise CiphertextError(f"{len(zeros)} encryptions of zero; a public key has {ZEROS}")
        pairs = []
        for data in zeros:
            require_seeded(data)
            zero = from_bytes("Ciphertext", data)
            if zero.size() != 2 or zero.parms_id() != levels()[DEPTH] or not zero.is_ntt_form():
                raise CiphertextError("an encryption of zero of the public key is at another level")
            pairs.append(saved_numbers(zero).numbers)
        prime = context().first_context_data().parms().coeff_modulus()[0].value()
        self._kernel = SealKernel(Ring(RING, (int(prime),)))
        self._zeros = self._kernel.ready(np.stack(pairs))

    def added(self, ciphertext: Any) -> bytes:
        """A ciphertext at the last level with a fresh combination of the zeros, as SEAL saves it."""
        nothing = np.zeros((0, 1), np.int64)
        zero = self._kernel.forward(self._kernel.answers([[]], nothing, self._zeros, _multipliers()[None])[0])
        saved = saved_numbers(ciphertext)
        prime = np.uint64(self._kernel.primes[0])
        total = saved.numbers + zero
        return to_bytes(as_ciphertext(context(), replace(saved, numbers=np.minimum(total, total - prime))))


def _multipliers() -> Integers:
    """Fresh and uniform in -1, 0, 1: shape (96, 16384)."""
    count, parts = ZEROS * RING, []
    while count > 0:
        raw = np.frombuffer(os.urandom(count + count // 64), np.uint8)
        parts.append(raw[raw < 255][:count])
        count -= len(parts[-1])
    multipliers: Integers = np.concatenate(parts).astype(np.int64) % 3 - 1
    return multipliers.reshape(ZEROS, RING)
