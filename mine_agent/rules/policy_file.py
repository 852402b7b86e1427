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
from mine_agent.rules.hours import hours_of, parse_span
from mine_agent.rules.policy import Limits, Policy
from openmined_syft.errors import PrivacyError
from pysonar.files.flat_toml import (
    BadSettingError,
    check,
    parse_settings,
    read_settings_and_text,
    setting,
    write_settings,
)
from pysonar.party.home.rules import (
    addresses_setting,
    allowed,
    allowed_addresses,
    amount_setting,
    assets_setting,
    names_setting,
)
from pysonar.protocol.amounts import parse_wei
from pysonar.protocol.artifacts.spec.purposes import PURPOSES
from pysonar.protocol.cid import Cid

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
        "The rules of this mine. They are read again at every round and shown to nobody. A list names what is"
        ' allowed; an empty list allows nothing; ["any"] allows everything. See what they say about the open'
        " campaigns with: mine-agent campaigns. First: whose models may learn here (addresses)."
    )
    capsules: tuple[str, ...] = addresses_setting(
        "Which Capsules may open this mine's gradients (addresses)."
    )
    assets: tuple[str, ...] = assets_setting('What this mine is paid in: "ether", or addresses of tokens.')
    fields: tuple[str, ...] = names_setting(
        'a list of columns\' names, or ["any"]',
        "Columns of the data that a campaign may use, the label too.",
    )
    data_sets: tuple[str, ...] = names_setting(
        'a list of names of registered data, or ["any"]',
        "Which of the registered data models may learn from.",
        default=("any",),
    )
    purposes: tuple[str, ...] = setting(
        f'a list of {", ".join(PURPOSES)}, or ["any"]',
        lambda v: list(v) == ["any"] or all(name in PURPOSES for name in v),
        default=("any",),
        comment="What a model may be for, by the campaign's spec. It is the scientist's word, and nobody"
        " checks it: " + "; ".join(f"{name} ({words})" for name, words in PURPOSES.items()) + ".",
    )
    auditors: tuple[str, ...] = setting(
        'a list of CIDs of certificates (Qm...), or ["any"]',
        lambda v: list(v) == ["any"] or all(Cid.is_one(name) for name in v),
        default=(),
        comment="Auditors who may open this mine's gradients beside Capsule, once a campaign is over, if its"
        " spec names one: CIDs of their certificates. Campaigns without an auditor need none.",
    )
    ask_first: bool = setting(
        "true or false",
        default=False,
        comment="Join a campaign only once you have approved it: mine-agent approve ID, or mine-agent refuse"
        " ID. All the other rules hold as well.",
    )
    hours: tuple[str, ...] = setting(
        "a list of spans such as '22:00-06:00', or [\"any\"]",
        lambda v: list(v) == ["any"] or all(parse_span(span) is not None for span in v),
        default=("any",),
        comment="Hours of the day in which new work begins, by this machine's clock. What was submitted is"
        " looked after at all hours.",
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
    minimum_submit_window: int = _count(
        0, "Seconds for which a campaign must still take submissions when this mine begins with it."
    )
    minimum_review_window: int = _count(
        0, "Seconds that a campaign leaves to Capsule for judging, after its last submission."
    )
    maximum_campaigns: int = _count(1000, "Campaigns to work for at a time.")
    maximum_stake: str = amount_setting(
        "0.1 ether",
        "The largest stake of one submission: it is burned if Capsule cannot use the gradient.",
        default="0.1 ether",
    )
    minimum_reward: str = amount_setting("0.01 ether", "A campaign must have at least this much left to pay.")
    minimum_per_hour: str = amount_setting(
        "0.001 ether",
        "An hour of computing must be expected to earn at least this much, after costs; the time of a visit"
        " is measured, or estimated before the first.",
    )
    expected_share: float = _share(
        "a share",
        0.25,
        "This share of what is left, averaged with what this mine's latest submissions were paid, must cover"
        " fee, gas, and the stake times the chance of losing it; and so must all that a campaign has paid.",
    )
    stake_risk: float = _share("a chance", 0.01, "That chance.")
    margin: float = setting(
        "a number from 0 to 1000",
        lambda v: 0 <= v <= 1000,
        default=0.0,
        comment="How far expected earnings must be above the cost: 0.5 asks for half of the cost on top.",
    )
    memory_mb: int = setting(
        f"a whole number from 16 to {_LARGEST_COUNT}",
        lambda v: 16 <= v <= _LARGEST_COUNT,
        default=1024,
        comment="Megabytes that the models, keys and prepared data of all campaigns together may take; what"
        " was used longest ago goes first. A campaign that alone needs more is not joined.",
    )
    auto_claim: bool = setting(
        "true or false", default=True, comment="Claim by itself once a campaign is settled."
    )
    submissions: int = _count(50, "Submissions per campaign.")
    no_gain_in_a_row: int = _count(5, "This many in a row without gain end the work for a campaign.")
    no_gain_pause: int = _count(
        1, "Seconds to wait after a submission without gain, doubled by each further one."
    )
    time_margin: int = _count(30, "Seconds before a campaign's deadline after which nothing new is begun.")
    least_records: int = _count(
        20,
        "Usable records that a visit must have: from fewer, Capsule could read single ones."
        " Under a privacy budget the rows registered count, and what a noised release has at most.",
    )
    least_classes: int = _count(
        2,
        "Classes of the label that they must have; 1 lets data train that hold only one."
        " Not asked under a privacy budget: the answer would be exact.",
    )

    def policy(self, source: str = POLICY_FILE, text: str = "") -> Policy:
        """What it means; `text` is the file's. BadSettingError: the budget means nothing; names `source`."""
        return Policy(
            scientists=allowed_addresses(self.scientists),
            capsules=allowed_addresses(self.capsules),
            assets=allowed_addresses(self.assets),
            fields=allowed(self.fields),
            data_sets=allowed(self.data_sets),
            purposes=allowed(self.purposes),
            auditors=allowed(self.auditors),
            ask_first=self.ask_first,
            hours=hours_of(self.hours),
            networks=self.networks,
            privacy=self._budget(source),
            minimum_submit_window=self.minimum_submit_window,
            minimum_review_window=self.minimum_review_window,
            maximum_campaigns=self.maximum_campaigns,
            maximum_stake=parse_wei(self.maximum_stake),
            minimum_reward=parse_wei(self.minimum_reward),
            minimum_per_hour=parse_wei(self.minimum_per_hour),
            expected_share=_as_written(self.expected_share),
            stake_risk=_as_written(self.stake_risk),
            margin=_as_written(self.margin),
            memory=self.memory_mb << 20,
            text=text,
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
        'What this mine is paid in: "ether", or addresses of tokens.', default=("ether",)
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
    settings, text = read_settings_and_text(path, PolicyFile)
    return settings.policy(str(path), text)


def parse_policy(text: str, source: str) -> Policy:
    """The policy that a file's text gives; `source` is named in errors. Raises SettingsError."""
    return parse_settings(text, PolicyFile, source).policy(source, text)


def _as_written(value: float) -> Fraction:
    """The decimal as it was written, not the nearest binary fraction."""
    return Fraction(repr(value))
