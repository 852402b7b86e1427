"""What a mine's owner's rules and its own past decide, word for word."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from mine_agent.rules.hours import hours_of
from mine_agent.rules.offer import Offer
from mine_agent.rules.pacing import Outcome, Past, next_move
from mine_agent.rules.policy import Limits, Policy
from mine_agent.rules.refusals import refusals
from mine_agent.rules.rewards import Cost
from pysonar.party.home.rules import Allowed
from tests.json_types import JsonObject

SCIENTIST, CAPSULE, ETHER = "0x" + "51" * 20, "0x" + "ca" * 20, "0x" + "00" * 20
_OPEN = Policy(
    scientists=Allowed.any(), capsules=Allowed.only([CAPSULE]), assets=Allowed.any(), fields=Allowed.any()
)
AUDITOR = "QmPK1s3pNYLi9ERiq3BDxKa4XosgWwFRQUydHUtz4YgpqB"
_OFFER = Offer(SCIENTIST, CAPSULE, ETHER, ("a", "b"), 10**18, Cost(10**16, 10**15, 10**14))


def decisions() -> JsonObject:
    """Offers against policies, and pasts against limits."""
    policies = {
        "nothing": Policy(),
        "open": _OPEN,
        "some": replace(_OPEN, fields=Allowed.only(["a"]), maximum_stake=10**15, minimum_reward=2 * 10**18),
        "bare": replace(_OPEN, privacy=None),
        "dear": replace(_OPEN, expected_share=Fraction(1, 1000)),
        "careful": replace(
            _OPEN,
            data_sets=Allowed.only(["irises"]),
            purposes=Allowed.only(["health"]),
            auditors=Allowed.only([AUDITOR]),
            hours=hours_of(["22:00-06:00", "12:00-13:00"]),
            minimum_submit_window=3600,
            minimum_review_window=7200,
            maximum_campaigns=2,
            margin=Fraction(1, 2),
        ),
    }
    offers = {
        "plain": _OFFER,
        "network": replace(_OFFER, network=True),
        "floor": replace(_OFFER, floor=(0.5, 1e-7)),
        "no delta": replace(_OFFER, floor=(0.5, 0.0)),
        "begun": replace(_OFFER, payouts=(0, 10**15, 0, 0, 0), spent=10**17, begun=True),
        "known": replace(
            _OFFER,
            data="digits",
            purpose="finance",
            submit_window=60,
            review_window=3600,
            minute=7 * 60,
            others=2,
        ),
        "night": replace(
            _OFFER,
            data="irises",
            purpose="health",
            submit_window=3600,
            review_window=7200,
            minute=23 * 60 + 59,
        ),
        "refused": replace(_OFFER, word="refused"),
        "audited": replace(_OFFER, auditor=AUDITOR),
        "many": replace(_OFFER, fields=tuple("abcdefgh"), asset="0x" + "70" * 20),
    }
    return {
        "about": "Policies and offers by name (tests/vectors/mine.py); the refusals' words; moves of pacing.",
        "refusals": [
            {
                "policy": policy,
                "offer": offer,
                "refusals": [[one.rule, one.reason] for one in refusals(policies[policy], offers[offer])],
            }
            for policy in policies
            for offer in offers
        ],
        "moves": [_move(past) for past in _PASTS],
    }


_PASTS: tuple[tuple[str, ...], ...] = (
    (),
    ("IMPROVED",),
    ("NO_GAIN",),
    ("NO_GAIN", "NO_GAIN"),
    ("NO_GAIN",) * 5,
    ("IMPROVED", "WAITING"),
    ("BURNED", "IMPROVED"),
    ("WITHDRAWN",) * 3,
    ("IMPROVED",) * 50,
)


def _move(outcomes: tuple[str, ...]) -> JsonObject:
    past = [Past(b"d", bytes([place]), Outcome[name], 100) for place, name in enumerate(outcomes)]
    moves = [
        next_move(past, data=b"d", model=bytes([model]), limits=Limits(no_gain_pause=10), now=now)
        for model, now in ((0, 105), (200, 105), (200, 1000))
    ]
    return {"past": list(outcomes), "moves": [[pace.move.value, pace.reason] for pace in moves]}
