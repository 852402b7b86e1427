"""`policy.toml`: the owner's rules as a file that a person reads and edits; the rules themselves are in
`policy`.

The first file is written by `mine-agent init`. It denies everything that its command line did not allow, and
says above each entry what it does. An unknown entry is an error, never ignored: a mistyped rule must not
become "no rule". The file is read again at every round of `mine-agent run`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from mine_agent.rules.policy import Limits, Policy
from pysonar.files.flat_toml import read_settings, setting, write_settings
from pysonar.party.rules import (
    addresses_setting,
    allowed,
    allowed_addresses,
    amount_setting,
    assets_setting,
    names_setting,
)
from pysonar.protocol.amounts import parse_wei

POLICY_FILE = "policy.toml"
_LARGEST_COUNT = 10**9


def _share(words: str, default: float, comment: str) -> Any:
    return setting(f"{words} from 0 to 1", lambda v: 0 <= v <= 1, default=default, comment=comment)


def _count(default: int, comment: str) -> Any:
    expected = f"a whole number from 0 to {_LARGEST_COUNT}"
    return setting(expected, lambda v: 0 <= v <= _LARGEST_COUNT, default=default, comment=comment)


@dataclass(frozen=True)
class PolicyFile:
    """The file: one field per key, amounts as text with their unit. What is left out denies."""

    scientists: tuple[str, ...] = addresses_setting(
        "The rules of this mine. They are read again at every round and told to nobody. A list names what is"
        ' allowed; an empty list allows nothing; ["any"] allows everything. See what they say about the open'
        " campaigns with: mine-agent campaigns. First: whose models may learn here (addresses)."
    )
    capsules: tuple[str, ...] = addresses_setting(
        "Which Capsules may open this mine's gradients (addresses)."
    )
    assets: tuple[str, ...] = assets_setting('In what this mine is paid: "ether", or addresses of tokens.')
    fields: tuple[str, ...] = names_setting(
        'a list of columns\' names, or ["any"]',
        "Columns of the data that a campaign may use, the label too.",
    )
    networks: bool = setting(
        "true or false",
        default=False,
        comment="Whether neural networks may learn here, too. A dishonest Capsule could send one that singles"
        " out a row of the data, and a mine cannot tell; with the other models it learns sums over all rows.",
    )
    maximum_stake: str = amount_setting(
        "0.1 ether",
        "The largest stake of one submission: it is burned if Capsule cannot use the gradient.",
        default="0.1 ether",
    )
    minimum_reward: str = amount_setting("0.01 ether", "A campaign must have at least this much left to pay.")
    expected_share: float = _share(
        "a share",
        0.25,
        "This share of what is left must cover fee, gas, and the stake times the chance of losing it.",
    )
    stake_risk: float = _share("a chance", 0.01, "That chance.")
    auto_claim: bool = setting(
        "true or false", default=True, comment="Claim by itself once a campaign is settled."
    )
    submissions: int = _count(50, "Submissions per campaign.")
    no_gain_in_a_row: int = _count(5, "So many in a row without gain end the work for a campaign.")
    no_gain_pause: int = _count(
        1, "Seconds to wait after a submission without gain, doubled by each further one."
    )
    time_margin: int = _count(30, "Seconds before a campaign's deadline after which nothing new is begun.")
    least_records: int = _count(
        20, "Usable records that a visit must have: from fewer, Capsule could read single ones."
    )
    least_classes: int = _count(
        2, "Classes of the label that they must have; 1 lets data train that hold only one."
    )

    def policy(self) -> Policy:
        """What it means."""
        return Policy(
            scientists=allowed_addresses(self.scientists),
            capsules=allowed_addresses(self.capsules),
            assets=allowed_addresses(self.assets),
            fields=allowed(self.fields),
            networks=self.networks,
            maximum_stake=parse_wei(self.maximum_stake),
            minimum_reward=parse_wei(self.minimum_reward),
            expected_share=_as_written(self.expected_share),
            stake_risk=_as_written(self.stake_risk),
            auto_claim=self.auto_claim,
            limits=Limits(
                self.submissions,
                self.no_gain_in_a_row,
                self.no_gain_pause,
                self.time_margin,
                self.least_records,
                self.least_classes,
            ),
        )


@dataclass(frozen=True)
class FirstAnswers(PolicyFile):
    """What the owner allowed on the command line of `init`: nothing, unless said, but to be paid in ether."""

    assets: tuple[str, ...] = assets_setting(
        'In what this mine is paid: "ether", or addresses of tokens.', default=("ether",)
    )


def write_first_policy(path: Path, answers: FirstAnswers) -> None:
    """Write the first policy file. FileExistsError if there is one; SettingsError for unusable answers."""
    write_settings(path, answers, replace=False)


def load_policy(path: Path) -> Policy:
    """The policy in the file `path`; entries left out keep their default, which denies. Raises
    SettingsError.
    """
    return read_settings(path, PolicyFile).policy()


def _as_written(value: float) -> Fraction:
    """The decimal as it was written, not the nearest binary fraction."""
    return Fraction(repr(value))
