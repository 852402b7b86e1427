"""What a campaign asks for without a word, so that luck does not pay: the smallest gain by the number of
validation records, how many of them only guide, and the fee by the bounty. `sonar campaign create` and the
pages take it from here; docs/noise-mining.md measures what it keeps out.
"""

from __future__ import annotations

from math import ceil, sqrt

from pysonar.protocol.artifacts.parts.checks import PPM

DEVIATIONS = 0.4
"""What `sonar campaign create` proposes: the deviation of the difference between models that differ in 16 %
of the records; benchmarks/studies/noise_mining.py measures what it keeps out and what it costs."""

SPLIT_DEVIATIONS = 0.6
"""The same where rows are split, of those that pay: they are fewer, and the others must gain as well."""


USUAL_GAIN = 5_000
"""Where records are so many that luck is smaller, ppm."""

USUAL_GUIDES, LEAST_SPLIT = 500_000, 100
"""Share of the records that guide the search for a step and are not paid for, ppm, and from how many on.
Fewer cannot be told from luck: `sonar campaign create` refuses them where a plan has no guard of its own.
"""

LARGEST_PART = 8
"""No gain must be more than this part of the target, however few the records are."""

FEE_SHARE_PPM, LEAST_FEE = 2_000, 10**15
"""Of the bounty, since a guess must cost more than it finds; and the least in ether, wei."""


def usual_guiding_rows(rows: int) -> int:
    """How many of this many records guide.

    >>> usual_guiding_rows(99), usual_guiding_rows(361)
    (0, 180)
    """
    return rows * USUAL_GUIDES // PPM if rows >= LEAST_SPLIT else 0


def usual_min_gain(rows: int, guiding: int, target: int) -> int:
    """The smallest paid gain, ppm, where `guiding` of the rows are not paid for.

    >>> usual_min_gain(360, 180, 900_000), usual_min_gain(1, 0, 900_000)
    (50000, 112500)
    """
    least = least_gain_ppm(rows - guiding, SPLIT_DEVIATIONS if guiding else DEVIATIONS)
    return max(1, min(max(USUAL_GAIN, least), target // LARGEST_PART))


def usual_fee(bounty: int, least: int = LEAST_FEE) -> int:
    """Of a submission, in the unit of the bounty, rounded up: a token may have few decimals.

    >>> usual_fee(10**19), usual_fee(10**17), usual_fee(30, least=1)
    (20000000000000000, 1000000000000000, 1)
    """
    return max(least, -(-bounty * FEE_SHARE_PPM // PPM))


def least_gain_ppm(rows: int, deviations: float = DEVIATIONS) -> int:
    """So many records as `deviations` times the square root of their number, rounded up, in ppm.

    >>> least_gain_ppm(360), least_gain_ppm(10_000)
    (22223, 4000)
    """
    return ceil(deviations * sqrt(rows)) * PPM // rows + (ceil(deviations * sqrt(rows)) * PPM % rows > 0)
