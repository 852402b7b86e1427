"""What a mine makes of a source: registered as its owner would, read as a visit would."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mine_agent.data.datasets import DataSet, DataShelf
from mine_agent.data.mapping import parse_mapping
from pysonar.protocol.schema import Schema
from pysonar.tables import read_records

from .conftest import RECORDS
from .writing import Told


def registered(told: Told, folder: Path, *, mapping: str | None = None) -> DataSet:
    """The source on a shelf in `folder`, its columns renamed if a mapping says so."""
    location, options = told
    shelf = DataShelf(folder / "shelf")
    data = shelf.add("people", location, replace=True, options=options)
    return data if mapping is None else shelf.keep_mapping("people", parse_mapping(mapping, source="m"))


def encodings(data: DataSet, schema: Schema) -> tuple[bytes, bytes]:
    """Inputs and labels of all the records, to the last bit."""
    with data.opened() as source:
        table, reading = read_records(source, schema)
    assert reading.kept == reading.records == RECORDS
    return np.asarray(schema.encode(table)).tobytes(), np.asarray(schema.encode_labels(table)).tobytes()
