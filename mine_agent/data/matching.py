"""Do a mine's columns cover what a campaign asks for? Decided here by names; values are checked when they
are read.

That this mine has the data, or has not, is known to nobody but its owner.
"""

from __future__ import annotations

from dataclasses import dataclass

from mine_agent.data.datasets import DataSet
from pysonar.protocol.schema import Schema, SchemaError


@dataclass(frozen=True)
class Fit:
    """How one data set fits one campaign: the columns it lacks, or the first value that does not fit."""

    data: str
    missing: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def fits(self) -> bool:
        """Whether the mine could train on it."""
        return not self.missing and self.problem is None


def fit_by_names(schema: Schema, data: DataSet) -> Fit:
    """How the columns' names fit."""
    return Fit(data.name, tuple(schema.missing(data.column_names())))


def fit_by_values(schema: Schema, data: DataSet) -> Fit:
    """How the whole file fits: reads it. Raises DataChangedError; a value that does not fit is told in the
    answer.
    """
    by_names = fit_by_names(schema, data)
    if by_names.missing:
        return by_names
    try:
        schema.read_csv_bytes(data.read(), name=data.path.name)
    except SchemaError as error:
        return Fit(data.name, problem=str(error))
    return by_names
