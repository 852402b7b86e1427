"""What agents report while they work: one vocabulary for all of them, each happening with its time in UTC.

A happening is reported in three ways by the code below: as a sentence for people, as one JSON object on
a line for programs, and as a record of Python's `logging` (logger "openmined", the fields as
`record.happening`). Amounts are decimal strings of wei in JSON, accuracies are in ppm, ids and CIDs are 0x
and digits. No key, no record of anybody's data and nothing that only Capsule knows is among the fields.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, ClassVar

from pysonar.chain.contract.tokens import ETHER, Asset
from pysonar.files.text import one_line
from pysonar.party.wording import short, short_id
from pysonar.protocol.amounts import format_ppm

LOGGER = logging.getLogger("openmined")
LOGGER.addHandler(logging.NullHandler())  # silent unless whoever imports us wants to hear
LONGEST = 600


def wei(**options: Any) -> Any:
    """A field of an amount in wei."""
    return field(metadata={"wei": True}, **options)


@dataclass(frozen=True, kw_only=True)
class Happening:
    """Base of them. `event` is the name in JSON, in snake case. `campaign`: 32 bytes; None if it is all."""

    event: ClassVar[str]
    level: ClassVar[int] = logging.INFO
    words: ClassVar[str]
    """The sentence of those that need no more than a name."""

    campaign: bytes | None = None
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def sentence(self) -> str:
        """What happened, in words, without time and campaign."""
        return self.words

    def as_record(self) -> dict[str, Any]:
        """The fields for programs; those that say nothing are left out."""
        record: dict[str, Any] = {
            "time": self.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "event": self.event,
        }
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name == "time" or value is None:
                continue
            if isinstance(value, bytes):
                value = "0x" + value.hex()
            if isinstance(value, Asset):
                value = value.address
            record[part.name] = str(value) if part.metadata.get("wei") else value
        return record

    def as_line(self) -> str:
        """One line for people: time, campaign, words."""
        about = "" if self.campaign is None else f"{short_id(self.campaign)}  "
        when = self.time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"{when}  {about}{one_line(self.sentence(), LONGEST)}"


Tell = Callable[[Happening], None]
"""What an agent is given to report what happens."""


def teller(show: Callable[[Mapping[str, Any], str], None] | None = None) -> Tell:
    """Tell to `logging`, and to `show` (such as `console.print_event`) with the fields and the line."""

    def tell(happening: Happening) -> None:
        record, line = happening.as_record(), happening.as_line()
        LOGGER.log(happening.level, "%s", line, extra={"happening": record})
        if show is not None:
            show(record, line)

    return tell


@dataclass(frozen=True, kw_only=True)
class Started(Happening):
    """`role`: "mine" or "Capsule"."""

    event = "started"
    role: str
    address: str
    contract: str

    def sentence(self) -> str:
        return f"{self.role} {self.address} is at work"


@dataclass(frozen=True, kw_only=True)
class NodeTrouble(Happening):
    """The nodes keep events back, or contradict each other about the past; no `problem`: no more of it."""

    event, level = "node_trouble", logging.WARNING
    problem: str | None

    def sentence(self) -> str:
        return self.problem or "the nodes give all events again, and agree"


@dataclass(frozen=True, kw_only=True)
class Stopped(Happening):
    """The work has ended in good order."""

    event = "stopped"
    words = "stopped"


@dataclass(frozen=True, kw_only=True)
class Waiting(Happening):
    """What concerns all campaigns alike keeps the agent from working: the node, the database, the rules."""

    event, level = "waiting", logging.WARNING
    reason: str
    retry_seconds: float

    def sentence(self) -> str:
        return f"waiting: {self.reason} (again in {self.retry_seconds:g} s)"


@dataclass(frozen=True, kw_only=True)
class AccountNotice(Happening):
    """What the account's owner should know of its transactions: a nonce that was filled, or cannot be."""

    event, level = "account_notice", logging.WARNING
    notice: str

    def sentence(self) -> str:
        return self.notice


@dataclass(frozen=True, kw_only=True)
class Problem(Happening):
    """Work for one campaign failed and will be tried again. `work`: which; `error`: the error's type."""

    event, level = "problem", logging.WARNING
    reason: str
    error: str
    work: str | None = None
    retry_at: int | None = None

    def sentence(self) -> str:
        return f"{self.reason} (will be tried again)"


@dataclass(frozen=True, kw_only=True)
class Judged(Happening):
    """A verdict on submission `index`: Capsule's own, or what became of a mine's. Accuracies and versions of
    paid ones only; `payout` in wei where the teller is the miner; RECLAIMED: taken back without a verdict.
    """

    event = "verdict"
    index: int
    verdict: str
    miner: str | None = None
    accuracy_ppm: int | None = None
    version: int | None = None
    payout: int | None = wei(default=None)
    asset: Asset | None = None

    def sentence(self) -> str:
        what = f"submission {self.index}" + (f" by {short(self.miner)}" if self.miner else "")
        if self.verdict == "IMPROVED":
            earns = "" if self.payout is None else f" and earns {(self.asset or ETHER).show(self.payout)}"
            return f"{what} improved the model to {format_ppm(self.accuracy_ppm or 0)}{earns}"
        if self.verdict == "NO_GAIN":
            return f"{what} brought no gain; the stake comes back"
        if self.verdict == "RECLAIMED":
            return f"{what} was taken back"
        return f"{what} was {self.verdict}; the stake is burned"


@dataclass(frozen=True, kw_only=True)
class PutBack(Happening):
    """The store had lost it, or it was damaged there."""

    event = "put_back"
    level = logging.WARNING
    what: str

    def sentence(self) -> str:
        return f"{self.what} was missing in the store, or damaged there; it was put again"
