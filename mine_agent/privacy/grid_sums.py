"""Sums over clipped records on the grid, in the memory of one batch."""

from __future__ import annotations

from collections.abc import Iterable

from openmined_syft.models import Rows
from openmined_syft.models.family import LinearFamily
from openmined_syft.privacy import UnnoisedSums, exact_sums
from openmined_syft.privacy.grid import Clip


def grid_sums(family: LinearFamily, clip: Clip, batches: Iterable[Rows]) -> UnnoisedSums:
    """Exact: however the records are split into batches, the same. Raises SyftError, PrivacyError."""
    sums = UnnoisedSums.nothing(*family.weights_shape, clip)
    for batch in batches:
        for rows in batch.parts(family.rows_at_once):
            sums = sums + exact_sums(family.grid_rows(rows, clip))
    return sums
