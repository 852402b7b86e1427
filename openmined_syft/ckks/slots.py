"""Where weights, rows and gradient of a network sit in CKKS slots. Plain vectors only.

Slot `h * B + s` belongs to hidden unit h and row s of the batch (B rows). P inputs and Q = 16 outputs. Slots
are complex, and all that is computed is real: so two real vectors share one complex one,

    x u + y v = Re((x + J y) (u - J v))        where J J = -1 in each slot,

and half as many products and rotations are needed. J is i in even slots and -i in odd ones: multiplying by it
is exact and costs no level, as it is the polynomial X^(N/2). Rotating by an even distance leaves it as it is,
by an odd one turns its sign.

* X W1 is a sum over distances t of rotated W1 times `forward(X)[t]`; X' D likewise with `backward(X)`. t and
  t - P share a vector.
* W2 is 16 vectors, its diagonals over blocks: of a network's scores, and again for the way back. Diagonals d
  and d + 8 share a vector.
* The gradient is one vector: slot (h, v) for v < P holds that of W1[v, h]; `second_slots` that of W2.
"""

import numpy as np
from numpy.typing import NDArray

from openmined_syft.models.network import OUTPUTS, SLOTS, SquareNetwork

Matrix = NDArray[np.float64]
Complex = NDArray[np.complex128]

RING = 2 * SLOTS
PAIRS = OUTPUTS // 2
STEPS = 8  # distances that a giant step of X W1 and X' D is wide
TURNS = 4  # the same for the diagonals of W2, in blocks
READ = (0, *range(STEPS, STEPS + PAIRS))  # of a model's vectors, those that the weights are read from
MOST_ROTATIONS = 16  # of any network, with the conjugation

J: Complex = 1j * (-1.0) ** np.arange(SLOTS)


def weight_vectors(network: SquareNetwork, weights: Matrix) -> list[Complex]:
    """W1 rotated by 0 to 7; the diagonals of W2 as the scores need them; those for the way back.

    W1 is sent rotated, and the diagonals turned against the giant steps, so that mines rotate less.
    """
    first, second = network.split(weights)
    B, P = network.batch, network.inputs_padded
    inputs = np.tile(first.T, (1, B // P)).ravel()
    unit = np.arange(network.hidden)

    def paired(diagonals: list[Matrix]) -> list[Complex]:
        blocks = [np.repeat(diagonal, B) for diagonal in diagonals]
        return [blocks[d] - J * blocks[d + PAIRS] for d in range(PAIRS)]

    scores = paired([second[(unit + d) % network.hidden, unit % OUTPUTS] for d in range(OUTPUTS)])
    back = paired([second[unit, (unit + d) % OUTPUTS] for d in range(OUTPUTS)])
    return [
        *(np.roll(inputs, -b) + 1j * np.roll(inputs, P - b) for b in range(STEPS)),
        *(np.roll(vector, d // TURNS * TURNS * B) for d, vector in enumerate(scores)),
        *back,
    ]


def model_levels(network: SquareNetwork) -> tuple[int, ...]:  # noqa: ARG001
    """The level of each of `weight_vectors`, the same for every network."""
    return (0,) * STEPS + (2,) * PAIRS + (3,) * PAIRS


def weights_from(network: SquareNetwork, vectors: list[Complex]) -> Matrix:
    """The weights from those of `weight_vectors` that READ names, with whatever error is in them."""
    H, B, P = network.hidden, network.batch, network.inputs_padded
    weights = np.zeros(network.weights_shape)
    weights[:P] = vectors[0].real.reshape(H, B)[:, :P].T
    unit = np.arange(H)
    for d, vector in enumerate(vectors[1:]):
        diagonal = np.roll(vector, -(d // TURNS * TURNS * B))[::B]
        weights[P + unit % OUTPUTS, (unit + d) % H] = diagonal.real
        weights[P + unit % OUTPUTS, (unit + d + PAIRS) % H] = -diagonal.imag
    return weights


def target_vector(network: SquareNetwork, Y: Matrix) -> Matrix:
    """Labels in the slots of the scores: slot (h, s) holds Y[s, h mod Q]."""
    rows = np.zeros((network.batch, OUTPUTS))
    rows[: len(Y)] = Y
    vector: Matrix = rows.T[np.arange(network.hidden) % OUTPUTS].ravel()
    return vector


def forward(network: SquareNetwork, X: Matrix) -> list[Complex]:
    """For distances t = 0 to P - 1 one block: X[s, v + t] for v + t < P, -i X[s, v + t - P] for the others,
    v = s mod P.
    """
    real, other = _diagonals(network, X, backward=False)
    return [a - 1j * b for a, b in zip(real, other, strict=True)]


def backward(network: SquareNetwork, X: Matrix) -> list[Complex]:
    """For distances t = 0 to P - 1 one block: X[s + t, v] for v + t < P, and X[s + t - P, v] times J, which
    the rotation by t has turned, for the others.
    """
    real, other = _diagonals(network, X, backward=True)
    turned = J[: network.batch]
    return [a - (-1.0) ** t * turned * b for t, (a, b) in enumerate(zip(real, other, strict=True))]


def _diagonals(network: SquareNetwork, X: Matrix, *, backward: bool) -> tuple[list[Matrix], list[Matrix]]:
    """Blocks by t, for distances t and t - P."""
    period, batch = network.inputs_padded, network.batch
    rows = np.zeros((batch, period))
    rows[: len(X)] = X
    slot = np.arange(batch)
    place = slot % period

    def block(t: int) -> Matrix:
        inside = (place + t >= 0) & (place + t < period)
        s, v = slot[inside], place[inside]
        result = np.zeros(batch)
        result[inside] = rows[s + t, v] if backward else rows[s, v + t]
        return result

    return [block(t) for t in range(period)], [block(t - period) for t in range(period)]


def in_all_blocks(network: SquareNetwork, block: Complex) -> Complex:
    """One block repeated for every hidden unit."""
    return np.tile(block, network.hidden)


def window(network: SquareNetwork) -> int:
    """Rows of an eighth of the batch: what a sum of rows for the gradient of W2 is packed into."""
    return network.batch // PAIRS


def window_mask(network: SquareNetwork, number: int) -> Matrix:
    """1 in the rows of that eighth, 0 elsewhere."""
    block = np.zeros(network.batch)
    block[number * window(network) : (number + 1) * window(network)] = 1
    return np.tile(block, network.hidden)


def first_mask(network: SquareNetwork) -> Matrix:
    """1 in the slots of W1's gradient, only of inputs that exist."""
    block = np.zeros(network.batch)
    block[: network.n_inputs] = 1
    return np.tile(block, network.hidden)


def second_slots(network: SquareNetwork) -> NDArray[np.int64]:
    """Slots of W2's gradient, (8, H): slot [d, h] holds that of W2[h, (h + d) mod 16], and in the imaginary
    part that of W2[h, (h + d + 8) mod 16].

    Sums of window d end up in the middle of it. Windows of the first half of a block are in the place of
    W1's gradient and are moved by `moved` slots.
    """
    places = _sums(network)
    places[: PAIRS // 2] -= sum(moved(network))
    return places % SLOTS


def _sums(network: SquareNetwork) -> NDArray[np.int64]:
    """The middle slot of each window d of each block h, (8, H)."""
    size = window(network)
    middles = np.arange(PAIRS)[:, None] * size + size // 2
    return np.asarray(middles + np.arange(network.hidden) * network.batch, np.int64)


def moved(network: SquareNetwork) -> tuple[int, int]:
    """Distances that the sums of the first half are rotated by, one after the other."""
    return network.batch // 2, 2


def second_masks(network: SquareNetwork) -> dict[tuple[bool, bool], Matrix]:
    """1 where the sums for outputs that exist are before some are moved, by (moved later, imaginary part)."""
    unit, places = np.arange(network.hidden), _sums(network)
    masks = {}
    for far in (False, True):
        for imaginary in (False, True):
            mask = np.zeros(SLOTS)
            for d in range(PAIRS // 2) if far else range(PAIRS // 2, PAIRS):
                exists = (unit + d + PAIRS * imaginary) % OUTPUTS < network.n_outputs
                mask[places[d][exists]] = 1
            masks[far, imaginary] = mask
    return masks


def gradient_from(network: SquareNetwork, vector: Complex) -> tuple[Matrix, Matrix]:
    """The gradient's matrix (P + Q, H) from its vector, and what is in all other places."""
    P, unit = network.inputs_padded, np.arange(network.hidden)
    gradient = np.zeros(network.weights_shape)
    gradient[:P] = vector.real.reshape(network.hidden, network.batch)[:, :P].T
    for d, places in enumerate(second_slots(network)):
        gradient[P + (unit + d) % OUTPUTS, unit] = vector.real[places]
        gradient[P + (unit + d + PAIRS) % OUTPUTS, unit] = vector.imag[places]
    gradient *= network.used
    return gradient, np.abs(vector - gradient_vector(network, gradient))


def gradient_vector(network: SquareNetwork, gradient: Matrix) -> Complex:
    """The vector that holds a gradient (P + Q, H) and nothing else."""
    P, unit = network.inputs_padded, np.arange(network.hidden)
    blocks = np.zeros((network.hidden, network.batch), np.complex128)
    blocks[:, :P] = gradient[:P].T
    vector: Complex = blocks.ravel()
    for d, places in enumerate(second_slots(network)):
        vector[places] = (
            gradient[P + (unit + d) % OUTPUTS, unit] + 1j * gradient[P + (unit + d + PAIRS) % OUTPUTS, unit]
        )
    return vector


def folds(network: SquareNetwork) -> list[int]:
    """Distances that add up the groups of 16 hidden units, doubling."""
    return [OUTPUTS * network.batch << j for j in range((network.hidden // OUTPUTS - 1).bit_length())]


def groups(network: SquareNetwork) -> list[int]:
    """Distances that add up the groups of P rows, doubling."""
    P = network.inputs_padded
    return [P << j for j in range((network.batch // P - 1).bit_length())]


def window_sums(network: SquareNetwork) -> list[int]:
    """Distances that add up a window's even and its odd rows in its middle: the last one goes back."""
    size = window(network)
    return [*(2 << j for j in range((size // 4 - 1).bit_length())), -(size // 2)]


def rotations(network: SquareNetwork) -> list[int]:
    """Every distance that `train_network` rotates by; few, as each key is 7.6 MB: others are done step by
    step.
    """
    B, P = network.batch, network.inputs_padded
    inputs = {1, STEPS, -P, *groups(network)}
    blocks = {B, TURNS * B, PAIRS * B, *folds(network)}
    return sorted(inputs | blocks | {-window(network), *window_sums(network), *moved(network)})


def galois_elements(network: SquareNetwork) -> list[int]:
    """SEAL's numbers of the rotation keys: 3 generates the rotations, the last one conjugates."""
    return sorted({2 * RING - 1, *(pow(3, distance % SLOTS, 2 * RING) for distance in rotations(network))})
