"""Whether to train one data set for one campaign, decided from facts alone: the same facts and the same rules
always give the same decision, so one that was written down can be replayed later.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum

from mine_agent.rules.offer import Offer
from mine_agent.rules.pacing import Move, Outcome, Past, next_move
from mine_agent.rules.policy import Policy
from mine_agent.rules.refusals import Refusal, RuleCheck, refusals, rule_checks, some

ASK = "ask_first"
SCHEMA, STATE, PACE = "schema", "state", "pace"
"""What stands in the way beside the owner's rules: columns that are not there, the campaign's own state, and
this mine's earlier submissions."""


class Answer(Enum):
    """TRAIN now; LATER, when what stands in the way has passed or the owner has spoken; NO."""

    TRAIN = "train"
    LATER = "later"
    NO = "no"


@dataclass(frozen=True)
class Facts:
    """What a decision is made from.

    Attributes:
        lacking: fields of the campaign that the data set has no column for.
        closed: why the campaign takes no submission, whatever the owner says; None if it does.
        past: this mine's submissions to the campaign, in order.
        data, model: digests of the data and of the newest version.
        now: seconds since 1970, by this machine's clock.
    """

    offer: Offer
    lacking: tuple[str, ...] = ()
    closed: str | None = None
    past: tuple[Past, ...] = ()
    data: bytes = b""
    model: bytes = b""
    now: int = 0

    def to_json(self) -> str:
        """Everything, as one line."""
        return json.dumps(
            {
                "offer": json.loads(self.offer.to_json()),
                "lacking": self.lacking,
                "closed": self.closed,
                "past": [
                    [one.data.hex(), one.base_model.hex(), one.outcome.name, one.decided] for one in self.past
                ],
                "data": self.data.hex(),
                "model": self.model.hex(),
                "now": self.now,
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> Facts:
        """The inverse. ValueError, KeyError or TypeError for what is none."""
        found = json.loads(text)
        return cls(
            offer=Offer.from_json(json.dumps(found["offer"])),
            lacking=tuple(found["lacking"]),
            closed=found["closed"],
            past=tuple(
                Past(bytes.fromhex(data), bytes.fromhex(model), Outcome[outcome], decided)
                for data, model, outcome, decided in found["past"]
            ),
            data=bytes.fromhex(found["data"]),
            model=bytes.fromhex(found["model"]),
            now=int(found["now"]),
        )


@dataclass(frozen=True)
class Decision:
    """An answer, every reason against training now, and every rule that was asked."""

    answer: Answer
    reasons: tuple[Refusal, ...]
    checks: tuple[RuleCheck, ...]

    @property
    def joins(self) -> bool:
        """Whether this mine works for the campaign, though perhaps not at this moment: only its own earlier
        submissions may stand in the way, and only for now.
        """
        return all(reason.rule == PACE and reason.for_now for reason in self.reasons)

    @property
    def asks(self) -> bool:
        """Whether nothing but the owner's word is missing."""
        return bool(self.reasons) and all(one.rule == ASK and one.for_now for one in self.reasons)


def decide(policy: Policy, facts: Facts) -> Decision:
    """What the owner's rules, the schema, the campaign's state and this mine's past come to."""
    offer, reasons = facts.offer, list(refusals(policy, facts.offer))
    margin = policy.limits.time_margin
    if facts.closed is not None:
        reasons.append(Refusal(STATE, facts.closed))
    elif offer.submit_window is not None and offer.submit_window <= margin:
        reasons.append(
            Refusal(STATE, f"{offer.submit_window} s are left to submit; {margin} s are kept free")
        )
    if facts.lacking:
        reasons.append(Refusal(SCHEMA, f"{offer.data} lacks {some(facts.lacking)}"))
    pace = next_move(facts.past, data=facts.data, model=facts.model, limits=policy.limits, now=facts.now)
    if pace.move is not Move.TRAIN:
        reasons.append(Refusal(PACE, pace.reason, for_now=pace.move is Move.WAIT))
    if not reasons:
        answer = Answer.TRAIN
    else:
        answer = Answer.LATER if all(reason.for_now for reason in reasons) else Answer.NO
    return Decision(answer, tuple(reasons), rule_checks(policy, offer))
