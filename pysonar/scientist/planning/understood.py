"""What was understood of validation records, said before any bounty is escrowed for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pysonar.scientist.planning.plan import Plan
from pysonar.tables import Reading

FEW_RECORDS = 100
_MOST_CLASSES = 12


@dataclass(frozen=True)
class Understood:
    """The records as they will be sealed.

    Attributes:
        records: in the plan's schema. start_ppm: what the initial model scores on them.
        remarks: how their source was read: encoding, separator and the like.
        reading: what was converted, filled in and left out.
    """

    records: pa.Table
    plan: Plan
    remarks: Sequence[str]
    reading: Reading
    start_ppm: int

    def label_counts(self) -> dict[str, int]:
        """How many records each class has, in schema order; empty if the label is a number."""
        label = self.plan.schema.label
        if not label.classes:
            return {}
        counted = pc.value_counts(self.records.column(label.name)).to_pylist()
        found = {entry["values"]: entry["counts"] for entry in counted}
        return {str(value): found.get(value, 0) for value in label.classes}

    def warnings(self) -> list[str]:
        """What looks like a slip: few records, a class that none of them has."""
        said = []
        rows = self.records.num_rows
        if rows < FEW_RECORDS:
            said.append(
                f"only {rows} records measure the model: one of them more right is {100 / rows:.2g} %"
            )
        empty = [name for name, count in self.label_counts().items() if not count]
        if empty:
            said.append(f"no record is of class {', '.join(empty[:_MOST_CLASSES])}")
        return said

    def as_row(self) -> dict[str, Any]:
        """As a JSON object; accuracies in ppm. No value of a record is in it."""
        return {
            "records": self.records.num_rows,
            "read_as": list(self.remarks),
            "changed": self.reading.sentences(),
            "classes": self.label_counts(),
            "start_ppm": self.start_ppm,
            "warnings": self.warnings(),
        }
