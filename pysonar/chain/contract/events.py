"""Sonar's events as typed dataclasses, decoded from raw logs (`eth_getLogs`, receipts).

Where an event was mined stands beside it in `LoggedEvent`: the same event can be mined again in another
block.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar, Generic, TypeVar

from pysonar.chain.address import checksum
from pysonar.chain.contract import abi
from pysonar.chain.contract.types import Verdict
from pysonar.chain.errors import UndecodableLogError
from pysonar.chain.node.answers import Log


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
    name: ClassVar[str] = "CampaignCreated"
    owner: str
    capsule: str
    spec: bytes
    asset: str
    bounty: int


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
class Reported(CampaignEvent):
    name: ClassVar[str] = "Reported"
    index: int
    miner: str
    verdict: Verdict

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdict", Verdict(self.verdict))


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
        Reported, Improved, Reclaimed, Delivered, Settled, Claimed,
    )
}  # fmt: skip


E = TypeVar("E", bound=SonarEvent, covariant=True)


@dataclass(frozen=True)
class Logged(Generic[E]):
    """An event and the place where it was mined."""

    event: E
    block_number: int
    block_hash: bytes
    log_index: int
    transaction_hash: bytes


LoggedEvent = Logged[SonarEvent]


def decode_log(log: Log) -> LoggedEvent:
    """One log of Sonar; UndecodableLogError if it is none of Sonar's events."""
    topics = log.topics
    known = abi.events().get(topics[0]) if topics else None
    if known is None:
        raise UndecodableLogError(topics[0].hex() if topics else "none", "Sonar has no such event")
    values = known.decode(topics, log.data)
    for name, kind, _ in known.fields:
        if kind == "address":
            values[name] = checksum(values[name])
    try:
        event = BY_NAME[known.name](**values)
    except ValueError as error:  # a verdict outside the enum
        raise UndecodableLogError(topics[0].hex(), f"a value of {known.name} is out of range") from error
    return LoggedEvent(
        event=event,
        block_number=log.block_number,
        block_hash=log.block_hash,
        log_index=log.log_index,
        transaction_hash=log.transaction_hash,
    )


def decode_receipt_logs(logs: Iterable[Log], address: str) -> tuple[LoggedEvent, ...]:
    """The Sonar events among a receipt's logs, in order; logs of other contracts are passed over."""
    return tuple(decode_log(log) for log in logs if log.address == address.lower())


def to_json(event: SonarEvent) -> str:
    """The event's fields as JSON text (bytes in hex), for the local database."""
    return json.dumps({k: "0x" + v.hex() if isinstance(v, bytes) else v for k, v in asdict(event).items()})


def from_json(name: str, text: str) -> SonarEvent:
    """The inverse of `to_json`."""
    fields = json.loads(text)
    by_topic = next(known for known in abi.events().values() if known.name == name)
    for field, kind, _ in by_topic.fields:
        if kind == "bytes32":
            fields[field] = bytes.fromhex(fields[field][2:])
    return BY_NAME[name](**fields)
