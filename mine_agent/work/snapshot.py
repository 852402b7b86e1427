"""One look at all open campaigns at once: in a few requests to the node, however many there are.

What it lets pass is decided again, from the newest state, before anything is trained or sent; what it sorts
out (closed, refused by the owner's rules, trained already) costs no request of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from mine_agent.campaigns.facts import Moment, facts_of
from mine_agent.campaigns.history import own_past
from mine_agent.campaigns.offer import why_closed
from mine_agent.connection import Connection
from mine_agent.data.datasets import DataSet
from mine_agent.rules.decisions import Answer, decide
from mine_agent.rules.pacing import Move, next_move
from mine_agent.rules.policy import Policy


class Snapshot:
    """The campaigns as one round of the mine sees them. `clock`: seconds since 1970, by this machine."""

    def __init__(self, connection: Connection, campaigns: Sequence[bytes], clock: float) -> None:
        """Ask for them. Raises NodeError."""
        self._connection = connection
        self._records = connection.sonar.many(campaigns)
        self._chain_time = connection.sonar.now() if campaigns else 0
        self._clock = clock
        self._moment: Moment | None = None

    @property
    def moment(self) -> Moment:
        """What is the same for all of them. Raises NodeError."""
        if self._moment is None:
            self._moment = Moment.now(self._connection, self._records, self._clock)
        return self._moment

    def joined(self, campaign: bytes) -> None:
        """This mine has just submitted to it."""
        self._moment = self.moment.joined(campaign)

    def is_due(self, campaign: bytes, data: DataSet, policy: Policy) -> bool:
        """Whether it may be time to train this data set for the campaign. What speaks against it from the
        chain alone is written down.
        """
        record = self._records.get(campaign)
        if record is None or why_closed(record, self._chain_time, policy.limits.time_margin) is not None:
            return False
        connection, now = self._connection, int(self._clock)
        past = own_past(connection.submission_history(campaign), version=connection.sonar.version, now=now)
        budgeted = policy.privacy is not None
        identity = data.identity(budgeted=budgeted)
        pace = next_move(past, data=identity, model=record.model, limits=policy.limits, now=now)
        if pace.move is Move.WAIT:
            return False
        facts = facts_of(connection, self.moment, record, data, budgeted=budgeted)
        decision = decide(policy, facts)
        if decision.answer is Answer.TRAIN:
            return True
        if decision.asks:  # worth asking only if the spec speaks for it, too; and only once
            return not connection.decisions.asked(campaign, data.name, policy)
        connection.decisions.note(campaign, data.name, decision, facts, policy, now=now)
        return False
