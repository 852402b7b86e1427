"""A release: the sums under noise, once, with everything that is public about it, and its wire form.

Whatever is computed from it, however often and for whomever, costs nothing more.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openmined_syft.errors import PrivacyError
from openmined_syft.privacy.grid import GRID_BITS, Clip

LARGEST_SIDE = 1 << 13
_LARGEST_VARIANCE = 1 << 96


@dataclass(frozen=True, eq=False)
class NoisedSums:
    """Made by `UnnoisedSums.noised`, or read back from what that made.

    Attributes:
        triangle: the upper triangle of X'X row by row, d (d + 1) / 2 whole numbers. It is released once: a
            second draw below the diagonal would halve the noise for whoever averages.
        pulls: X'Y, (d, k) whole numbers.
        products_variance: of the noise above the diagonal; on it twice that.
        pulls_variance: of the noise on X'Y.
        clip: what records were clipped to.

    Raises:
        PrivacyError: shapes that do not belong together, or variances below 1.
    """

    triangle: NDArray[np.int64]
    pulls: NDArray[np.int64]
    products_variance: int
    pulls_variance: int
    clip: Clip

    def __post_init__(self) -> None:
        d = len(self.pulls)
        if self.pulls.ndim != 2 or self.triangle.shape != (d * (d + 1) // 2,):
            raise PrivacyError(
                f"a release with {len(self.triangle)} products and pulls of shape {self.pulls.shape}; "
                f"needs {d * (d + 1) // 2} products"
            )
        for variance in (self.products_variance, self.pulls_variance):
            if type(variance) is not int or not 1 <= variance <= _LARGEST_VARIANCE:
                raise PrivacyError(
                    f"a release with noise of variance {variance!r}; needs a whole number from 1 on"
                )

    @property
    def shape(self) -> tuple[int, int]:
        """(d, k), the bias counted."""
        rows, columns = self.pulls.shape
        return rows, columns

    @property
    def rho(self) -> Fraction:
        """What it cost, exactly (see `sums`)."""
        sensitivity = 1 << (4 * GRID_BITS)
        return Fraction(sensitivity, 4 * self.products_variance) + Fraction(
            sensitivity, 2 * self.pulls_variance
        )

    @property
    def most_rows(self) -> int:
        """How many records there are at most, but for once in 40 times: the noised sum over the squared bias,
        and twice its noise's standard deviation; 0 or more.
        """
        count = float(self.triangle[-1]) + 2 * math.sqrt(2 * self.products_variance)
        return max(0, math.floor(count / self.clip.bias_unit**2))

    def products(self) -> NDArray[np.int64]:
        """X'X under noise, (d, d), symmetric, in grid units."""
        d = len(self.pulls)
        full = np.zeros((d, d), np.int64)
        full[np.triu_indices(d)] = self.triangle
        return full + np.triu(full, 1).T

    def to_fields(self) -> dict[str, Any]:
        """The form in which it is stored."""
        return {
            "rows": self.pulls.shape[0],
            "columns": self.pulls.shape[1],
            "triangle": self.triangle.astype("<i8").tobytes(),
            "pulls": self.pulls.astype("<i8").tobytes(),
            "products_variance": str(self.products_variance),
            "pulls_variance": str(self.pulls_variance),
            "clip_inputs": self.clip.inputs.hex(),
            "clip_targets": self.clip.targets.hex(),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "NoisedSums":
        """The inverse of `to_fields`.

        Raises:
            PrivacyError: it is not a release.
        """
        try:
            d, k = int(fields["rows"]), int(fields["columns"])
            if not (1 <= d <= LARGEST_SIDE and 1 <= k <= LARGEST_SIDE):
                raise ValueError
            pulls = np.frombuffer(fields["pulls"], "<i8").astype(np.int64).reshape(d, k)
            return cls(
                np.frombuffer(fields["triangle"], "<i8").astype(np.int64),
                pulls,
                int(fields["products_variance"]),
                int(fields["pulls_variance"]),
                Clip(float.fromhex(fields["clip_inputs"]), float.fromhex(fields["clip_targets"])),
            )
        except (KeyError, TypeError, ValueError):
            raise PrivacyError(
                "stored bytes are not a release: a field is missing or of another form"
            ) from None
