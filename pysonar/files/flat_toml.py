"""Flat TOML files that people edit: every key and value checked at the border, written whole or not at all.

Read with the standard library, written by the small writer below. The settings of a home directory are one
such file (`pysonar.party.settings`), a mine's policy another. Nested tables are not wanted here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openmined_syft.errors import OpenMinedError
from pysonar.files.secret_file import replace_secret_file

MAX_BYTES = 256 * 1024

Value = str | int | float | bool | list[str]


class SettingsError(OpenMinedError):
    """Base of what is wrong with settings or passphrases."""


class NoSettingsError(SettingsError):
    """There is no settings file."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"there are no settings at {path}; make them with the 'init' command, or name another --home"
        )


class BadSettingsFileError(SettingsError):
    """The file is not readable as flat TOML."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"the settings {path} cannot be read: {why}")


class UnknownSettingError(SettingsError):
    """A key that does not exist: most likely a slip of the pen."""

    def __init__(self, path: str, key: str, allowed: Sequence[str]) -> None:
        self.key = key
        super().__init__(f"{path}: there is no setting {key!r}; allowed are {', '.join(sorted(allowed))}")


class MissingSettingError(SettingsError):
    """A key without a default is not there."""

    def __init__(self, path: str, key: str, expected: str) -> None:
        self.key = key
        super().__init__(f"{path}: the setting {key!r} is missing; expected {expected}")


class BadSettingError(SettingsError):
    """A value that is not allowed."""

    def __init__(self, path: str, key: str, value: object, expected: str) -> None:
        self.key, self.value = key, value
        super().__init__(f"{path}: the setting {key!r} is {value!r}; expected {expected}")


@dataclass(frozen=True)
class Field:
    """One key of a flat TOML file: its type, what is allowed in words, and the test of a value."""

    name: str
    kind: type
    expected: str
    allowed: Callable[[Any], bool] = lambda _: True
    required: bool = True


def read_toml(path: Path, known: Sequence[Field]) -> dict[str, Value]:
    """The checked values of a flat TOML file; keys that are not there and not required are left out."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise NoSettingsError(str(path)) from None
    except OSError as error:
        raise BadSettingsFileError(str(path), error.strerror or "it cannot be read") from None
    if len(raw) > MAX_BYTES:
        raise BadSettingsFileError(str(path), f"it is longer than {MAX_BYTES} bytes")
    try:
        values = tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadSettingsFileError(str(path), "it is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        place = str(error).partition("(")[2].rstrip(")") or "somewhere"
        raise BadSettingsFileError(str(path), f"it is not TOML ({place})") from None
    check_values(str(path), values, known)
    return values


def write_toml(path: Path, values: Mapping[str, Value], known: Sequence[Field]) -> None:
    """Write checked values as flat TOML, mode 0600, whole or not at all."""
    check_values(str(path), values, known)
    lines = [f"{key} = {_toml_value(value)}\n" for key, value in values.items()]
    replace_secret_file(path, "".join(lines).encode())


def check_values(source: str, values: Mapping[str, object], known: Sequence[Field]) -> None:
    """UnknownSettingError, MissingSettingError or BadSettingError for the first thing that is wrong."""
    by_name = {field.name: field for field in known}
    for key, value in values.items():
        field = by_name.get(key)
        if field is None:
            raise UnknownSettingError(source, key, list(by_name))
        if not _has_kind(value, field.kind) or not field.allowed(value):
            raise BadSettingError(source, key, "..." if key == "rpc" else value, field.expected)
    for field in known:
        if field.required and field.name not in values:
            raise MissingSettingError(source, field.name, field.expected)


def _has_kind(value: object, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is list:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, kind)


def _toml_value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml_string(item) for item in value) + "]"
    return _toml_string(value)


def _toml_string(text: str) -> str:
    """A basic string: backslash, quote and control characters escaped (TOML 1.0)."""
    escaped = "".join(
        f"\\u{ord(c):04x}" if ord(c) < 0x20 or ord(c) == 0x7F else {"\\": "\\\\", '"': '\\"'}.get(c, c)
        for c in text
    )
    return f'"{escaped}"'
