"""The mine's data as one campaign's model learns from them: read, checked and compiled once, then kept in
memory.

For a linear family that is an affine map, the same for every version; for a network a mini-batch, another one
for each version. It says much about the data (a map is made of X'X and X'y), so it is never written anywhere.
It is compiled again after a restart, or when the data are other ones; their digest is taken before and after
each reading. Sums are added up batch by batch, so any number of records takes the memory of one batch; rules
that go through the records in an order of their own, and networks, need all of them, and are refused where
the owner's memory does not hold these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mine_agent.campaigns.artifacts import CampaignSpec
from mine_agent.data.datasets import DataSet
from mine_agent.data.matching import written_in
from mine_agent.errors import TooLittleDataError, TooLittleReleasedError
from mine_agent.memory import Pool
from mine_agent.privacy.budget import Budget
from mine_agent.privacy.protection import Prepared, Protection
from mine_agent.rules.policy import Limits
from mine_agent.work.progress import Reading
from openmined_syft.models import Learnable, Rows
from openmined_syft.models.family import LinearFamily
from openmined_syft.privacy import NoisedSums
from openmined_syft.rules import MiniBatch
from openmined_syft.schemes import scheme_named
from pysonar.protocol.artifacts import PrivacyStatement
from pysonar.protocol.schema import Schema
from pysonar.tables import Reading as TableReading
from pysonar.tables import record_batches

_NUMBER = 10  # bytes of a float64 in what is compiled, with what comes around it
_COPIES = 2  # of the encoded records, while their parts are put together


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

    def __init__(self, pool: Pool | None = None) -> None:
        self._pool = pool or Pool()

    def visit(
        self,
        campaign_spec: CampaignSpec,
        data: DataSet,
        version: int,
        limits: Limits,
        budget: Budget | None,
        protection: Protection,
        progress: Reading = lambda _: None,
    ) -> Compiled:
        """The training of the campaign on `data`, from a version of its model on, under `protection`,
        which is what the owner's `budget` comes to.

        Raises DataChangedError, SchemaError (names row, column and value), TooLittleDataError (fewer records
        or classes than the owner's limits), MemoryLimitError (it needs more memory than the owner gives),
        SyftError (the rows cannot be learned from), LedgerError (nothing may be released).
        """
        scheme = scheme_named(campaign_spec.spec.scheme)
        if data.live:
            data = data.renewed()  # it is read as it is now
        key = (
            "visit",
            campaign_spec.campaign,
            data.digest,
            data.registration,
            version if scheme.fresh_rows else 0,
            budget,
        )
        if self._pool.holds(key):
            data.renewed()

        def made() -> Compiled:
            salt = salt_of(campaign_spec.campaign, data.digest)
            prepared = self._prepared(campaign_spec, data, limits, budget, protection, progress)
            visit = scheme.visit(
                campaign_spec.family, prepared.data, campaign_spec.rule, version=version, salt=salt
            )
            return Compiled(visit, prepared.statement, prepared.key)

        return self._pool.get(key, f"what the campaign's model learns from {data.name!r}", made)

    def _prepared(
        self,
        campaign_spec: CampaignSpec,
        data: DataSet,
        limits: Limits,
        budget: Budget | None,
        protection: Protection,
        progress: Reading,
    ) -> Prepared[Learnable]:
        """What the model learns from, once the data have been read to the end and found unchanged.

        Under a budget, whether this mine takes part must not be a function of single values: everybody sees
        it, and the campaign's schema chooses which records fit. So how many fit is asked of the release only,
        and the rows of the registration, which are no scientist's to choose.
        """
        if budget is not None:
            data = data.settled_unseen()
        rows, columns = campaign_spec.family.weights_shape
        self._pool.require(_NUMBER * rows * (rows + columns), f"a model of {rows} x {columns} weights")
        whole = keeps_rows(campaign_spec, budget)
        counted = _Counted(data, campaign_spec.schema, self._pool if whole else None, progress)
        with data.opened() as source:
            reading = TableReading(source.name)
            fields = (*campaign_spec.schema.fields, campaign_spec.schema.label)
            written = written_in(data, source, fields)
            limit = data.unusable if budget is None else None
            batches = record_batches(source, fields, reading, limit=limit, written=written)
            prepare = protection.gather(campaign_spec, data, counted.of(batches))
            if budget is None:
                counted.require(limits)
            elif data.rows < limits.least_records:
                raise TooLittleDataError(data.name, "records", data.rows, limits.least_records)
        prepared = prepare()
        if isinstance(prepared.data, NoisedSums) and prepared.data.most_rows < limits.least_records:
            # So a fee is saved where hardly a record fits; and the answer has the release's own noise on it.
            # Only where even much bad luck leaves too few: honest data are not turned away by their noise.
            raise TooLittleReleasedError(data.name, prepared.data.most_rows, limits.least_records)
        return prepared


def keeps_rows(campaign_spec: CampaignSpec, budget: Budget | None) -> bool:
    """Whether all encoded records are needed at once: by a network, and by mini-batches, which go through
    them in an order of their own. Else sums are added up batch by batch.
    """
    linear = isinstance(campaign_spec.family, LinearFamily)
    return budget is None and not (linear and not isinstance(campaign_spec.rule, MiniBatch))


class _Counted:
    """Encoded batches, their records and classes counted as they pass.

    `pool`: where all of them are needed at once, what has to hold them; they are refused before they fill it.
    """

    def __init__(self, data: DataSet, schema: Schema, pool: Pool | None, progress: Reading) -> None:
        self._data, self._schema, self._pool, self._progress = data, schema, pool, progress
        self._records, self._bytes = 0, 0
        self._classes: set[int] = set()

    def of(self, batches: Iterator[pa.RecordBatch]) -> Iterator[Rows]:
        """The batches, encoded. Raises MemoryLimitError."""
        for batch in batches:
            table = pa.Table.from_batches([batch])
            rows = Rows(self._schema.encode(table), self._schema.encode_labels(table))
            self._records += len(rows.y)
            if self._pool is not None:
                self._bytes += _COPIES * (rows.X.nbytes + rows.y.nbytes)
                what = f"{self._records} records of {self._data.name!r}, which this model needs all at once,"
                self._pool.require(self._bytes, what)
            if self._schema.classes is not None:
                self._classes.update(np.unique(rows.y).tolist())
            self._progress(self._records)
            yield rows

    def require(self, limits: Limits) -> None:
        """Raises TooLittleDataError: from few records, a Capsule can read single ones."""
        name = self._data.name
        if self._records < limits.least_records:
            raise TooLittleDataError(name, "records", self._records, limits.least_records)
        if self._schema.classes is not None and len(self._classes) < limits.least_classes:
            raise TooLittleDataError(name, "classes of the label", len(self._classes), limits.least_classes)
