"""Few rows that are very wide: batches are bounded in bytes, too, and so is what is in memory at a time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from mine_agent.data.adapters import adapter_for
from mine_agent.data.adapters.tables import arrow_ipc
from mine_agent.data.adapters.tables.arrow_sizes import sizes_of_batches
from mine_agent.data.adapters.tables.python_objects import StreamSource
from mine_agent.data.datasets import DataShelf
from pysonar.protocol.schema import FileFormatError
from pysonar.tables import cutting
from pysonar.tables.cutting import MOST_BYTES, cut, widths_of
from pysonar.tables.source import BATCH_ROWS

MB = 1 << 20
WIDE, ROWS = 80_000, 1_000
PEAKS = """
import sys
from pathlib import Path
import pyarrow as pa
from mine_agent.data.adapters import adapter_for
for argument in sys.argv[1:]:
    place, column, most = argument.split("|")
    rows = 0
    for number, batch in enumerate(adapter_for(place).source(place, {}).batches([column])):
        rows += batch.records.num_rows
        if number == int(most):
            break
    print(rows, pa.default_memory_pool().max_memory())
"""


def wide_table() -> pa.Table:
    """80 MB of text, no two the same, beside a small column."""
    texts = [f"{number:08} " * (WIDE // 9) for number in range(ROWS)]
    return pa.table({"small": range(ROWS), "text": texts})


def peaks(*asked: tuple[Path | str, str], most: int = 10**6) -> list[tuple[int, float]]:
    """Rows read and the highest number of MB that Arrow had allocated so far, of a process of its own."""
    arguments = [f"{path}|{column}|{most}" for path, column in asked]
    done = subprocess.run(
        [sys.executable, "-c", PEAKS, *arguments], capture_output=True, text=True, check=True, timeout=120
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    return [(int(rows), int(peak) / MB) for rows, peak in lines]


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wide table in one row group of Parquet, and in batches of Arrow."""
    folder, table = tmp_path_factory.mktemp("wide"), wide_table()
    parquet, arrow = folder / "wide.parquet", folder / "wide.arrow"
    pyarrow.parquet.write_table(table, parquet, row_group_size=ROWS, write_batch_size=16)
    with pa.OSFile(str(arrow), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=100)
    return {"parquet": parquet, "arrow": arrow}


@pytest.mark.slow
def test_a_row_group_of_any_size_is_read_piece_by_piece(tmp_path: Path) -> None:
    """96 MB in one piece of the file, as it is there: nothing is packed."""
    path, rows = tmp_path / "long.parquet", 12_000_000
    table = pa.table({"x": np.random.default_rng(1).normal(size=rows)})
    pyarrow.parquet.write_table(table, path, row_group_size=rows, use_dictionary=False, compression="none")
    ((read, peak),) = peaks((path, "x"))
    assert read == rows
    assert peak < 16


@pytest.mark.slow
def test_a_row_group_of_long_texts_is_never_in_memory_as_a_whole(wide: dict[str, Path]) -> None:
    arrow, parquet = peaks((wide["arrow"], "text"), (wide["parquet"], "text"))
    assert (arrow[0], parquet[0]) == (ROWS, ROWS)
    assert arrow[1] < 32
    assert parquet[1] < 48


@pytest.mark.slow
def test_one_long_text_that_is_meant_a_hundred_thousand_times_is_not_written_out(tmp_path: Path) -> None:
    """Half a terabyte, in a file of 100 kB."""
    path = tmp_path / "licence.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, dtype=np.int32)), ["x" * 5_000_000])
    pyarrow.parquet.write_table(pa.table({"licence": texts}), path, store_schema=False)
    ((rows, peak),) = peaks((path, "licence"), most=20)
    assert 20 < rows < 1000
    assert peak < 64


def test_batches_of_an_object_in_python_are_cut_by_their_bytes() -> None:
    batches = list(StreamSource(wide_table).batches(["text", "small"]))
    assert sum(batch.records.num_rows for batch in batches) == ROWS
    assert [batch.rows[0] for batch in batches][:2] == [1, batches[0].records.num_rows + 1]
    for batch in batches:
        assert batch.records.nbytes <= MOST_BYTES + 8 * batch.records.num_rows


def one(array: pa.Array) -> pa.RecordBatch:
    return pa.record_batch([array], ["a"])


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()],
)
def test_a_cell_is_as_wide_as_it_is_once_it_is_written_out(kind: pa.DataType) -> None:
    column = pa.array(["a" * 3, None, "", "b" * 20]).cast(kind)
    assert widths_of(column).tolist() == [3, 0, 0, 20]
    assert widths_of(column.slice(2)).tolist() == [0, 20]
    repeated = pa.DictionaryArray.from_arrays(pa.array([3, 3, None, 0], pa.int8()), column)
    assert widths_of(repeated).tolist() == [20, 20, 0, 3]


def test_other_cells_have_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    assert widths_of(pa.array([1.0, 2.0])).tolist() == [8, 8]
    pictures = widths_of(pa.array([[1] * 10, None, [1] * 30], pa.list_(pa.uint8())))
    assert pictures[2] == 3 * pictures[0] > 0
    assert pictures[1] == 0


def test_both_edges_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "MOST_BYTES", 100)
    monkeypatch.setattr(cutting, "LONGEST_LINE", 150)

    def lengths(*widths: int) -> list[int]:
        return [batch.num_rows for batch in cut([one(pa.array(["x" * width for width in widths]))], "t")]

    assert lengths(50, 50) == [2]
    assert lengths(50, 51) == [1, 1]
    assert lengths(150, 1, 99, 1) == [1, 2, 1]
    with pytest.raises(FileFormatError, match=r"^t: row 3 is longer than 150 bytes"):
        lengths(1, 1, 151)
    assert [batch.num_rows for batch in cut([one(pa.nulls(BATCH_ROWS + 1))], "t")] == [BATCH_ROWS, 1]


@pytest.mark.parametrize("new", [pa.ipc.new_file, pa.ipc.new_stream])
@pytest.mark.parametrize("compression", [None, "zstd", "lz4"])
def test_a_batch_that_is_loaded_in_one_piece_may_not_be_too_large(
    new: Callable[..., pa.ipc.RecordBatchFileWriter],
    compression: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Packed ones are counted as they are unpacked."""
    path = tmp_path / "t.arrow"
    table = pa.table({"a": ["x" * 1000] * 2000, "b": pa.array(["q", "r"] * 1000).dictionary_encode()})
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.OSFile(str(path), "wb") as file, new(file, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=1500)
    shelf = DataShelf(tmp_path / "shelf")
    start = 8 if new is pa.ipc.new_file else 0
    with path.open("rb") as file:
        largest = max(sizes_of_batches(file, start=start))
    assert 1_500_000 < largest < 1_600_000
    monkeypatch.setattr(arrow_ipc, "LARGEST_BATCH", largest - 1)
    with pytest.raises(FileFormatError, match=rf"t\.arrow: a record batch of {largest} bytes.*max_chunksize"):
        shelf.add("wide", path, replace=False)
    assert shelf.all() == []
    monkeypatch.setattr(arrow_ipc, "LARGEST_BATCH", largest)
    assert shelf.add("wide", path, replace=False).rows == 2000


def test_a_name_with_a_point_is_no_part_of_another_column(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pa.table({"a.b": [1, 2], "a": ["x", "y"], "c": [{"d": 1}, None]}), path)
    (batch,) = adapter_for(str(path)).source(str(path), {}).batches(["a", "a.b", "c"])
    assert batch.records.to_pydict() == {"a": ["x", "y"], "a.b": [1, 2], "c": [{"d": 1}, None]}
