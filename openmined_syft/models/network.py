"""The network X -> (X W1)^2 W2 in plain numbers: weights as one matrix, prediction, batches, gradient.

The weights are one matrix of shape (P + Q, H): P rows for the inputs (the next power of two), then Q for the
outputs (likewise), a column for each hidden unit. Rows above the real numbers of inputs and outputs stay
zero. So the same steps, bounds and candidates apply as for the linear families.

A square is an even function: without a bias the network gives the same scores for a row and for its negative,
and on centred columns no linear boundary can be learned (breast cancer rests at 73 % accuracy instead of
97 %, `python -m benchmarks.tables`). So the first layer has a bias: a constant 1 after the features.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import ParameterError, ShapeError
from openmined_syft.fixed_point import as_matrix
from openmined_syft.models.family import class_indices
from openmined_syft.parameters import known_only, whole

SLOTS = 8192
OUTPUTS = 16
FIRST_LAYER = {False: 2.8, True: 1.0}
"""Of the initial weights, by whether there is a bias: beside its 1, X W1 of standardised columns is spread by
about 0.6; without one a square needs more."""
LARGEST_SEED = (1 << 32) - 1
LARGEST_VERSION = (1 << 32) - 1

Matrix = NDArray[np.float64]


def _power_of_two(at_least: int) -> int:
    return 1 << max(0, at_least - 1).bit_length()


@dataclass(frozen=True)
class SquareNetwork:
    """A classifier with one hidden layer of squares, trained on the mean of squared errors to one-hot labels.

    Attributes:
        n_features: 9 to 128 with the bias; centre the columns.
        n_outputs: classes, 2 to 16.
        hidden: 16, 32 or 64 hidden units, at least as many as the classes rounded up to a power of two.
        seed: public number the initial weights are drawn from, 0 to 2^32 - 1.
        bias: whether a constant 1 follows the features. It is free unless `n_features` is a power of two.

    Raises:
        ParameterError: a size is out of range, or all together do not fit the slots.
    """

    n_features: int
    n_outputs: int
    hidden: int = 32
    seed: int = 0
    bias: bool = False

    name: ClassVar[str] = "mlp"

    def __post_init__(self) -> None:
        if type(self.bias) is not bool:
            raise ParameterError(f"bias of an mlp is {self.bias!r}; needs true or false")
        whole("n_features of an mlp", self.n_features, 9 - self.bias, 128 - self.bias)
        whole("n_outputs of an mlp", self.n_outputs, 2, OUTPUTS)
        whole("seed of an mlp", self.seed, 0, LARGEST_SEED)
        if whole("hidden of an mlp", self.hidden, 16, 64) not in (16, 32, 64):
            raise ParameterError(f"hidden is {self.hidden}; needs 16, 32 or 64")
        if self.outputs_padded > self.hidden or self.inputs_padded + self.outputs_padded > self.batch:
            raise ParameterError(
                f"{self.n_features} inputs, {self.hidden} hidden units and {self.n_outputs} classes do not "
                f"fit {SLOTS} slots together"
            )

    @classmethod
    def build(
        cls,
        n_features: int,
        n_outputs: int,
        parameters: Mapping[str, Any],
        seed: bytes,  # noqa: ARG003
    ) -> "SquareNetwork":
        """The network with `parameters` of a spec: "hidden", "seed" and "bias".

        Args:
            seed: the campaign's, for families that draw from it. Here it is not used: with a number of
                their own choice in the spec, scientists can state the starting accuracy before there is
                a campaign.

        Raises:
            ParameterError: an unknown parameter, or a value out of range.
        """
        known_only("an mlp model", parameters, ["hidden", "seed", "bias"])
        return cls(n_features, n_outputs, **parameters)

    @property
    def n_inputs(self) -> int:
        """Rows of W1 that exist: the features, and the bias."""
        return self.n_features + self.bias

    @property
    def inputs_padded(self) -> int:
        """P."""
        return _power_of_two(self.n_inputs)

    @property
    def outputs_padded(self) -> int:
        """Q, the same for all."""
        return OUTPUTS

    @property
    def batch(self) -> int:
        """Rows in one encrypted gradient: the slots of a hidden unit."""
        return SLOTS // self.hidden

    @property
    def weights_shape(self) -> tuple[int, int]:
        """(P + Q, H)."""
        return self.inputs_padded + self.outputs_padded, self.hidden

    def initial_weights(self) -> Matrix:
        """Where a campaign starts: `drawn_weights`, but the second layer zero.

        So the first slopes are those of a linear model on random squares, which raise the accuracy at once: a
        campaign's model moves only when it rises (`curvature`).
        """
        weights = self.drawn_weights()
        weights[self.inputs_padded :] = 0
        return weights

    def drawn_weights(self) -> Matrix:
        """Uniform numbers from the seed in both layers; all zero would be a point without slope."""
        rows, columns = self.weights_shape
        stream = hashlib.shake_256(b"openmined/mlp/1/" + self.seed.to_bytes(4, "big")).digest(
            8 * rows * columns
        )
        uniform = np.frombuffer(stream, "<u8").astype(np.float64) * 2.0**-63 - 1
        weights: Matrix = uniform.reshape(rows, columns)
        weights[: self.inputs_padded] *= FIRST_LAYER[self.bias] / np.sqrt(self.n_features)
        weights[self.inputs_padded :] *= 1.0 / np.sqrt(self.hidden)
        if self.bias:
            weights[self.n_features] = 1.0  # (1 + z)^2 is 1 + 2 z and a little: a linear model to begin with
        return weights * self.used

    @property
    def used(self) -> Matrix:
        """1 where a weight exists, 0 in the padding."""
        mask = np.zeros(self.weights_shape)
        mask[: self.n_inputs] = 1
        mask[self.inputs_padded : self.inputs_padded + self.n_outputs] = 1
        return mask

    def split(self, weights: ArrayLike) -> tuple[Matrix, Matrix]:
        """W1 of shape (P, H) and W2 of shape (H, Q).

        Raises:
            ShapeError, NotFiniteError: no weights of this network.
        """
        matrix = as_matrix(weights, "weights", self.weights_shape)
        return matrix[: self.inputs_padded], matrix[self.inputs_padded :].T

    def design(self, X: ArrayLike) -> Matrix:
        """X of shape (n, n_features) with the bias, and columns of zeros up to P.

        Raises:
            ShapeError, NotFiniteError: other data.
        """
        rows = as_matrix(X, "X")
        if rows.shape[1] != self.n_features or not len(rows):
            raise ShapeError(f"X has shape {rows.shape}; needs rows and {self.n_features} columns")
        design = np.pad(rows, ((0, 0), (0, self.inputs_padded - self.n_features)))
        if self.bias:
            design[:, self.n_features] = 1.0
        return design

    def targets(self, y: ArrayLike) -> Matrix:
        """Class indices as one-hot rows (n, Q).

        Raises:
            ShapeError, LabelError: anything else.
        """
        return np.eye(self.outputs_padded)[class_indices(y, self.n_outputs)]

    def scores(self, weights: ArrayLike, X: ArrayLike) -> Matrix:
        """(X W1)^2 W2, shape (n, n_outputs)."""
        first, second = self.split(weights)
        result: Matrix = (self.design(X) @ first) ** 2 @ second
        return result[:, : self.n_outputs]

    def predict(self, weights: ArrayLike, X: ArrayLike) -> NDArray[np.int64]:
        """Class indices; of equal scores the lowest wins."""
        return np.asarray(self.scores(weights, X).argmax(axis=1), np.int64)

    def visit(self, X: ArrayLike, y: ArrayLike) -> "NetworkVisit":
        """One mini-batch, at most `batch` rows.

        Raises:
            ShapeError, NotFiniteError, LabelError: the rows cannot be learned from, or are too many.
        """
        rows, targets = self.design(X), self.targets(y)
        if len(rows) != len(targets):
            raise ShapeError(f"{len(rows)} rows of X but {len(targets)} labels")
        if len(rows) > self.batch:
            raise ShapeError(f"{len(rows)} rows; one encrypted gradient takes at most {self.batch}")
        return NetworkVisit(self, rows, targets)

    def largest_slope(self, weights: ArrayLike, X: ArrayLike, y: ArrayLike) -> float:
        """The largest entry, in absolute value, that the gradient of any one of the rows has; infinite if it
        is not a float any more. No batch of them has a larger one.

        Raises:
            ShapeError, NotFiniteError, LabelError: they do not fit the network.
        """
        first, second = self.split(weights)
        rows, targets = self.design(X), self.targets(y)
        with np.errstate(over="ignore", invalid="ignore"):
            hidden = rows @ first
            error = hidden**2 @ second - targets
            back = np.abs(error @ second.T * 2 * hidden).max(axis=1) * np.abs(rows).max(axis=1)
            ahead = np.abs(error).max(axis=1) * (hidden**2).max(axis=1)
            largest = float(np.maximum(back, ahead).max(initial=0.0))
        return largest if np.isfinite(largest) else np.inf

    def batch_visit(self, X: ArrayLike, y: ArrayLike, *, version: int, salt: bytes) -> "NetworkVisit":
        """A mine's mini-batch for that version of the model: the same whenever it is asked for.

        Rows are shuffled once for each salt; version v takes the v-th slice of `batch` rows, cyclically, so
        that successive versions see all rows. Up to `batch` rows are one batch.

        Args:
            version: 0 to 2^32 - 1.
            salt: bytes that a mine keeps for a campaign.

        Raises:
            ShapeError, NotFiniteError, LabelError: the rows cannot be learned from.
            ParameterError: no version.
        """
        whole("version", version, 0, LARGEST_VERSION)
        rows, targets = self.design(X), self.targets(y)
        if len(rows) != len(targets):
            raise ShapeError(f"{len(rows)} rows of X but {len(targets)} labels")
        if len(rows) <= self.batch:
            return NetworkVisit(self, rows, targets)
        first = version * self.batch % len(rows)
        part = _shuffled(len(rows), salt)[(first + np.arange(self.batch)) % len(rows)]
        return NetworkVisit(self, rows[part], targets[part])


def _shuffled(count: int, salt: bytes) -> NDArray[np.int64]:
    """0 to count - 1 in the order of 128 bits of SHAKE-256 for each: no library's generator, which may
    change.
    """
    stream = hashlib.shake_256(b"openmined/mlp/batch/1/" + hashlib.sha256(salt).digest()).digest(16 * count)
    halves = np.frombuffer(stream, ">u8").reshape(count, 2)
    return np.asarray(np.lexsort((halves[:, 1], halves[:, 0])), np.int64)


@dataclass(frozen=True, eq=False)
class NetworkVisit:
    """A mini-batch a mine learns from.

    Attributes:
        X: shape (n, P). Y: shape (n, Q), one-hot.
    """

    network: SquareNetwork
    X: Matrix
    Y: Matrix

    def gradient(self, weights: ArrayLike) -> Matrix:
        """Of the mean over rows of ||scores - one-hot||^2 / 2, shape (P + Q, H): the plaintext twin."""
        first, second = self.network.split(weights)
        hidden = self.X @ first
        error = (hidden**2 @ second - self.Y) / len(self.X)
        slope = self.X.T @ (error @ second.T * 2 * hidden)
        return np.vstack([slope, error.T @ hidden**2])
