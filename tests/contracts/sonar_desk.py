"""A desk that brings campaigns into a given state, for tests of Sonar.

What a test is about it does itself with `sonar`; what only has to have happened before, the desk does.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TypedDict, Unpack

from eth_utils import keccak

from tests.builders.terms import ETHER
from tests.contracts.parties import Account, Chain, Contract, Receipt

__all__ = [
    "BURN",
    "DAY",
    "ETHER",
    "NOTHING",
    "NO_ONE",
    "STAGE",
    "Desk",
    "Terms",
    "digest",
    "place",
    "reverts",
]

# The tests run on Foundry through Ape, or on titanoboa in this process: see boa_stage.py.
STAGE = os.environ.get("SONAR_STAGE", "foundry")
if STAGE == "titanoboa":
    from tests.contracts.boa_stage import reverts
else:
    from ape import reverts  # type: ignore[no-redef]

NOTHING = b"\0" * 32
NO_ONE = "0x" + "00" * 20
DAY = 86_400
BURN = "0x000000000000000000000000000000000000dEaD"


def digest(text: str) -> bytes:
    """32 bytes that stand for the CID of something."""
    return keccak(text=text)


def place(base: int, *keys: bytes) -> int:
    """Where in storage the value of a mapping lies: slot of the mapping, keys of 32 bytes."""
    at = base.to_bytes(32)
    for key in keys:
        at = keccak(at + key)
    return int.from_bytes(at)


@dataclass(frozen=True)
class Terms:
    """The terms of a campaign, in the order of the ABI; times are seconds since 1970."""

    spec: bytes
    capsule: str
    asset: str
    bounty: int
    stake: int
    fee: int
    target: int
    min_gain: int
    max_start: int
    submit_until: int
    review_until: int
    max_pending: int
    gap_basis: bool

    def tuple(self) -> tuple[object, ...]:
        """As the ABI wants it."""
        return tuple(self.__dict__.values())


def most_start(terms: Terms) -> int:
    """The highest start that leaves room for one gain."""
    return max(0, terms.target - terms.min_gain)


class TermsChanges(TypedDict, total=False):
    """The terms that a test may name; what they mean stands with `Terms`."""

    spec: bytes
    capsule: str
    asset: str
    bounty: int
    stake: int
    fee: int
    target: int
    min_gain: int
    max_start: int
    submit_until: int
    review_until: int
    max_pending: int
    gap_basis: bool


Report = tuple[str, bytes, int, int, bytes]
"""Miner, update, verdict, accuracy and the digest of the new model."""


@dataclass
class Desk:
    """Creates campaigns and moves them along, in the name of the usual roles."""

    sonar: Contract
    chain: Chain
    scientist: Account
    capsule: Account
    miner: Account
    usual: Terms
    made: int = 0
    terms: dict[bytes, Terms] = field(default_factory=dict)

    def with_terms(self, **changes: Unpack[TermsChanges]) -> Terms:
        """The usual terms, with changes; any start is taken that leaves something to gain."""
        terms = replace(self.usual, **changes)
        return terms if "max_start" in changes else replace(terms, max_start=most_start(terms))

    def requested(self, **changes: Unpack[TermsChanges]) -> bytes:
        """A new campaign; its id."""
        terms = self.with_terms(**changes)
        self.made += 1
        salt = digest(f"salt {self.made}")
        value = terms.bounty if terms.asset == NO_ONE else 0
        self.sonar.create_campaign(terms.tuple(), salt, value=value, sender=self.scientist)
        ident = bytes(self.sonar.campaign_id(self.scientist, terms.spec, salt))
        self.terms[ident] = terms
        return ident

    def opened(self, start: int = 100_000, **changes: Unpack[TermsChanges]) -> bytes:
        """A new campaign that takes submissions; its id."""
        ident = self.requested(**changes)
        self.sonar.open_campaign(ident, digest("public key"), digest("model 0"), start, sender=self.capsule)
        return ident

    def price(self, ident: bytes) -> int:
        """What a submission has to bring along."""
        return self.terms[ident].stake + self.terms[ident].fee

    def submit(self, ident: bytes, name: str, miner: Account | None = None) -> bytes:
        """A submission called `name`; its update."""
        self.submission(ident, name, miner)
        return digest(name)

    def submission(self, ident: bytes, name: str, miner: Account | None = None) -> Receipt:
        """A submission called `name`; its receipt."""
        value = self.price(ident) if self.terms[ident].asset == NO_ONE else 0
        miner = miner or self.miner
        return self.sonar.submit(ident, digest(name), miner, value=value, sender=miner)

    def report(self, ident: bytes, *reports: Report) -> Receipt:
        """Reports by the capsule; the receipt."""
        return self.sonar.report(ident, list(reports), sender=self.capsule)

    def improved(self, ident: bytes, name: str, accuracy: int, miner: Account | None = None) -> Receipt:
        """A submission and its verdict IMPROVED; the receipt of the report."""
        self.submit(ident, name, miner)
        return self.report(ident, self.gain(name, accuracy, miner))

    def gain(self, name: str, accuracy: int, miner: Account | None = None) -> Report:
        """The report IMPROVED of a submission."""
        return (str(miner or self.miner), digest(name), 1, accuracy, digest(f"model of {name}"))

    def no_gain(self, name: str, miner: Account | None = None, verdict: int = 2) -> Report:
        """A report of another verdict on a submission."""
        return (str(miner or self.miner), digest(name), verdict, 0, NOTHING)

    def at(self, time: int) -> None:
        """Let the next transaction happen at `time`."""
        self.chain.pending_timestamp = time

    def after(self, time: int) -> None:
        """Let a block happen at `time`, so that calls see it too."""
        self.chain.pending_timestamp = time
        self.chain.mine()
