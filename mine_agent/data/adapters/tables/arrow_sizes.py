"""How many bytes the batches of an Arrow IPC file come to in memory, before any of them is loaded.

pyarrow loads a whole batch or none, and unpacks it without asking. The lengths stand in the messages' headers
(flatbuffers) and, of a compressed buffer, in its first eight bytes; see "Encapsulated message format" in
Arrow's columnar specification.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

_MARK = b"\xff\xff\xff\xff"
_MOST_METADATA = 1 << 26
_DICTIONARY, _RECORDS = 2, 3
_BODY, _HEADER, _KIND = 3, 2, 1  # fields of the table Message
_BUFFERS, _COMPRESSION = 2, 3  # of the table RecordBatch
_DATA = 1  # of the table DictionaryBatch, a RecordBatch


def sizes_of_batches(file: BinaryIO, *, start: int) -> Iterator[int]:
    """Bytes of each batch, unpacked, in their order; of dictionaries, too.

    Args:
        start: where the first message is: 0 in a stream, 8 in a file.

    Raises:
        ValueError, struct.error: these are not messages of Arrow's.
    """
    place = start
    while metadata := _metadata(file, place):
        body = place + metadata[0]
        message = _Table.root(metadata[1])
        length = message.number(_BODY, "<q", 0)
        if length < 0:
            raise ValueError("a body of negative length")
        yield max(length, _unpacked(file, message, body))
        place = body + length


def _metadata(file: BinaryIO, place: int) -> tuple[int, bytes] | None:
    """Where the body begins behind `place`, and the message's header; None at the end."""
    file.seek(place)
    first = file.read(4)
    prefix = 4
    if first == _MARK:  # since Arrow 0.15
        first, prefix = file.read(4), 8
    if len(first) < 4:
        return None
    (length,) = struct.unpack("<i", first)
    if not length:
        return None
    if not 0 < length <= _MOST_METADATA:
        raise ValueError("a header of impossible length")
    header = file.read(length)
    if len(header) < length:
        raise ValueError("cut off")
    return prefix + length, header


def _unpacked(file: BinaryIO, message: _Table, body: int) -> int:
    kind = message.number(_KIND, "<B", 0)
    if kind not in (_RECORDS, _DICTIONARY):
        return 0
    batch = message.table(_HEADER)
    if batch is not None and kind == _DICTIONARY:
        batch = batch.table(_DATA)
    if batch is None or batch.at(_COMPRESSION) is None:
        return 0
    total = 0
    for offset, length in batch.pairs(_BUFFERS):
        if length < 8:
            continue
        file.seek(body + offset)
        (unpacked,) = struct.unpack("<q", file.read(8))
        total += length if unpacked < 0 else unpacked
    return total


class _Table:
    """A table of a flatbuffer: fields by number, each at an offset that its vtable gives, or not there."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data, self._place = data, place
        self._vtable = place - self._read("<i", place)

    @classmethod
    def root(cls, data: bytes) -> _Table:
        """The one that the buffer is of."""
        return cls(data, struct.unpack_from("<I", data)[0])

    def at(self, field: int) -> int | None:
        """Where a field is; None if it is not there."""
        if 4 + 2 * field >= self._read("<H", self._vtable):
            return None
        offset = self._read("<H", self._vtable + 4 + 2 * field)
        return self._place + offset if offset else None

    def number(self, field: int, form: str, default: int) -> int:
        """A field that is a number."""
        place = self.at(field)
        return default if place is None else self._read(form, place)

    def table(self, field: int) -> _Table | None:
        """A field that is a table."""
        place = self.at(field)
        return None if place is None else _Table(self._data, place + self._read("<I", place))

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """A field that is a vector of pairs of 64-bit numbers."""
        place = self.at(field)
        if place is None:
            return
        place += self._read("<I", place)
        for index in range(self._read("<I", place)):
            yield struct.unpack_from("<qq", self._data, place + 4 + 16 * index)

    def _read(self, form: str, place: int) -> int:
        if place < 0:
            raise ValueError("an offset that leads out of the message")
        number: int = struct.unpack_from(form, self._data, place)[0]
        return number
