"""Records as an Arrow stream of one uncompressed batch, in a closed list of column types.

What arrives is from a stranger. Arrow decompresses batches without a limit, so the batch's own description is
read for the flag first (RecordBatch.compression in Arrow's format/Message.fbs). Arrow also lets any number of
columns share the same bytes; they may not, so everything in an uncompressed stream is bounded by its bytes.
"""

from __future__ import annotations

import struct

import pyarrow as pa
import pyarrow.ipc

from pysonar.protocol.artifacts.parts.errors import ArtifactError, MalformedError, Said

_TYPES = (pa.float64(), pa.int64(), pa.bool_(), pa.string())
_HEADER_FIELD, _COMPRESSION_FIELD = 2, 3


def records_to_bytes(table: pa.Table) -> bytes:
    """An Arrow stream of the table's columns; all must be of the listed types and without gaps.

    Raises:
        ArtifactError: another type, a gap, or no record.
    """
    _check(table)
    plain = pa.schema([pa.field(field.name, field.type, nullable=False) for field in table.schema])
    columns = [pa.concat_arrays(column.chunks) for column in table.columns]
    batch = pa.record_batch(columns, schema=plain)
    sink = pa.BufferOutputStream()
    options = pyarrow.ipc.IpcWriteOptions(compression=None, metadata_version=pyarrow.ipc.MetadataVersion.V5)
    with pyarrow.ipc.new_stream(sink, plain, options=options) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def records_from_bytes(data: bytes) -> pa.Table:
    """The table of such a stream.

    Raises:
        MalformedError: no Arrow stream of exactly one uncompressed batch.
        ArtifactError: another column type, a gap, or no record.
    """
    expected = "an Arrow stream of one uncompressed record batch"
    try:
        messages = list(pyarrow.ipc.MessageReader.open_stream(pa.py_buffer(data)))
        kinds = [message.type for message in messages]
        if kinds != ["schema", "record batch"]:
            raise MalformedError("sealed_input", "payload", Said(f"messages {kinds[:4]}"), expected)
        if _is_compressed(bytes(messages[1].metadata)):
            raise MalformedError("sealed_input", "payload", Said("compressed"), expected)
        schema = pyarrow.ipc.read_schema(messages[0])
        _check_types(schema)
        batch = pyarrow.ipc.read_record_batch(messages[1], schema)
        if _bytes_held(batch) > len(data):
            raise MalformedError("sealed_input", "payload", Said("columns that share bytes"), expected)
        table = pa.Table.from_batches([batch])
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, TypeError, struct.error, OverflowError):
        raise MalformedError("sealed_input", "payload", Said(f"{len(data)} bytes"), expected) from None
    _check(table)
    return table


def _check_types(schema: pa.Schema) -> None:
    for field in schema:
        if field.type not in _TYPES:
            allowed = ", ".join(str(kind) for kind in _TYPES)
            raise ArtifactError("sealed_input", f"payload.{field.name[:60]}", Said(str(field.type)), allowed)


def _check(table: pa.Table) -> None:
    _check_types(table.schema)
    if not table.num_rows or not table.num_columns:
        raise ArtifactError("sealed_input", "payload", Said("empty"), "at least one record")
    for field, column in zip(table.schema, table.columns, strict=True):
        if column.null_count:
            at = f"payload.{field.name[:60]}"
            raise ArtifactError(
                "sealed_input", at, Said(f"missing in {column.null_count} records"), "a value"
            )


def _bytes_held(batch: pa.RecordBatch) -> int:
    """The sizes of all buffers of all columns."""
    return sum(buffer.size for column in batch.columns for buffer in column.buffers() if buffer is not None)


def _is_compressed(metadata: bytes) -> bool:
    """Whether a RecordBatch message says that its body is compressed.

    Reads two flatbuffer tables: Message (its field 2 is the header) and RecordBatch (its field 3 is there
    only if the body is compressed). Raises struct.error if offsets point outside.
    """
    message = struct.unpack_from("<I", metadata, 0)[0]
    slot = _slot(metadata, message, _HEADER_FIELD)
    if not slot:
        raise ValueError("a message without a header")
    header = message + slot
    batch = header + struct.unpack_from("<I", metadata, header)[0]
    return bool(_slot(metadata, batch, _COMPRESSION_FIELD))


def _slot(metadata: bytes, table: int, field: int) -> int:
    """Offset of a field inside a flatbuffer table; 0 if the field is not there."""
    vtable = table - struct.unpack_from("<i", metadata, table)[0]
    if vtable < 0:
        raise ValueError("a table outside the message")
    size = struct.unpack_from("<H", metadata, vtable)[0]
    at = 4 + 2 * field
    return int(struct.unpack_from("<H", metadata, vtable + at)[0]) if at + 2 <= size else 0
