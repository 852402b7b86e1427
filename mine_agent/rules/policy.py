"""The owner's rules. What they say about a campaign is decided in `refusals`, on the mine's side, and shown
to nobody.

An empty list denies everything, so a mine whose owner has decided nothing joins nothing; "any" must be
written down: whose models learn here, who opens the gradients, what is paid in, which fields are used. Data
sets, purposes and hours are "any" until the owner says otherwise: registering data is a decision already.

Not here: whether the data fit (see `matching`), reading the file (see `policy_file`), and when to train again
(see `pacing`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from mine_agent.privacy.budget import DEFAULT_BUDGET, Budget
from mine_agent.rules.hours import ALWAYS, Hours
from pysonar.party.home.rules import NOTHING, Allowed


@dataclass(frozen=True)
class Limits:
    """How often and how late a mine works for one campaign."""

    submissions: int = 50  # per campaign, all data sets together
    no_gain_in_a_row: int = 5  # this many NO_GAINs in a row end the work for a campaign
    no_gain_pause: int = 1  # seconds to wait after the first NO_GAIN, doubled by each further one
    time_margin: int = 30  # seconds before `submit_until` after which nothing new is begun
    least_records: int = 20  # in a visit: from fewer, single ones could be read off the gradient
    least_classes: int = 2  # of the label in a visit; 1 lets a mine train that has only one


@dataclass(frozen=True)
class Policy:
    """The owner's rules. The defaults deny every campaign. Amounts in wei, times in seconds.

    Attributes:
        privacy: what may be given away of single records; None only by the owner's word.
        minimum_submit_window, minimum_review_window: what a campaign must still leave for submissions when
            this mine begins, and to Capsule for judging them.
        maximum_campaigns: to work for at a time.
        minimum_per_hour: expected earnings of an hour of computing.
        margin: by what part of the cost expected earnings must be above it.
        ask_first: whether the owner approves each campaign before it is joined.
        memory: bytes that models and prepared data of all campaigns may take.
        text: the file they were read from, as it was.
    """

    scientists: Allowed = NOTHING
    capsules: Allowed = NOTHING
    assets: Allowed = NOTHING
    fields: Allowed = NOTHING
    data_sets: Allowed = field(default_factory=Allowed.any)
    purposes: Allowed = field(default_factory=Allowed.any)
    auditors: Allowed = NOTHING
    networks: bool = False
    privacy: Budget | None = DEFAULT_BUDGET
    ask_first: bool = False
    hours: Hours = ALWAYS
    minimum_submit_window: int = 0
    minimum_review_window: int = 0
    maximum_campaigns: int = 1000
    maximum_stake: int = 10**17
    minimum_reward: int = 0
    minimum_per_hour: int = 0
    expected_share: Fraction = Fraction(1, 4)
    stake_risk: Fraction = Fraction(1, 100)
    margin: Fraction = Fraction(0)
    memory: int = 1 << 30
    auto_claim: bool = True
    limits: Limits = Limits()
    text: str = field(default="", compare=False, repr=False)
