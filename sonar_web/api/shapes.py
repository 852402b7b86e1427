"""What the API answers with. Amounts are texts of decimal digits, since JSON's numbers end at 2^53; CIDs
are `Qm...`.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field

from pysonar.protocol.cid import Cid, CidError

T = TypeVar("T")


class Answer(BaseModel, Generic[T]):
    """An answer and the block that it is of."""

    chain_id: int
    contract: str
    block: int = Field(description="the last block that is read; -1 before the first")
    block_hash: str
    next: str | None = Field(
        default=None, description="give it as `after` for the next page; null on the last"
    )
    data: T


class Refusal(BaseModel):
    """Why there is no answer, and what would have been right."""

    error: str


class Health(BaseModel):
    """Whether the index keeps up with the chain."""

    healthy: bool
    block: int
    behind: int
    trouble: str | None


class Terms(BaseModel):
    """What a campaign promises. Accuracies in parts per million, times in seconds since 1970."""

    bounty: str
    stake: str
    fee: str
    target: int
    min_gain: int
    max_start: int
    submit_until: int
    review_until: int
    max_pending: int
    gap_basis: bool


class Campaign(BaseModel):
    """A campaign as the logs tell it."""

    id: str
    title: str | None = Field(description="from its spec in the store; null if that is not read (yet)")
    owner: str
    capsule: str
    asset: str = Field(description="a token's address; the zero address is ether")
    spec: str | None
    terms: Terms
    salt: str
    state: str
    public_key: str | None
    model: str | None
    version: int
    start: int | None
    best: int | None
    submitted: int
    evaluated: int
    paid: str
    refund: str | None
    fees: str | None
    burned: str | None
    result: str | None
    reason: str | None
    created_block: int
    created_at: int
    opened_at: int | None
    delivered_at: int | None
    ended_at: int | None


class Submission(BaseModel):
    """One place in a campaign's queue."""

    campaign: str
    index: int
    miner: str
    update: str | None
    submitted_block: int
    submitted_at: int
    verdict: str | None
    verdict_at: int | None
    version: int | None
    accuracy: int | None
    payout: str | None
    model: str | None
    reclaimed: bool


class Miner(BaseModel):
    """A miner's record in one asset."""

    address: str
    asset: str
    earned: str
    submissions: int
    improved: int
    no_gain: int
    malformed: int
    unavailable: int
    reclaimed: int


class Capsule(BaseModel):
    """A Capsule's record."""

    address: str
    campaigns: int
    opened: int
    declined: int
    delivered: int
    improved: int
    no_gain: int
    malformed: int
    unavailable: int
    opening_seconds: int = Field(description="from the requests of campaigns to their openings, in all")
    verdict_seconds: int = Field(description="from submissions to their verdicts, in all")
    unavailable_seconds: int = Field(
        description="beyond the first hour, how long requests and the heads of queues waited for it"
    )
    mean_opening_seconds: float | None = Field(description="from the request of a campaign to its opening")
    mean_verdict_seconds: float | None = Field(description="from a submission to its verdict")
    unavailable_hours: float = Field(description="the same as `unavailable_seconds`, rounded")


class Certificate(BaseModel):
    """A Capsule's current OpenPGP certificate, by its CID."""

    address: str
    certificate: str | None


class Stored(BaseModel):
    """What an artifact is called, now that the store has it."""

    cid: str
    bytes: int


class Token(BaseModel):
    """How a token says it is counted; no symbol and no decimals if it is none."""

    address: str
    symbol: str | None
    decimals: int


class GasDay(BaseModel):
    """What the transactions of one kind used on one day (UTC): from receipts, since logs do not tell."""

    day: str
    call: str = Field(description="create, open, submit, report, deliver, settle, claim and others")
    transactions: int
    used: int = Field(description="gas, in all")
    least: int
    most: int
    mean: float
    cost: str = Field(description="paid for it, in wei")


class Day(BaseModel):
    """What happened on one day (UTC) in one asset."""

    day: str
    asset: str
    campaigns: int
    opened: int
    settled: int
    submissions: int
    verdicts: int
    gains: int
    bounties: str
    paid: str


def campaign(row: dict[str, Any]) -> Campaign:
    """From a row of the index."""
    terms = {name: row[name] for name in Terms.model_fields}
    return Campaign(
        **{name: row[name] for name in Campaign.model_fields if name in row}
        | {name: digits(row[name]) for name in ("paid", "refund", "fees", "burned")}
        | {name: address_of(row[name]) for name in ("spec", "public_key", "model", "result")}
        | {"title": row["title"] or None, "id": hexed(row["id"]), "salt": hexed(row["salt"])}
        | {"terms": terms | {name: digits(row[name]) for name in ("bounty", "stake", "fee")}}
    )


def submission(row: dict[str, Any]) -> Submission:
    """From a row of the index."""
    return Submission(
        **{name: row[name] for name in Submission.model_fields if name in row}
        | {"campaign": hexed(row["campaign"]), "index": row["place"], "payout": digits(row["payout"])}
        | {"update": address_of(row["digest"]), "model": address_of(row["model"])}
    )


def miner(row: dict[str, Any]) -> Miner:
    """From a row of the index."""
    return Miner(**row | {"earned": digits(row["earned"])})


def capsule(row: dict[str, Any]) -> Capsule:
    """From a row of the index."""
    verdicts = sum(row[name] for name in ("improved", "no_gain", "malformed", "unavailable"))
    return Capsule(
        **{name: row[name] for name in Capsule.model_fields if name in row},
        mean_opening_seconds=_mean(row["opening_seconds"], row["opened"]),
        mean_verdict_seconds=_mean(row["verdict_seconds"], verdicts),
        unavailable_hours=round(row["unavailable_seconds"] / 3600, 2),
    )


def day(row: dict[str, Any]) -> Day:
    """From a row of the index."""
    return Day(**row | {name: digits(row[name]) for name in ("bounties", "paid")})


def token(row: dict[str, Any]) -> Token:
    """From a row of the index."""
    return Token(**row)


def gas_day(row: dict[str, Any]) -> GasDay:
    """From a row of the index."""
    mean = round(row["used"] / row["transactions"], 1)
    return GasDay(**row | {"cost": str(int(row["cost"])), "mean": mean})


def digits(padded: str | None) -> str | None:
    """An amount without its leading zeros.

    >>> digits("0000025")
    '25'
    """
    return None if padded is None else str(int(padded))


def hexed(octets: bytes) -> str:
    """Octets as 0x..."""
    return "0x" + bytes(octets).hex()


def address_of(digest: bytes | None) -> str | None:
    """The CID of 32 bytes on chain; None for none, and for what cannot be one."""
    if digest is None:
        return None
    try:
        return str(Cid.from_bytes32(bytes(digest)))
    except CidError:
        return None


def _mean(total: int, count: int) -> float | None:
    return round(total / count, 1) if count else None
