"""Flat TOML files that people edit: every key and value checked at the border, written whole or not at all.

A file is a dataclass whose fields are made by `setting`: type, default, test, words and comment of a key
stand in one place, and reading, writing, checking and the comments in the first file all follow from it.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Kettle:
    ...     litres: float = setting("0 to 2", lambda v: 0 <= v <= 2, default=1.5, comment="What it holds.")
    >>> print(as_toml(Kettle()), end="")
    # What it holds.
    litres = 1.5
    >>> check("kettle.toml", Kettle(litres=3))
    Traceback (most recent call last):
    pysonar.files.flat_toml.BadSettingError: kettle.toml: the setting 'litres' is 3; expected 0 to 2
"""

from __future__ import annotations

import dataclasses
import textwrap
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import tomli_w

from openmined_syft.errors import OpenMinedError
from pysonar.files.documents import parse_toml
from pysonar.files.secret_file import create_secret_file, replace_secret_file
from pysonar.files.text import UnreadableFileError, read_text

T = TypeVar("T")

MAX_BYTES = 256 * 1024
COMMENT_WIDTH = 100


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
    """A key that does not exist: most likely a typo."""

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


@dataclasses.dataclass(frozen=True)
class Rule:
    """What is known of a key beside its type: the words for errors, the test, the comment in a new file, and
    whether its value may be a secret that no error shows.
    """

    expected: str
    allowed: Callable[[Any], bool]
    comment: str
    hidden: bool


def setting(
    expected: str,
    allowed: Callable[[Any], bool] = lambda _: True,
    *,
    default: Any = dataclasses.MISSING,
    comment: str = "",
    hidden: bool = False,
) -> Any:
    """A field of a dataclass of settings.

    Args:
        expected: what is allowed, in words that follow "expected".
        allowed: the test of a value that has the field's type.
        default: what holds if the key is left out; without one it must be there.
        comment: what a new file says above the key.
        hidden: the value may hold a credential.
    """
    rule = Rule(expected, allowed, comment, hidden)
    return dataclasses.field(default=default, metadata={"rule": rule})


def read_settings(path: Path, kind: type[T]) -> T:
    """The settings of a file; keys that are left out have their default. SettingsError says what is wrong."""
    return read_settings_and_text(path, kind)[0]


def read_settings_and_text(path: Path, kind: type[T]) -> tuple[T, str]:
    """The settings of a file, and the text that they were read from."""
    try:
        text = read_text(path, most_bytes=MAX_BYTES)
    except FileNotFoundError:
        raise NoSettingsError(str(path)) from None
    except UnreadableFileError as error:
        raise BadSettingsFileError(str(path), error.why) from None
    return parse_settings(text, kind, str(path)), text


def parse_settings(text: str, kind: type[T], source: str) -> T:
    """The settings that a text gives; `source` is named in errors. Raises SettingsError."""
    try:
        values = parse_toml(text, "it")
    except UnreadableFileError as error:
        raise BadSettingsFileError(source, error.why) from None
    check_values(source, values, kind)
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return kind(**given)


def write_settings(path: Path, settings: Any, *, replace: bool = True) -> None:
    """Write settings with their comments, mode 0600, whole or not at all.

    Raises:
        SettingsError: a value is not allowed. FileExistsError: `replace` is False and the file is there.
    """
    check(str(path), settings)
    (replace_secret_file if replace else create_secret_file)(path, as_toml(settings).encode())


def as_toml(settings: Any) -> str:
    """The text of a settings file. A key whose comment begins a group has an empty line above it."""
    blocks = []
    for field in dataclasses.fields(settings):
        value, comment = getattr(settings, field.name), field.metadata["rule"].comment
        lines = textwrap.wrap(comment, COMMENT_WIDTH, break_long_words=False)
        blocks.append("".join(f"# {line}\n" for line in lines) + _line(field.name, value))
    return "\n".join(blocks) if any(block.startswith("#") for block in blocks) else "".join(blocks)


def shown_value(value: Any) -> str:
    """A value as it stands in a file."""
    return _line("x", value).removeprefix("x = ").rstrip("\n")


def _line(name: str, value: Any) -> str:
    """`name = value`; a list on one line, as people write it: the library takes a line for each item."""
    if not isinstance(value, tuple | list):
        return tomli_w.dumps({name: value})
    items = [tomli_w.dumps({"x": item}).removeprefix("x = ").rstrip("\n") for item in value]
    return f"{name} = [{', '.join(items)}]\n"


def check(source: str, settings: Any) -> None:
    """SettingsError for the first value of a settings object that is not allowed."""
    values = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    check_values(source, values, type(settings))


def check_values(source: str, values: Mapping[str, object], kind: type) -> None:
    """UnknownSettingError, MissingSettingError or BadSettingError for the first thing that is wrong."""
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for key, value in values.items():
        if key not in fields:
            raise UnknownSettingError(source, key, list(fields))
        rule: Rule = fields[key].metadata["rule"]
        if not _fits(value, hints[key]) or not rule.allowed(value):
            raise BadSettingError(source, key, "..." if rule.hidden else value, rule.expected)
    for name, field in fields.items():
        if field.default is dataclasses.MISSING and name not in values:
            raise MissingSettingError(source, name, field.metadata["rule"].expected)


def _fits(value: object, hint: Any) -> bool:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in typing.get_args(hint))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if typing.get_origin(hint) is tuple:
        return isinstance(value, tuple | list) and all(isinstance(item, str) for item in value)
    return isinstance(value, hint)
