"""The mine's data as one campaign's model learns from them: read, checked and compiled once, then kept in
memory.

For a linear family that is an affine map, the same for every version; for a network a mini-batch, another one
for each version. It says much about the data (a map is made of X'X and X'y), so it is never written anywhere.
It is compiled again after a restart, or when the data are other ones; their digest is taken before and after
each reading. Sums are added up batch by batch, so any number of records takes the memory of one batch; rules
that go through the records in an order of their own, and networks, need all of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from mine_agent.campaigns.artifacts import Plan
from mine_agent.data.datasets import DataSet
from mine_agent.errors import TooLittleDataError
from mine_agent.rules.policy import Limits
from openmined_syft.models import Learnable, Rows
from openmined_syft.models.family import LinearFamily
from openmined_syft.rules.mini_batch import MiniBatch
from openmined_syft.schemes import scheme_named
from pysonar.protocol.schema import Schema
from pysonar.tables import Reading, record_batches

KEPT = 8


def salt_of(campaign: bytes, digest: bytes) -> bytes:
    """What decides which rows a version of a network is trained on. Nobody else knows the digest of the data,
    so nobody can tell which those are.
    """
    return campaign + digest


class Visits:
    """What was compiled lately, by campaign, data, and version where that matters."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[bytes, bytes, int], object] = OrderedDict()

    def visit(self, plan: Plan, data: DataSet, version: int, limits: Limits) -> object:
        """The training of `plan`'s campaign on `data`, from a version of its model on.

        Raises DataChangedError, SchemaError (names row, column and value), TooLittleDataError (fewer records
        or classes than the owner's limits), SyftError (the rows cannot be learned from).
        """
        scheme = scheme_named(plan.spec.scheme)
        key = (plan.campaign, data.digest, version if scheme.fresh_rows else 0)
        if key in self._kept:
            data.renewed()
        else:
            salt = salt_of(plan.campaign, data.digest)
            learnable = _learnable(plan, data, limits)
            self._kept[key] = scheme.visit(plan.family, learnable, plan.rule, version=version, salt=salt)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def _learnable(plan: Plan, data: DataSet, limits: Limits) -> Learnable:
    """What the model learns from, once the data have been read to the end and found unchanged."""
    with data.opened() as source:
        reading = Reading(source.name)
        fields = (*plan.schema.fields, plan.schema.label)
        batches = record_batches(source, fields, reading, limit=data.unusable, decimal=data.decimal)
        counted = _Counted(plan.schema, batches)
        if isinstance(plan.family, LinearFamily) and not isinstance(plan.rule, MiniBatch):
            made: Learnable = plan.family.sums(counted)
        else:
            parts = list(counted)
            made = Rows(
                np.concatenate([part.X for part in parts]), np.concatenate([part.y for part in parts])
            )
        counted.require(data.name, limits)
    return made


class _Counted:
    """Encoded batches, their records and classes counted as they pass."""

    def __init__(self, schema: Schema, batches: Iterator[pa.RecordBatch]) -> None:
        self._schema, self._batches = schema, batches
        self._records = 0
        self._classes: set[int] = set()

    def __iter__(self) -> Iterator[Rows]:
        for batch in self._batches:
            table = pa.Table.from_batches([batch])
            rows = Rows(self._schema.encode(table), self._schema.encode_labels(table))
            self._records += len(rows.y)
            if self._schema.classes is not None:
                self._classes.update(np.unique(rows.y).tolist())
            yield rows

    def require(self, name: str, limits: Limits) -> None:
        """Raises TooLittleDataError: from few records, a Capsule can read single ones."""
        if self._records < limits.least_records:
            raise TooLittleDataError(name, "records", self._records, limits.least_records)
        if self._schema.classes is not None and len(self._classes) < limits.least_classes:
            raise TooLittleDataError(name, "classes of the label", len(self._classes), limits.least_classes)
