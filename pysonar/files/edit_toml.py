"""Other values in a settings file that a person has written; everything else, their comments too, stays."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from pysonar.files.flat_toml import SettingsError, T, as_toml, check_values, parse_settings, shown_value

_MOST_LINES = 200
"""Of one value, in a file that a person wrote."""


def edited(text: str, changes: Mapping[str, object], kind: type[T], source: str) -> str:
    """The text with other values for some settings of `kind`, a dataclass of them. One that is not in it yet
    comes at its end. `source` is named in errors.

    Raises: SettingsError: there is no such setting, or it cannot have that value, or the text gives none.
    """
    now = parse_settings(text, kind, source)
    check_values(source, {**vars(now), **changes}, kind)
    for name, value in changes.items():
        text = _with(text, name, tuple(value) if isinstance(value, list) else value, kind, source)
    return text


def _with(text: str, name: str, value: object, kind: type[T], source: str) -> str:
    change: dict[str, Any] = {name: value}
    wanted = dataclasses.replace(parse_settings(text, kind, source), **change)  # type: ignore[type-var]
    lines, line = text.splitlines(keepends=True), f"{name} = {shown_value(value)}"
    first = next((place for place, one in enumerate(lines) if re.match(rf"\s*{name}\s*=", one)), None)
    if first is None:
        begun = "" if not lines or lines[-1].endswith("\n") else "\n"
        candidates = iter([text + begun + line + "\n"])
    else:
        # A value may go over several lines: as few are replaced as give the settings that are wanted. What is
        # said behind it stays.
        ends = range(first + 1, min(len(lines), first + _MOST_LINES) + 1)
        candidates = (
            "".join([*lines[:first], line + _said_behind(lines[end - 1]), *lines[end:]]) for end in ends
        )
    for candidate in candidates:
        if _gives(candidate, wanted, source):
            return candidate
    return as_toml(wanted)


def _said_behind(line: str) -> str:
    """The comment at the end of a line, after what may be the end of a value; and the line's end."""
    found = re.search(r"(?<=[\w\"'\]])[ \t]+#[^\"'\n]*$", line.rstrip("\n"))
    return (found.group() if found else "") + "\n"


def _gives(text: str, wanted: T, source: str) -> bool:
    try:
        return parse_settings(text, type(wanted), source) == wanted
    except SettingsError:
        return False
