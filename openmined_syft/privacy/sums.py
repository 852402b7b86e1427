"""The exact sums X'X and X'Y over records on the grid: all that a linear model ever learns from them.

They are as private as the records: from them alone every product of two fields can be read, and from two of
them that differ by one record that record. So they have no wire form; the way on is `noised`.

Sensitivity, in units of the grid. One record more adds u u' to X'X, u v' to X'Y; ||u||, ||v|| <= 2^12. With
noise of variance s on the entries above the diagonal and 2 s on the diagonal, and t on X'Y,

    sum_i u_i^4 / (2 * 2 s) + sum_(i<j) u_i^2 u_j^2 / (2 s)  =  ||u||^4 / (4 s)          <=  2^48 / (4 s)
    sum_ij u_i^2 v_j^2 / (2 t)                               =  ||u||^2 ||v||^2 / (2 t)  <=  2^48 / (2 t)

and their sum is rho: the Renyi divergence of order alpha of discrete Gaussians of the same variance, shifted
by a whole number D, is at most alpha D^2 / (2 variance) (Canonne, Kamath, Steinke 2020, proposition 5), and
divergences of independent ones add up.
"""

from fractions import Fraction
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from openmined_syft.errors import PrivacyError, ShapeError
from openmined_syft.privacy.accounting import LARGEST_RHO, SMALLEST_RHO
from openmined_syft.privacy.discrete_gaussian import Randomness, SystemRandomness, sample_discrete_gaussian
from openmined_syft.privacy.grid import GRID_BITS, Clip, GridRows
from openmined_syft.privacy.noised import NoisedSums

SENSITIVITY = 1 << (4 * GRID_BITS)
"""Squared, of either of the two sums: ||u||^4 and ||u||^2 ||v||^2."""
MOST_SUMMED = (1 << (62 - 2 * GRID_BITS)) - 1
"""Rows of all batches together: beyond that int64, in which batches are added up, might overflow."""
TARGETS_SHARE = Fraction(3, 4)
"""Of a price, what X'Y gets: X'X has a ridge to lean on. Accuracy hardly differs between a half and nine
tenths, and falls off below (see `benchmarks/privacy`)."""


class UnnoisedSums:
    """X'X (d, d) and X'Y (d, k) in whole grid units; they must not leave the machine."""

    __slots__ = ("_clip", "_products", "_pulls", "_rows")

    def __init__(self, products: NDArray[np.int64], pulls: NDArray[np.int64], rows: int, clip: Clip) -> None:
        self._products, self._pulls, self._rows, self._clip = products, pulls, rows, clip

    @classmethod
    def nothing(cls, rows: int, columns: int, clip: Clip) -> "UnnoisedSums":
        """The sums over no records, for weights of shape (rows, columns)."""
        return cls(np.zeros((rows, rows), np.int64), np.zeros((rows, columns), np.int64), 0, clip)

    @property
    def shape(self) -> tuple[int, int]:
        """(d, k), the bias counted."""
        rows, columns = self._pulls.shape
        return rows, columns

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, UnnoisedSums)
            and self._clip == other._clip
            and np.array_equal(self._products, other._products)
            and np.array_equal(self._pulls, other._pulls)
        )

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: "UnnoisedSums") -> "UnnoisedSums":
        """The sums over the records of both: a data set may be split in any way.

        Raises:
            ShapeError: of another shape.
            PrivacyError: clipped to another length, or too many rows in all.
        """
        if other.shape != self.shape:
            raise ShapeError(f"sums of shapes {self.shape} and {other.shape} cannot be added")
        if other._clip != self._clip:
            raise PrivacyError(f"sums clipped to {self._clip} and to {other._clip} cannot be added")
        rows = self._rows + other._rows
        if rows > MOST_SUMMED:
            raise PrivacyError(f"{rows} rows; sums are exact up to {MOST_SUMMED}: split the data set")
        return UnnoisedSums(self._products + other._products, self._pulls + other._pulls, rows, self._clip)

    def noised(self, rho: Fraction, randomness: Randomness | None = None) -> NoisedSums:
        """The sums under fresh noise that costs at most `rho`; the caller charges for it beforehand.

        Args:
            rho: 2^-40 to 2^20.
            randomness: by default the operating system's. Others are for tests of the sampler.

        Raises:
            PrivacyError: rho is out of range.
        """
        products_variance, pulls_variance = variances(rho)
        source = randomness or SystemRandomness()
        d, k = self.shape
        upper = np.triu_indices(d)
        triangle = self._products[upper]
        for place, (row, column) in enumerate(zip(*(index.tolist() for index in upper), strict=True)):
            variance = 2 * products_variance if row == column else products_variance
            triangle[place] += sample_discrete_gaussian(variance, source)
        noise = [sample_discrete_gaussian(pulls_variance, source) for _ in range(d * k)]
        pulls = self._pulls + np.array(noise, np.int64).reshape(d, k)
        return NoisedSums(triangle, pulls, products_variance, pulls_variance, self._clip)

    def for_own_cluster(self) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        """X'X, X'Y and the number of records, for the machines of a cluster that is the data's owner's own:
        whoever sees them sees the records.
        """
        return self._products, self._pulls, self._rows

    def from_own_cluster(
        self, products: NDArray[np.int64], pulls: NDArray[np.int64], rows: int
    ) -> "UnnoisedSums":
        """The inverse, with this one's clip. Raises ShapeError: of another shape than this one."""
        if products.shape != self._products.shape or pulls.shape != self._pulls.shape:
            raise ShapeError(
                f"sums of shapes {products.shape} and {pulls.shape}; needs those of {self.shape}"
            )
        return UnnoisedSums(products, pulls, rows, self._clip)

    def __repr__(self) -> str:
        return f"UnnoisedSums(of shape {self.shape})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("sums without noise are not serialised; call noised() first")


def exact_sums(rows: GridRows) -> UnnoisedSums:
    """X'X and X'Y of the records, exact."""
    products, pulls = rows.inputs.T @ rows.inputs, rows.inputs.T @ rows.targets
    return UnnoisedSums(products.astype(np.int64), pulls.astype(np.int64), len(rows.inputs), rows.clip)


def variances(rho: Fraction) -> tuple[int, int]:
    """(s, t) for a release at `rho`, rounded up: of the entries of X'X above the diagonal, and of X'Y.

    Raises:
        PrivacyError: rho is not a fraction from 2^-40 to 2^20.
    """
    if not isinstance(rho, Fraction) or not SMALLEST_RHO <= rho <= LARGEST_RHO:
        raise PrivacyError(f"the price of a release is {rho!r}; needs a fraction from 2^-40 to 2^20")
    pulls_rho = rho * TARGETS_SHARE
    return -(-SENSITIVITY // (4 * (rho - pulls_rho))), -(-SENSITIVITY // (2 * pulls_rho))
