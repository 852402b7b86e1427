"""The factor from a column's unit to a campaign's: by the units that names say, else by the range alone,
which is a guess.
"""

from __future__ import annotations

from dataclasses import dataclass

from mine_agent.data.units import other_degrees, unit_in
from mine_agent.data.vocabulary import plain
from pysonar.protocol.schema.field import Field
from pysonar.tables.understanding import ColumnSeen

# What people measure in other units, most usual first: metric steps, hundredths, months, inches, pounds.
FACTORS = (0.1, 10.0, 0.01, 100.0, 0.001, 1000.0, 1 / 12, 12.0, 2.54, 1 / 2.54, 0.45359237, 1 / 0.45359237)
_OUTLIERS = 4  # clips beyond a clip: a factor of ten is farther
_SLACK = 0.05
_OVERLAP = 0.25


@dataclass(frozen=True)
class Scaling:
    """`factor` None: no unit brings the column's range to the campaign's. `doubt`: why it may be wrong.
    `rounds`: the campaign wants whole numbers, and the factor makes fractions.
    """

    factor: float | None
    why: str = ""
    doubt: str | None = None
    rounds: bool = False


def scaling(wanted: Field, column: ColumnSeen) -> Scaling:
    """From a column of numbers to the field. A clip cuts outliers off, so that a range that goes beyond it is
    not a sign of another unit, unless it is out of all proportion.
    """
    if column.low is None or column.high is None:
        return Scaling(1.0)
    low, high = column.low, column.high
    degrees = other_degrees(wanted.name, column.name)
    if degrees is not None:
        return Scaling(1.0, "", degrees)
    own, theirs = unit_in(column.name), unit_in(wanted.name)
    if own is not None:
        named = own.factors(theirs)
        usual = len(named) - own.unusual if theirs is None else len(named)
        fits = [
            *(factor for factor in named[:usual] if _inside(wanted, low, high, factor)),
            *(factor for factor in named[:usual] if _reaches_beyond(wanted, low, high, factor)),
            *(factor for factor in named[usual:] if _inside(wanted, low, high, factor)),
            *(factor for factor in named if _near(wanted, low, high, factor)),
        ]
        if fits:
            why = f"in {own.word}: x {fits[0]:.6g} makes it the campaign's unit" if fits[0] != 1.0 else ""
            return _rounded(wanted, Scaling(fits[0], why))
    same = plain(column.name) == plain(wanted.name)
    if _inside(wanted, low, high, 1.0):
        return Scaling(1.0)
    if _near(wanted, low, high, 1.0) and (same or _overlaps(wanted, low, high)):
        return Scaling(1.0)
    for factor in FACTORS:
        if _inside(wanted, low, high, factor):
            said = "no name says the unit" if own is None else f"{own.word!r} in its name does not say so"
            guessed = f"x {factor:.6g} is guessed from the range alone; {said}"
            return _rounded(wanted, Scaling(factor, "", guessed))
    clip = f"{wanted.clip[0]:.6g} to {wanted.clip[1]:.6g}"
    return Scaling(None, "", f"its range {low:.6g} to {high:.6g} is not the campaign's, {clip}")


def _inside(wanted: Field, low: float, high: float, factor: float) -> bool:
    """Within the clip, and wide enough to be of its unit."""
    slack = (wanted.clip[1] - wanted.clip[0]) * _SLACK
    ends = sorted((low * factor, high * factor))
    return wanted.clip[0] - slack <= ends[0] and ends[1] <= wanted.clip[1] + slack and _wide(wanted, *ends)


def _near(wanted: Field, low: float, high: float, factor: float) -> bool:
    beyond = (wanted.clip[1] - wanted.clip[0]) * _OUTLIERS
    ends = sorted((low * factor, high * factor))
    return wanted.clip[0] - beyond <= ends[0] and ends[1] <= wanted.clip[1] + beyond and _wide(wanted, *ends)


def _reaches_beyond(wanted: Field, low: float, high: float, factor: float) -> bool:
    """Within the clip but for outliers."""
    ends = sorted((low * factor, high * factor))
    return _near(wanted, low, high, factor) and _overlaps(wanted, *ends)


def _wide(wanted: Field, low: float, high: float) -> bool:
    return high - low > (wanted.clip[1] - wanted.clip[0]) / 50 or low == high


def _overlaps(wanted: Field, low: float, high: float) -> bool:
    common = min(high, wanted.clip[1]) - max(low, wanted.clip[0])
    return common >= _OVERLAP * (high - low)


def _rounded(wanted: Field, found: Scaling) -> Scaling:
    if wanted.json_type != "integer" or found.factor is None or found.factor.is_integer():
        return found
    said = "the campaign wants whole numbers, so that values are rounded"
    return Scaling(found.factor, found.why, f"{found.doubt}; {said}" if found.doubt else said, rounds=True)
