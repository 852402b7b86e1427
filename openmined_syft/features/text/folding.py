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
import re
from dataclasses import dataclass
from importlib import resources

TABLE = "unicode_14.json"


@dataclass(frozen=True)
class Folding:
    """The table, ready to be used.

    Attributes:
        folds: for `str.translate`.
        word: matches a word of a folded text.
    """

    folds: dict[int, str]
    word: re.Pattern[str]

    def words(self, text: str) -> list[str]:
        """The words of a text, folded, in their order."""
        return self.word.findall(text.translate(self.folds))


@functools.cache
def frozen_folding() -> Folding:
    """The protocol's table."""
    document = json.loads((resources.files(__package__) / TABLE).read_text(encoding="ascii"))
    folds: dict[int, str] = {}
    for entry in ";".join(document["folds"]).split(";"):
        source, *images = entry.split(" ")
        folds[int(source, 16)] = "".join(chr(int(image, 16)) for image in images)
    letters, symbols = (_ranges(document[name]) for name in ("letters", "symbols"))
    return Folding(folds, re.compile(f"[{letters}]+|[{symbols}]"))


def _ranges(lines: list[str]) -> str:
    """The inside of a character class."""
    ends = [entry.split("-") for entry in ";".join(lines).split(";")]
    return "".join(f"\\U{int(pair[0], 16):08x}-\\U{int(pair[-1], 16):08x}" for pair in ends)
