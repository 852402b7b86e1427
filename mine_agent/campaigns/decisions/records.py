"""What this mine decided about campaigns, from which facts and under which rules; and the owner's word on
those that waited for it.

A decision is written down when it differs from the one before for the same campaign and data, and each time
something is trained. The rules' text is kept once for all decisions made under it. Nothing here leaves the
mine, and no value of the data is among the facts.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mine_agent.rules.decisions import ASK, Answer, Decision, Facts
from mine_agent.rules.offer import APPROVED, REFUSED
from mine_agent.rules.policy import Policy
from mine_agent.rules.refusals import Refusal
from pysonar.chain.database import transaction
from pysonar.chain.database_errors import DatabaseUnusableError


@dataclass(frozen=True)
class DecisionRecord:
    """One decision as it was written down. `rules`: the text of policy.toml at that time; `facts`: JSON."""

    number: int
    campaign: bytes
    data: str
    made_at: int
    answer: Answer
    reasons: tuple[Refusal, ...]
    facts: str
    rules: str


class DecisionRecords:
    """The tables, in the agent's database (see `mine_agent.journal`)."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def word(self, campaign: bytes) -> str | None:
        """The owner's word on a campaign, APPROVED or REFUSED; None if there is none."""
        row = self._database.execute("select word from mine_word where campaign = ?", (campaign,)).fetchone()
        return None if row is None else str(row["word"])

    def words(self) -> dict[bytes, str]:
        """The owner's word on every campaign that there is one on."""
        return {row["campaign"]: row["word"] for row in self._database.execute("select * from mine_word")}

    def say(self, campaign: bytes, word: str, *, now: int) -> None:
        """Keep the owner's word; it takes the place of an earlier one."""
        if word not in (APPROVED, REFUSED):
            raise ValueError(word)
        self._database.execute(
            """insert into mine_word (campaign, word, given_at) values (?, ?, ?)
               on conflict (campaign) do update set word = excluded.word, given_at = excluded.given_at""",
            (campaign, word, now),
        )

    def note(
        self, campaign: bytes, data: str, decision: Decision, facts: Facts, policy: Policy, *, now: int
    ) -> bool:
        """Write a decision down, unless it says what the last one said; whether it was."""
        digest = hashlib.sha256(policy.text.encode()).digest()
        reasons = json.dumps([[one.rule, one.reason, one.for_now] for one in decision.reasons])
        outline = _outline(decision.answer.value, reasons, digest)
        if decision.answer is not Answer.TRAIN and self._last(campaign, data) == outline:
            return False
        with transaction(self._database):
            self._database.execute(
                "insert or ignore into mine_rules (digest, text) values (?, ?)", (digest, policy.text)
            )
            self._database.execute(
                """insert into mine_decision (campaign, data, made_at, answer, reasons, facts, rules)
                   values (?, ?, ?, ?, ?, ?, ?)""",
                (campaign, data, now, decision.answer.value, reasons, facts.to_json(), digest),
            )
        return True

    def asked(self, campaign: bytes, data: str, policy: Policy) -> bool:
        """Whether the last decision, under these very rules, was to ask the owner."""
        digest = hashlib.sha256(policy.text.encode()).digest()
        return self._last(campaign, data) == (Answer.LATER.value, (ASK,), digest)

    def of(self, campaign: bytes) -> list[DecisionRecord]:
        """Every decision about a campaign, oldest first."""
        rows = self._database.execute(
            """select d.number, d.campaign, d.data, d.made_at, d.answer, d.reasons, d.facts, r.text as rules
               from mine_decision d join mine_rules r on r.digest = d.rules
               where d.campaign = ? order by d.number""",
            (campaign,),
        )
        return [_record(row) for row in rows]

    def newest(self, limit: int) -> list[DecisionRecord]:
        """The last decisions about all campaigns, newest first."""
        rows = self._database.execute(
            """select d.number, d.campaign, d.data, d.made_at, d.answer, d.reasons, d.facts, r.text as rules
               from mine_decision d join mine_rules r on r.digest = d.rules
               order by d.number desc limit ?""",
            (limit,),
        )
        return [_record(row) for row in rows]

    def campaigns(self) -> list[bytes]:
        """Every campaign that something was decided about."""
        return [row[0] for row in self._database.execute("select distinct campaign from mine_decision")]

    def _last(self, campaign: bytes, data: str) -> tuple[object, ...] | None:
        row = self._database.execute(
            """select answer, reasons, rules from mine_decision where campaign = ? and data = ?
               order by number desc limit 1""",
            (campaign, data),
        ).fetchone()
        return None if row is None else _outline(row["answer"], row["reasons"], row["rules"])


def waiting_for_a_word(database: Path) -> list[bytes]:
    """The campaigns that the owner was asked about last and has not answered; none before the first decision.
    Reads the file, whether or not an agent runs. Raises DatabaseUnusableError.
    """
    if not database.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=10)) as opened:
            rows = opened.execute(
                """select campaign, answer, reasons from mine_decision where number in
                   (select max(number) from mine_decision group by campaign, data)
                   and campaign not in (select campaign from mine_word) order by number"""
            ).fetchall()
    except sqlite3.OperationalError:
        return []  # an earlier release's, without these tables
    except sqlite3.DatabaseError:
        raise DatabaseUnusableError(str(database), "it cannot be read") from None
    asked = (campaign for campaign, answer, reasons in rows if _is_question(answer, reasons))
    return list(dict.fromkeys(asked))


def _is_question(answer: str, reasons: str) -> bool:
    return answer == Answer.LATER.value and [rule for rule, _, _ in json.loads(reasons)] == [ASK]


def _outline(answer: str, reasons: str, rules: bytes) -> tuple[object, ...]:
    """What makes a decision another one: not the amounts in its reasons, which move with every block."""
    return answer, tuple(rule for rule, _, _ in json.loads(reasons)), rules


def _record(row: sqlite3.Row) -> DecisionRecord:
    return DecisionRecord(
        number=row["number"],
        campaign=row["campaign"],
        data=row["data"],
        made_at=row["made_at"],
        answer=Answer(row["answer"]),
        reasons=tuple(Refusal(*one) for one in json.loads(row["reasons"])),
        facts=row["facts"],
        rules=row["rules"],
    )
