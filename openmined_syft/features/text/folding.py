"""Words of a text, the same for everybody and for all time: by a table that is part of the protocol.

What a letter is, and which letters differ in case or width only, changes with each version of Unicode, and so
with each version of Python or a browser. A model whose mines disagree about it is silently wrong. So both are
read from `unicode_14.json`, made once of Unicode 14.0.0:

    folds     code point -> the code points it becomes: full case folding and compatibility decomposition
              (NFKD), repeated until nothing changes; marks that show nothing (variation selectors, joiners,
              soft hyphens) become nothing. Syllables of Hangul stay as they are.
    letters   ranges of code points of categories L, M and N: a run of these is a word
    symbols   ranges of category So, emoji among them: each is a word of its own

A text is folded code point by code point; then its words are read from left to right. Everything else, a code
point that Unicode 14 does not know included, separates words.
"""

from __future__ import annotations

import functools
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from importlib import resources

TABLE = "unicode_14.json"


class Folding(dict[int, str]):
    """The table, as `str.translate` wants it: code point -> what stands in its place, a space where words
    part. Code points are looked up when they are first met.
    """

    def __init__(self, folds: Mapping[int, str], letters: Sequence[range], symbols: Sequence[range]) -> None:
        super().__init__()
        self._folds, self._letters, self._symbols = folds, _Ranges(letters), _Ranges(symbols)

    def __missing__(self, point: int) -> str:
        self[point] = made = "".join(self._placed(image) for image in self._folds.get(point, chr(point)))
        return made

    def _placed(self, folded: str) -> str:
        point = ord(folded)
        return folded if point in self._letters else f" {folded} " if point in self._symbols else " "

    def words(self, text: str) -> list[str]:
        """The words of a text, folded, in their order."""
        return text.translate(self).split()


class _Ranges:
    """Rising ranges of code points, none of which touch."""

    def __init__(self, ranges: Sequence[range]) -> None:
        self._ranges, self._firsts = ranges, [part.start for part in ranges]

    def __contains__(self, point: int) -> bool:
        place = bisect_right(self._firsts, point) - 1
        return place >= 0 and point in self._ranges[place]


@functools.cache
def frozen_folding() -> Folding:
    """The protocol's table."""
    document = json.loads((resources.files(__package__) / TABLE).read_text(encoding="ascii"))
    folds: dict[int, str] = {}
    for entry in ";".join(document["folds"]).split(";"):
        source, *images = entry.split(" ")
        folds[int(source, 16)] = "".join(chr(int(image, 16)) for image in images)
    return Folding(folds, _ranges(document["letters"]), _ranges(document["symbols"]))


def _ranges(lines: Sequence[str]) -> list[range]:
    ends = [entry.split("-") for entry in ";".join(lines).split(";")]
    return [range(int(pair[0], 16), int(pair[-1], 16) + 1) for pair in ends]
