"""The owner's rules: may this mine work for that campaign? Decided here, on the mine's side, and told to
nobody.

An empty list denies everything, so a mine whose owner has decided nothing joins nothing; "any" must be
written down. Rules: allowed scientists, Capsules, assets and data fields; whether networks are trained; the
largest stake; the smallest amount still to be earned; and whether the expected share of it covers fee, gas
and the risk of losing the stake.

Not here: whether the data fit (see `matching`), reading the file (see `policy_file`), and when to train again
(see `pacing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from mine_agent.privacy.budget import DEFAULT_BUDGET, Budget
from mine_agent.rules.rewards import Cost, is_worth
from openmined_syft.errors import PrivacyError
from pysonar.party.rules import ETHER, NOTHING, Allowed
from pysonar.protocol.amounts import format_wei


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
    """The owner's rules. The defaults deny every campaign. Amounts in wei.

    `privacy`: what may be given away of single records; None only by the owner's word.
    """

    scientists: Allowed = NOTHING
    capsules: Allowed = NOTHING
    assets: Allowed = NOTHING
    fields: Allowed = NOTHING
    networks: bool = False
    privacy: Budget | None = DEFAULT_BUDGET
    maximum_stake: int = 10**17
    minimum_reward: int = 0
    expected_share: Fraction = Fraction(1, 4)
    stake_risk: Fraction = Fraction(1, 100)
    auto_claim: bool = True
    limits: Limits = Limits()


@dataclass(frozen=True)
class Offer:
    """What a campaign asks for and offers; addresses in lower case; `left` in wei; `floor` is the least
    protection it asks of every gradient, (epsilon, delta); `network` tells a neural network from a linear
    model."""

    scientist: str
    capsule: str
    asset: str
    fields: tuple[str, ...]  # inputs and label
    left: int
    cost: Cost
    floor: tuple[float, float] | None = None
    network: bool = False


@dataclass(frozen=True)
class Refusal:
    """One rule that forbids a campaign, and why."""

    rule: str
    reason: str


def refusals(policy: Policy, offer: Offer) -> tuple[Refusal, ...]:
    """Every rule of `policy` that forbids `offer`, in a fixed order; empty if the mine may join."""
    found: list[Refusal] = []

    def unless(fine: bool, rule: str, reason: str) -> None:
        if not fine:
            found.append(Refusal(rule, reason))

    unless(
        offer.scientist in policy.scientists,
        "scientists",
        f"scientist {offer.scientist} is not allowed (allowed: {policy.scientists})",
    )
    unless(
        offer.capsule in policy.capsules,
        "capsules",
        f"Capsule {offer.capsule} is not allowed (allowed: {policy.capsules})",
    )
    asset = "ether" if offer.asset == ETHER else offer.asset
    unless(offer.asset in policy.assets, "assets", f"asset {asset} is not allowed (allowed: {policy.assets})")
    forbidden = [name for name in offer.fields if name not in policy.fields]
    unless(not forbidden, "fields", f"fields not allowed: {_some(forbidden)} (allowed: {policy.fields})")
    unless(
        policy.networks or not offer.network,
        "networks",
        "the model is a neural network: a dishonest Capsule could send one that singles out a row (networks ="
        " true in policy.toml allows it)",
    )
    against = _against_privacy(policy.privacy, offer)
    unless(against is None, "privacy", against or "")
    unless(
        offer.cost.stake <= policy.maximum_stake,
        "maximum_stake",
        f"stake {format_wei(offer.cost.stake)} is above {format_wei(policy.maximum_stake)}",
    )
    unless(
        offer.left >= policy.minimum_reward,
        "minimum_reward",
        f"{format_wei(offer.left)} left to earn is below {format_wei(policy.minimum_reward)}",
    )
    unless(
        is_worth(offer.left, offer.cost, expected_share=policy.expected_share, stake_risk=policy.stake_risk),
        "expected_share",
        f"{policy.expected_share} of the {format_wei(offer.left)} left to earn does not cover"
        f" {format_wei(ceil(offer.cost.expected(policy.stake_risk)))} of fee, gas and risk to the stake",
    )
    return tuple(found)


def _against_privacy(budget: Budget | None, offer: Offer) -> str | None:
    """Why the owner's budget and the campaign's wish do not go together."""
    if budget is None:
        if offer.floor is None:
            return None
        epsilon, delta = offer.floor
        return (
            f"the campaign asks for gradients with differential privacy (epsilon {epsilon:g}, delta"
            f' {delta:g}); this mine gives none (privacy = "none" in policy.toml)'
        )
    if offer.network:
        return (
            "the model is a neural network: how much its gradients tell of a single record cannot be bounded"
            ' yet, so none is trained under a privacy budget (privacy = "none" in policy.toml gives it up)'
        )
    if offer.floor is not None:
        try:
            budget.for_floor(*offer.floor)
        except PrivacyError as error:
            return str(error)
    return None


def _some(names: list[str]) -> str:
    """At most five of `names`: a campaign can ask for thousands of fields."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
