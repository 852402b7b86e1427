"""Text that people and strangers have written: how bytes become text, and how text becomes fit to show.

Every file of text that the product reads comes through `read_text`: editors and shells save the same words
with a byte order mark, in UTF-16, or with accents as characters of their own, and none of that may change
what they mean.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from openmined_syft.errors import OpenMinedError

_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BOM = "\ufeff"


class UnreadableFileError(OpenMinedError):
    """A file of text cannot be read, or is not text."""

    def __init__(self, path: str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path}: {why}")


def read_text(path: Path, *, most_bytes: int) -> str:
    """The text of a file in UTF-8, or in UTF-16 or UTF-32; a byte order mark is not part of it.

    Raises:
        FileNotFoundError: there is none.
        UnreadableFileError: it cannot be read, is longer than `most_bytes`, or is not text.
    """
    return decode(read_bytes(path, most_bytes=most_bytes), source=str(path))


def read_bytes(path: Path, *, most_bytes: int) -> bytes:
    """The bytes of a file: errors as `read_text`."""
    try:
        with path.open("rb") as file:
            raw = file.read(most_bytes + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableFileError(str(path), f"it cannot be read ({error.strerror})") from None
    if len(raw) > most_bytes:
        raise UnreadableFileError(str(path), f"it is longer than {most_bytes} bytes")
    return raw


def decode(raw: bytes, *, source: str) -> str:
    """The text of bytes, as `read_text`. `source` names them in errors."""
    encoding = _encoding(raw)
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnreadableFileError(
            source,
            f"line {line} holds bytes that are not {encoding.removesuffix('-sig').upper()} text "
            f"(0x{raw[error.start : error.start + 4].hex()}); save it as UTF-8",
        ) from None


def _encoding(raw: bytes) -> str:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return encoding
    if len(raw) >= 2 and len(raw) % 2 == 0:  # UTF-16 without a mark: every other byte of plain text is zero
        if raw[0] == 0 and raw[1] != 0:
            return "utf-16-be"
        if raw[0] != 0 and raw[1] == 0:
            return "utf-16-le"
    return "utf-8"


def spellings(passphrase: str) -> Iterator[str]:
    """One passphrase in every form in which an earlier release, another keyboard or another system may have
    sealed a file: as it is kept now, as it is, with accents apart, and with a byte order mark in front.
    """
    plain = passphrase.removeprefix(_BOM)
    seen = set()
    for form in (normal(plain), plain, unicodedata.normalize("NFD", plain)):
        if form not in seen:
            seen.add(form)
            yield form
    for form in list(seen):
        yield _BOM + form


def normal(text: str) -> str:
    r"""The one form that equal words share (Unicode's NFC, without a byte order mark).

    >>> normal("\ufeffGru\u0308n") == "Gr\u00fcn"
    True
    """
    return unicodedata.normalize("NFC", text.removeprefix(_BOM))


def shown(text: str, *, lines: bool = False) -> str:
    r"""What a stranger wrote, fit for a terminal or a log: characters that move the cursor, turn the line
    around or have no picture become U+FFFD. `lines`: line ends and tabs stay, else they become spaces.

    >>> shown("paid\x1b[2J\n9 ETH")
    'paid�[2J 9 ETH'
    """
    return "".join(_shown(sign, lines) for sign in text)


def one_line(text: str, longest: int) -> str:
    """The same as one line of at most this many characters."""
    line = " ".join(shown(text).split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def _shown(sign: str, lines: bool) -> str:
    if sign.isprintable():
        return sign
    if sign in "\n\t":
        return sign if lines else " "
    return "\ufffd"
