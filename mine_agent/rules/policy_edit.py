"""The rules one by one, for those who do not edit the file: what each is, and the file with some of them
changed and everything else, the owner's own comments too, as it was.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import typing
from collections.abc import Mapping
from typing import Any

from mine_agent.rules.policy_file import DIFFERENTIAL, NO_PRIVACY, PolicyFile
from pysonar.files.flat_toml import Rule, SettingsError, as_toml, check_values, parse_settings, shown_value
from pysonar.protocol.artifacts.spec.purposes import PURPOSES

_CHOICES: dict[str, tuple[str, ...]] = {
    "purposes": tuple(PURPOSES),
    "privacy": (DIFFERENTIAL, NO_PRIVACY),
}
_MOST_LINES = 200
"""Of one value, in a file that a person wrote."""


def rule_rows(text: str) -> list[dict[str, Any]]:
    """Every rule of a policy file's text, as JSON objects in the order of the file that `init` writes.

    `kind` is list, flag, whole, number or text; `choices` are the only values there are, where that is so.
    Raises SettingsError.
    """
    values, hints = parse_settings(text, PolicyFile, "policy.toml"), typing.get_type_hints(PolicyFile)
    rows = []
    for field in dataclasses.fields(PolicyFile):
        rule: Rule = field.metadata["rule"]
        rows.append(
            {
                "rule": field.name,
                "kind": _kind(hints[field.name]),
                "value": _plain(getattr(values, field.name)),
                "default": _plain(field.default),
                "expected": rule.expected,
                "about": rule.comment,
                "choices": list(_CHOICES.get(field.name, ())),
            }
        )
    return rows


def digest_of(text: str) -> str:
    """Names one text of the rules, so that a change is not made to another one."""
    return hashlib.sha256(text.encode()).hexdigest()


def edited(text: str, changes: Mapping[str, object]) -> str:
    """The text with other values for some rules. A rule that is not in it yet comes at its end.

    Raises: SettingsError: there is no such rule, or it cannot have that value, or the text gives no rules.
    """
    check_values("the new rules", changes, PolicyFile)
    for name, value in changes.items():
        text = _with(text, name, tuple(value) if isinstance(value, list) else value)
    return text


def _with(text: str, name: str, value: object) -> str:
    change: dict[str, Any] = {name: value}
    wanted = dataclasses.replace(parse_settings(text, PolicyFile, "policy.toml"), **change)
    lines, line = text.splitlines(keepends=True), f"{name} = {shown_value(value)}\n"
    first = next((place for place, one in enumerate(lines) if re.match(rf"\s*{name}\s*=", one)), None)
    if first is None:
        begun = "" if not lines or lines[-1].endswith("\n") else "\n"
        candidates = iter([text + begun + line])
    else:
        # A value may go over several lines: as few are replaced as give the rules that are wanted.
        ends = range(first + 1, min(len(lines), first + _MOST_LINES) + 1)
        candidates = ("".join([*lines[:first], line, *lines[end:]]) for end in ends)
    for candidate in candidates:
        if _gives(candidate, wanted):
            return candidate
    return as_toml(wanted)


def _gives(text: str, wanted: PolicyFile) -> bool:
    try:
        return parse_settings(text, PolicyFile, "policy.toml") == wanted
    except SettingsError:
        return False


def _kind(hint: Any) -> str:
    if typing.get_origin(hint) is tuple:
        return "list"
    return {bool: "flag", int: "whole", float: "number"}.get(hint, "text")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
