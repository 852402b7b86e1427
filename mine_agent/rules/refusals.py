"""May this mine work for that campaign? Every rule of the owner asked once, in a fixed order, each with what
it wants, what was found, and the reason if the two do not go together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from mine_agent.privacy.budget import Budget
from mine_agent.rules.hours import shown_minute
from mine_agent.rules.offer import APPROVED, REFUSED, Offer
from mine_agent.rules.policy import Policy
from mine_agent.rules.rewards import LATEST, Reckoning, expected_payout
from openmined_syft.errors import PrivacyError
from pysonar.party.home.rules import ETHER_ADDRESS, Allowed
from pysonar.protocol.amounts import format_wei

HOUR = 3600


@dataclass(frozen=True)
class RuleCheck:
    """One rule, asked about one campaign.

    Attributes:
        wants, found: what the rule says and what the campaign has, in words.
        reason: why it forbids the campaign, a sentence; None if it does not.
        for_now: whether that passes by itself or by the owner's word, with the rules as they are.
    """

    rule: str
    wants: str
    found: str
    reason: str | None = None
    for_now: bool = False

    @property
    def passed(self) -> bool:
        """Whether the rule lets the campaign pass."""
        return self.reason is None


@dataclass(frozen=True)
class Refusal:
    """One rule that forbids a campaign, and why; `for_now` as of `RuleCheck`."""

    rule: str
    reason: str
    for_now: bool = False


def rule_checks(policy: Policy, offer: Offer) -> tuple[RuleCheck, ...]:
    """Every rule of `policy` asked about `offer`, in a fixed order. A rule about something that is not known
    yet is left out.
    """
    return tuple(
        check
        for group in (_who_and_what(policy, offer), _when(policy, offer), _money(policy, offer))
        for check in group
    )


def refusals(policy: Policy, offer: Offer) -> tuple[Refusal, ...]:
    """Every rule of `policy` that forbids `offer`; empty if the mine may join."""
    return tuple(
        Refusal(check.rule, check.reason, check.for_now)
        for check in rule_checks(policy, offer)
        if check.reason is not None
    )


def _who_and_what(policy: Policy, offer: Offer) -> Iterator[RuleCheck]:
    yield _listed("scientists", policy.scientists, f"scientist {offer.scientist}", offer.scientist)
    yield _listed("capsules", policy.capsules, f"Capsule {offer.capsule}", offer.capsule)
    asset = "ether" if offer.asset == ETHER_ADDRESS else offer.asset
    yield _listed("assets", policy.assets, f"asset {asset}", offer.asset)
    if offer.data is not None:
        yield _listed("data_sets", policy.data_sets, f"data set {offer.data}", offer.data)
    forbidden = [name for name in offer.fields if name not in policy.fields]
    wants = str(policy.fields)
    reason = f"fields not allowed: {some(forbidden)} (allowed: {wants})" if forbidden else None
    yield RuleCheck("fields", wants, some(offer.fields) or "none", reason)
    if offer.purpose is not None:
        yield _listed("purposes", policy.purposes, f"purpose {offer.purpose}", offer.purpose)
    if offer.auditor is not None:
        who = f"auditor {offer.auditor}, who gets to open your gradients once the campaign is over,"
        yield _listed("auditors", policy.auditors, who, offer.auditor)
    refused = (
        "the model is a neural network: a dishonest Capsule could send one that singles out a row (networks ="
        " true in policy.toml allows it)"
    )
    yield RuleCheck(
        "networks",
        "allowed" if policy.networks else "not allowed",
        "a neural network" if offer.network else "no neural network",
        refused if offer.network and not policy.networks else None,
    )
    wants = "none" if policy.privacy is None else f"epsilon {policy.privacy.price:g} a release"
    asked = "nothing" if offer.floor is None else f"epsilon {offer.floor[0]:g}, delta {offer.floor[1]:g}"
    yield RuleCheck("privacy", wants, f"asks for {asked}", _against_privacy(policy.privacy, offer))
    yield from _owners_word(policy, offer)


def _owners_word(policy: Policy, offer: Offer) -> Iterator[RuleCheck]:
    wants = "your approval" if policy.ask_first else "no approval"
    found = offer.word or "nothing said"
    if offer.word == REFUSED:
        yield RuleCheck(
            "ask_first", wants, found, "you have refused it (mine-agent approve ID takes that back)"
        )
    elif policy.ask_first and offer.word != APPROVED:
        reason = "it waits for your word: mine-agent approve ID, or mine-agent refuse ID"
        yield RuleCheck("ask_first", wants, found, reason, for_now=True)
    else:
        yield RuleCheck("ask_first", wants, found)


def _when(policy: Policy, offer: Offer) -> Iterator[RuleCheck]:
    if offer.minute is not None:
        now, hours = shown_minute(offer.minute), str(policy.hours)
        reason = (
            None if offer.minute in policy.hours else f"it is {now}; new work begins in the hours {hours}"
        )
        yield RuleCheck("hours", hours, now, reason, for_now=True)
    if offer.submit_window is not None and not offer.begun:
        yield _at_least(
            "minimum_submit_window", policy.minimum_submit_window, offer.submit_window, "left to submit"
        )
    if offer.review_window is not None:
        yield _at_least(
            "minimum_review_window", policy.minimum_review_window, offer.review_window, "for Capsule to judge"
        )
    full = not offer.begun and offer.others >= policy.maximum_campaigns
    reason = f"this mine works for {offer.others} campaigns; it takes {policy.maximum_campaigns} at a time"
    yield RuleCheck(
        "maximum_campaigns",
        f"{policy.maximum_campaigns} at a time",
        f"{offer.others} others",
        reason if full else None,
        for_now=True,
    )


def _money(policy: Policy, offer: Offer) -> Iterator[RuleCheck]:
    reckoned = reckoning(policy, offer)
    if offer.in_ether:
        yield from _in_ether(policy, offer, reckoned)
    yield _next_pays(policy, offer, reckoned)
    yield _all_pays(offer, reckoned)


def _in_ether(policy: Policy, offer: Offer, reckoned: Reckoning) -> Iterator[RuleCheck]:
    """The rules that name an amount of ether, which nothing of a token can be set against: that a token is
    worth its stakes is what the owner says by allowing it.
    """
    stake, most = format_wei(offer.cost.stake), format_wei(policy.maximum_stake)
    reason = None if offer.cost.stake <= policy.maximum_stake else f"stake {stake} is above {most}"
    yield RuleCheck("maximum_stake", f"at most {most}", stake, reason)
    left, least = format_wei(offer.left), format_wei(policy.minimum_reward)
    reason = None if offer.left >= policy.minimum_reward else f"{left} left to earn is below {least}"
    yield RuleCheck("minimum_reward", f"at least {least}", f"{left} left to earn", reason)
    if offer.visit_seconds is not None:
        yield _per_hour(policy.minimum_per_hour, reckoned, offer.visit_seconds)


def reckoning(policy: Policy, offer: Offer) -> Reckoning:
    """Expected earnings and costs of the next submission, by the owner's rules."""
    return Reckoning(
        expected=expected_payout(offer.left, policy.expected_share, offer.payouts),
        cost=offer.cost.expected(policy.stake_risk),
        earned=sum(offer.payouts),
        spent=offer.spent,
        margin=policy.margin,
    )


def _next_pays(policy: Policy, offer: Offer, reckoned: Reckoning) -> RuleCheck:
    left, cost = offer.show(offer.left), offer.show(ceil(reckoned.cost))
    of = "fee, gas and risk to the stake" if offer.in_ether else "fee and risk to the stake"
    wants = f"{cost} of {of}" + _and_margin(reckoned.margin)
    if offer.payouts:
        count = min(len(offer.payouts), LATEST)
        expected = offer.show(int(reckoned.expected))
        found = f"{expected} estimated from the last {count} payouts and what is left"
    else:
        found = f"{policy.expected_share} of the {left} left to earn"
    reason = None if reckoned.next_pays else f"{found} does not cover {wants}"
    return RuleCheck("expected_share", f"covers {wants}", found, reason)


def _all_pays(offer: Offer, reckoned: Reckoning) -> RuleCheck:
    hoped = offer.show(int(reckoned.earned + reckoned.expected))
    spent = offer.show(ceil(reckoned.spent + reckoned.cost))
    wants = "no more spent on a campaign than it is expected to pay" + _and_margin(reckoned.margin)
    found = f"{spent} spent with the next submission, {hoped} earned with it"
    reason = None
    if offer.spent and not reckoned.all_pays:
        reason = f"it no longer pays: {found}"
    return RuleCheck("margin", wants, found, reason)


def _per_hour(least: int, reckoned: Reckoning, visit_seconds: float) -> RuleCheck:
    per_hour = int((reckoned.expected - reckoned.cost) * HOUR / Fraction(max(visit_seconds, 1e-3)))
    found = f"{format_wei(per_hour)} an hour, of {visit_seconds:.3g} s a visit"
    reason = None if per_hour >= least else f"{found}, is below {format_wei(least)}"
    return RuleCheck("minimum_per_hour", f"at least {format_wei(least)} an hour", found, reason)


def _listed(rule: str, allowed: Allowed, what: str, name: str) -> RuleCheck:
    reason = None if name in allowed else f"{what} is not allowed (allowed: {allowed})"
    return RuleCheck(rule, str(allowed), what, reason)


def _at_least(rule: str, least: int, seconds: int, what: str) -> RuleCheck:
    found = f"{seconds} s {what}"
    reason = None if seconds >= least else f"{found} is less than {least} s"
    return RuleCheck(rule, f"at least {least} s", found, reason)


def _and_margin(margin: Fraction) -> str:
    return f" and {float(margin):.4g} of it on top" if margin else ""


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


def some(names: Sequence[str]) -> str:
    """At most five of `names`: a campaign can ask for thousands of fields."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
