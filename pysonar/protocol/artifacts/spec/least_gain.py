"""The smallest gain that is more than luck, by the number of validation records."""

from __future__ import annotations

from math import ceil, sqrt

from pysonar.protocol.artifacts.parts.checks import PPM

DEVIATIONS = 0.4
"""What `sonar campaign create` proposes: the deviation of the difference between models that differ in 16 %
of the records; benchmarks/studies/noise_mining.py measures what it keeps out and what it costs."""

SPLIT_DEVIATIONS = 0.6
"""The same where rows are split, of those that pay: they are fewer, and the others must gain as well."""


def least_gain_ppm(rows: int, deviations: float = DEVIATIONS) -> int:
    """So many records as `deviations` times the square root of their number, rounded up, in ppm.

    >>> least_gain_ppm(360), least_gain_ppm(10_000)
    (22223, 4000)
    """
    return ceil(deviations * sqrt(rows)) * PPM // rows + (ceil(deviations * sqrt(rows)) * PPM % rows > 0)
