"""`policy.toml`: the owner's rules as a file that a person reads and edits; the rules themselves are in
`policy`.

The first file is written by `mine-agent init`. It denies everything that its command line did not allow,
and says beside each entry what it does. An unknown entry is an error, never ignored: a mistyped rule must
not become "no rule". The file is read again at every round of `mine-agent run`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from mine_agent.amounts import parse_amount
from mine_agent.errors import AmountError, PolicyError
from mine_agent.policy import ETHER, Allowed, Limits, Policy

POLICY_FILE = "policy.toml"
ANY = "any"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_SHARE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,18})?")


@dataclass(frozen=True)
class FirstAnswers:
    """What the owner allowed on the command line of `init`; nothing, unless said."""

    scientists: tuple[str, ...] = ()
    capsules: tuple[str, ...] = ()
    assets: tuple[str, ...] = ("ether",)
    fields: tuple[str, ...] = ()
    minimum_reward: str = "0 ether"
    maximum_stake: str = "0.1 ether"


def first_policy(answers: FirstAnswers) -> str:
    """The text of a first policy file. Raises PolicyError if an answer is not one the file may hold."""
    text = f"""\
# The rules of this mine. They are read again at every round and told to nobody.
# A list names what is allowed; an empty list allows nothing; ["any"] allows everything.
# See what they do to the open campaigns with: mine-agent campaigns

[allow]
scientists = {_list(answers.scientists)}   # addresses of the people whose models may learn here
capsules = {_list(answers.capsules)}   # addresses of the Capsules that may open this mine's gradients
assets = {_list(answers.assets)}   # "ether", or addresses of tokens
fields = {_list(answers.fields)}   # columns of the data that a campaign may use, the label too

[money]   # "0.01 ether", "30 gwei", "5 wei"
maximum_stake = {_text(answers.maximum_stake)}   # per submission; burned if Capsule cannot use the gradient
minimum_reward = {_text(answers.minimum_reward)}   # a campaign must have at least this much left to pay
expected_share = "0.25"   # this share of what is left must cover fee, gas and the risk to the stake
stake_risk = "0.01"   # the chance of losing the stake that is reckoned with
auto_claim = true   # claim by itself once a campaign is settled

[limits]
submissions = 50   # per campaign
no_gain_in_a_row = 5   # stop working for a campaign after so many submissions without gain
no_gain_pause = 1   # seconds to wait after the first of them, doubled by each further one
time_margin = 30   # seconds before a campaign's deadline after which nothing new is begun
"""
    parse_policy(text, source="the first policy")
    return text


def load_policy(path: Path) -> Policy:
    """The policy in the file `path`. Raises PolicyError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PolicyError(f"{path} does not exist; `mine-agent init` writes a first one") from None
    except (OSError, UnicodeDecodeError):
        raise PolicyError(f"{path} cannot be read as UTF-8 text") from None
    return parse_policy(text, source=str(path))


def parse_policy(text: str, *, source: str) -> Policy:
    """The policy that `text` (TOML) describes; entries left out keep their default, which denies."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise PolicyError(
            f"{source} is not TOML; compare it with the file `mine-agent init` writes"
        ) from None
    reader = _Reader(source)
    for name, value in document.items():
        if name not in _SECTIONS or not isinstance(value, dict):
            raise PolicyError(f"{source}: {name!r} is unknown; the sections are {', '.join(_SECTIONS)}")
    allow = reader.section("allow", document.get("allow", {}), _ALLOW)
    money = reader.section("money", document.get("money", {}), _MONEY)
    limits = reader.section("limits", document.get("limits", {}), _LIMITS)
    return Policy(**allow, **money, limits=Limits(**limits))


def _names(value: object) -> Allowed:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise ValueError('a list of texts, or ["any"]')
    if ANY in value:
        if len(value) != 1:
            raise ValueError('either ["any"] or a list of names, not both')
        return Allowed.any()
    return Allowed.only(value)


def _addresses(value: object) -> Allowed:
    allowed = _names(value)
    for name in allowed.names:
        if not _ADDRESS.fullmatch(name):
            raise ValueError(f"addresses (0x and 40 hexadecimal digits), which {name!r} is not")
    return Allowed(frozenset(name.lower() for name in allowed.names), allowed.everything)


def _assets(value: object) -> Allowed:
    if isinstance(value, list):
        value = [ETHER if entry == "ether" else entry for entry in value]
    return _addresses(value)


def _amount(value: object) -> int:
    try:
        return parse_amount(value)  # type: ignore[arg-type]  # it refuses what is neither text nor integer
    except AmountError:
        raise ValueError("an amount such as '0.01 ether'") from None


def _share(value: object) -> Fraction:
    if not isinstance(value, str) or not _SHARE.fullmatch(value) or Fraction(value) > 1:
        raise ValueError('a decimal from "0" to "1", in quotes')
    return Fraction(value)


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**9:
        raise ValueError("a whole number from 0 to 1000000000")
    return value


_ALLOW: Mapping[str, Callable[[object], Any]] = {
    "scientists": _addresses,
    "capsules": _addresses,
    "assets": _assets,
    "fields": _names,
}
_MONEY: Mapping[str, Callable[[object], Any]] = {
    "maximum_stake": _amount,
    "minimum_reward": _amount,
    "expected_share": _share,
    "stake_risk": _share,
    "auto_claim": _yes_or_no,
}
_LIMITS: Mapping[str, Callable[[object], Any]] = {
    "submissions": _count,
    "no_gain_in_a_row": _count,
    "no_gain_pause": _count,
    "time_margin": _count,
}
_SECTIONS = ("allow", "money", "limits")


@dataclass(frozen=True)
class _Reader:
    source: str

    def section(
        self, section: str, entries: Mapping[str, object], known: Mapping[str, Callable[[object], Any]]
    ) -> dict[str, Any]:
        """The entries of one section, each read by its own reader. Raises PolicyError."""
        values: dict[str, Any] = {}
        for name, value in entries.items():
            if name not in known:
                raise PolicyError(f"{self.source}: [{section}] has no {name!r}; it has {', '.join(known)}")
            try:
                values[name] = known[name](value)
            except ValueError as error:
                raise PolicyError(
                    f"{self.source}: [{section}] {name} is {value!r}, must be {error}"
                ) from None
        return values


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"


def _text(value: str) -> str:
    """`value` as a TOML basic string: JSON's escapes are valid there, too."""
    return json.dumps(value, ensure_ascii=False)
