"""`policy.toml`: the owner's rules as a file that a person reads and edits; the rules themselves are in
`policy`.

The first file is written by `mine-agent init`. It denies everything that its command line did not allow, and
says beside each entry what it does. An unknown entry is an error, never ignored: a mistyped rule must not
become "no rule". The file is read again at every round of `mine-agent run`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from mine_agent.rules.policy import Limits, Policy
from pysonar.files.flat_toml import Field, check_values, read_toml
from pysonar.files.secret_file import create_secret_file
from pysonar.party.rules import (
    addresses_field,
    allowed,
    allowed_addresses,
    amount_field,
    assets_field,
    names_field,
)
from pysonar.protocol.amounts import parse_wei

POLICY_FILE = "policy.toml"
_LARGEST_COUNT = 10**9


@dataclass(frozen=True)
class FirstAnswers:
    """What the owner allowed on the command line of `init`; nothing, unless said. Amounts with their unit."""

    scientists: tuple[str, ...] = ()
    capsules: tuple[str, ...] = ()
    assets: tuple[str, ...] = ("ether",)
    fields: tuple[str, ...] = ()
    networks: bool = False
    minimum_reward: str = "0"
    maximum_stake: str = "0.1 ether"


def write_first_policy(path: Path, answers: FirstAnswers) -> None:
    """Write the first policy file. FileExistsError if there is one; SettingsError for unusable answers."""
    values = {
        "scientists": list(answers.scientists),
        "capsules": list(answers.capsules),
        "assets": list(answers.assets),
        "fields": list(answers.fields),
        "networks": answers.networks,
        "maximum_stake": answers.maximum_stake,
        "minimum_reward": answers.minimum_reward,
    }
    check_values("the first policy", values, _FIELDS)
    text = f"""\
# The rules of this mine. They are read again at every round and told to nobody.
# A list names what is allowed; an empty list allows nothing; ["any"] allows everything.
# See what they say about the open campaigns with: mine-agent campaigns

# Whose models may learn here (addresses), and which Capsules may open this mine's gradients (addresses).
scientists = {_list(answers.scientists)}
capsules = {_list(answers.capsules)}
# In what this mine is paid: "ether", or addresses of tokens.
assets = {_list(answers.assets)}
# Columns of the data that a campaign may use, the label too.
fields = {_list(answers.fields)}
# Whether neural networks may learn here, too. A dishonest Capsule could send one that singles out a row of
# the data, and a mine cannot tell; with the other models it learns sums over all rows.
networks = {str(answers.networks).lower()}

# The largest stake of one submission: it is burned if Capsule cannot use the gradient.
maximum_stake = {_text(answers.maximum_stake)}
# A campaign must have at least this much left to pay.
minimum_reward = {_text(answers.minimum_reward)}
# This share of what is left must cover fee, gas, and the stake times the chance of losing it.
expected_share = 0.25
stake_risk = 0.01
# Claim by itself once a campaign is settled.
auto_claim = true

# Submissions per campaign, and how many in a row without gain end the work for it.
submissions = 50
no_gain_in_a_row = 5
# Seconds to wait after a submission without gain, doubled by each further one.
no_gain_pause = 1
# Seconds before a campaign's deadline after which nothing new is begun.
time_margin = 30
"""
    create_secret_file(path, text.encode())


def load_policy(path: Path) -> Policy:
    """The policy in the file `path`; entries left out keep their default, which denies. Raises
    SettingsError.
    """
    read: dict[str, Any] = read_toml(path, _FIELDS)
    limits = Limits(**{name: read.pop(name) for name in _LIMITS if name in read})
    values: dict[str, Any] = {name: _MEANING[name](value) for name, value in read.items()}
    return Policy(limits=limits, **values)


def _share(value: float) -> Fraction:
    """The decimal as it was written, not the nearest binary fraction."""
    return Fraction(repr(value))


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"


def _text(value: str) -> str:
    """`value` as a TOML basic string: JSON's escapes are valid there, too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


_MEANING: dict[str, Callable[[Any], Any]] = {
    "scientists": allowed_addresses,
    "capsules": allowed_addresses,
    "assets": allowed_addresses,
    "fields": allowed,
    "networks": bool,
    "maximum_stake": parse_wei,
    "minimum_reward": parse_wei,
    "expected_share": _share,
    "stake_risk": _share,
    "auto_claim": bool,
}
_LIMITS = ("submissions", "no_gain_in_a_row", "no_gain_pause", "time_margin")


def _optional(name: str, kind: type, expected: str, allowed: Any) -> Field:
    return Field(name, kind, expected, allowed, required=False)


_FIELDS = (
    addresses_field("scientists"),
    addresses_field("capsules"),
    assets_field("assets"),
    names_field("fields", 'a list of columns\' names, or ["any"]'),
    _optional("networks", bool, "true or false", lambda _: True),
    amount_field("maximum_stake", "0.1 ether"),
    amount_field("minimum_reward", "0.01 ether"),
    _optional("expected_share", float, "a share from 0 to 1", lambda v: 0 <= v <= 1),
    _optional("stake_risk", float, "a chance from 0 to 1", lambda v: 0 <= v <= 1),
    _optional("auto_claim", bool, "true or false", lambda _: True),
    *(
        _optional(name, int, f"a whole number from 0 to {_LARGEST_COUNT}", lambda v: 0 <= v <= _LARGEST_COUNT)
        for name in _LIMITS
    ),
)  # fmt: skip
