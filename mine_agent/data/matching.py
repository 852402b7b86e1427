"""Do a mine's columns cover what a campaign asks for? Decided here by names; values are checked when they
are read.

That this mine has the data, or has not, is known to nobody but its owner.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mine_agent.data.datasets import DataSet
from pysonar.protocol.schema import BadValueError, Schema, SchemaError
from pysonar.protocol.schema.field import Field
from pysonar.tables import Reading, Source, record_batches
from pysonar.tables.numbers import Notations
from pysonar.tables.reading import notations_in


@dataclass(frozen=True)
class Fit:
    """How one data set fits one campaign: the columns it lacks, or the first value that does not fit.

    Once the values were read: `changed`, what had to be converted or left out, in words; `records`, how many
    can be used.
    """

    data: str
    missing: tuple[str, ...] = ()
    problem: str | None = None
    changed: tuple[str, ...] = ()
    records: int | None = None

    @property
    def fits(self) -> bool:
        """Whether the mine could train on it."""
        return not self.missing and self.problem is None


def fit_by_names(schema: Schema, data: DataSet) -> Fit:
    """How the columns' names fit."""
    return Fit(data.name, tuple(schema.missing(data.column_names())))


def fit_by_values(schema: Schema, data: DataSet) -> Fit:
    """How the values fit: reads them all. Raises DataChangedError; a value that does not fit is reported in
    the answer.
    """
    by_names = fit_by_names(schema, data)
    if by_names.missing:
        return by_names
    try:
        fields = (*schema.fields, schema.label)
        with data.opened() as source:
            reading = Reading(source.name)
            for _ in record_batches(
                source, fields, reading, limit=data.unusable, written=written_in(data, source, fields)
            ):
                pass
    except SchemaError as error:
        share = math.ceil(100 * sum(reading.unusable.values()) / max(1, reading.records))
        more = f'; data add --replace --unusable "{share} %" leaves them out' if reading.kept else ""
        return Fit(data.name, problem=f"{error}{_rounding(error, schema)}{more}")
    return Fit(data.name, changed=tuple(reading.sentences()), records=reading.kept)


def written_in(data: DataSet, source: Source, fields: Sequence[Field]) -> Notations:
    """How the fields write numbers in `source`, which is `data` opened: as it was settled; else, in
    registrations of an earlier release, as a look at all of them says.
    """
    written = data.written()
    return notations_in(source, fields, data.decimal) if written is None else written


def _rounding(error: SchemaError, schema: Schema) -> str:
    """The way out where a campaign wants whole numbers and the data have fractions, as years of months."""
    if not isinstance(error, BadValueError):
        return ""
    for wanted in schema.fields:
        if wanted.name == error.column and wanted.json_type == "integer" and _is_fraction(error.value):
            return f"; round = true at [{wanted.name}] in its mapping takes the nearest whole number"
    return ""


def _is_fraction(shown: str) -> bool:
    try:
        return not float(shown).is_integer()
    except ValueError:
        return False
