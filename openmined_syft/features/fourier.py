"""Random Fourier features (Rahimi and Recht 2007): a linear model on them approximates one with a Gaussian
kernel.
"""

import functools
import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.arithmetic import cosine, logarithm, product
from openmined_syft.arithmetic.functions import TURN
from openmined_syft.errors import ShapeError
from openmined_syft.fixed_point import as_matrix
from openmined_syft.parameters import number, whole

MOST_FEATURES = 1 << 12


@dataclass(frozen=True)
class RandomFourier:
    """x -> sqrt(2) cos(x Omega + b), Omega normal with variance 2 gamma, b uniform in [0, 2 pi).

    For two rows the mean product of their features is near exp(-gamma ||x - y||^2).

    Attributes:
        n_features: columns of the rows.
        count: features, 1 to 4,096. The encrypted cost grows with its square.
        gamma: of the kernel, positive. About 0.5 / n_features for standardised columns.
        seed: public bytes. The numbers are drawn from SHAKE-256 and not from a library's generator, so that
            every version of every library gives the same map.

    Raises:
        ParameterError: a parameter is out of range.
    """

    n_features: int
    count: int = 512
    gamma: float = 0.01
    seed: bytes = b""

    def __post_init__(self) -> None:
        whole("n_features", self.n_features, 1, 1 << 20)
        whole("count", self.count, 1, MOST_FEATURES)
        number("gamma", self.gamma, 1e-12, 1e6)

    @property
    def width(self) -> int:
        """`count`."""
        return self.count

    @property
    def usual_norm(self) -> float:
        """sqrt(count): the squares have mean 1."""
        return math.sqrt(self.count)

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Rows, shape (n, n_features), as (n, count); every number is at most sqrt(2) in absolute value.

        Raises:
            ShapeError, NotFiniteError: the rows do not fit.
        """
        rows = as_matrix(X, "X")
        if rows.shape[1] != self.n_features:
            raise ShapeError(f"X has {rows.shape[1]} columns; the feature map needs {self.n_features}")
        frequencies, phases = _drawn(self.n_features, self.count, self.seed)
        turns = product(rows, frequencies * (math.sqrt(2 * self.gamma) / TURN)) + phases
        features: NDArray[np.float64] = math.sqrt(2.0) * cosine(turns)
        return features


@functools.lru_cache(maxsize=4)
def _drawn(n_features: int, count: int, seed: bytes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard normals (n_features, count) by Box and Muller, and phases (count,) in turns."""
    pairs = -(-n_features * count // 2)
    label = f"openmined/fourier/1/{n_features}/{count}/".encode()
    stream = hashlib.shake_256(label + seed).digest(8 * (2 * pairs + count))
    uniform = ((np.frombuffer(stream, "<u8") >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    radius, turns = np.sqrt(-2 * logarithm(uniform[:pairs])), uniform[pairs : 2 * pairs]
    normal = np.concatenate([radius * cosine(turns), radius * cosine(turns - 0.25)])[: n_features * count]
    return normal.reshape(n_features, count), uniform[2 * pairs :]
