"""A first mapping from a data set to a campaign: by what names mean and how alike they are, by the units that
they name, and by whether the values would fit.

Only suggested: the owner confirms or edits it. What was guessed has its `doubt`, which is said plainly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from mine_agent.data.scaling import scaling
from mine_agent.data.vocabulary import TIME, meanings, statistic, tokens, without_statistic
from mine_agent.data.wording import Words, words_for
from pysonar.protocol.schema import Schema
from pysonar.protocol.schema.field import Field
from pysonar.tables.understanding import ColumnSeen, TableSeen

ALIKE = 0.55
SURE = 0.7
_BY_WORDS = 0.6  # a column of any name whose words are a field's classes
_OTHER_STATISTIC = 0.6
_NO_STATISTIC = 0.15
_AS_MUCH = 0.02


@dataclass(frozen=True)
class Suggestion:
    """One field: the column for it (None: none is alike), the factor and whether it rounds, translations, and
    why.

    `doubt`: what was guessed and may be wrong; None if nothing was. `untranslated`: words of the column that
    are none of `classes`, the field's own.
    """

    field: str
    column: str | None
    factor: float = 1.0
    values: tuple[tuple[str, str], ...] = ()
    why: str = ""
    doubt: str | None = None
    rounds: bool = False
    untranslated: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

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
    chosen: dict[str, tuple[str, float]] = {}
    taken: set[str] = set()
    for score, _, name, column in scores:
        if score >= ALIKE and name not in chosen and column not in taken:
            chosen[name] = (column, score)
            taken.add(column)
    columns = {column.name: column for column in seen.columns}
    rivals = _rivals([(name, column, score) for score, _, name, column in scores], chosen)
    return [
        _suggestion(wanted, columns[chosen[wanted.name][0]], chosen[wanted.name][1], rivals.get(wanted.name))
        if wanted.name in chosen
        else Suggestion(wanted.name, None, why="no column is alike")
        for wanted in fields
    ]


def _rivals(scores: Sequence[tuple[str, str, float]], chosen: dict[str, tuple[str, float]]) -> dict[str, str]:
    """For fields whose column was chosen over another that is as much alike, that other one."""
    belongs = dict(chosen.values())
    found: dict[str, str] = {}
    for name, column, score in scores:
        own = chosen.get(name)
        if own is None or own[0] == column or score < own[1] - _AS_MUCH or score < ALIKE:
            continue
        if belongs.get(column, 0.0) <= score + _AS_MUCH:
            found.setdefault(name, column)
    return found


def as_toml(suggestions: Sequence[Suggestion]) -> str:
    """The suggestions that change anything, as a mapping file. Doubts, and fields without a column, stand in
    its comments.
    """
    lines = ["# What a campaign calls it, and what you call it. Edit it, or delete a table, at any time."]
    for made in suggestions:
        if made.column is None:
            lines += ["", f"# no column is alike: [{_key(made.field)}]", '# column = "..."']
            continue
        if made.as_it_is and made.doubt is None:
            continue
        lines += ["", *([f"# CHECK: {_comment(made.doubt)}"] if made.doubt else [])]
        lines += [f"[{_key(made.field)}]", f"column = {_text(made.column)}"]
        if made.factor != 1.0:
            lines.append(f"factor = {made.factor!r}")
        if made.rounds:
            lines.append("round = true")
        if made.values:
            pairs = ", ".join(f"{_text(word)} = {_text(meant)}" for word, meant in made.values)
            lines.append(f"values = {{ {pairs} }}")
        if made.untranslated:
            more = ", ".join(f'{_text(word)} = "..."' for word in made.untranslated[:3])
            lines.append(f"# yours = the campaign's, {' or '.join(map(_text, made.classes[:12]))}:")
            lines.append(f"# into values above: {more}" if made.values else f"# values = {{ {more} }}")
    return "\n".join(lines) + "\n"


def doubts(suggestions: Sequence[Suggestion]) -> list[str]:
    """What the owner should look at before a model learns from it, a sentence each."""
    guessed = [
        f"{made.field} from {made.column!r} is a guess: {made.doubt}" for made in suggestions if made.doubt
    ]
    lacking = [made.field for made in suggestions if made.column is None]
    return guessed + ([f"no column was found for {', '.join(lacking)}"] if lacking else [])


def _score(wanted: Field, column: ColumnSeen) -> float:
    if wanted.name == column.name:
        return 2.0
    alike = _names_alike(wanted.name, column.name)
    if wanted.classes and wanted.json_type == "string":
        found = words_for(wanted, column)
        if found is None or not found.share:
            return alike - 0.3
        return max(alike + 0.3 * found.share, found.alike, _BY_WORDS if found.telling else 0.0)
    if wanted.text is not None:
        return alike - (0.0 if column.kind == "text" else 0.5)
    if wanted.numeric and column.kind not in ("integer", "number", "empty"):
        return alike - 0.5
    if wanted.numeric and scaling(wanted, column).factor is None:
        return alike - 0.2
    return alike


def _names_alike(wanted: str, column: str) -> float:
    """How alike two names are, 0 to 1; names that say different statistics of one quantity hardly are."""
    asked, found = statistic(wanted), statistic(column)
    if asked is None and found is None:
        return _words_alike(wanted, column)
    alike = _words_alike(without_statistic(_without_unit(wanted)), without_statistic(_without_unit(column)))
    if asked == found:
        return alike
    return alike - (_NO_STATISTIC if None in (asked, found) else _OTHER_STATISTIC)


def _words_alike(wanted: str, column: str) -> float:
    mine, theirs = ("".join(tokens(_without_unit(name))) for name in (wanted, column))
    alike = 1.0 if mine == theirs else SequenceMatcher(None, mine, theirs).ratio()
    shared = {token for token in tokens(wanted) if len(token) > 2} & set(tokens(column))
    alike = max(alike, 0.5 + 0.1 * len(shared) if shared else 0.0)
    meant, found = _meant(wanted), _meant(column)
    if meant & found:
        alike = max(alike, 0.5 + 0.45 * len(meant & found) / len(meant | found))
    return alike


def _meant(name: str) -> frozenset[str]:
    """What a name means, without its span of time where it means anything else."""
    found = meanings(_without_unit(name))
    return found.difference(TIME) or found


def _suggestion(wanted: Field, column: ColumnSeen, score: float, rival: str | None) -> Suggestion:
    why = "same name" if column.name == wanted.name else f"{column.name!r} is alike"
    doubts = [] if score >= SURE else ["its name is only a little alike"]
    asked, found = statistic(wanted.name), statistic(column.name)
    if asked != found:
        doubts.append(f"its name does not say that it is the {asked}" if asked else f"its name says {found}")
    if rival is not None:
        doubts.append(f"{rival!r} is as much alike")
    factor, rounds, words = 1.0, False, Words()
    if wanted.numeric and column.low is not None:
        scaled = scaling(wanted, column)
        factor, rounds = scaled.factor or 1.0, scaled.rounds
        why += f"; {scaled.why}" if scaled.why else ""
        doubts += [scaled.doubt] if scaled.doubt else []
    elif wanted.classes and wanted.json_type == "string":
        words = words_for(wanted, column) or words
        doubts += words.doubts
    doubt = "; ".join(doubts) or None
    why = f"{why}; {doubt}" if doubt else why
    classes = tuple(str(known) for known in wanted.classes)
    return Suggestion(
        wanted.name, column.name, factor, words.pairs, why, doubt, rounds, words.unknown, classes
    )


def _without_unit(name: str) -> str:
    """A name without what people put into brackets behind it."""
    return re.sub(r"[(\[].*?[)\]]", "", name)


def _comment(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
