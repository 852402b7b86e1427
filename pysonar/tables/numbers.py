"""Numbers as people write them: which mark is the decimal one in a column, which currency its amounts have,
and what the texts then mean.

"1,500" is one and a half here and fifteen hundred there. A column's own cells decide where they can, then the
file's other columns; where nothing decides, the number is not read, and the owner is asked. Nothing is
guessed from the machine's locale.

That is decided once, from a look at the whole column (`Evidence`), as its `Notation`. What one text means is
then a function of that text and the notation alone, not of the texts beside it: under a privacy budget one
record must not change what others are read as.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_EXPONENT = r"([eE][+-]?\d+)?"
_COMMA = rf"^[+-]?(\d+,\d*|,\d+|\d{{1,3}}([.' \x{{a0}}\x{{202f}}]\d{{3}})+,\d*){_EXPONENT}$"
_COMMA_GROUPS = r"^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$"
_EITHER = r"^[+-]?[1-9]\d{0,2},\d{3}$"
_POINT_GROUPS = r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$"
_SURE_POINT_GROUPS = r"^[+-]?[1-9]\d{0,2}(\.\d{3}){2,}$"
_SPACE_GROUPS = r"^[+-]?\d{1,3}([' \x{a0}\x{202f}]\d{3})+(\.\d*)?$"
_HAS_POINT = r"\."
_PERCENT = r"%$"
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "€", "$", "£")
_CURRENCY = rf"({'|'.join(CURRENCIES)})".replace("$", r"\$")
_AFTER, _BEFORE = rf"[\d.,]\s*{_CURRENCY}$", rf"^{_CURRENCY}\s*[\d.,]"

POINT, COMMA, UNDECIDED = ".", ",", "?"


@dataclass(frozen=True)
class Notation:
    """How a column's texts write numbers: the decimal mark, and the currency that its amounts have. Amounts
    in another currency are not numbers beside it.
    """

    mark: str = POINT
    currency: str | None = None


Notations = Mapping[str, Notation]
"""By column; one that is not there writes numbers plainly."""


@dataclass
class Evidence:
    """How many cells of a column speak for which mark, and for which currency."""

    comma: int = 0  # 1,5 or 1.500,25
    point: int = 0  # 1.5 or 1,500.25
    comma_or_group: int = 0  # 1,500
    point_or_group: int = 0  # 1.500
    currencies: Counter[str] = field(default_factory=Counter)

    def add(self, texts: pa.Array) -> None:
        """Look at trimmed texts; gaps are ignored."""
        amounts = _matches(texts, rf"{_AFTER}|{_BEFORE}")
        if _total(amounts):
            self._add_currencies(texts.filter(amounts))
            texts = pc.if_else(amounts, pc.replace_substring_regex(texts, _CURRENCY, ""), texts)
        texts = pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, _PERCENT, ""))
        marked = texts.filter(pc.match_substring_regex(texts, r"[,. '\x{a0}\x{202f}]"))
        if not len(marked):
            return  # whole numbers and words say nothing about a mark
        texts = marked
        self.comma_or_group += _count(texts, _EITHER)
        grouped, either = _matches(texts, _COMMA_GROUPS), _matches(texts, _EITHER)
        comma = _matches(texts, _COMMA)
        self.point += _total(pc.and_not(grouped, either))
        self.comma += _total(pc.and_not(pc.and_not(comma, either), grouped))
        sure = _count(texts, _SURE_POINT_GROUPS)
        self.comma += sure
        plain_point = pc.and_(_matches(texts, PLAIN), _matches(texts, _HAS_POINT))
        one_group = pc.and_(plain_point, _matches(texts, _POINT_GROUPS))
        self.point_or_group += _total(one_group)
        self.point += _total(plain_point) - _total(one_group)

    def _add_currencies(self, amounts: pa.Array) -> None:
        found = pc.extract_regex(amounts, rf"(?P<sign>{_CURRENCY[1:-1]})")
        for entry in pc.value_counts(pc.struct_field(found, "sign")).to_pylist():
            self.currencies[entry["values"]] += entry["counts"]

    @property
    def currency(self) -> str | None:
        """The one that most amounts have; of two that as many have, the one whose sign is last in Unicode."""
        return max(self.currencies, key=lambda sign: (self.currencies[sign], sign), default=None)

    def mark(self, others: str) -> str:
        """The column's decimal mark, where the rest of the file speaks for `others`."""
        if self.comma and not self.point:
            return COMMA
        if self.point and not self.comma:
            return POINT
        if self.comma or self.point:
            return UNDECIDED  # one column with both: its cells are read only where they need no decision
        if self.comma_or_group or (self.point_or_group and others == COMMA):
            return others
        return POINT


def notations(columns: Mapping[str, Evidence], given: str | None) -> dict[str, Notation]:
    """The notation of each column; `given` is the owner's word for all their decimal marks."""
    comma = sum(1 for seen in columns.values() if seen.comma and not seen.point)
    point = sum(1 for seen in columns.values() if seen.point and not seen.comma)
    others = COMMA if comma and not point else POINT if point and not comma else UNDECIDED
    return {
        name: Notation(given if given is not None else seen.mark(others), seen.currency)
        for name, seen in columns.items()
    }


def _bare(texts: pa.Array, currency: str | None) -> pa.Array:
    """Trimmed texts without a percent sign, or the currency."""
    without = pc.replace_substring_regex(texts, _PERCENT, "")
    if currency is not None:
        without = pc.if_else(_amounts_in(texts, currency), _without(texts, currency), without)
    return pc.utf8_trim_whitespace(without)


def _amounts_in(texts: pa.Array, currency: str) -> pa.Array:
    sign = currency.replace("$", r"\$")
    return pc.or_(_matches(texts, rf"[\d.,]\s*{sign}$"), _matches(texts, rf"^{sign}\s*[\d.,]"))


def _without(texts: pa.Array, currency: str) -> pa.Array:
    return pc.replace_substring(texts, currency, "")


def parse_numbers(texts: pa.Array, notation: Notation, notes: Counter[str]) -> pa.Array:
    """Trimmed texts as float64, null where they are gaps or cannot be read. `notes` counts what was not
    written plainly.
    """
    mark, currency = notation.mark, notation.currency
    plain = _matches(texts, PLAIN)
    pointed = mark == COMMA and _count(texts, _HAS_POINT) > 0
    if _total(plain) + texts.null_count == len(texts) and not pointed:
        return texts.cast(pa.float64())
    percent = _matches(texts, _PERCENT)
    digits = _bare(texts, currency)
    result = digits
    for pattern, allowed, removed, note in (
        (_COMMA, mark == COMMA, r"[.' \x{a0}\x{202f}]", "decimal comma"),
        (_COMMA_GROUPS, mark == POINT, r",", "thousands separator"),
        (_POINT_GROUPS, mark == COMMA, r"\.", "thousands separator"),
        (_SPACE_GROUPS, True, r"[' \x{a0}\x{202f}]", "thousands separator"),
    ):
        if not allowed:
            continue
        fits = _matches(digits, pattern)
        if note == "decimal comma":
            fits = pc.and_not(fits, _matches(digits, PLAIN))
        count = _total(fits)
        if count:
            cleaned = pc.replace_substring_regex(digits, removed, "")
            cleaned = pc.replace_substring(cleaned, ",", ".") if note == "decimal comma" else cleaned
            result = pc.if_else(fits, cleaned, result)
            notes[note] += count
    if mark == COMMA:  # a plain number with a point, in a column of commas: nobody can say what it means
        odd = pc.and_(_matches(digits, PLAIN), _matches(digits, _HAS_POINT))
        odd = pc.and_not(odd, _matches(digits, _POINT_GROUPS))
        result = pc.if_else(odd, pa.scalar(None, pa.string()), result)
    readable = _matches(result, PLAIN)
    numbers = pc.if_else(readable, result, pa.scalar(None, pa.string())).cast(pa.float64())
    shares = _total(pc.and_(percent, readable))
    if shares:
        notes["percent sign"] += shares
        numbers = pc.if_else(percent, pc.divide(numbers, 100.0), numbers)
    amounts = 0 if currency is None else _total(pc.and_(_amounts_in(texts, currency), readable))
    if amounts:
        notes[f"{currency!r} left out"] += amounts
    return numbers


def _matches(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(texts, pattern), False)


def _count(texts: pa.Array, pattern: str) -> int:
    return _total(_matches(texts, pattern))


def _total(flags: pa.Array) -> int:
    return int(pc.sum(flags).as_py() or 0)
