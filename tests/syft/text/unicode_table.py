"""How the frozen table of the protocol was made: of the `unicodedata` of a Python that has Unicode 14.0.0.

`python -m tests.syft.text.unicode_table` writes it anew; under any other Unicode it refuses.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from openmined_syft.features.text import folding

PATH = Path(folding.__file__).with_name(folding.TABLE)
UNICODE = "14.0.0"
_HANGUL = range(0xAC00, 0xD7A4)
_BREAKS = (0x200B,)  # a zero-width space parts words
_SELECTORS = (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))


def folded(point: int) -> str:
    """What a code point becomes."""
    if point in _HANGUL or point in _BREAKS:
        return chr(point)
    if point in _SELECTORS or unicodedata.category(chr(point)) == "Cf":
        return ""
    text, before = chr(point), ""
    while text != before:
        before, text = text, unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return text


def assigned() -> Iterator[int]:
    """Every code point that this Python's Unicode knows, without surrogates and private ones."""
    for point in range(0x110000):
        if unicodedata.category(chr(point)) not in ("Cn", "Cs", "Co"):
            yield point


def is_letter(point: int) -> bool:
    """Whether it is part of a word."""
    return unicodedata.category(chr(point))[0] in "LMN"


def is_symbol(point: int) -> bool:
    """Whether it is a word of its own."""
    return unicodedata.category(chr(point)) == "So"


def _ranges(points: Iterable[int]) -> list[str]:
    found: list[list[int]] = []
    for point in points:
        if found and found[-1][1] == point - 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return [f"{first:x}" if first == last else f"{first:x}-{last:x}" for first, last in found]


def _lines(entries: Iterable[str]) -> list[str]:
    lines: list[str] = []
    for entry in entries:
        if lines and len(lines[-1]) + len(entry) < 100:
            lines[-1] += ";" + entry
        else:
            lines.append(entry)
    return lines


def main() -> None:
    """Write the table."""
    if unicodedata.unidata_version != UNICODE:
        raise SystemExit(f"this Python has Unicode {unicodedata.unidata_version}; the table is of {UNICODE}")
    points = list(assigned())
    folds = [(point, folded(point)) for point in points]
    document = {
        "unicode": UNICODE,
        "folds": _lines(
            " ".join(f"{number:x}" for number in (point, *map(ord, text)))
            for point, text in folds
            if text != chr(point)
        ),
        "letters": _lines(_ranges(point for point in points if is_letter(point))),
        "symbols": _lines(_ranges(point for point in points if is_symbol(point))),
    }
    PATH.write_text(json.dumps(document, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
