"""Linear equations by one elimination, in one order."""

import numpy as np

from openmined_syft.arithmetic.product import Matrix


def solved(left: Matrix, right: Matrix) -> Matrix:
    """left^-1 right, (d, m), of a symmetric positive definite matrix (d, d): Gauss and Jordan, by columns in
    their order and without a search for pivots, which such a matrix does not need.
    """
    size = len(left)
    both = np.hstack([left, right])
    for column in range(size):
        factors = both[:, column] / both[column, column]
        factors[column] = 0.0
        both[:, column + 1 :] -= factors[:, None] * both[column, column + 1 :]
    result: Matrix = both[:, size:] / np.diag(both)[:, None] + 0.0
    return result
