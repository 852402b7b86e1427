"""One piece of a mine's data, a row group of a Parquet file: its exact sums, worked out anywhere.

A piece is named by what decides it (the campaign's spec, the file, the group, the owner's mapping), so to
work it out twice, on whatever machine, gives the same integers. It holds no key, no passphrase, no account
and no version of the model: a worker needs none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mine_agent.data.adapters.tables.parquet import ParquetFile
from mine_agent.data.mapping import MappedSource, parse_mapping
from mine_agent.errors import ScaleError
from mine_agent.privacy.grid_sums import grid_sums
from openmined_syft.models import Rows
from openmined_syft.models.family import LinearFamily
from pysonar.protocol.artifacts import Spec
from pysonar.protocol.artifacts.spec.record_clip import record_clip
from pysonar.tables import Reading, Source, record_batches
from pysonar.tables.numbers import Notation

Sums: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], int]
"""X'X, X'Y and the number of records, in whole units of the grid. As private as the records."""


@dataclass(frozen=True)
class Piece:
    """A row group of a file as a campaign sees it.

    Attributes:
        spec, mapping: as they are written. None: the columns have the campaign's names.
        campaign: its id, 32 bytes.
        footer: `ParquetFile.footer_digest` of the file at the mine: a worker's has to be the same.
        group, rows: the row group, from 0, and how many rows the footer gives it.
        settled: how the columns that the mapping reads write numbers; written: how the campaign's fields do.
    """

    spec: bytes
    campaign: bytes
    path: str
    footer: bytes
    group: int
    rows: int
    mapping: str | None
    settled: tuple[tuple[str, Notation], ...]
    written: tuple[tuple[str, Notation], ...]

    def __str__(self) -> str:
        return f"row group {self.group} of {self.path}"


def piece_sums(piece: Piece) -> Sums:
    """The piece's sums: what a worker does. Raises ScaleError, SchemaError, SyftError, PrivacyError."""
    spec = Spec.parse(piece.spec)
    family, schema = spec.family_for(piece.campaign), spec.schema
    if not isinstance(family, LinearFamily):
        raise ScaleError(f"{piece}: a model of family {family.name} is not learned from sums")
    file = ParquetFile(Path(piece.path), piece.group)
    if file.footer_digest() != piece.footer:
        raise ScaleError(f"{piece}: a worker has another file there than the mine; copy it anew")
    source: Source = file
    if piece.mapping is not None:
        mapping = parse_mapping(piece.mapping, source="the mapping")
        source = MappedSource(source, mapping, dict(piece.settled))
    fields, reading = (*schema.fields, schema.label), Reading(source.name)
    batches = record_batches(source, fields, reading, limit=None, written=dict(piece.written))
    tables = (pa.Table.from_batches([batch]) for batch in batches)
    rows = (Rows(schema.encode(table), schema.encode_labels(table)) for table in tables)
    return grid_sums(family, record_clip(schema, family), rows).for_own_cluster()
