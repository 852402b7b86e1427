"""One column of a batch as it was found, turned into a field's type: what is missing, what does not fit, and
what had to be converted, counted.

More lenient than `pysonar.protocol.schema.columns`, which only takes what needs no interpretation: here words
mean true and false, "NA" is a gap, and numbers may carry marks. Nothing is changed without being counted, and
what cannot be read is never replaced.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pysonar.protocol.schema.columns import MAX_WHOLE, arrow_type, listed
from pysonar.protocol.schema.field import Field
from pysonar.protocol.schema.text import EXPECTED, fit_texts
from pysonar.tables.mixed import as_one_type, is_mixed, parts_of
from pysonar.tables.numbers import Notation, parse_numbers

GAPS = (
    "", "NA", "N/A", "n/a", "na", "#N/A", "#NA", "NaN", "nan", "NAN", "-nan",
    "NULL", "Null", "null", "None", "none",
    "?", "-", "--", "\u2013", ".", "..", "\\N", "<NA>", "NaT", "k. A.", "k.A.", "#NV", "missing", "Missing",
)  # fmt: skip
_TRUE = ("true", "t", "yes", "y", "on", "1", "ja", "j", "wahr", "oui", "vrai", "sí", "si", "sim", "verdadero")
_FALSE = ("false", "f", "no", "n", "off", "0", "nein", "falsch", "non", "faux", "não", "nao", "falso")
_PLAIN_WORDS = ("true", "false", "1", "0")


@dataclass
class Converted:
    """A column in its field's type.

    Attributes:
        values: null where there is no usable value. unknown: categories that are not on the list.
        missing, unfit: gaps, and values that cannot be what the field wants.
        notes: conversions by kind, with their number. found: the column before, for messages.
    """

    values: pa.Array
    missing: NDArray[np.bool_]
    unfit: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    found: pa.Array
    notes: Counter[str] = field(default_factory=Counter)


def expected(wanted: Field) -> str:
    """What would have been right, in words."""
    if wanted.classes:
        return f"one of {listed(wanted.classes)}"
    if wanted.text is not None:
        return EXPECTED
    return {"number": "a finite number", "integer": "a whole number", "boolean": "true or false"}[
        wanted.json_type
    ]


def convert(wanted: Field, column: pa.Array, notation: Notation) -> Converted:
    """The column as `wanted` asks; `notation` is how its texts write numbers. What a value becomes depends on
    that value alone.
    """
    if is_mixed(column):
        return _each_type(wanted, column, notation)
    notes: Counter[str] = Counter()
    found = flat(column)
    missing = missing_in(found, wanted.classes, notes)
    texts = pa.types.is_string(found.type)
    there = pc.if_else(pa.array(missing), pa.scalar(None, found.type), found) if texts else found
    if wanted.json_type in ("number", "integer"):
        values = _numbers(there, notation, notes, whole=wanted.json_type == "integer")
    elif wanted.json_type == "boolean":
        values = _booleans(there, notes)
    elif wanted.text is not None:
        values = _long_texts(there)
    else:
        values = _words(there, notes)
    empty = np.asarray(pc.is_null(values).to_numpy(zero_copy_only=False), dtype=bool)
    unfit = empty & ~missing
    unknown = np.zeros(len(values), dtype=bool)
    if wanted.classes:
        known = pc.is_in(values, value_set=pa.array(wanted.classes, type=arrow_type(wanted)))
        unknown = ~np.asarray(known.to_numpy(zero_copy_only=False), dtype=bool) & ~missing
        unfit = np.zeros(len(values), dtype=bool)  # what is not a whole number is an unknown class, too
    return Converted(values, missing, unfit, unknown, found, notes)


def _each_type(wanted: Field, column: pa.Array, notation: Notation) -> Converted:
    """A column of several types, each read as if it were alone."""
    parts = [(places, convert(wanted, part, notation)) for places, part in parts_of(column)]
    order = np.argsort(np.concatenate([places for places, _ in parts]))
    made = [converted for _, converted in parts]

    def together(name: str) -> NDArray[np.bool_]:
        flags: NDArray[np.bool_] = np.concatenate([getattr(converted, name) for converted in made])[order]
        return flags

    values = pa.concat_arrays([converted.values for converted in made]).take(pa.array(order))
    notes = sum((converted.notes for converted in made), Counter[str]())
    return Converted(values, together("missing"), together("unfit"), together("unknown"), column, notes)


def flat(column: pa.Array) -> pa.Array:
    """Dictionaries decoded, texts of one type and trimmed, several types made one; others as they are."""
    if is_mixed(column):
        column = as_one_type(column)
    if isinstance(column.type, pa.BaseExtensionType):  # PostgreSQL's numeric, a text on the wire
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = flat(column.dictionary).take(column.indices)
    if pa.types.is_null(column.type):
        return column.cast(pa.string())
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.string()).cast(pa.float64())  # the nearest one; a cast in one step is not
    return pc.utf8_trim_whitespace(column) if pa.types.is_string(column.type) else column


def value_at(column: pa.Array, place: int) -> object:
    """A value to show to people. Python has no time beyond the year 9999, and not every zone that a file may
    name: such a value is shown by its type.
    """
    try:
        return column[place].as_py()
    except Exception:  # noqa: BLE001 - of other libraries' calendars
        return f"a {column.type} that no calendar has"


def missing_in(column: pa.Array, classes: tuple[object, ...], notes: Counter[str]) -> NDArray[np.bool_]:
    """Which values are gaps; words for one are counted, unless the field has that word as a class."""
    null = np.asarray(pc.is_null(column, nan_is_null=True).to_numpy(zero_copy_only=False), dtype=bool)
    if not pa.types.is_string(column.type):
        return null
    words = [word for word in GAPS if word not in classes]
    gaps = np.asarray(pc.is_in(column, value_set=pa.array(words)).to_numpy(zero_copy_only=False), dtype=bool)
    said = gaps & ~np.asarray(
        pc.fill_null(pc.equal(column, ""), True).to_numpy(zero_copy_only=False), dtype=bool
    )
    if said.any():
        for word, times in Counter(column.filter(pa.array(said)).to_pylist()).items():
            notes[f"{word!r} as missing"] += times
    either: NDArray[np.bool_] = null | gaps
    return either


def _numbers(column: pa.Array, notation: Notation, notes: Counter[str], *, whole: bool) -> pa.Array:
    kind = column.type
    if pa.types.is_string(kind):
        numbers = parse_numbers(column, notation, notes)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        numbers = column.cast(pa.float64(), safe=False)
    else:
        return pa.nulls(len(column), pa.int64() if whole else pa.float64())
    nothing = pa.scalar(None, pa.float64())
    numbers = pc.if_else(pc.is_finite(numbers), numbers, nothing)
    if not whole:
        return numbers
    fits = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less(pc.abs(numbers), float(MAX_WHOLE)))
    return pc.if_else(fits, numbers, nothing).cast(pa.int64())


def truth_in(texts: pa.Array) -> pa.Array:
    """Which texts are a word for true or false."""
    return pc.is_in(pc.utf8_lower(texts), pa.array([*_TRUE, *_FALSE]))


def _booleans(column: pa.Array, notes: Counter[str]) -> pa.Array:
    kind, nothing = column.type, pa.scalar(None, pa.bool_())
    if pa.types.is_boolean(kind):
        return column
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        column = column.cast(pa.float64(), safe=False)
        fits = pc.or_(pc.equal(column, 0.0), pc.equal(column, 1.0))
        return pc.if_else(fits, pc.equal(column, 1.0), nothing)
    if not pa.types.is_string(kind):
        return pa.nulls(len(column), pa.bool_())
    words = pc.utf8_lower(column)
    words = pc.replace_substring_regex(words, r"^([01])\.0+$", r"\1")
    true, false = pc.is_in(words, pa.array(_TRUE)), pc.is_in(words, pa.array(_FALSE))
    other = pc.and_(pc.or_(true, false), pc.invert(pc.is_in(words, pa.array(_PLAIN_WORDS))))
    count = int(pc.sum(other).as_py() or 0)
    if count:
        notes["word for true or false"] += count
    return pc.if_else(true, pa.scalar(True), pc.if_else(false, pa.scalar(False), nothing))


def _long_texts(column: pa.Array) -> pa.Array:
    nothing = pa.nulls(len(column), pa.string())
    if not pa.types.is_string(column.type):
        return nothing
    return pc.if_else(pa.array(fit_texts(column)), column, nothing)


def _words(column: pa.Array, notes: Counter[str]) -> pa.Array:
    kind = column.type
    if pa.types.is_integer(kind):
        return column.cast(pa.string())
    if not pa.types.is_string(kind):
        return pa.nulls(len(column), pa.string())
    normal = _composed(column)
    changed = int(pc.sum(pc.not_equal(normal, column)).as_py() or 0)
    if changed:
        notes["letters composed (Unicode NFC)"] += changed
    return normal


def _composed(texts: pa.Array) -> pa.Array:
    """The texts in Unicode's NFC, each different one once. Not by `pc.utf8_normalize`: that of pyarrow 25
    takes letters apart whichever form it is asked for.
    """
    if pc.all(pc.string_is_ascii(texts)).as_py() is not False:
        return texts
    each = texts.dictionary_encode()
    words = [unicodedata.normalize("NFC", word) for word in each.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(each.indices)
