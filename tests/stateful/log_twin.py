"""Sonar out of its logs alone: every campaign and every credit, without one look at the contract.

What a statistics service does. The state machine compares it with the contract after every step.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from eth_abi import decode
from eth_utils import keccak, to_checksum_address

from tests.json_types import JsonObject
from tests.stateful.ledger_twin import NO_GAIN, OPEN, REQUESTED, SETTLED

BURN = "0x000000000000000000000000000000000000dEaD"
Log = tuple[list[bytes], bytes]  # topics and data


def bits(word: int, place: int, width: int) -> int:
    return word >> place & (1 << width) - 1


@dataclass
class Told:
    """One campaign, as its logs tell it."""

    owner: str
    capsule: str
    asset: str
    bounty: int
    stake: int
    terms: list[int]  # the contract's words
    state: int = REQUESTED
    public_key: int = 0
    model: int = 0
    version: int = 0
    start: int = 0
    best: int = 0
    miners: list[str] = field(default_factory=list)
    evaluated: int = 0
    forfeited: int = 0
    paid: int = 0
    result: int = 0
    now_owed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    later_owed: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def words(self) -> list[int]:
        """What `campaign` must answer."""
        return [
            *(int(self.owner, 16), self.state, *self.terms, self.public_key, self.model, self.version),
            *(self.start, self.best, len(self.miners), self.evaluated, self.forfeited, self.paid),
            self.result,
        ]

    def owed(self, account: str) -> int:
        return self.now_owed[account] + self.later_owed[account]

    def claimable(self, account: str) -> int:
        return self.owed(account) if self.state == SETTLED else self.now_owed[account]


class LogTwin:
    """Folds logs in their order."""

    def __init__(self, abi: Iterable[JsonObject]) -> None:
        self.campaigns: dict[bytes, Told] = {}
        self.events: dict[bytes, tuple[str, list[str], list[str], list[str], list[str]]] = {}
        for entry in abi:
            if entry["type"] == "event":
                fields = entry["inputs"]
                signature = f"{entry['name']}({','.join(part['type'] for part in fields)})"
                topics = [part for part in fields if part["indexed"]]
                rest = [part for part in fields if not part["indexed"]]
                self.events[keccak(text=signature)] = (
                    entry["name"],
                    [part["name"] for part in topics],
                    [part["type"] for part in topics],
                    [part["name"] for part in rest],
                    [part["type"] for part in rest],
                )

    def fold(self, logs: Iterable[Log]) -> None:
        for topics, data in logs:
            name, indexed, indexed_types, plain, types = self.events[topics[0]]
            values = dict(zip(plain, decode(types, data), strict=True))
            for key, kind, topic in zip(indexed, indexed_types, topics[1:], strict=True):
                values[key] = decode([kind], topic)[0]
            for key, value in values.items():
                if isinstance(value, str):
                    values[key] = to_checksum_address(value)
            if name == "CampaignCreated":
                self.campaigns[values["id"]] = created(**values)
            elif name != "CapsuleRegistered":
                HANDLERS[name](self.campaigns[values.pop("id")], **values)


def created(
    id: bytes,  # noqa: A002 - the events' own names
    owner: str,
    capsule: str,
    spec: bytes,
    asset: str,
    bounty: int,
    limits: int,
    price: int,
    salt: bytes,
) -> Told:
    stake, submit_until = bits(price, 0, 96), bits(limits, 177, 34)
    terms = [
        *(int.from_bytes(spec), int(capsule, 16), int(asset, 16), bounty, stake, bits(price, 96, 96)),
        *(bits(limits, 5, 20), bits(limits, 25, 20), bits(price, 192, 20), submit_until),
        *(submit_until + bits(limits, 211, 22), bits(price, 212, 24), bits(limits, 2, 1)),
    ]
    return Told(owner, capsule, asset, bounty, stake, terms)


def called_off(c: Told, reason: bytes = b"") -> None:
    c.state = SETTLED
    c.later_owed[c.owner] += c.bounty


def opened(c: Told, public_key: bytes, model: bytes, start: int) -> None:
    c.state, c.start, c.best = OPEN, start, start
    c.public_key, c.model = int.from_bytes(public_key), int.from_bytes(model)


def submitted(c: Told, index: int, miner: str, update: bytes) -> None:
    assert index == len(c.miners)
    c.miners.append(miner)


def judged(c: Told, first: int, verdicts: bytes) -> None:
    assert first == c.evaluated
    for verdict in verdicts.rstrip(b"\0"):
        if verdict <= NO_GAIN:
            c.now_owed[c.miners[c.evaluated]] += c.stake
        else:
            c.forfeited += 1
        c.evaluated += 1


def improved(c: Told, index: int, version: int, accuracy: int, payout: int, model: bytes) -> None:
    c.version, c.best, c.model = version, accuracy, int.from_bytes(model)
    c.paid += payout
    c.later_owed[c.miners[index]] += payout


def reclaimed(c: Told, index: int, miner: str, amount: int) -> None:
    assert c.miners[index] == miner
    c.now_owed[miner] += amount


def delivered(c: Told, result: bytes) -> None:
    c.result = int.from_bytes(result)


def settled(c: Told, paid: int, refund: int, fees: int, burned: int) -> None:
    assert paid == c.paid
    c.state = SETTLED
    c.later_owed[c.owner] += refund
    c.later_owed[c.capsule] += fees
    c.later_owed[BURN] += burned


def claimed(c: Told, account: str, to: str, amount: int) -> None:
    assert amount == c.claimable(account) > 0
    c.now_owed[account] = 0
    if c.state == SETTLED:
        c.later_owed[account] = 0


HANDLERS: dict[str, Callable[..., None]] = {
    "CampaignCancelled": called_off,
    "CampaignDeclined": called_off,
    "CampaignOpened": opened,
    "Submitted": submitted,
    "Verdicts": judged,
    "Improved": improved,
    "Reclaimed": reclaimed,
    "Delivered": delivered,
    "Settled": settled,
    "Claimed": claimed,
}
