"""The gradient of a network's mini-batch under encryption: forward, backward, and everything into one
ciphertext.

Seven multiplications deep:

    1  h = X W1             rotations of W1 times plaintext diagonals of X (baby and giant steps)
    2  a = h^2
    3  z = a W2, e = z - Y  block diagonals: sum_d rot(a, d blocks) W2_d, all scores in one ciphertext
    4  D = e W2'            block diagonals again
    5  D h                  half of the slope in h
    6  X' (2 D h)           as in 1
    7  a mask               only the gradient's slots leave

The gradient of W2, a'e, is summed in windows of 16 rows, 16 such sums are laid side by side, and then summed
on. What leaves is masked to the gradient's slots and carries a fresh encryption of zero. Unlike Paillier's
r^n that does not hide all of the computation: the error left in a CKKS ciphertext depends on X a little.
"""

import functools
from typing import Any

import numpy as np

from openmined_syft.errors import ShapeError
from openmined_syft.neural import slots
from openmined_syft.neural.ckks import Arithmetic, CkksPublicKey, load_ciphertext
from openmined_syft.neural.encrypted import EncryptedNetwork, EncryptedNetworkGradient
from openmined_syft.neural.network import NetworkVisit, SquareNetwork

WINDOW = 16


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
    ring = _arithmetic(public)
    first, *second = [load_ciphertext(data) for data in model.ciphertexts]
    B, Q = network.batch, network.outputs_padded
    scale = 1.0 / len(visit.X)

    hidden = _multiplied(ring, network, first, slots.forward(network, visit.X), level=0)
    activity = ring.finished(ring.product(hidden, hidden))
    scores = None
    for turned, diagonal in zip(_turned(ring, activity, B, Q), second, strict=True):
        scores = ring.add(scores, ring.product(turned, diagonal))
    folds = [Q * B << j for j in range((network.hidden // Q - 1).bit_length())]
    error = ring.with_rotations(ring.finished(scores), folds)
    # Slots of rows that do not exist have score 0 and target 0.
    error = ring.subtract_plain(error, slots.target_vector(network, visit.Y), level=3)

    # sum_d rot(e W2_d, -d blocks), from the last diagonal to the first: one rotation by a block each.
    back = None
    for diagonal in reversed(second):
        part = ring.relinearised(ring.product(error, ring.at_level(diagonal, 3)))
        back = part if back is None else ring.add(part, ring.rotated(back, -B))
    slope = ring.finished(ring.product(ring.finished(back), hidden))
    groups = [network.inputs_padded << j for j in range((B // network.inputs_padded - 1).bit_length())]
    inner = _multiplied(ring, network, slope, slots.backward(network, visit.X * (2 * scale)), level=5)
    inner = ring.with_rotations(inner, groups)
    result = ring.product_plain(inner, slots.mask(network, 0, network.inputs_padded, 1.0), 6)

    outer = ring.at_level(_outer(ring, network, activity, _turned(ring, error, B, Q), scale), 6)
    shifted = ring.rotated(outer, -network.inputs_padded)
    keep = slots.mask(network, network.inputs_padded, network.inputs_padded + Q, 1.0)
    result = ring.finished(ring.add(result, ring.product_plain(shifted, keep, 6)))
    return EncryptedNetworkGradient(model.key_fingerprint, network, model.version, ring.noised(result))


@functools.lru_cache(maxsize=1)
def _arithmetic(public: CkksPublicKey) -> Arithmetic:
    """The keys unpacked, which takes longer than a tenth of a gradient: kept for the next batch."""
    return Arithmetic(public)


def _turned(ring: Arithmetic, a: Any, distance: int, count: int) -> list[Any]:
    """a rotated by 0, 1, ..., count - 1 times the distance, each from the one before: one rotation key for
    all.
    """
    turned = [a]
    while len(turned) < count:
        turned.append(ring.rotated(turned[-1], distance))
    return turned


def _multiplied(
    ring: Arithmetic, network: SquareNetwork, a: Any, blocks: dict[int, slots.Matrix], level: int
) -> Any:
    """sum_t rot(a, t) * blocks[t] for t from -P to P - 1, as t = giant + baby - P.

    The babies are rotated by 1 each; the sums over babies by one giant step each, from the last to the first.
    """
    steps, period = slots.BABY_STEPS, network.inputs_padded
    babies = _turned(ring, a, 1, steps)
    total = None
    for giant in reversed(range(-(-period // steps) * -steps, period, steps)):
        part = None
        for baby in range(steps):
            block = blocks.get(giant + baby)
            if block is not None:
                vector = np.roll(slots.in_all_blocks(network, block), giant)
                part = ring.add(part, ring.product_plain(babies[baby], vector, level))
        turned = None if total is None else ring.rotated(total, steps)
        total = turned if part is None else ring.add(turned, part)
    return ring.finished(ring.rotated(total, -(-(-period // steps) * steps)))


def _outer(ring: Arithmetic, network: SquareNetwork, activity: Any, turned: list[Any], scale: float) -> Any:
    """a' e: slot (h, d) of the result is sum_s a[s, h] e[s, (h + d) mod Q] * scale, for d < Q."""
    windows = [1 << j for j in range((WINDOW - 1).bit_length())]
    keep = slots.every(network, WINDOW, scale)
    low = ring.at_level(activity, 3)
    together = None
    for error in reversed(turned):
        sums = ring.with_rotations(ring.finished(ring.product(low, error)), windows)
        part = ring.product_plain(sums, keep, 4)
        together = part if together is None else ring.add(part, ring.rotated(together, -1))
    rest = [WINDOW << j for j in range((network.batch // WINDOW - 1).bit_length())]
    return ring.with_rotations(ring.finished(together), rest)
