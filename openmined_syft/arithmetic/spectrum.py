"""Of a symmetric matrix: its largest eigenvalue, and itself without its negative ones. By products alone."""

import numpy as np

from openmined_syft.arithmetic.product import Matrix, product, slice_bits

SQUARINGS = 10
_MOST_ROUNDS = 48
_SETTLED = 2.0**-30


def largest_eigenvalue(symmetric: Matrix) -> float:
    """The largest eigenvalue of a positive semidefinite matrix (d, d), or up to a share 1 - d^(-1/1024) less.

    H^1024 by squaring, on a grid of whole numbers, has its column with the largest diagonal entry (the first
    of equals) near the eigenvector v; the answer is v'Hv / v'v. That column's Rayleigh quotient is at least
    L d^(-1/1024), as the mean of powers shows, wherever the other eigenvalues lie.
    """
    bits = slice_bits(len(symmetric))
    power = symmetric
    for _ in range(SQUARINGS):
        power = _whole(power, bits)
        power = power @ power
    vector = _whole(power[:, [int(np.diag(power).argmax())]], bits)
    along = product(vector.T, product(symmetric, vector))
    return float(along[0, 0]) / float((vector.T @ vector)[0, 0])


def positive_part(symmetric: Matrix) -> Matrix:
    """V max(D, 0) V' of the symmetric matrix V D V', (d, d): (H + H sign(H)) / 2.

    sign(H) by the iteration of Newton and Schulz, S <- (3 S - S^3) / 2 from H over a power of two above its
    largest sum of a row of absolute values; until no entry moves by 2^-30, at most 48 times. Eigenvalues so
    small that their sign is not found by then, 10^-8 of the largest, keep a part of themselves.
    """
    sums = product(np.abs(symmetric), np.ones((len(symmetric), 1)))
    largest = float(sums.max())
    if largest == 0.0:
        return symmetric
    sign = symmetric * _power_above(largest)
    for _ in range(_MOST_ROUNDS):
        cube = product(product(sign, sign), sign)
        after = _symmetric(1.5 * sign - 0.5 * cube)
        moved = float(np.abs(after - sign).max())
        sign = after
        if moved < _SETTLED:
            break
    return _symmetric(0.5 * (symmetric + product(symmetric, sign)))


def scaled_down(matrix: Matrix) -> Matrix:
    """Over the smallest power of two above its largest absolute value."""
    return matrix * _power_above(float(np.abs(matrix).max()))


def _symmetric(matrix: Matrix) -> Matrix:
    result: Matrix = (matrix + matrix.T) * 0.5
    return result


def _whole(matrix: Matrix, bits: int) -> Matrix:
    """Rounded to whole numbers of this many bits, ties to even, by a power of two."""
    result: Matrix = np.rint(scaled_down(matrix) * 2.0**bits)
    return result


def _power_above(largest: float) -> float:
    """1 over the smallest power of two above it."""
    return float(np.ldexp(1.0, -int(np.frexp(largest)[1])))
