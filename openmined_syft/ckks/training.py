"""The gradient of a network's mini-batch under encryption: forward, backward, and everything into one
ciphertext.

Seven multiplications deep:

    1  h = X W1             W1 as it comes, rotated, times plaintext diagonals of X; giant steps
    2  a = h^2
    3  z = a W2, e = z - Y  block diagonals: sum_d rot(a, d blocks) W2_d, all scores in one ciphertext
    4  D = e W2'            block diagonals again
    5  D h                  half of the slope in h
    6  X' (2 D h)           as in 1, with baby steps of its own
    7  mask                 only the gradient's slots leave

Beside 4 to 6: the gradient of W2, a'e, is summed over eighths of the rows and packed (`_outer`). Sums over d
take two real vectors at once, as `slots` explains; what is real is made so by adding the conjugate. Factors
of two that this brings are carried along and taken back by the mask.

What leaves is masked to the gradient's slots and carries a fresh encryption of zero. Unlike Paillier's r^n
that does not hide all of the computation: the error left in a CKKS ciphertext depends on X a little.
"""

import functools
from typing import Any

import numpy as np

from openmined_syft.ckks import slots
from openmined_syft.ckks.arithmetic import Arithmetic
from openmined_syft.ckks.encrypted import EncryptedNetwork, EncryptedNetworkGradient
from openmined_syft.ckks.keys import CkksPublicKey
from openmined_syft.ckks.seal import drift, encode
from openmined_syft.ckks.slots import PAIRS, STEPS, TURNS
from openmined_syft.errors import ShapeError
from openmined_syft.models.network import NetworkVisit, SquareNetwork

# The mask's value; the rest of 1 / rows is in the plaintexts before it. The smaller it is, the more of what
# is beside the gradient gets past the rounding of the mask's zeros (3e-11); the larger, the more error.
_KEPT = 1 / 256

# Added to the first diagonal: a product with nothing but zeros is not a ciphertext. Far below the error.
_TINY = 2.0**-36


def train_network(
    model: EncryptedNetwork, public: CkksPublicKey, visit: NetworkVisit
) -> EncryptedNetworkGradient:
    """The encrypted gradient of one mini-batch.

    Raises:
        KeyMismatchError, KeyFormError, CiphertextError: the model is not validly encrypted under `public`.
        ShapeError: the visit is for another network.
    """
    network = model.network
    if visit.network.weights_shape != network.weights_shape:
        raise ShapeError(
            f"the visit is for {visit.network.weights_shape}; the model is {network.weights_shape}"
        )
    model.check_key(public)
    ring = _arithmetic(public, tuple(slots.galois_elements(network)))
    loaded = model.loaded()
    first, second, back = loaded[:STEPS], loaded[STEPS : STEPS + PAIRS], loaded[STEPS + PAIRS :]
    B = network.batch
    share = 1 / (4 * len(visit.X) * _KEPT)

    blocks = [block * (drift(0) / 2) for block in slots.forward(network, visit.X)]
    hidden = ring.twice_real(_multiplied(ring, network, first, blocks, level=0))
    activity = ring.finished(ring.product(hidden, hidden))

    scores = ring.with_rotations(
        ring.twice_real(_scores(ring, network, activity, second)), slots.folds(network)
    )
    # Twice the error. Slots of rows that do not exist have score 0 and target 0.
    error = ring.subtract_plain(scores, 2 * slots.target_vector(network, visit.Y), level=3)
    errors = ring.turned(_paired(ring, error, PAIRS * B, 3), B, PAIRS)

    slope = ring.twice_real(ring.finished(ring.products(list(zip(errors, back, strict=True)))))
    slope = ring.finished(ring.product(slope, hidden))
    babies = ring.turned(_paired(ring, slope, -network.inputs_padded, 5), 1, STEPS)
    blocks = [block * (drift(4) * drift(5) * share) for block in slots.backward(network, visit.X)]
    inner = ring.twice_real(_multiplied(ring, network, babies, blocks, level=5))
    inner = ring.with_rotations(inner, slots.groups(network))

    outer = _outer(ring, network, activity, errors, share)
    result = _masked(ring, network, inner, outer)
    return EncryptedNetworkGradient(model.key_fingerprint, network, model.version, ring.noised(result))


@functools.lru_cache(maxsize=1)
def _arithmetic(public: CkksPublicKey, elements: tuple[int, ...]) -> Arithmetic:
    """The keys unpacked, which takes as long as a gradient: kept for the next batch."""
    return Arithmetic(public, elements)


def _paired(ring: Arithmetic, a: Any, distance: int, level: int) -> Any:
    """a + J rot(a, distance): two real vectors in one."""
    return ring.added(ring.times_j(ring.rotated(a, distance), level), a)


def _multiplied(
    ring: Arithmetic, network: SquareNetwork, babies: list[Any], blocks: list[slots.Complex], level: int
) -> Any:
    """sum_t rot(a, t) * blocks[t] for t from 0 to P - 1, as t = 8 giant + baby; `babies` are a, rotated."""
    blocks = [blocks[0] + _TINY, *blocks[1:]]
    parts = []
    for giant in range(0, len(blocks), STEPS):
        part = None
        for baby, block in zip(babies, blocks[giant : giant + STEPS], strict=True):
            plain = encode(slots.in_all_blocks(network, np.roll(block, giant)), level)
            part = ring.added(part, ring.product_plain(baby, plain))
        parts.append(part)
    return ring.finished(ring.summed(parts, STEPS))


def _scores(ring: Arithmetic, network: SquareNetwork, activity: Any, second: list[Any]) -> Any:
    """a W2 in the real part, summed over the nearest 16 hidden units."""
    B = network.batch
    babies = ring.turned(_paired(ring, activity, PAIRS * B, 2), B, TURNS)
    parts = [
        ring.finished(ring.products(list(zip(babies, second[giant : giant + TURNS], strict=True))))
        for giant in range(0, PAIRS, TURNS)
    ]
    return ring.summed(parts, TURNS * B)


def _outer(ring: Arithmetic, network: SquareNetwork, activity: Any, errors: list[Any], share: float) -> Any:
    """a' e as complex numbers: the share of the sum over rows of a[s, h] e[s, (h + d) mod 16], and J times
    that with d + 8, in the middle of window d of each block h, for d < 8.

    For each j, window w of the rows is taken from the errors turned by w + j, multiplied by a, and goes to
    window w + j; where that is beyond the last, both come from the next block and go to the first ones.
    """
    keep = _window_masks(network, share)
    low = [ring.at_level(error, 4) for error in errors]
    here, next_block = ring.at_level(activity, 5), ring.rotated(ring.at_level(activity, 5), network.batch)
    parts = []
    for j in range(PAIRS):
        own = other = None
        for d in range(j, PAIRS):
            own = ring.added(own, ring.product_plain(low[d], keep[d - j]))
        for d in range(j):
            other = ring.added(other, ring.product_plain(low[d + 1], keep[d - j + PAIRS]))
        pairs = [(here, ring.rescaled(own))]
        if other is not None:
            pairs.append((next_block, ring.rescaled(other)))
        parts.append(ring.finished(ring.products(pairs)))
    sums = ring.with_rotations(ring.summed(parts, -slots.window(network)), slots.window_sums(network))
    # J is i in even rows and -i in odd ones.
    return ring.add(sums, ring.conjugated(ring.rotated(sums, 1)))


@functools.lru_cache(maxsize=1)
def _window_masks(network: SquareNetwork, share: float) -> list[Any]:
    """Encoded masks of the eight windows; they hold nothing of anybody's but the number of rows."""
    factor = drift(1) * drift(4) * drift(5) * share
    return [encode(slots.window_mask(network, w) * factor, 4) for w in range(PAIRS)]


def _masked(ring: Arithmetic, network: SquareNetwork, inner: Any, outer: Any) -> Any:
    """Both gradients, only in their slots."""
    factor = drift(6) * _KEPT

    def kept(a: Any, mask: slots.Matrix) -> Any:
        return ring.product_plain(a, encode(mask * factor, 6))

    conjugate = ring.conjugated(outer)
    real, imaginary = ring.add(outer, conjugate), ring.subtract(outer, conjugate)
    masks = slots.second_masks(network)
    near = kept(inner, slots.first_mask(network))
    near = ring.added(near, kept(real, masks[False, False]))
    near = ring.added(near, kept(imaginary, masks[False, True]))
    far = ring.added(kept(real, masks[True, False]), kept(imaginary, masks[True, True]))
    for distance in slots.moved(network):
        far = ring.rotated(far, distance)
    return ring.finished(ring.added(near, far))
