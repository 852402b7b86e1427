"""Why this mine did what it did about a campaign: each decision replayed from the facts and the rules that
were written down with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from mine_agent.campaigns.decisions.records import DecisionRecord
from mine_agent.connection import Connection
from mine_agent.rules.decisions import Decision, Facts, decide
from mine_agent.rules.policy_file import parse_policy
from openmined_syft.errors import OpenMinedError


@dataclass(frozen=True)
class Explanation:
    """One decision: as it was written down, and as it comes out now from the same facts and rules.

    Attributes:
        facts, replayed: None if what was written down cannot be read by this release; `fault` says why.
    """

    record: DecisionRecord
    facts: Facts | None
    replayed: Decision | None
    fault: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether the replay gives what was decided, for the same reasons."""
        if self.replayed is None:
            return False
        return (self.replayed.answer, self.replayed.reasons) == (self.record.answer, self.record.reasons)


def explanations(connection: Connection, campaign: bytes) -> list[Explanation]:
    """Every decision about the campaign, oldest first."""
    return [_explained(record) for record in connection.decisions.of(campaign)]


def newest_explanations(connection: Connection, limit: int) -> list[Explanation]:
    """The last `limit` decisions about all campaigns, newest first."""
    return [_explained(record) for record in connection.decisions.newest(limit)]


def _explained(record: DecisionRecord) -> Explanation:
    try:
        policy = parse_policy(record.rules, "the rules of that time")
        facts = Facts.from_json(record.facts)
    except OpenMinedError as error:
        return Explanation(record, None, None, str(error))
    except (ValueError, KeyError, TypeError):
        return Explanation(record, None, None, "its facts were written by another release")
    return Explanation(record, facts, decide(policy, facts))
