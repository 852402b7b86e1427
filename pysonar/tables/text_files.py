"""Files of text in the encodings that people's programs write, recognised and said.

UTF-8 and UTF-16, each with or without a byte order mark; what is neither is taken for Windows-1252, the
superset of Latin-1 that Western spreadsheets write. A file that is something else altogether (a workbook, an
archive, a web page) is refused by what it is.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pysonar.protocol.schema.errors import FileFormatError

LONGEST_LINE = 1 << 26  # characters: a header of a million names fits four times
_PIECE = 1 << 20
_NOT_IN_TEXTS = bytes([*range(1, 9), *range(14, 26), *range(28, 32), 127])
_FEW, _STRANGE = 256, 0.01  # so many, and that share of the first bytes; of random ones a tenth is
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KINDS = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook (.xlsx); save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls); save the sheet as CSV"),
    (b"\x1f\x8b", "compressed with gzip; decompress it first"),
    (b"%PDF", "a PDF document; save the table as CSV"),
    (b"PAR1", "a Parquet file; give it the ending .parquet"),
    (b"ARROW1", "an Arrow file; give it the ending .arrow"),
    (b"SQLite format 3\0", "an SQLite database; give it the ending .sqlite"),
)


def open_binary(path: Path) -> BinaryIO:
    """The file, open for reading.

    Raises:
        FileFormatError: missing, not a regular file, or not readable.
    """
    try:
        if not path.is_file():
            raise FileFormatError(f"{path}: {_what_is_there(path)}; give the path of a file")
        return path.open("rb")
    except OSError as error:
        raise FileFormatError(f"{path}: cannot be read ({error.strerror})") from None


def _what_is_there(path: Path) -> str:
    if path.exists():
        return "not a file"
    return "a link that leads to itself or to nothing" if path.is_symlink() else "no such file"


def encoding_of(file: BinaryIO, name: str) -> str:
    """The encoding of the whole file as a name of Python's, by its mark or by its bytes.

    Raises:
        FileFormatError: empty, or no text at all; says what it is.
    """
    file.seek(0)
    start = file.read(_PIECE)
    if not start.strip(b"\0\x1a \t\r\n"):
        raise FileFormatError(f"{name}: the file is empty; a header line is expected")
    _require_text(start, name)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    unmarked = _utf16_without_mark(start)
    if unmarked is not None:
        return unmarked
    _require_letters(start, name)
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := file.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252" if _is_western(file) else "latin-1"
    return "utf-8"


def said(encoding: str) -> str:
    """What people call an encoding."""
    names = {"utf-8-sig": "UTF-8 with a byte order mark", "cp1252": "Windows-1252", "latin-1": "Latin-1"}
    return names.get(encoding, encoding.upper())


def lines_of(file: BinaryIO, encoding: str, name: str) -> Iterator[str]:
    """The lines with their ends (LF, CR LF or CR), as `csv.reader` wants them.

    Raises:
        FileFormatError: a byte is not text in `encoding`, or a line is longer than `LONGEST_LINE`.
    """
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    number = 0
    try:
        while line := text.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise FileFormatError(
                    f"{name}: line {number} is longer than {LONGEST_LINE} characters; that is not a table"
                )
            yield line
    except UnicodeError:
        raise FileFormatError(
            f"{name}: after line {number}: not {said(encoding)} text; save the table in UTF-8, or name its"
            " encoding"
        ) from None
    finally:
        if not file.closed:  # the wrapper would close the file, which is its opener's to close
            text.detach()


def _require_text(start: bytes, name: str) -> None:
    for magic, kind in _KINDS:
        if start.startswith(magic):
            raise FileFormatError(f"{name}: not a table in text, but {kind}")
    head = start.removeprefix(codecs.BOM_UTF8).lstrip()[:64]
    if head[:14].lower().startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise FileFormatError(f"{name}: not a table, but a web page or XML; download the file itself")
    if head.startswith((b'{"', b"[{", b"{ ", b"{\n", b"[\n", b"[ ")):
        raise FileFormatError(f"{name}: not a table with separators, but JSON; give it the ending .jsonl")


def _require_letters(start: bytes, name: str) -> None:
    """No text has these bytes; a few stray ones are forgiven, and zeros, with which files are padded."""
    strange = len(start) - len(start.translate(None, _NOT_IN_TEXTS))
    if strange > max(_FEW, len(start) * _STRANGE):
        raise FileFormatError(
            f"{name}: not a table in text, but binary data ({strange} control characters in its first"
            f" {len(start)} bytes); save the table as CSV, or say what it is (--as of `mine-agent data add`)"
        )


def _utf16_without_mark(start: bytes) -> str | None:
    """Text in Western letters has a zero in every other byte, nearly."""
    sample = start[: 1 << 12]
    half = len(sample) // 2
    if half < 4:
        return None
    if sample[1::2].count(0) > half * 0.8 and sample[::2].count(0) < half * 0.1:
        return "utf-16-le"
    if sample[::2].count(0) > half * 0.8 and sample[1::2].count(0) < half * 0.1:
        return "utf-16-be"
    return None


def _is_western(file: BinaryIO) -> bool:
    """Windows-1252 leaves five bytes without a meaning."""
    file.seek(0)
    while piece := file.read(_PIECE):
        if any(byte in piece for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")):
            return False
    return True
