"""What becomes of a record whose value is missing, or whose category is not on the list: the campaign says.

Both are keywords of a field's `openmined`, so that every mine, the scientist and Capsule encode alike:

    "missing": "required"          a record without the value cannot be used (the default)
               "drop"              such records are left out, and are not counted as faulty
               {"value": v}        v is put in their place; v is public and one the field allows
    "unknown": "refuse"            a record with a category that is not in `enum` cannot be used (the default)
               "drop", {"value": v}   as above; for fields with an `enum` only

"Missing as a category of its own" is {"value": "missing"} with "missing" in `enum`. A label has no
substitute: records with an invented answer would teach nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pysonar.protocol.schema.errors import ProfileError

KEYWORDS = ("missing", "unknown")
MAX_SUBSTITUTE = 128  # characters of a text that is put in place of a missing one
_STRICT = {"missing": "required", "unknown": "refuse"}


@dataclass(frozen=True)
class GapRule:
    """What to do with a gap: leave the record out (`drop`), put `value` there, or neither: it is at fault."""

    drop: bool = False
    value: Any = None

    @property
    def strict(self) -> bool:
        """Whether a gap makes its record unusable."""
        return not self.drop and self.value is None


STRICT = GapRule()


def gap_rule(
    at: str,
    keyword: str,
    document: Mapping[str, Any],
    *,
    json_type: str,
    classes: tuple[Any, ...],
    label: bool,
) -> GapRule:
    """The rule that the `openmined` of a field gives under `keyword`, "missing" or "unknown".

    Raises:
        ProfileError: `at` names the field; the rule is not one of the list, or its value not one of the
            field's.
    """
    strict = _STRICT[keyword]
    rule = document.get(keyword, strict)
    at = f"{at}.openmined.{keyword}"
    if keyword == "unknown" and keyword in document and not classes:
        raise ProfileError(at, rule, "no such keyword (only fields with an enum have unknown values)")
    if rule == strict:
        return STRICT
    if rule == "drop":
        return GapRule(drop=True)
    if label:
        raise ProfileError(at, rule, f"{strict!r} or 'drop' (a label has no substitute)")
    if not isinstance(rule, Mapping) or set(rule) != {"value"}:
        raise ProfileError(at, rule, f"{strict!r}, 'drop' or {{'value': ...}}")
    return GapRule(value=_value(f"{at}.value", rule["value"], json_type, classes))


def _value(at: str, value: Any, json_type: str, classes: tuple[Any, ...]) -> Any:
    if classes:
        if not any(type(value) is type(known) and value == known for known in classes):
            raise ProfileError(at, value, "one of the values in enum")
        return value
    if json_type == "string":
        if not isinstance(value, str) or not value.strip() or len(value) > MAX_SUBSTITUTE:
            raise ProfileError(at, value, f"a text of 1 to {MAX_SUBSTITUTE} characters")
        return value
    if json_type == "boolean":
        if not isinstance(value, bool):
            raise ProfileError(at, value, "true or false")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ProfileError(at, value, "a finite number")
    if abs(value) > 1e15:
        raise ProfileError(at, value, "a number of at most 1e+15")
    if json_type == "integer":
        if value != int(value):
            raise ProfileError(at, value, "a whole number")
        return int(value)
    return float(value)
