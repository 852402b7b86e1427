"""How a file of separated values is written: its separator, and where its header line is.

Seen, in this order: Excel's `sep=` line, blank lines and comments (#) above the header, and the character
that cuts the first records into the same number of cells as the header.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_LOOK_AT_LINES = 200
_LOOK_AT_CHARACTERS = 1 << 23


@dataclass(frozen=True)
class Dialect:
    """`separator`: one of `SEPARATORS`; `above`: lines above the header, `comments` of which are comments;
    `marked`: whether a `sep=` line names the separator.
    """

    separator: str
    above: int = 0
    comments: int = 0
    marked: bool = False


def dialect_of(lines: Iterable[str], separator: str | None = None) -> Dialect:
    """The dialect of a file's first lines; `separator` is the owner's word, and goes before what is seen."""
    first = _some(lines)
    above = comments = 0
    marked = None
    for line in first:
        bare = line.strip().strip("\ufeff").strip('"')
        if above == 0 and bare[:4].lower() == "sep=" and len(bare) == 5:
            marked = bare[4]
        elif above == 0 and line.rstrip("\r\n").lower() in ("sep=\t", "\ufeffsep=\t"):
            marked = "\t"
        elif bare.startswith("#"):
            comments += 1
        elif bare and bare.strip("\0\x1a"):
            break
        above += 1
    chosen = separator or marked or _guess(first[above:])
    return Dialect(chosen, above, comments, marked is not None)


def records_of(lines: Iterator[str], separator: str) -> Iterator[list[str]]:
    """The records as `csv` reads them, strictly: after a closing quote only a separator or the line's end.

    Raises csv.Error.
    """
    return csv.reader(lines, delimiter=separator, strict=True)


def _some(lines: Iterable[str]) -> list[str]:
    taken, length = [], 0
    for line in islice(lines, _LOOK_AT_LINES):
        taken.append(line)
        length += len(line)
        if length > _LOOK_AT_CHARACTERS:
            break
    return taken


def _guess(lines: list[str]) -> str:
    """The separator that gives the most records as many cells as the header; of equal ones, most cells."""
    best, best_rank = ",", (0.0, 0)
    for candidate in SEPARATORS:
        widths = []
        try:
            for record in records_of(iter(lines), candidate):
                widths.append(len(record))
        except csv.Error:
            pass  # the last record may be cut off; what is wrong with the file is said when it is read
        if not widths or widths[0] < 2:
            continue
        others = [width for width in widths[1:] if width] or [widths[0]]
        rank = (sum(width == widths[0] for width in others) / len(others), widths[0])
        if rank > best_rank:
            best, best_rank = candidate, rank
    return best
