"""The profile of JSON Schema 2020-12 that campaigns use, and its keyword `openmined`.

Input schema: an object at the root.

    {"type": "object",
     "properties": {<name>: <field>, ...},
     "required": [<every name>, in field order],
     "openmined": {"fields": [<every name>, in field order]}}

Canonical JSON sorts the keys of `properties`, so the order of the columns of X is said by `openmined.fields`,
and by nothing else; `required` must repeat it, as every field is required. A field is one of

    {"type": "number",  "openmined": {"kind": "number",  "clip": [lo, hi], "encode": E}}
    {"type": "integer", "openmined": {"kind": "integer", "clip": [lo, hi], "encode": E}}
    {"type": "boolean", "openmined": {"kind": "boolean"}}
    {"type": "string" or "integer", "enum": [...], "openmined": {"kind": "category"}}
    {"type": "string",  "openmined": {"kind": "text", "columns": n, ...}}        see `text`

with E = {"center": c, "scale": s}, and may have `title` and `description`; `openmined` may have `unit`,
`missing` and `unknown` (see `gaps`). What becomes of a value (all of it public):

    number, integer    (min(max(value, lo), hi) - c) / s            one column
    boolean            0 or 1                                       one column
    category           one-hot over `enum`, in the order of `enum`  one column for each of its values
    text               hashed words, as a vector of length 1        `columns` columns

`clip` is required: it is what makes the influence of one record bounded. The output schema has exactly one
property, one of several classes in the order of `enum`, or a number to predict:

    {"type": "string", "integer" or "boolean", "enum": [...], "openmined": {"kind": "label"}}
    {"type": "number", "openmined": {"kind": "label", "clip": [lo, hi], "encode": E}}

Anything else, `$ref` included, is refused: a keyword that one reader honours and another ignores would make
the scientist's X differ from a mine's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jsonschema_rs

from openmined_syft.features.text import HashedText
from pysonar.protocol.schema import text as texts
from pysonar.protocol.schema.errors import ProfileError
from pysonar.protocol.schema.gaps import KEYWORDS, STRICT, GapRule, gap_rule

MAX_FIELDS = 4096
MAX_ENUM = 1024
MAX_COLUMNS = 65536
MAX_NAME = 128
MAX_TEXT = 2000
MAX_MAGNITUDE = 1e15  # float64 still tells whole numbers apart there
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class Field:
    """One checked field. `classes` is empty for numbers; `clip`, `center`, `scale` mean nothing for the
    others; `text` is there for texts only.
    """

    name: str
    kind: str  # number, integer, boolean, category, text, label
    json_type: str
    classes: tuple[Any, ...] = ()
    clip: tuple[float, float] = (0.0, 1.0)
    center: float = 0.0
    scale: float = 1.0
    missing: GapRule = STRICT
    unknown: GapRule = STRICT
    text: HashedText | None = None

    @property
    def numeric(self) -> bool:
        """Whether values are numbers that are clipped and scaled."""
        return self.json_type in ("number", "integer") and not self.classes

    @property
    def columns(self) -> int:
        """Columns of X this field takes."""
        if self.text is not None:
            return self.text.columns
        return len(self.classes) if self.kind == "category" else 1


def input_fields(document: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields of an input schema, in field order. Raises ProfileError."""
    names, properties = _root(document)
    fields = tuple(_field(name, properties[name], label=False) for name in names)
    _require_json_schema(document)
    columns = sum(field.columns for field in fields)
    if columns > MAX_COLUMNS:
        raise ProfileError("properties", columns, f"at most {MAX_COLUMNS} columns after one-hot encoding")
    return fields


def output_field(document: Mapping[str, Any]) -> Field:
    """The label of an output schema. Raises ProfileError."""
    names, properties = _root(document)
    if len(names) != 1:
        raise ProfileError("openmined.fields", names, "exactly one label")
    field = _field(names[0], properties[names[0]], label=True)
    _require_json_schema(document)
    return field


def input_schema(fields: Mapping[str, Mapping[str, Any]], title: str | None = None) -> dict[str, Any]:
    """An input schema document from fields in their order of insertion. Raises ProfileError."""
    document = _document(fields, title)
    input_fields(document)
    return document


def output_schema(name: str, label: Mapping[str, Any]) -> dict[str, Any]:
    """An output schema document for one label. Raises ProfileError."""
    document = _document({name: label}, None)
    output_field(document)
    return document


def number_field(clip: tuple[float, float], *, center: float = 0.0, scale: float = 1.0) -> dict[str, Any]:
    """A real number: clipped, then (value - center) / scale."""
    return {"type": "number", "openmined": _numeric("number", clip, center, scale)}


def integer_field(clip: tuple[float, float], *, center: float = 0.0, scale: float = 1.0) -> dict[str, Any]:
    """A whole number: clipped, then (value - center) / scale."""
    return {"type": "integer", "openmined": _numeric("integer", clip, center, scale)}


def boolean_field() -> dict[str, Any]:
    """True or false: 1 or 0."""
    return {"type": "boolean", "openmined": {"kind": "boolean"}}


def category_field(values: Sequence[str] | Sequence[int]) -> dict[str, Any]:
    """One of a list of texts or whole numbers: one-hot in the order given."""
    return {"type": _type_of(values), "enum": list(values), "openmined": {"kind": "category"}}


def class_label(classes: Sequence[Any]) -> dict[str, Any]:
    """A label that is one of several classes (texts, whole numbers, or [False, True]), in the order given."""
    return {"type": _type_of(classes), "enum": list(classes), "openmined": {"kind": "label"}}


def number_label(clip: tuple[float, float], *, center: float = 0.0, scale: float = 1.0) -> dict[str, Any]:
    """A label that is a number: clipped and scaled like a field; predictions are scaled back."""
    return {"type": "number", "openmined": _numeric("label", clip, center, scale)}


def _document(fields: Mapping[str, Mapping[str, Any]], title: str | None) -> dict[str, Any]:
    names = list(fields)
    document: dict[str, Any] = {
        "type": "object",
        "properties": {name: dict(field) for name, field in fields.items()},
        "required": names,
        "openmined": {"fields": list(names)},
    }
    return document if title is None else {**document, "title": title}


def _numeric(kind: str, clip: tuple[float, float], center: float, scale: float) -> dict[str, Any]:
    low, high = clip
    return {"kind": kind, "clip": [low, high], "encode": {"center": center, "scale": scale}}


def _type_of(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values}
    names = {str: "string", int: "integer", bool: "boolean"}
    if len(kinds) != 1 or next(iter(kinds)) not in names:
        raise ProfileError(
            "enum", list(values), "values that are all texts, all whole numbers, or all booleans"
        )
    return names[next(iter(kinds))]


def _root(document: Any) -> tuple[list[str], Mapping[str, Any]]:
    """Field order and properties of a schema document, its root checked."""
    _keys("", document, {"type", "properties", "required", "openmined"}, {"$schema", "title", "description"})
    if document.get("$schema", DIALECT) != DIALECT:
        raise ProfileError("$schema", document["$schema"], DIALECT)
    _texts("", document)
    if document["type"] != "object":
        raise ProfileError("type", document["type"], "'object'")
    properties = document["properties"]
    if not isinstance(properties, Mapping) or not 1 <= len(properties) <= MAX_FIELDS:
        raise ProfileError("properties", properties, f"an object with 1 to {MAX_FIELDS} fields")
    _keys("openmined", document["openmined"], {"fields"}, set())
    names = document["openmined"]["fields"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ProfileError("openmined.fields", names, "a list of field names")
    if len(set(names)) != len(names) or set(names) != set(properties):
        raise ProfileError("openmined.fields", names, "every name in `properties`, each once")
    if document["required"] != names:
        raise ProfileError("required", document["required"], "the same list as openmined.fields")
    for name in names:
        if not name or len(name) > MAX_NAME or not name.isprintable() or name != name.strip():
            raise ProfileError("openmined.fields", name, f"names of 1 to {MAX_NAME} printable characters")
    return list(names), properties


def _require_json_schema(document: Mapping[str, Any]) -> None:
    """What the profile lets through must mean the same to any JSON Schema reader."""
    if not jsonschema_rs.meta.is_valid({**document, "$schema": DIALECT}):
        raise ProfileError("", "no JSON Schema", "a valid JSON Schema 2020-12 document")


def _field(name: str, field: Any, *, label: bool) -> Field:
    at = f"properties.{name}"
    _keys(at, field, {"type", "openmined"}, {"enum", "title", "description"})
    _texts(at, field)
    meaning = field["openmined"]
    kind = str(meaning.get("kind", "")) if isinstance(meaning, Mapping) else ""
    kinds = ("label",) if label else ("number", "integer", "boolean", "category", texts.KIND)
    if kind not in kinds:
        raise ProfileError(f"{at}.openmined.kind", kind, f"one of {', '.join(kinds)}")
    json_type = field["type"]
    allowed = {
        "number": ("number",),
        "integer": ("integer",),
        "boolean": ("boolean",),
        "category": ("string", "integer"),
        texts.KIND: ("string",),
        "label": ("string", "integer", "boolean", "number"),
    }[kind]
    if json_type not in allowed:
        raise ProfileError(f"{at}.type", json_type, f"{' or '.join(allowed)} for kind {kind}")
    numeric = kind in ("number", "integer") or (kind == "label" and json_type == "number")
    needed, optional = {"kind"}, {"unit", *KEYWORDS}
    if numeric:
        needed |= {"clip", "encode"}
    elif kind == texts.KIND:
        needed, optional = needed | set(texts.KEYWORDS), optional | set(texts.OPTIONAL)
    _keys(f"{at}.openmined", meaning, needed, optional)
    if "unit" in meaning:
        _text(f"{at}.openmined.unit", meaning["unit"])
    if numeric or kind in ("boolean", texts.KIND):
        if "enum" in field:
            raise ProfileError(f"{at}.enum", field["enum"], f"no enum for a {'number' if numeric else kind}")
        classes: tuple[Any, ...] = ()
    else:
        classes = _enum(at, json_type, field.get("enum"))
    missing, unknown = (
        gap_rule(at, keyword, meaning, json_type=json_type, classes=classes, label=label)
        for keyword in KEYWORDS
    )
    made = _numeric_field(at, name, kind, json_type, meaning) if numeric else Field(name, kind, json_type)
    text = texts.hashed_text(at, meaning) if kind == texts.KIND else None
    return replace(made, classes=classes, missing=missing, unknown=unknown, text=text)


def _numeric_field(at: str, name: str, kind: str, json_type: str, meaning: Mapping[str, Any]) -> Field:
    clip, encode = meaning["clip"], meaning["encode"]
    if not isinstance(clip, list) or len(clip) != 2:
        raise ProfileError(f"{at}.openmined.clip", clip, "a list [lowest, highest]")
    low, high = (_number(f"{at}.openmined.clip", value) for value in clip)
    if not low < high:
        raise ProfileError(f"{at}.openmined.clip", clip, "lowest < highest")
    _keys(f"{at}.openmined.encode", encode, {"center", "scale"}, set())
    center = _number(f"{at}.openmined.encode.center", encode["center"])
    scale = _number(f"{at}.openmined.encode.scale", encode["scale"])
    if not scale >= 1 / MAX_MAGNITUDE:
        raise ProfileError(f"{at}.openmined.encode.scale", scale, f"a number from {1 / MAX_MAGNITUDE} on")
    if not max(abs(low - center), abs(high - center)) / scale <= MAX_MAGNITUDE:
        raise ProfileError(f"{at}.openmined.encode", encode, f"encoded values of at most {MAX_MAGNITUDE:g}")
    return Field(name, kind, json_type, clip=(low, high), center=center, scale=scale)


def _enum(at: str, json_type: str, values: Any) -> tuple[Any, ...]:
    if not isinstance(values, list) or not 2 <= len(values) <= MAX_ENUM:
        raise ProfileError(f"{at}.enum", values, f"a list of 2 to {MAX_ENUM} values")
    wanted = {"string": str, "integer": int, "boolean": bool}[json_type]
    for value in values:
        if type(value) is not wanted:
            raise ProfileError(f"{at}.enum", value, f"values of type {json_type}")
        if isinstance(value, str) and (not value or len(value) > MAX_NAME or value != value.strip()):
            raise ProfileError(f"{at}.enum", value, f"texts of 1 to {MAX_NAME} characters, no spaces around")
        if isinstance(value, int) and abs(value) > MAX_MAGNITUDE:
            raise ProfileError(f"{at}.enum", value, f"whole numbers of at most {MAX_MAGNITUDE:g}")
    if len(set(values)) != len(values):
        raise ProfileError(f"{at}.enum", values, "values that differ")
    if wanted is bool and values != [False, True]:
        raise ProfileError(f"{at}.enum", values, "[false, true], in that order")
    return tuple(values)


def _keys(at: str, value: Any, required: set[str], optional: set[str]) -> None:
    if not isinstance(value, Mapping):
        raise ProfileError(at, value, "an object")
    for key in sorted(required - set(value)):
        raise ProfileError(f"{at}.{key}".lstrip("."), None, "a value (it is missing)")
    for key in sorted(str(key) for key in set(value) - required - optional):
        known = ", ".join(sorted(required | optional))
        raise ProfileError(
            f"{at}.{key}".lstrip("."), value.get(key), f"no such keyword (known here: {known})"
        )


def _texts(at: str, document: Mapping[str, Any]) -> None:
    for key in ("title", "description"):
        if key in document:
            _text(f"{at}.{key}".lstrip("."), document[key])


def _text(at: str, value: Any) -> None:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ProfileError(at, value, f"a text of at most {MAX_TEXT} characters")


def _number(at: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ProfileError(at, value, "a finite number")
    if abs(value) > MAX_MAGNITUDE:
        raise ProfileError(at, value, f"a number of at most {MAX_MAGNITUDE:g}")
    return float(value)
