"""Several Parquet files are one source: which files, in which order, under which digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from mine_agent.data.adapters.tables.parquet_files import ParquetFiles, files_at
from mine_agent.data.datasets import DataShelf
from mine_agent.errors import DataChangedError
from pysonar.protocol.schema.errors import FileFormatError


def write(path: Path, *numbers: int, column: str = "n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pa.table({column: pa.array(numbers, pa.int64())}), path, row_group_size=2)


def numbers_in(location: Path) -> list[int]:
    batches = list(ParquetFiles(str(location)).batches(["n"]))
    rows = [row for batch in batches for row in batch.rows]
    assert rows == list(range(1, len(rows) + 1))
    return [number for batch in batches for number in batch.records.column(0).to_pylist()]


def test_files_come_by_name_those_of_a_folder_before_those_of_its_folders(tmp_path: Path) -> None:
    write(tmp_path / "a" / "a.parquet", 5)
    write(tmp_path / "b.parquet", 2, 3, 4)
    write(tmp_path / "B.parquet", 1)
    write(tmp_path / "_b" / "c.parquet", 99)
    write(tmp_path / ".d.parquet", 99)
    assert numbers_in(tmp_path) == [1, 2, 3, 4, 5]
    assert [file.name for file in files_at(str(tmp_path))] == ["B.parquet", "b.parquet", "a/a.parquet"]
    assert ParquetFiles(str(tmp_path)).remarks() == ["3 Parquet files, 5 rows in 4 row groups"]


def test_a_pattern_means_names_part_by_part(tmp_path: Path) -> None:
    for place, name in enumerate(("2024/a.parquet", "2025/a.parquet", "2025/b.parquet", "25/a.parquet")):
        write(tmp_path / name, place)
    assert numbers_in(tmp_path / "202?" / "a.parquet") == [0, 1]
    assert numbers_in(tmp_path / "2025" / "*") == [1, 2]
    assert numbers_in(tmp_path / "*25" / "?.parquet") == [1, 2, 3]
    with pytest.raises(FileFormatError, match=r"no Parquet file is called so \(.parquet, .pq\)"):
        ParquetFiles(str(tmp_path / "*.parquet"))


def test_a_file_whose_name_has_a_star_is_itself(tmp_path: Path) -> None:
    write(tmp_path / "a*.parquet", 1)
    write(tmp_path / "ab.parquet", 2)
    (file,) = files_at(str(tmp_path / "a*.parquet"))
    assert file.path.name == "a*.parquet"


def test_the_digest_is_that_of_a_folder_in_the_protocol(tmp_path: Path) -> None:
    write(tmp_path / "b" / "a.parquet", 2)
    write(tmp_path / "z.parquet", 1)
    (tmp_path / "_SUCCESS").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"not of them")
    expected = hashlib.sha256()
    for name in ("z.parquet", "b/a.parquet"):
        content = hashlib.sha256((tmp_path / name).read_bytes()).digest()
        expected.update(name.encode() + b"\0" + content)
    assert ParquetFiles(str(tmp_path)).digest() == expected.digest()
    (tmp_path / "b" / "a.parquet").rename(tmp_path / "b" / "c.parquet")
    assert ParquetFiles(str(tmp_path)).digest() != expected.digest()


@pytest.mark.parametrize("change", ["another file", "a file less", "a file renamed"])
def test_a_folder_in_which_files_come_and_go_is_not_used(change: str, tmp_path: Path) -> None:
    write(tmp_path / "parts" / "a.parquet", 1, 2)
    write(tmp_path / "parts" / "b.parquet", 3, 4)
    data = DataShelf(tmp_path / "shelf").add("parts", tmp_path / "parts", replace=False)
    with pytest.raises(DataChangedError, match="'parts'"), data.opened() as source:  # noqa: PT012
        reading = source.batches(["n"])
        next(reading)
        if change == "another file":
            write(tmp_path / "parts" / "c.parquet", 5)
        elif change == "a file less":
            (tmp_path / "parts" / "b.parquet").unlink()
        else:
            (tmp_path / "parts" / "b.parquet").rename(tmp_path / "parts" / "c.parquet")
        list(reading)


def test_files_with_other_columns_are_refused_and_both_are_named(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", 1)
    write(tmp_path / "b" / "b.parquet", 2, column="m")
    with pytest.raises(FileFormatError, match=r"b/b.parquet has a column 'm' and a.parquet has not; all"):
        DataShelf(tmp_path / "shelf").add("parts", tmp_path, replace=False)
