"""Arrow streams that were not made by us: a few bytes that stand for a thousand columns."""

from __future__ import annotations

import struct

import pyarrow as pa
import pyarrow.ipc
import pytest

from pysonar.protocol.artifacts import MalformedError
from pysonar.protocol.artifacts.parts.records import records_from_bytes, records_to_bytes

ROWS, COLUMNS = 8000, 50


def sharing_bytes(data: bytes) -> bytes:
    """The same stream, its columns all pointing to the first one's bytes, and the others' bytes left out."""
    message = list(pyarrow.ipc.MessageReader.open_stream(pa.py_buffer(data)))[1]
    metadata = bytes(message.metadata)
    size, changed, start = ROWS // 8, bytearray(data), data.index(metadata)
    # Each column has two buffers in the list, 16 bytes each: its validity, which is empty, and its bits.
    second = metadata.index(struct.pack("<qqqq", size, 0, size, size)) + 16
    for column in range(1, COLUMNS):
        at = start + second + 32 * (column - 1)
        assert struct.unpack_from("<qq", data, at) == (column * size, size)
        struct.pack_into("<qq", changed, at, 0, size)
    body, whole = start + len(metadata), struct.pack("<q", message.body.size)
    length = start + metadata.index(whole)
    assert metadata.count(whole) == 1
    changed[length : length + 8] = struct.pack("<q", size)
    del changed[body + size : body + message.body.size]
    return bytes(changed)


def test_columns_that_share_bytes_are_refused() -> None:
    table = pa.table({f"c{place}": pa.array([place == 0] * ROWS) for place in range(COLUMNS)})
    honest = records_to_bytes(table)
    assert records_from_bytes(honest).equals(table.cast(records_from_bytes(honest).schema))

    forged = sharing_bytes(honest)
    assert len(forged) < len(honest) / 9
    schema, batch = pyarrow.ipc.MessageReader.open_stream(pa.py_buffer(forged))
    read = pyarrow.ipc.read_record_batch(batch, pyarrow.ipc.read_schema(schema))
    assert sum(column[0].as_py() for column in read.columns) == COLUMNS  # to Arrow it is a sound stream
    with pytest.raises(MalformedError, match="share bytes"):
        records_from_bytes(forged)
