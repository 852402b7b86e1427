"""A first mapping from a data set to a campaign: by how alike names are, and whether the values would fit.

Only suggested: the owner confirms or edits it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pysonar.protocol.schema import Schema
from pysonar.protocol.schema.field import Field
from pysonar.tables.understanding import ColumnSeen, TableSeen

ALIKE = 0.55
_WORDS_ALIKE = 0.6
# What people measure in other units, most usual first: metric steps, hundredths, inches, pounds.
FACTORS = (0.1, 10.0, 0.01, 100.0, 0.001, 1000.0, 2.54, 1 / 2.54, 0.45359237, 1 / 0.45359237)
_OUTLIERS = 4  # clips beyond a clip: a factor of ten is farther


@dataclass(frozen=True)
class Suggestion:
    """One field: the column for it (None: none is alike), the factor, translations, and why."""

    field: str
    column: str | None
    factor: float = 1.0
    values: tuple[tuple[str, str], ...] = ()
    why: str = ""

    @property
    def as_it_is(self) -> bool:
        """Whether no mapping is needed."""
        return self.column == self.field and self.factor == 1.0 and not self.values


def suggest(schema: Schema, seen: TableSeen) -> list[Suggestion]:
    """A suggestion for each field and the label, every column used once, the surest pairs first."""
    fields = [*schema.fields, schema.label]
    scores = sorted(
        (
            (_score(wanted, column), -place, wanted.name, column.name)
            for wanted in fields
            for place, column in enumerate(seen.columns)
        ),
        reverse=True,
    )
    chosen: dict[str, str] = {}
    for score, _, name, column in scores:
        if score >= ALIKE and name not in chosen and column not in chosen.values():
            chosen[name] = column
    columns = {column.name: column for column in seen.columns}
    return [_suggestion(wanted, columns.get(chosen.get(wanted.name, ""))) for wanted in fields]


def as_toml(suggestions: Sequence[Suggestion]) -> str:
    """The suggestions that change anything, as a mapping file."""
    lines = ["# What a campaign calls it, and what you call it. Edit it, or delete a table, at any time."]
    for made in suggestions:
        if made.column is None or made.as_it_is:
            continue
        lines += ["", f"[{_key(made.field)}]", f"column = {_text(made.column)}"]
        if made.factor != 1.0:
            lines.append(f"factor = {made.factor!r}")
        if made.values:
            pairs = ", ".join(f"{_text(word)} = {_text(meant)}" for word, meant in made.values)
            lines.append(f"values = {{ {pairs} }}")
    return "\n".join(lines) + "\n"


def _score(wanted: Field, column: ColumnSeen) -> float:
    if wanted.name == column.name:
        return 2.0
    mine, theirs = _letters(_without_unit(wanted.name)), _letters(_without_unit(column.name))
    alike = 1.0 if mine == theirs else SequenceMatcher(None, mine, theirs).ratio()
    shared = set(_tokens(wanted.name)) & set(_tokens(column.name))
    alike = max(alike, 0.5 + 0.1 * len(shared) if shared else 0.0)
    if wanted.classes and wanted.json_type == "string":
        if column.words:
            known = sum(1 for word in column.words if _meant(word, wanted))
            alike += 0.3 * known / len(column.words) if known else -0.3
    elif wanted.text is not None:
        alike -= 0.0 if column.kind == "text" else 0.5
    elif wanted.numeric and column.kind not in ("integer", "number", "empty"):
        alike -= 0.5
    elif wanted.numeric and column.low is not None and _factor(wanted, column) is None:
        alike -= 0.2
    return alike


def _suggestion(wanted: Field, column: ColumnSeen | None) -> Suggestion:
    if column is None:
        return Suggestion(wanted.name, None, why="no column is alike")
    why = "same name" if column.name == wanted.name else f"{column.name!r} is alike"
    if wanted.numeric and column.low is not None:
        factor = _factor(wanted, column)
        if factor is None:
            return Suggestion(wanted.name, column.name, why=f"{why}, but its range is not the campaign's")
        if factor != 1.0:
            why += f"; x {factor:.6g} brings its range into the campaign's"
        return Suggestion(wanted.name, column.name, factor, why=why)
    if wanted.classes and wanted.json_type == "string" and column.words:
        meant = {word: _meant(word, wanted) for word in column.words}
        pairs = tuple((word, known) for word, known in meant.items() if known and known != word)
        unknown = [word for word, known in meant.items() if not known]
        if unknown:
            why += f"; not translated: {', '.join(map(repr, unknown[:3]))}"
        return Suggestion(wanted.name, column.name, values=pairs, why=why)
    return Suggestion(wanted.name, column.name, why=why)


def _factor(wanted: Field, column: ColumnSeen) -> float | None:
    """1 if the column's range lies in the field's clip, else the first factor that brings it there. A column
    of the field's own name has its unit, unless it is out of all proportion: a clip cuts outliers off.
    """
    low, high = wanted.clip
    assert column.low is not None  # noqa: S101 - asked only of numbers
    assert column.high is not None  # noqa: S101
    slack = (high - low) * 0.05
    beyond = (high - low) * _OUTLIERS
    inside = low - beyond <= column.low and column.high <= high + beyond
    if inside and _letters(column.name) == _letters(wanted.name) and column.high - column.low > slack / 2.5:
        return 1.0
    for factor in (1.0, *FACTORS):
        bounds = sorted((column.low * factor, column.high * factor))
        wide = bounds[1] - bounds[0] > (high - low) / 50 or bounds[0] == bounds[1]
        if low - slack <= bounds[0] and bounds[1] <= high + slack and wide:
            return factor
    return None


def _meant(word: str, wanted: Field) -> str | None:
    """The class that a word most likely means."""
    letters = _letters(word)
    best, best_alike = None, _WORDS_ALIKE
    for known in wanted.classes:
        alike = SequenceMatcher(None, letters, _letters(str(known))).ratio()
        if _letters(str(known)) and _letters(str(known)) in letters:
            alike = max(alike, 0.9)
        if alike > best_alike or letters == _letters(str(known)):
            best, best_alike = str(known), 2.0 if letters == _letters(str(known)) else alike
    return best


def _tokens(name: str) -> list[str]:
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [part.casefold() for part in re.split(r"[^0-9A-Za-z]+", parts) if len(part) > 2]


def _without_unit(name: str) -> str:
    """A name without what people put into brackets behind it."""
    return re.sub(r"[(\[].*?[)\]]", "", name)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
