"""What a visit learns from: a mine's records as they are, sums over them, or one noised release of sums.

Records and releases are different types all the way. A mine whose owner set a privacy budget hands out
releases only, and nothing makes a release of records but `UnnoisedSums.noised`.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from openmined_syft.privacy import NoisedSums


@dataclass(frozen=True, eq=False)
class Rows:
    """Records without any protection of single ones.

    Attributes:
        X: (n, n_features), encoded.
        y: (n,), or (n, k) numbers: labels as the family wants them.
    """

    X: NDArray[np.float64]
    y: NDArray[Any]


@dataclass(frozen=True, eq=False)
class RowSums:
    """Sums over records, added up batch by batch; as unprotected as the records.

    Attributes:
        products: X'X, (d, d); pulls: X'T, (d, k), of the family's design and targets, its offset taken off.
        rows: how many records.
    """

    products: NDArray[np.float64]
    pulls: NDArray[np.float64]
    rows: int


Learnable: TypeAlias = Rows | RowSums | NoisedSums
