"""Texts in a schema: what their field says, and which values are fit.

    {"type": "string", "openmined": {"kind": "text", "columns": 1024, "words": 1, "characters": [4, 5],
                                     "seed": "..."}}

A text becomes `columns` numbers, hashed from its words and the substrings of its words
(`openmined_syft.features.text`). `words` is the longest run of words that counts as one part, 0 to 3;
`characters`, the shortest and longest substring, may be left out; `seed`, a text that is empty or up to 64
characters long, decides which parts share a column. All of it is public, as the spec is, and does not depend
on the campaign's id: a model can be continued in a later campaign.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from openmined_syft.features.text import HashedText
from openmined_syft.features.text.hashed_text import (
    FEWEST_COLUMNS,
    MOST_CHARACTERS,
    MOST_COLUMNS,
    MOST_WORDS,
)
from pysonar.protocol.schema.errors import ProfileError

KIND = "text"
KEYWORDS = ("columns", "words", "seed")
OPTIONAL = ("characters",)
MAX_SEED = 64
MAX_BYTES = 1 << 20
"""Of one text in UTF-8: a long book. A mine would hash more for seconds."""
MANY_NUMBERS = 20
"""So many values, all of them numbers, are not texts, but the wrong column. That is asked of a whole column,
where its owner hears of it: what a record becomes does not depend on the others.
"""
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
EXPECTED = f"a text of at most {MAX_BYTES:,} bytes, from a column that does not hold numbers"


def text_field(
    columns: int = 1024, *, words: int = 1, characters: Sequence[int] | None = None, seed: str = ""
) -> dict[str, Any]:
    """A text: hashed words, or substrings of words, or both, in `columns` columns."""
    meaning: dict[str, Any] = {"kind": KIND, "columns": columns, "words": words, "seed": seed}
    if characters is not None:
        meaning["characters"] = list(characters) if isinstance(characters, Sequence) else characters
    return {"type": "string", "openmined": meaning}


def hashed_text(at: str, meaning: Mapping[str, Any]) -> HashedText:
    """The hashing that the `openmined` of a field describes; all of its keywords are there.

    Raises:
        ProfileError: `at` names the field; a value is out of range.
    """
    at = f"{at}.openmined"
    columns = _whole(f"{at}.columns", meaning["columns"], FEWEST_COLUMNS, MOST_COLUMNS)
    words = _whole(f"{at}.words", meaning["words"], 0, MOST_WORDS)
    seed = meaning["seed"]
    if not isinstance(seed, str) or len(seed) > MAX_SEED or not (seed.isprintable() and seed.isascii()):
        raise ProfileError(f"{at}.seed", seed, f"a text of at most {MAX_SEED} printable ASCII characters")
    characters = None
    if "characters" in meaning:
        given = meaning["characters"]
        if not isinstance(given, list) or len(given) != 2:
            raise ProfileError(f"{at}.characters", given, "a list [shortest, longest]")
        shortest = _whole(f"{at}.characters", given[0], 1, MOST_CHARACTERS)
        characters = shortest, _whole(f"{at}.characters", given[1], shortest, MOST_CHARACTERS)
    elif not words:
        raise ProfileError(f"{at}.words", words, f"1 to {MOST_WORDS}, as there are no characters")
    return HashedText(columns, words, characters, seed.encode())


def fit_texts(column: pa.Array) -> NDArray[np.bool_]:
    """Which values of a column can be the texts of a field; gaps cannot."""
    if not pa.types.is_string(column.type):
        return np.zeros(len(column), dtype=bool)
    short = pc.fill_null(pc.less_equal(pc.binary_length(column), MAX_BYTES), False)
    return np.asarray(short.to_numpy(zero_copy_only=False), dtype=bool)


def are_numbers(texts: int, numbers: int) -> bool:
    """Whether a column with this many texts, this many of them numbers, is a column of numbers."""
    return texts >= MANY_NUMBERS and numbers == texts


def count_numbers(column: pa.Array) -> int:
    """How many of the texts are numbers."""
    return int(pc.sum(pc.match_substring_regex(column, _NUMBER)).as_py() or 0)


def _whole(at: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ProfileError(at, value, f"a whole number from {least} to {most}")
    return value
