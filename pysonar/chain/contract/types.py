"""What Sonar stores, as frozen dataclasses: Terms, Report, CampaignRecord, and the enums State and Verdict.

CIDs are the raw 32 bytes of the chain (the empty one stands for "none"): what a stranger wrote there need
not be a CID, so turning it into a `Cid` is left to whoever fetches it. Amounts in wei, accuracies in parts
per million, times in seconds since 1970. The payout rule here is the contract's own (docs/protocol.md,
section 3), for previews only: the chain decides.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

from pysonar.chain.address import ZERO_ADDRESS, checksum, require_address, require_bytes32, require_uint
from pysonar.chain.contract.versions import NEWEST

EMPTY = bytes(32)
ANY_START = -1
"""As `max_start`: the highest that leaves something to gain."""
PPM = 1_000_000


class State(IntEnum):
    """The life of a campaign on chain. NONE: Sonar knows no such campaign. A cancelled or declined one is
    SETTLED.
    """

    NONE = 0
    REQUESTED = 1
    OPEN = 2
    SETTLED = 3


class Verdict(IntEnum):
    """What Capsule says of a submission."""

    IMPROVED = 1
    NO_GAIN = 2
    MALFORMED = 3
    UNAVAILABLE = 4


@dataclass(frozen=True)
class Terms:
    """What the Data Scientist promises; see `contracts/interfaces/ISonar.vyi` for each field."""

    spec: bytes
    capsule: str
    bounty: int
    target: int
    min_gain: int
    submit_until: int
    review_until: int
    max_start: int = ANY_START
    stake: int = 0
    fee: int = 0
    max_pending: int = 32
    gap_basis: bool = False
    asset: str = ZERO_ADDRESS

    def __post_init__(self) -> None:
        object.__setattr__(self, "spec", require_bytes32("the terms' spec", self.spec))
        object.__setattr__(self, "capsule", require_address("the terms' capsule", self.capsule))
        object.__setattr__(self, "asset", require_address("the terms' asset", self.asset))
        if self.max_start == ANY_START:
            object.__setattr__(self, "max_start", max(0, self.target - self.min_gain))
        for field in fields(self):
            if field.type == "int":
                require_uint(f"the terms' {field.name}", getattr(self, field.name))

    def as_abi(self, version: int = NEWEST) -> tuple[Any, ...]:
        """The struct's members in ABI order. Version 1 of the contract knows no `max_start`."""
        return (
            self.spec, self.capsule, self.asset, self.bounty, self.stake, self.fee, self.target,
            self.min_gain, *((self.max_start,) if version > 1 else ()), self.submit_until,
            self.review_until, self.max_pending, self.gap_basis,
        )  # fmt: skip

    @classmethod
    def from_abi(cls, members: tuple[Any, ...], version: int = NEWEST) -> Terms:
        """The inverse of `as_abi`; of version 1, any start."""
        spec, capsule, asset, bounty, stake, fee, target, min_gain, *limits = members
        start = limits.pop(0) if version > 1 else ANY_START
        submit, review, pending, gap = limits
        return cls(
            spec=spec, capsule=capsule, asset=asset, bounty=bounty, stake=stake, fee=fee, target=target,
            min_gain=min_gain, max_start=start, submit_until=submit, review_until=review,
            max_pending=pending, gap_basis=gap,
        )  # fmt: skip

    @classmethod
    def from_log(
        cls, *, spec: bytes, capsule: str, asset: str, bounty: int, limits: int, price: int
    ) -> Terms:
        """From `CampaignCreated` alone: `limits` and `price` are packed as ISonar.vyi says."""
        submit_until = _bits(limits, 177, 34)
        return cls(
            spec=spec,
            capsule=capsule,
            asset=asset,
            bounty=bounty,
            stake=_bits(price, 0, 96),
            fee=_bits(price, 96, 96),
            target=_bits(limits, 5, 20),
            min_gain=_bits(limits, 25, 20),
            max_start=_bits(price, 192, 20),
            submit_until=submit_until,
            review_until=submit_until + _bits(limits, 211, 22),
            max_pending=_bits(price, 212, 24),
            gap_basis=bool(_bits(limits, 2, 1)),
        )


def _bits(word: int, place: int, width: int) -> int:
    return word >> place & (1 << width) - 1


@dataclass(frozen=True)
class Report:
    """Capsule's verdict on one submission. `accuracy` and `model` are set with IMPROVED only."""

    miner: str
    update: bytes
    verdict: Verdict
    accuracy: int = 0
    model: bytes = EMPTY

    def __post_init__(self) -> None:
        object.__setattr__(self, "miner", require_address("the report's miner", self.miner))
        object.__setattr__(self, "update", require_bytes32("the report's update", self.update))
        object.__setattr__(self, "model", require_bytes32("the report's model", self.model))
        require_uint("the report's accuracy", self.accuracy)

    def as_abi(self) -> tuple[Any, ...]:
        """The struct's members in ABI order."""
        return (self.miner, self.update, int(self.verdict), self.accuracy, self.model)


@dataclass(frozen=True)
class CampaignRecord:
    """A campaign as the chain holds it at one block."""

    id: bytes
    owner: str
    state: State
    terms: Terms
    public_key: bytes
    model: bytes
    version: int
    start: int
    best: int
    submitted: int
    evaluated: int
    forfeited: int
    paid: int
    result: bytes

    @property
    def hex_id(self) -> str:
        """The id as 0x and 64 digits."""
        return "0x" + self.id.hex()

    @property
    def pending(self) -> int:
        """Submissions that wait for a verdict."""
        return self.submitted - self.evaluated

    @property
    def target_reached(self) -> bool:
        """Whether nothing more can be earned."""
        return self.best >= self.terms.target

    @property
    def delivered(self) -> bool:
        """Whether Capsule named a result."""
        return self.result != EMPTY

    @property
    def denominator(self) -> int:
        """What the accuracy increase is divided by."""
        return self.terms.target - self.start if self.terms.gap_basis else self.terms.target

    @property
    def left_to_earn(self) -> int:
        """Wei that miners can still earn by taking `best` to the target."""
        return self.payout(self.terms.target)

    def payout(self, accuracy: int) -> int:
        """Wei paid if the next verdict is this accuracy: paid(a) - paid(best), 0 without an improvement."""
        reached = min(accuracy, self.terms.target)
        if reached <= self.best or reached < min(self.best + self.terms.min_gain, self.terms.target):
            return 0
        return self._paid_at(reached) - self._paid_at(self.best)

    def finished(self, now: int) -> bool:
        """Open, and the target reached, or submissions closed and all of them evaluated."""
        return self.state is State.OPEN and (
            self.target_reached or (now >= self.terms.submit_until and self.pending == 0)
        )

    def _paid_at(self, accuracy: int) -> int:
        return self.terms.bounty * (accuracy - self.start) // self.denominator

    @classmethod
    def from_abi(cls, campaign: bytes, members: tuple[Any, ...], version: int = NEWEST) -> CampaignRecord:
        """From the members of the contract's struct Campaign."""
        owner, state, terms, *rest = members
        return cls(campaign, checksum(owner), State(state), Terms.from_abi(terms, version), *rest)
