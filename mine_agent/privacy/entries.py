"""The lines of the ledger, each bound to the one before by a SHA-256 digest.

    hash = SHA-256(canonical JSON of the entry without its hash, the previous hash included)

Costs are exact fractions of zero-concentrated differential privacy, written as text: "23/128". A line says
what was spent or made known, and holds nothing of a record; its key is a digest that includes a secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from pysonar.protocol.canonical import dumps_json

FORMAT = "openmined/privacy-ledger/1"
FIRST = hashlib.sha256(FORMAT.encode()).digest()
"""What the first entry follows."""


class Kind(StrEnum):
    """What an entry says."""

    OPENED = "opened"  # the ledger begins; `about` is the mine's account
    CHARGED = "charged"  # `rho` is spent, before anything is drawn
    RELEASED = "released"  # the noise is drawn; `about` is the SHA-256 of the stored release
    SUBMITTED = "submitted"  # a gradient from release `key`, free; `about` is its address
    UNPROTECTED = "unprotected"  # a gradient without any noise, by the owner's word; `about` is its address
    LOST = "lost"  # with an earlier ledger: `rho`, the whole budget; or `about`, a gradient's address


@dataclass(frozen=True)
class Entry:
    """One line. `number` counts from 1; `time` in seconds since 1970; `key`, `previous`, `hash` are 32 bytes,
    `campaign` as well, both empty where they mean nothing.
    """

    number: int
    time: int
    kind: Kind
    campaign: bytes
    data: str
    key: bytes
    rho: Fraction
    about: str
    previous: bytes
    hash: bytes = b""

    def digest(self) -> bytes:
        """What `hash` must be."""
        document = {
            "format": FORMAT,
            "number": self.number,
            "time": self.time,
            "kind": self.kind.value,
            "campaign": self.campaign.hex(),
            "data": self.data,
            "key": self.key.hex(),
            "rho": str(self.rho),
            "about": self.about,
            "previous": self.previous.hex(),
        }
        return hashlib.sha256(dumps_json(document)).digest()

    def sealed(self) -> Entry:
        """The entry with its hash."""
        return replace(self, hash=self.digest())


def first_fault(entries: Sequence[Entry]) -> str | None:
    """What is wrong with a chain of entries, in words; None if nothing is."""
    previous = FIRST
    for number, entry in enumerate(entries, 1):
        if entry.number != number:
            return f"lacks entry {number}"
        if entry.previous != previous or entry.hash != entry.digest():
            return f"was changed at entry {number}"
        if (entry.kind is Kind.OPENED) != (number == 1):
            return f"has no beginning where it must be: entry {number} is {entry.kind.value!r}"
        if entry.rho < 0:
            return f"has a negative cost at entry {number}"
        previous = entry.hash
    return None


def spent(entries: Sequence[Entry]) -> Fraction:
    """The sum of all costs, exact, in whatever order they were spent."""
    return sum((entry.rho for entry in entries), Fraction(0))
