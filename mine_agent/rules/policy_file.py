"""`policy.toml`: the owner's rules as a file that a person reads and edits; the rules themselves are in
`policy`.

The first file is written by `mine-agent init`. It denies everything that its command line did not allow, and
says above each entry what it does. An unknown entry is an error, never ignored: a mistyped rule must not
become "no rule". The file is read again at every round of `mine-agent run`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Any

from mine_agent.privacy.budget import Budget
from mine_agent.privacy.defaults import DEFAULT_DELTA, DEFAULT_EPSILON, DEFAULT_PRICE, NEIGHBOURS
from mine_agent.rules.policy import Limits, Policy
from openmined_syft.errors import PrivacyError
from pysonar.files.flat_toml import BadSettingError, check, read_settings, setting, write_settings
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
DIFFERENTIAL, NO_PRIVACY = "differential", "none"
_LARGEST_COUNT = 10**9


def _share(words: str, default: float, comment: str) -> Any:
    return setting(f"{words} from 0 to 1", lambda v: 0 <= v <= 1, default=default, comment=comment)


def _count(default: int, comment: str) -> Any:
    expected = f"a whole number from 0 to {_LARGEST_COUNT}"
    return setting(expected, lambda v: 0 <= v <= _LARGEST_COUNT, default=default, comment=comment)


def _epsilon(default: float, comment: str) -> Any:
    return setting("an epsilon above 0, such as 3", lambda v: 0 < v < inf, default=default, comment=comment)


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
    privacy: str = setting(
        f"'{DIFFERENTIAL}' or '{NO_PRIVACY}'",
        lambda v: v in (DIFFERENTIAL, NO_PRIVACY),
        default=DIFFERENTIAL,
        comment=f"What this mine's gradients may tell of a single record. '{DIFFERENTIAL}': a linear model"
        " learns from sums over all records, released once under noise; no outcome becomes likelier by more"
        f" than a factor e^epsilon, but for a chance of delta, by {NEIGHBOURS}. '{NO_PRIVACY}': no noise."
        " Whoever opens the gradients can then work out sums over the records, and from two of them a single"
        f" record. Networks learn only with '{NO_PRIVACY}'.",
    )
    privacy_budget: float = _epsilon(
        DEFAULT_EPSILON,
        "Epsilon of all releases together, over all campaigns and data sets, for good. What was spent is in"
        " the ledger: mine-agent ledger",
    )
    privacy_price: float = _epsilon(DEFAULT_PRICE, "Epsilon of one release.")
    privacy_delta: float = setting(
        "a chance above 0 and below 1, such as 1e-6",
        lambda v: 0 < v < 1,
        default=DEFAULT_DELTA,
        comment="The delta of both: at most one in the number of records.",
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

    def policy(self, source: str = POLICY_FILE) -> Policy:
        """What it means. BadSettingError: the budget means nothing; `source` is named in it."""
        return Policy(
            scientists=allowed_addresses(self.scientists),
            capsules=allowed_addresses(self.capsules),
            assets=allowed_addresses(self.assets),
            fields=allowed(self.fields),
            networks=self.networks,
            privacy=self._budget(source),
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

    def _budget(self, source: str) -> Budget | None:
        try:
            budget = Budget(self.privacy_budget, self.privacy_price, self.privacy_delta)
        except PrivacyError as error:
            given = (self.privacy_budget, self.privacy_price, self.privacy_delta)
            raise BadSettingError(source, "privacy_budget", given, f"a possible budget: {error}") from None
        return None if self.privacy == NO_PRIVACY else budget


@dataclass(frozen=True)
class FirstAnswers(PolicyFile):
    """What the owner allowed on the command line of `init`: nothing, unless said, but to be paid in ether."""

    assets: tuple[str, ...] = assets_setting(
        'In what this mine is paid: "ether", or addresses of tokens.', default=("ether",)
    )


def write_first_policy(path: Path, answers: FirstAnswers) -> None:
    """Write the first policy file. FileExistsError if there is one; SettingsError for unusable answers."""
    check(str(path), answers)
    answers.policy(str(path))
    write_settings(path, answers, replace=False)


def load_policy(path: Path) -> Policy:
    """The policy in the file `path`; entries left out keep their default, which denies. Raises
    SettingsError.
    """
    return read_settings(path, PolicyFile).policy(str(path))


def _as_written(value: float) -> Fraction:
    """The decimal as it was written, not the nearest binary fraction."""
    return Fraction(repr(value))
