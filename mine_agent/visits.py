"""The mine's data as an affine map for one campaign: read, checked and compiled once, then kept in memory.

The map says much about the data (it is made of X'X and X'y), so it is never written anywhere. It is
compiled again after a restart, or when the registered file is another one; the file's bytes are compared
with their digest every time before they are used.
"""

from __future__ import annotations

from collections import OrderedDict

from mine_agent.datasets import DataSet
from mine_agent.library import Plan
from openmined_syft.affine import AffineMap

KEPT = 8


class Visits:
    """The maps compiled lately, by campaign and data."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[bytes, bytes], AffineMap] = OrderedDict()

    def visit(self, plan: Plan, data: DataSet) -> AffineMap:
        """The training of `plan`'s campaign on `data`.

        Raises DataChangedError, SchemaError (names row, column and value), SyftError (the rows cannot be
        learned from).
        """
        content = data.read()
        key = (plan.campaign, data.digest)
        if key not in self._kept:
            table = plan.schema.read_csv_bytes(content, name=data.path.name)
            X, y = plan.schema.encode(table), plan.schema.encode_labels(table)
            self._kept[key] = plan.family.visit(X, y, plan.rule)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]
