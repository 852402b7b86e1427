"""The mine's data as one campaign's model learns from them: read, checked and compiled once, then kept in
memory.

For a linear family that is an affine map, the same for every version; for a network a mini-batch, another one
for each version. It says much about the data (a map is made of X'X and X'y), so it is never written anywhere.
It is compiled again after a restart, or when the registered file is another one; the file's bytes are
compared with their digest every time before they are used.
"""

from __future__ import annotations

from collections import OrderedDict

from mine_agent.campaigns.artifacts import Plan
from mine_agent.data.datasets import DataSet
from openmined_syft.models import Rows
from openmined_syft.schemes import scheme_named
from pysonar.tables import read_records

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

    def visit(self, plan: Plan, data: DataSet, version: int) -> object:
        """The training of `plan`'s campaign on `data`, from a version of its model on.

        Raises DataChangedError, SchemaError (names row, column and value), SyftError (the rows cannot be
        learned from).
        """
        scheme = scheme_named(plan.spec.scheme)
        key = (plan.campaign, data.digest, version if scheme.fresh_rows else 0)
        if key in self._kept:
            data.renewed()
        else:
            with data.opened() as source:
                table, _ = read_records(source, plan.schema, limit=data.unusable, decimal=data.decimal)
            X, y = plan.schema.encode(table), plan.schema.encode_labels(table)
            salt = salt_of(plan.campaign, data.digest)
            self._kept[key] = scheme.visit(plan.family, Rows(X, y), plan.rule, version=version, salt=salt)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]
