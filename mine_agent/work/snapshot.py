"""One look at all open campaigns at once: in a few requests to the node, however many there are.

What it lets pass is decided again, from the newest state, before anything is trained or sent; what it sorts
out (closed, refused by the owner's rules, trained already) costs no request of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from mine_agent.campaigns.history import own_past
from mine_agent.campaigns.offer import offer_of, why_closed
from mine_agent.connection import Connection
from mine_agent.data.datasets import DataSet
from mine_agent.rules.pacing import Move, next_move
from mine_agent.rules.policy import Policy
from mine_agent.rules.refusals import refusals
from pysonar.chain.sending.fees import price_now


class Snapshot:
    """The campaigns as one round of the mine sees them."""

    def __init__(self, connection: Connection, campaigns: Sequence[bytes]) -> None:
        """Ask for them. Raises NodeError."""
        self._connection = connection
        self._records = connection.sonar.many(campaigns)
        self._now = connection.sonar.now() if campaigns else 0

    @cached_property
    def _price(self) -> int:
        return price_now(self._connection.web3)

    def is_due(self, campaign: bytes, data: DataSet, policy: Policy, now: int) -> bool:
        """Whether it may be time to train this data set for the campaign; `now` by this machine's clock."""
        record = self._records.get(campaign)
        if record is None or why_closed(record, self._now, policy.limits.time_margin) is not None:
            return False
        connection = self._connection
        past = own_past(connection.submission_history(campaign), version=connection.sonar.version, now=now)
        pace = next_move(past, data=data.digest, model=record.model, limits=policy.limits, now=now)
        return pace.move is Move.TRAIN and not refusals(policy, offer_of(record, self._price))
