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
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mine_agent.campaigns.artifacts import CampaignSpec
from mine_agent.data.datasets import DataSet
from mine_agent.errors import TooLittleDataError
from mine_agent.privacy.budget import Budget
from mine_agent.privacy.protection import Prepared, Protection
from mine_agent.rules.policy import Limits
from openmined_syft.models import Learnable, Rows
from openmined_syft.schemes import scheme_named
from pysonar.protocol.artifacts import PrivacyStatement
from pysonar.protocol.schema import Schema
from pysonar.tables import Reading, record_batches
from pysonar.tables.numbers import POINT

KEPT = 8


def salt_of(campaign: bytes, digest: bytes) -> bytes:
    """What decides which rows a version of a network is trained on. Nobody else knows the digest of the data,
    so nobody can tell which those are.
    """
    return campaign + digest


@dataclass(frozen=True, eq=False)
class Compiled:
    """A visit, what the seal says of the protection of records, and the key of the release behind it."""

    visit: object
    statement: PrivacyStatement | None
    release: bytes | None


class CompiledData:
    """What was compiled lately, by campaign, data, and version where that matters."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[bytes, bytes, str, int, Budget | None], Compiled] = OrderedDict()

    def visit(
        self,
        campaign_spec: CampaignSpec,
        data: DataSet,
        version: int,
        limits: Limits,
        budget: Budget | None,
        protection: Protection,
    ) -> Compiled:
        """The training of the campaign on `data`, from a version of its model on, under `protection`,
        which is what the owner's `budget` comes to.

        Raises DataChangedError, SchemaError (names row, column and value), TooLittleDataError (fewer records
        or classes than the owner's limits), SyftError (the rows cannot be learned from), LedgerError (nothing
        may be released).
        """
        scheme = scheme_named(campaign_spec.spec.scheme)
        key = (
            campaign_spec.campaign,
            data.digest,
            data.registration,
            version if scheme.fresh_rows else 0,
            budget,
        )
        if key in self._kept:
            data.renewed()
        else:
            salt = salt_of(campaign_spec.campaign, data.digest)
            prepared = _prepared(campaign_spec, data, limits, budget, protection)
            visit = scheme.visit(
                campaign_spec.family, prepared.data, campaign_spec.rule, version=version, salt=salt
            )
            self._kept[key] = Compiled(visit, prepared.statement, prepared.key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def _prepared(
    campaign_spec: CampaignSpec, data: DataSet, limits: Limits, budget: Budget | None, protection: Protection
) -> Prepared[Learnable]:
    """What the model learns from, once the data have been read to the end and found unchanged."""
    with data.opened() as source:
        reading = Reading(source.name)
        fields = (*campaign_spec.schema.fields, campaign_spec.schema.label)
        decimal = _decimal(data, budget)
        batches = record_batches(source, fields, reading, limit=data.unusable, decimal=decimal)
        counted = _Counted(campaign_spec.schema, batches)
        prepare = protection.gather(campaign_spec, data, counted)
        counted.require(data.name, limits)
    return prepare()


def _decimal(data: DataSet, budget: Budget | None) -> str | None:
    """The decimal mark to read numbers with. Under a budget it is not taken from the column: one record more
    would then change what the others mean, and no noise for one record hides that.
    """
    return data.decimal if data.decimal is not None or budget is None else POINT


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
