"""From the words of a column to a campaign's classes: the same letters, the same meaning, or yes and no in a
column that is called after one of two classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from mine_agent.data.vocabulary import meanings, negated, plain
from pysonar.protocol.schema.field import Field
from pysonar.tables.understanding import ColumnSeen

_ALIKE = 0.6
_NAMED = 0.85  # how alike a column counts that is called after a class


@dataclass(frozen=True)
class Words:
    """`pairs`: words that change, with the class that each becomes. `share`: of the column's words that are
    understood; `alike`: how well the column's own name names a class; `unknown`: the other words;
    `telling`: whether the words alone tell that the column is meant: all are understood as classes, two at
    least, and are not yes and no, which many columns say.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    share: float = 0.0
    alike: float = 0.0
    doubts: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    telling: bool = False


def words_for(wanted: Field, column: ColumnSeen) -> Words | None:
    """What the column's words mean among the field's classes; None if it has too many words to look at."""
    if column.words is None:
        return None
    classes = [str(known) for known in wanted.classes]
    words = list(column.words) or (["true", "false"] if column.kind == "boolean" else [])
    found = {word: _meant(word, classes) for word in words}
    if not any(meant for meant, _ in found.values()):
        found |= {word: (known, False) for word, known in _by_first_letters(words, classes).items()}
    understood = [word for word, (meant, _) in found.items() if meant]
    if not understood and len(classes) == 2 and _yes_and_no(words):
        return _yes_or_no(words, classes, column.name)
    pairs = tuple((word, meant) for word, (meant, _) in found.items() if meant and meant != word)
    unknown = [word for word in words if word not in understood]
    doubts = []
    if unknown:
        doubts.append(f"not translated: {', '.join(map(repr, unknown[:3]))}; write them into values")
    guessed = [f"{word!r} = {meant!r}" for word, (meant, sure) in found.items() if meant and not sure]
    if guessed:
        doubts.append(f"only alike by their letters: {', '.join(guessed[:3])}")
    telling = not unknown and not _yes_and_no(words) and len({meant for meant, _ in found.values()}) > 1
    share = len(understood) / len(words) if words else 0.0
    return Words(pairs, share, 0.0, tuple(doubts), tuple(unknown), telling)


def _by_first_letters(words: list[str], classes: list[str]) -> dict[str, str]:
    """Words that are the first letters of classes, each of another one; none unless all of them are."""
    found = {
        word: [known for known in classes if plain(word) and plain(known).startswith(plain(word))]
        for word in words
    }
    if not all(len(begun) == 1 for begun in found.values()):
        return {}
    meant = {word: begun[0] for word, begun in found.items()}
    return meant if len(set(meant.values())) == len(meant) else {}


def _meant(word: str, classes: list[str]) -> tuple[str | None, bool]:
    """The class that a word most likely means, and whether that is sure."""
    letters = plain(word)
    for known in classes:
        if letters and letters == plain(known):
            return known, True
    others = [known for known in classes if negated(known) == negated(word)]
    same = [known for known in others if meanings(word) and meanings(word) == meanings(known)]
    if len(same) == 1:
        return same[0], True
    within = [known for known in others if len(plain(known)) > 1 and plain(known) in letters]
    if within:
        return max(within, key=len), True
    best = max(others, key=lambda known: SequenceMatcher(None, letters, plain(known)).ratio(), default=None)
    if best is not None and SequenceMatcher(None, letters, plain(best)).ratio() > _ALIKE:
        return best, False
    return None, False


def _yes_and_no(words: list[str]) -> bool:
    return {frozenset(("yes",)), frozenset(("no",))} == {meanings(word) for word in words}


def _yes_or_no(words: list[str], classes: list[str], name: str) -> Words:
    named = [
        known
        for known in classes
        if (meanings(known) & meanings(name)) or (len(plain(known)) > 2 and plain(known) in plain(name))
    ]
    if len(named) != 1:
        both = " and ".join(map(repr, classes))
        say = ", ".join(f"{word!r}" for word in words)
        doubt = f"it is not clear which of {say} means which of {both}; write them into values"
        return Words(alike=0.0, doubts=(doubt,))
    (other,) = (known for known in classes if known != named[0])
    pairs = tuple((word, named[0] if "yes" in meanings(word) else other) for word in words)
    return Words(pairs, 1.0, _NAMED, (() if not negated(name) else ("the column's name says no",)))
