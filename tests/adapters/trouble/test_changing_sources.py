"""Data that change while they are read are not used, whatever kind they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from mine_agent.data.datasets import DataShelf
from mine_agent.errors import DataChangedError

from ..collecting import (
    as_image_files,
    as_maildir,
    as_mbox,
    as_text_files,
    as_x_archive,
    made_images,
    made_texts,
)
from ..conftest import made_records
from ..writing import FILES, FRAMES, Told


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind not in (*FRAMES, "messy csv")])
def test_data_that_change_between_two_batches_are_not_used(kind: str, tmp_path: Path) -> None:
    """Of one that is read in one go the second batch is its end."""
    location, options = FILES[kind](made_records(300), tmp_path)
    data = DataShelf(tmp_path / "shelf").add("changing", location, replace=False, options=options)
    with pytest.raises(DataChangedError, match="'changing'"), data.opened() as source:  # noqa: PT012
        batches = source.batches(["age"])
        next(batches)
        if location.endswith(".sqlite") or kind == "sql":
            (path,) = tmp_path.glob("*.sqlite")
            list(batches)  # SQLite lets nobody write while somebody reads
            with sqlite3.connect(path) as database:
                database.execute("update people set age = 1 - age where rowid = 7")
            database.close()
        else:
            table = made_records(300, seed=2)
            FILES[kind](table, tmp_path)
            list(batches)


@pytest.mark.parametrize("write", [as_text_files, as_mbox, as_maildir, as_x_archive, as_image_files])
def test_a_collection_that_changes_under_a_reading_is_not_used(
    write: Callable[[pa.Table, Path], Told], tmp_path: Path
) -> None:
    records = (made_images() if write is as_image_files else made_texts()).slice(0, 9)
    location, options = write(records, tmp_path)
    data = DataShelf(tmp_path / "shelf").add("changing", location, replace=False, options=options)
    with pytest.raises(DataChangedError, match="'changing'"), data.opened() as source:  # noqa: PT012
        reading = source.batches(["label"])
        files = [path for path in [Path(location), *Path(location).rglob("*")] if path.is_file()]
        files[0].write_bytes(b"")
        list(reading)
