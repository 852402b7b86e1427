"""Texts as numbers by the hashing trick (Weinberger et al. 2009): no dictionary to agree on, none to give
away.

Of each text the set of its parts is taken: runs of 1 to `words` words, joined by a space, and of each word,
with a space before and behind it, its substrings of `characters` code points, as fastText does. A part is the
bytes "w:" or "c:" and its UTF-8 form; h is its BLAKE2b hash of 8 bytes, under the key
SHA-256("openmined/text/1/" + seed), read big-endian. It adds +1 if h is odd and -1 if it is even to column
floor(h / 2) mod `columns`. How often a part is there does not count (Pang, Lee, Vaithyanathan 2002). Then the
row is divided by its length: the sum of its squares is a whole number, so every machine gets the same bits. A
text without words is a row of zeros.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from openmined_syft.errors import ParameterError
from openmined_syft.features.text.folding import frozen_folding
from openmined_syft.features.text.sparse_rows import SparseRows
from openmined_syft.parameters import whole

FEWEST_COLUMNS, MOST_COLUMNS = 16, 4096
MOST_WORDS, MOST_CHARACTERS = 3, 8
_MOST_KNOWN = 1 << 20  # parts whose place is remembered, so that frequent ones are hashed once


@dataclass(frozen=True)
class HashedText:
    """One column of texts as `columns` numbers.

    Attributes:
        columns: 16 to 4,096.
        words: longest run of words that counts as one part: 0 (none) to 3.
        characters: shortest and longest substring, 1 to 8, or None.
        seed: public; decides which parts share a column.

    Raises:
        ParameterError: a parameter is out of range, or both kinds of parts are left out.
    """

    columns: int
    words: int = 1
    characters: tuple[int, int] | None = None
    seed: bytes = b""
    _known: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        whole("columns", self.columns, FEWEST_COLUMNS, MOST_COLUMNS)
        whole("words", self.words, 0, MOST_WORDS)
        if self.characters is not None:
            shortest, longest = self.characters
            whole("characters", longest, whole("characters", shortest, 1, MOST_CHARACTERS), MOST_CHARACTERS)
        elif not self.words:
            raise ParameterError("words is 0 and there are no characters; needs one of the two")

    def transform(self, texts: Iterable[str]) -> SparseRows:
        """One row for each text."""
        key = hashlib.sha256(b"openmined/text/1/" + self.seed).digest()
        counts, columns, values = [0], [], []
        for text in texts:
            row = self._row(text, key)
            length = math.sqrt(sum(value * value for value in row.values()))
            for column in sorted(row):
                columns.append(column)
                values.append(row[column] / length)
            counts.append(len(columns))
        return SparseRows(
            np.array(counts, np.int64), np.array(columns, np.int32), np.array(values), self.columns
        )

    def _row(self, text: str, key: bytes) -> dict[int, int]:
        """Whole numbers by column, without zeros."""
        row: dict[int, int] = {}
        known = self._known
        for part in set(self._parts(frozen_folding().words(text))):
            value = known.get(part)
            if value is None:
                digest = hashlib.blake2b(part.encode(), key=key, digest_size=8).digest()
                value = int.from_bytes(digest, "big")
                value = 2 * ((value >> 1) % self.columns) + (value & 1)
                if len(known) >= _MOST_KNOWN:
                    known.clear()
                known[part] = value
            column = value >> 1
            row[column] = row.get(column, 0) + (1 if value & 1 else -1)
        return {column: value for column, value in row.items() if value}

    def _parts(self, words: list[str]) -> Iterator[str]:
        for count in range(1, self.words + 1):
            for first in range(len(words) - count + 1):
                yield "w:" + " ".join(words[first : first + count])
        if self.characters is not None:
            shortest, longest = self.characters
            for word in set(words):
                padded = f" {word} "
                for size in range(shortest, longest + 1):
                    for first in range(len(padded) - size + 1):
                        yield "c:" + padded[first : first + size]
