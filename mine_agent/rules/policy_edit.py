"""The rules one by one, for those who do not edit the file: what each is, and the file with some of them
changed and everything else, the owner's own comments too, as it was.
"""

from __future__ import annotations

import dataclasses
import hashlib
import typing
from collections.abc import Mapping
from typing import Any

from mine_agent.rules.policy_file import DIFFERENTIAL, NO_PRIVACY, PolicyFile
from pysonar.files.edit_toml import edited as edited_settings
from pysonar.files.flat_toml import Rule, parse_settings
from pysonar.protocol.artifacts.spec.purposes import PURPOSES

_CHOICES: dict[str, tuple[str, ...]] = {
    "purposes": tuple(PURPOSES),
    "privacy": (DIFFERENTIAL, NO_PRIVACY),
}


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
    return edited_settings(text, changes, PolicyFile, "policy.toml")


def _kind(hint: Any) -> str:
    if typing.get_origin(hint) is tuple:
        return "list"
    return {bool: "flag", int: "whole", float: "number"}.get(hint, "text")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
