"""Where weights, rows and gradient of a network sit in CKKS slots. Plain vectors only.

Slot `h * B + s` belongs to hidden unit h and row s of the batch (B rows). P inputs and Q outputs, both powers
of two.

* W1 is one vector: slot (h, s) holds W1[s mod P, h].
* W2 is Q vectors, its diagonals over blocks: vector d holds W2[(h + d) mod H, h mod Q] in every slot of block
  h.
* X W1 is a sum over distances t of rotated W1 times `forward(X)[t]`; X' D likewise with `backward(X)`.
* The gradient is one vector: slot (h, v) for v < P holds that of W1[v, h], slot (h, P + d) that of W2[h,
  (h+d) mod Q].
"""

import numpy as np
from numpy.typing import NDArray

from openmined_syft.neural.network import SquareNetwork

Matrix = NDArray[np.float64]
BABY_STEPS = 16


def weight_vectors(network: SquareNetwork, weights: Matrix) -> list[Matrix]:
    """The vector of W1 and the Q vectors of W2."""
    first, second = network.split(weights)
    repeats = network.batch // network.inputs_padded
    unit = np.arange(network.hidden)
    vectors = [np.tile(first.T, (1, repeats)).ravel()]
    for d in range(network.outputs_padded):
        diagonal = second[(unit + d) % network.hidden, unit % network.outputs_padded]
        vectors.append(np.repeat(diagonal, network.batch))
    return vectors


def target_vector(network: SquareNetwork, Y: Matrix) -> Matrix:
    """Labels in the slots of the scores: slot (h, s) holds Y[s, h mod Q]."""
    rows = np.zeros((network.batch, network.outputs_padded))
    rows[: len(Y)] = Y
    unit = np.arange(network.hidden)
    vector: Matrix = rows.T[unit % network.outputs_padded].ravel()
    return vector


def forward(network: SquareNetwork, X: Matrix) -> dict[int, Matrix]:
    """By distance t from -P to P: one block of X[s, v + t], v = s mod P, where v + t is an input."""
    return _diagonals(network, X, backward=False)


def backward(network: SquareNetwork, X: Matrix) -> dict[int, Matrix]:
    """By distance t from -P to P: one block of X[s + t, v], v = s mod P, where v + t stays in the group of
    P.
    """
    return _diagonals(network, X, backward=True)


def _diagonals(network: SquareNetwork, X: Matrix, *, backward: bool) -> dict[int, Matrix]:
    period, batch = network.inputs_padded, network.batch
    rows = np.zeros((batch, period))
    rows[: len(X)] = X
    slot = np.arange(batch)
    place = slot % period
    blocks = {}
    for t in range(1 - period, period):
        inside = (place + t >= 0) & (place + t < period)
        block = np.zeros(batch)
        s, v = slot[inside], place[inside]
        block[inside] = rows[s + t, v] if backward else rows[s, v + t]
        if block.any():
            blocks[t] = block
    return blocks


def in_all_blocks(network: SquareNetwork, block: Matrix) -> Matrix:
    """One block repeated for every hidden unit."""
    return np.tile(block, network.hidden)


def mask(network: SquareNetwork, start: int, stop: int, value: float) -> Matrix:
    """`value` in the slots start to stop - 1 of each block, 0 elsewhere."""
    block = np.zeros(network.batch)
    block[start:stop] = value
    return in_all_blocks(network, block)


def every(network: SquareNetwork, distance: int, value: float) -> Matrix:
    """`value` in each slot whose number is a multiple of `distance`, 0 elsewhere."""
    block = np.zeros(network.batch)
    block[::distance] = value
    return in_all_blocks(network, block)


def gradient_from(network: SquareNetwork, vector: Matrix) -> Matrix:
    """The gradient's matrix (P + Q, H) from its vector."""
    blocks = vector.reshape(network.hidden, network.batch)
    P, Q = network.inputs_padded, network.outputs_padded
    gradient = np.zeros(network.weights_shape)
    gradient[:P] = blocks[:, :P].T
    unit = np.arange(network.hidden)
    for d in range(Q):
        gradient[P + (unit + d) % Q, unit] = blocks[:, P + d]
    return gradient


def rotations(network: SquareNetwork) -> list[int]:
    """Every distance that `train_network` rotates by; few, as each key is about 15 MB: others are done step
    by step.
    """
    B, P, Q = network.batch, network.inputs_padded, network.outputs_padded
    doublings = {1 << j for j in range((B - 1).bit_length())}
    folds = {Q * B << j for j in range((network.hidden // Q - 1).bit_length())}
    return sorted({-1, -P, BABY_STEPS, B, -B} | doublings | folds)
