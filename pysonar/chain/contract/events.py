"""Sonar's events as typed dataclasses, decoded from raw logs (`eth_getLogs`, receipts).

Where an event was mined stands beside it in `LoggedEvent`: the same event can be mined again in another
block.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from operator import call
from typing import Any, ClassVar, Generic, TypeVar

from pysonar.chain.address import checksum
from pysonar.chain.contract import abi
from pysonar.chain.contract.types import EMPTY, Terms, Verdict
from pysonar.chain.errors import UndecodableLogError
from pysonar.chain.node.answers import Log


@lru_cache(maxsize=1 << 10)
def _verdicts(numbers: tuple[int, ...]) -> tuple[Verdict, ...]:
    """ValueError for a number that is no verdict."""
    return tuple(map(Verdict, numbers))


@dataclass(frozen=True)
class SonarEvent:
    """Base of all events; `name` is the name on chain."""

    name: ClassVar[str] = ""


@dataclass(frozen=True)
class CampaignEvent(SonarEvent):
    """Base of the events about one campaign, by its 32-byte id."""

    id: bytes


@dataclass(frozen=True)
class CapsuleRegistered(SonarEvent):
    name: ClassVar[str] = "CapsuleRegistered"
    capsule: str
    certificate: bytes


@dataclass(frozen=True)
class CampaignCreated(CampaignEvent):
    """`limits`, `price` and `salt` are 0 where version 1 of the contract has not logged them."""

    name: ClassVar[str] = "CampaignCreated"
    owner: str
    capsule: str
    spec: bytes
    asset: str
    bounty: int
    limits: int = 0
    price: int = 0
    salt: bytes = EMPTY

    @property
    def terms(self) -> Terms | None:
        """All terms; None if version 1 logged it."""
        if not self.limits:
            return None
        return Terms.from_log(
            spec=self.spec,
            capsule=self.capsule,
            asset=self.asset,
            bounty=self.bounty,
            limits=self.limits,
            price=self.price,
        )


@dataclass(frozen=True)
class CampaignCancelled(CampaignEvent):
    name: ClassVar[str] = "CampaignCancelled"


@dataclass(frozen=True)
class CampaignDeclined(CampaignEvent):
    name: ClassVar[str] = "CampaignDeclined"
    reason: str


@dataclass(frozen=True)
class CampaignOpened(CampaignEvent):
    name: ClassVar[str] = "CampaignOpened"
    public_key: bytes
    model: bytes
    start: int


@dataclass(frozen=True)
class Submitted(CampaignEvent):
    name: ClassVar[str] = "Submitted"
    index: int
    miner: str
    update: bytes


@dataclass(frozen=True)
class Verdicts(CampaignEvent):
    """One report: the verdicts on the submissions from `first` on. Version 1 logs each by itself."""

    name: ClassVar[str] = "Verdicts"
    first: int
    verdicts: tuple[Verdict, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdicts", _verdicts(tuple(self.verdicts)))

    def each(self) -> Iterator[tuple[int, Verdict]]:
        """Index and verdict of each submission."""
        return enumerate(self.verdicts, self.first)


@dataclass(frozen=True)
class Improved(CampaignEvent):
    name: ClassVar[str] = "Improved"
    index: int
    version: int
    accuracy: int
    payout: int
    model: bytes


@dataclass(frozen=True)
class Reclaimed(CampaignEvent):
    name: ClassVar[str] = "Reclaimed"
    index: int
    miner: str
    amount: int


@dataclass(frozen=True)
class Delivered(CampaignEvent):
    name: ClassVar[str] = "Delivered"
    result: bytes


@dataclass(frozen=True)
class Settled(CampaignEvent):
    name: ClassVar[str] = "Settled"
    paid: int
    refund: int
    fees: int
    burned: int


@dataclass(frozen=True)
class Claimed(CampaignEvent):
    name: ClassVar[str] = "Claimed"
    account: str
    to: str
    amount: int


BY_NAME: Mapping[str, type[SonarEvent]] = {
    kind.name: kind
    for kind in (
        CapsuleRegistered, CampaignCreated, CampaignCancelled, CampaignDeclined, CampaignOpened, Submitted,
        Verdicts, Improved, Reclaimed, Delivered, Settled, Claimed,
    )
}  # fmt: skip

_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in BY_NAME.values()}
_IN_HEX = {
    name: [field.name for field in fields(kind) if field.type == "bytes"] for name, kind in BY_NAME.items()
}


E = TypeVar("E", bound=SonarEvent, covariant=True)
T = TypeVar("T")


@dataclass(frozen=True)
class Logged(Generic[E]):
    """An event and the place where it was mined. `time`: of its block, seconds since 1970, if the node said
    it with the event; nobody has compared it with the block.
    """

    event: E
    block_number: int
    block_hash: bytes
    log_index: int
    transaction_hash: bytes
    time: int | None = field(default=None, compare=False, kw_only=True)


LoggedEvent = Logged[SonarEvent]


def decode_log(log: Log) -> LoggedEvent:
    """One log of a Sonar of any version; UndecodableLogError if it is not one of its events."""
    topics = log.topics
    known = abi.events().get((topics[0], len(topics))) if topics else None
    if known is None:
        raise UndecodableLogError(topics[0].hex() if topics else "none", "Sonar has no such event")
    values = known.decode(topics, log.data)
    for name in known.addresses:
        values[name] = checksum(values[name])
    try:
        name = _as_newest(known.name, values)
        kind = BY_NAME[name]
        event = _made(kind, values) if tuple(values) == _FIELDS[kind] else kind(**values)
    except ValueError as error:  # a verdict outside the enum
        raise UndecodableLogError(topics[0].hex(), f"a value of {known.name} is out of range") from error
    place = {
        "event": event, "block_number": log.block_number, "block_hash": log.block_hash,
        "log_index": log.log_index, "transaction_hash": log.transaction_hash, "time": log.time,
    }  # fmt: skip
    return _made(Logged, place)


def _made(kind: type[T], values: dict[str, Any]) -> T:
    """Of a frozen dataclass, with all of its fields in their order: the constructor sets them one by one, and
    for events by the million that takes as long as to decode them.
    """
    made = object.__new__(kind)
    vars(made).update(values)
    return made


def _as_newest(name: str, values: dict[str, Any]) -> str:
    """Rewrite what another version says, and what Python says otherwise; the event's name. ValueError for a
    number that is no verdict.
    """
    if name == "Reported":
        del values["miner"]
        values["first"], values["verdicts"] = values.pop("index"), _verdicts((values.pop("verdict"),))
        return Verdicts.name
    if name == "Verdicts":
        values["verdicts"] = _verdicts(tuple(values["verdicts"].rstrip(b"\0")))
    elif name == "CampaignDeclined" and isinstance(values["reason"], bytes):
        values["reason"] = values["reason"].decode("utf-8", errors="replace")
    return name


_IN_JSON: Mapping[object, Callable[[Any], object]] = {
    "bytes": bytes.hex,
    "int": int,
    "str": encode_basestring_ascii,
    "tuple[Verdict, ...]": lambda values: list(map(int, values)),
}
_FORMS = {
    kind: (
        "{"
        + ", ".join(f'"{one.name}": ' + ('"0x%s"' if one.type == "bytes" else "%s") for one in fields(kind))
        + "}",
        [_IN_JSON[one.type] for one in fields(kind)],
    )
    for kind in BY_NAME.values()
}


def to_json(event: SonarEvent) -> str:
    """The event's fields as JSON text (bytes in hex), for the local database. As the standard library would
    write it, several times as quickly: it is done for every event.
    """
    form, written = _FORMS[type(event)]
    return form % tuple(map(call, written, vars(event).values()))


def from_json(name: str, text: str) -> SonarEvent:
    """The inverse of `to_json`."""
    kind = BY_NAME[name]
    values = json.loads(text)
    for key in _IN_HEX[name]:
        if key in values:
            values[key] = bytes.fromhex(values[key][2:])
    return kind(**values)
