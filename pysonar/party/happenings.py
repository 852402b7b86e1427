"""What agents report while they work: one vocabulary for all of them, each happening with its time in UTC.

A happening is told three ways by the one piece of code below: as a sentence for people, as one JSON object on
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
from pysonar.protocol.amounts import format_ppm, format_seconds

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

    campaign: bytes | None = None
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def sentence(self) -> str:
        """What happened, in words, without time and campaign."""
        raise NotImplementedError

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


# --- every agent


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

    def sentence(self) -> str:
        return "stopped"


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


# --- a mine


@dataclass(frozen=True, kw_only=True)
class Training(Happening):
    """`title` is the scientist's own."""

    event = "training"
    data: str
    base_version: int
    title: str

    def sentence(self) -> str:
        return f"training version {self.base_version} of {self.title!r} on {self.data!r}"


@dataclass(frozen=True, kw_only=True)
class ClockBehind(Happening):
    """The privacy ledger has entries of a later time than the clock's: one of the two was or is wrong."""

    event, level = "clock_behind", logging.WARNING
    seconds: int

    def sentence(self) -> str:
        return (
            f"this machine's clock is {format_seconds(self.seconds)} behind the privacy ledger's last entry;"
            " new entries have that entry's time until the clock is past it. Nothing else changes: the budget"
            " counts releases, not time. Set the clock if it is wrong now"
        )


@dataclass(frozen=True, kw_only=True)
class Submitted(Happening):
    """`value`: stake and fee in wei. `epsilon`, `delta`: what its release tells of a single record at most;
    None without noise.
    """

    event = "submitted"
    data: str
    base_version: int
    update: bytes
    value: int = wei()
    transaction: str
    epsilon: float | None = None
    delta: float | None = None

    def sentence(self) -> str:
        noise = "without noise" if self.epsilon is None else f"under epsilon {self.epsilon:.3g}"
        return f"submitted a gradient for version {self.base_version}, {noise}"


@dataclass(frozen=True, kw_only=True)
class GivenUp(Happening):
    """A gradient that will not be sent any more."""

    event = "given_up"
    data: str
    reason: str

    def sentence(self) -> str:
        return f"a submission is given up: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Reclaiming(Happening):
    """Stake and fee of a submission that nobody will judge."""

    event = "reclaiming"
    index: int
    transaction: str

    def sentence(self) -> str:
        return f"submission {self.index} will not be judged; taking stake and fee back"


@dataclass(frozen=True, kw_only=True)
class Settling(Happening):
    """Nobody else does it."""

    event = "settling"
    transaction: str

    def sentence(self) -> str:
        return "its time is over and nobody settles it; settling"


@dataclass(frozen=True, kw_only=True)
class Claiming(Happening):
    """`amount` in the smallest units of `asset`, by default wei."""

    event = "claiming"
    amount: int = wei()
    transaction: str
    asset: Asset | None = None

    def sentence(self) -> str:
        return f"claiming {(self.asset or ETHER).show(self.amount)}"


# --- Capsule


@dataclass(frozen=True, kw_only=True)
class Registered(Happening):
    """The chain names Capsule's certificate."""

    event = "registered"

    def sentence(self) -> str:
        return "the certificate is registered on chain"


@dataclass(frozen=True, kw_only=True)
class Unregistered(Happening):
    """It does not yet."""

    event, level = "unregistered", logging.WARNING
    reason: str

    def sentence(self) -> str:
        return f"not registered on chain: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Noted(Happening):
    """A new campaign names this Capsule. `bounty` in wei."""

    event = "noted"
    owner: str
    bounty: int = wei()
    asset: Asset | None = None

    def sentence(self) -> str:
        return f"requested by {short(self.owner)}, bounty {(self.asset or ETHER).show(self.bounty)}"


@dataclass(frozen=True, kw_only=True)
class Declined(Happening):
    """Turned down."""

    event = "declined"
    reason: str

    def sentence(self) -> str:
        return f"declined: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Opened(Happening):
    """Open for submissions."""

    event = "opened"
    start_ppm: int

    def sentence(self) -> str:
        return f"opens at {format_ppm(self.start_ppm)}"


@dataclass(frozen=True, kw_only=True)
class Reported(Happening):
    """`count` verdicts from submission `first` on are on their way to the chain."""

    event = "reported"
    first: int
    count: int

    def sentence(self) -> str:
        if self.count == 1:
            return f"the verdict on submission {self.first} is sent"
        return f"the verdicts on submissions {self.first} to {self.first + self.count - 1} are sent"


@dataclass(frozen=True, kw_only=True)
class PutBack(Happening):
    """The store had lost it, or it was damaged there."""

    event = "put_back"
    level = logging.WARNING
    what: str

    def sentence(self) -> str:
        return f"{self.what} was missing in the store, or damaged there; it was put again"


@dataclass(frozen=True, kw_only=True)
class Delivered(Happening):
    """The result is in the store and on chain."""

    event = "delivered"

    def sentence(self) -> str:
        return "the trained model is sealed to the scientist"


@dataclass(frozen=True, kw_only=True)
class Closed(Happening):
    """Nothing is left to do. `unclaimed`: wei that could not be had."""

    event = "closed"
    unclaimed: int | None = wei(default=None)
    asset: Asset | None = None

    def sentence(self) -> str:
        left = (
            f"; {(self.asset or ETHER).show(self.unclaimed)} could not be claimed" if self.unclaimed else ""
        )
        return f"closed: nothing is left to do{left}"
