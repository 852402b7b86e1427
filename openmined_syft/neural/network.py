"""The network X -> (X W1)^2 W2 in plain numbers: weights as one matrix, prediction, gradient, and Capsule's
Adam.

The weights are one matrix of shape (P + Q, H): P rows for the inputs (the next power of two), then Q for the
outputs (likewise), a column for each hidden unit. Rows above the real numbers of inputs and outputs stay
zero. So the same steps, bounds and candidates apply as for the linear families.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import LabelError, ParameterError, ShapeError
from openmined_syft.fixed_point import as_matrix
from openmined_syft.models.family import class_indices
from openmined_syft.rules.parameters import known_only, whole

SLOTS = 8192

Matrix = NDArray[np.float64]


def _power_of_two(at_least: int) -> int:
    return 1 << max(0, at_least - 1).bit_length()


@dataclass(frozen=True)
class SquareNetwork:
    """A classifier with one hidden layer of squares, trained on the mean of squared errors to one-hot labels.

    Attributes:
        n_features: 9 to 128; no bias is added: centre the columns.
        n_outputs: classes, 2 to 16.
        hidden: 16, 32 or 64 hidden units, at least as many as the classes rounded up to a power of two.
        seed: public bytes the initial weights are drawn from.

    Raises:
        ParameterError: a size is out of range, or all together do not fit the slots.
    """

    n_features: int
    n_outputs: int
    hidden: int = 32
    seed: bytes = b""

    name: ClassVar[str] = "mlp"

    def __post_init__(self) -> None:
        whole("n_features of an mlp", self.n_features, 9, 128)
        whole("n_outputs of an mlp", self.n_outputs, 2, 16)
        if self.hidden not in (16, 32, 64):
            raise ParameterError(f"hidden is {self.hidden!r}; needs 16, 32 or 64")
        if self.outputs_padded > self.hidden or self.inputs_padded + self.outputs_padded > self.batch:
            raise ParameterError(
                f"{self.n_features} inputs, {self.hidden} hidden units and {self.n_outputs} classes do not "
                f"fit {SLOTS} slots together"
            )

    @classmethod
    def build(
        cls, n_features: int, n_outputs: int, parameters: Mapping[str, Any], seed: bytes
    ) -> "SquareNetwork":
        """The network with `parameters` of a spec: "hidden".

        Raises:
            ParameterError: an unknown parameter, or a value out of range.
        """
        known_only("an mlp model", parameters, ["hidden"])
        return cls(n_features, n_outputs, seed=seed, **parameters)

    @property
    def inputs_padded(self) -> int:
        """P."""
        return _power_of_two(self.n_features)

    @property
    def outputs_padded(self) -> int:
        """Q, at least 16 so that one rotation distance serves all."""
        return max(16, _power_of_two(self.n_outputs))

    @property
    def batch(self) -> int:
        """Rows in one encrypted gradient: the slots of a hidden unit."""
        return SLOTS // self.hidden

    @property
    def weights_shape(self) -> tuple[int, int]:
        """(P + Q, H)."""
        return self.inputs_padded + self.outputs_padded, self.hidden

    def initial_weights(self) -> Matrix:
        """Uniform numbers from the seed; zeros would be a point without slope."""
        rows, columns = self.weights_shape
        stream = hashlib.shake_256(b"openmined/mlp/1/" + self.seed).digest(8 * rows * columns)
        uniform = np.frombuffer(stream, "<u8").astype(np.float64) * 2.0**-63 - 1
        weights: Matrix = uniform.reshape(rows, columns)
        weights[: self.inputs_padded] *= 2.8 / np.sqrt(self.n_features)
        weights[self.inputs_padded :] *= 1.0 / np.sqrt(self.hidden)
        return weights * self.used

    @property
    def used(self) -> Matrix:
        """1 where a weight exists, 0 in the padding."""
        mask = np.zeros(self.weights_shape)
        mask[: self.n_features] = 1
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
        """X of shape (n, n_features) with columns of zeros up to P.

        Raises:
            ShapeError, NotFiniteError: other data.
        """
        rows = as_matrix(X, "X")
        if rows.shape[1] != self.n_features or not len(rows):
            raise ShapeError(f"X has shape {rows.shape}; needs rows and {self.n_features} columns")
        return np.pad(rows, ((0, 0), (0, self.inputs_padded - self.n_features)))

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


class Adam:
    """Capsule's optimiser (Kingma and Ba 2015): turns decrypted gradients into differences of weights."""

    def __init__(self, rate: float = 0.03, first: float = 0.9, second: float = 0.99) -> None:
        if not (0 < rate <= 1 and 0 <= first < 1 and 0 <= second < 1):
            raise ParameterError(f"Adam with rate {rate}, {first} and {second}; needs numbers from 0 to 1")
        self._rate, self._first, self._second = rate, first, second
        self._mean: Matrix | None = None
        self._square: Matrix | None = None
        self._steps = 0

    def difference(self, gradient: ArrayLike) -> Matrix:
        """What to add to the weights."""
        slope = as_matrix(gradient, "gradient")
        if self._mean is None or self._square is None:
            self._mean, self._square = np.zeros_like(slope), np.zeros_like(slope)
        if slope.shape != self._mean.shape:
            raise ShapeError(f"a gradient of shape {slope.shape} after ones of {self._mean.shape}")
        self._steps += 1
        self._mean = self._first * self._mean + (1 - self._first) * slope
        self._square = self._second * self._square + (1 - self._second) * slope**2
        mean = self._mean / (1 - self._first**self._steps)
        square = self._square / (1 - self._second**self._steps)
        result: Matrix = -self._rate * mean / (np.sqrt(square) + 1e-6)
        return result


__all__ = ["Adam", "LabelError", "NetworkVisit", "SquareNetwork"]
