"""What a campaign asks of a mine and offers it, as far as the owner's rules care; and the same as JSON, so
that the journal keeps what a decision was made from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mine_agent.rules.rewards import Cost
from pysonar.party.home.rules import ETHER_ADDRESS
from pysonar.protocol.amounts import format_tokens, format_wei
from pysonar.protocol.artifacts.spec.purposes import UNSTATED

APPROVED, REFUSED = "approved", "refused"


@dataclass(frozen=True)
class Offer:
    """One campaign for one data set. Addresses in lower case, amounts in wei (a token's smallest unit), times
    in seconds. What is None is not known yet, and no rule minds it.

    Attributes:
        fields: inputs and label.
        left: what the campaign can still pay.
        floor: the least protection it asks of every gradient, (epsilon, delta).
        network: whether the model is a neural network.
        data: name of the data set.
        purpose: what the model is for, by the spec.
        auditor: the certificate of who gets to open the gradients beside Capsule, once the campaign is over.
        submit_window: how long submissions are still taken. review_window: what Capsule then has to judge.
        minute: of the day, now.
        begun: whether this mine has submitted to it. others: campaigns that it works for beside this one.
        visit_seconds: how long one visit is expected to take.
        payouts: of this mine's latest judged submissions here. spent: on fees, gas and burned stakes here.
        word: the owner's on this campaign, APPROVED or REFUSED.
        symbol, decimals: how the token writes amounts; without them they are counted in its smallest unit.
    """

    scientist: str
    capsule: str
    asset: str
    fields: tuple[str, ...]
    left: int
    cost: Cost
    floor: tuple[float, float] | None = None
    network: bool = False
    data: str | None = None
    purpose: str | None = UNSTATED
    auditor: str | None = None
    submit_window: int | None = None
    review_window: int | None = None
    minute: int | None = None
    begun: bool = False
    others: int = 0
    visit_seconds: float | None = None
    payouts: tuple[int, ...] = ()
    spent: int = 0
    word: str | None = None
    symbol: str | None = None
    decimals: int = 0

    @property
    def in_ether(self) -> bool:
        """Whether it pays in ether, so that amounts can be set against the owner's, and against gas."""
        return self.asset == ETHER_ADDRESS

    def show(self, amount: int) -> str:
        """An amount of what the campaign pays in, for people."""
        if self.in_ether:
            return format_wei(amount)
        symbol = self.symbol or f"units of {self.asset[:8]}...{self.asset[-4:]}"
        return format_tokens(amount, symbol=symbol, decimals=self.decimals)

    def to_json(self) -> str:
        """Everything, as one line."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Offer:
        """The inverse. ValueError, KeyError or TypeError for what is none."""
        values: Mapping[str, Any] = json.loads(text)
        floor = values["floor"]
        return cls(
            **{
                **values,
                "cost": Cost(**values["cost"]),
                "fields": tuple(values["fields"]),
                "payouts": tuple(values["payouts"]),
                "floor": None if floor is None else (floor[0], floor[1]),
            }
        )
