"""Differential privacy for linear models: sums over clipped records, released once under exact noise.

Records go onto an integer grid (`grid`), their sums are exact integers (`sums`), the sums get discrete
Gaussian noise (`discrete_gaussian`), and what training makes of the noised sums (`released`) is
post-processing. `accounting` says what a release costs. Pure: nothing here reads, writes or remembers.
"""

from openmined_syft.privacy.accounting import epsilon_at, require_delta, rho_for
from openmined_syft.privacy.grid import Clip, GridRows, on_grid
from openmined_syft.privacy.noised import NoisedSums
from openmined_syft.privacy.released import ReleasedProblem
from openmined_syft.privacy.sums import UnnoisedSums, exact_sums

__all__ = [
    "Clip",
    "GridRows",
    "NoisedSums",
    "ReleasedProblem",
    "UnnoisedSums",
    "epsilon_at",
    "exact_sums",
    "on_grid",
    "require_delta",
    "rho_for",
]
