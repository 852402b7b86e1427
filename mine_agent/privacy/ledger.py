"""The ledger of a home: what was spent of its records' privacy, over all campaigns and data sets, for good.

A cost is written down before anything is drawn: a crash in between has charged for nothing, and never the
other way round. A release is stored before anything is computed from it, so what was used is always what is
stored; a charge whose release was never stored stays spent, and the next try is charged again.

The order of the entries is their place in the chain of digests. The budget knows no windows of time, so times
bound nothing and are there for the owner to read: with a clock that was set back, an entry is dated as the
one before it, and charged like any other.

Not here: what a release is made of (see `releases`), and the owner's limit (see `budget`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from fractions import Fraction
from pathlib import Path
from typing import Self

from mine_agent.privacy.budget import Budget
from mine_agent.privacy.entries import FIRST, Entry, Kind, spent
from mine_agent.privacy.errors import BudgetSpentError, LedgerDamagedError
from mine_agent.privacy.ledger_file import FILE, HEAD, LedgerFile
from openmined_syft.errors import PrivacyError
from openmined_syft.privacy import NoisedSums
from pysonar.protocol.canonical import CanonicalError, dumps_cbor, loads_cbor

CLOCK_SLACK = 300
"""Seconds that a clock may be put back without a word: time servers do that."""
MOST_RELEASE_BYTES = 1 << 30


class Ledger:
    """Everything raises LedgerError, and after an error nothing was written."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file
        self.clock_behind = 0
        """By how many seconds the clock was behind the ledger at the last entry; 0 within `CLOCK_SLACK`."""

    @classmethod
    def open(cls, folder: Path, *, account: str, now: int) -> Self:
        """The ledger in a home; made if there never was one. `account`: the mine's address."""
        file = LedgerFile(folder)
        if not file.entries():
            with file.writing() as entries:
                if not entries:
                    opened = Entry(1, now, Kind.OPENED, b"", "", b"", Fraction(0), account, FIRST)
                    file.append(opened.sealed())
        first = file.entries()[0]
        if first.about != account:
            raise LedgerDamagedError(str(file.path), f"belongs to {first.about}, not to {account}")
        return cls(file)

    @classmethod
    def start_anew(
        cls, folder: Path, *, account: str, budget: Budget, updates: Collection[bytes], now: int
    ) -> Self:
        """A new ledger in which the whole budget is spent and `updates` are known, the gradients of this mine
        that the chain knows. Old files stay beside it under other names.
        """
        for name in (FILE, HEAD, f"{FILE}-journal"):
            if (folder / name).exists():
                (folder / name).rename(folder / f"{name}.lost-{now}")
        ledger = cls.open(folder, account=account, now=now)
        with ledger._file.writing() as entries:
            ledger._add(entries, Kind.LOST, now=now, rho=budget.limit)
            for update in updates:
                ledger._add(entries, Kind.LOST, now=now, about=update.hex())
        return ledger

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def entries(self) -> list[Entry]:
        """All of it, checked."""
        return self._file.entries()

    def spent(self) -> Fraction:
        """The sum of all costs."""
        return spent(self._file.entries())

    def charge(
        self, key: bytes, rho: Fraction, budget: Budget, *, campaign: bytes, data: str, now: int
    ) -> None:
        """Write the cost of a release down, if the budget covers it, before anything is drawn.

        Raises:
            BudgetSpentError: it does not; by however little.
        """
        if rho <= 0:
            raise PrivacyError(f"a release that costs {rho} cannot be charged; needs a cost above 0")
        with self._file.writing() as entries:
            total = spent(entries)
            if total + rho > budget.limit:
                raise BudgetSpentError(
                    price=f"{budget.shown(rho):.3g}",
                    spent=f"{budget.shown(total):.3g}",
                    limit=f"{budget.epsilon:g}",
                    delta=budget.delta,
                )
            self._add(entries, Kind.CHARGED, now=now, key=key, rho=rho, campaign=campaign, data=data)

    def keep(self, key: bytes, noised: NoisedSums, *, campaign: bytes, data: str, now: int) -> NoisedSums:
        """Store a release that was charged for; what is stored in the end: the first one of its key.

        Raises:
            LedgerDamagedError: there is no charge for it.
        """
        content = dumps_cbor(noised.to_fields())
        with self._file.writing() as entries:
            if not any(entry.kind is Kind.CHARGED and entry.key == key for entry in entries):
                raise LedgerDamagedError(str(self._file.path), "has no charge for a release that was drawn")
            if _digest_of(entries, key) is None:
                self._file.keep_release(key, content)
                about = hashlib.sha256(content).hexdigest()
                self._add(entries, Kind.RELEASED, now=now, key=key, about=about, campaign=campaign, data=data)
        stored = self.release(key)
        if stored is None:
            raise LedgerDamagedError(str(self._file.path), "lacks a release that it has just stored")
        return stored

    def release(self, key: bytes) -> NoisedSums | None:
        """The release of that key, exactly as it was drawn; None if there is none to use."""
        digest, content = _digest_of(self._file.entries(), key), self._file.release(key)
        if digest is None and content is None:
            return None
        if content is None or digest != hashlib.sha256(content).hexdigest():
            raise LedgerDamagedError(str(self._file.path), "holds another release than its entries say")
        try:
            return NoisedSums.from_fields(loads_cbor(content, max_bytes=MOST_RELEASE_BYTES))
        except (CanonicalError, PrivacyError):
            raise LedgerDamagedError(str(self._file.path), "holds a release that cannot be read") from None

    def note(self, update: bytes, key: bytes | None, *, campaign: bytes, data: str, now: int) -> None:
        """Write down a gradient before it is submitted: from the release of a key, or (None) without noise.
        Free of charge; the same one is written down once.
        """
        about = update.hex()
        with self._file.writing() as entries:
            if not any(entry.about == about and entry.campaign == campaign for entry in entries):
                kind = Kind.UNPROTECTED if key is None else Kind.SUBMITTED
                self._add(entries, kind, now=now, key=key or b"", about=about, campaign=campaign, data=data)

    def require_known(self, updates: Collection[bytes]) -> None:
        """Compare with the gradients that the chain knows of this mine: a ledger without one is an old copy.

        Raises:
            LedgerDamagedError: it lacks one.
        """
        entries = self._file.entries()
        known = {entry.about for entry in entries}
        missing = [update for update in updates if update.hex() not in known]
        if missing:
            raise LedgerDamagedError(
                str(self._file.path),
                f"knows nothing of gradient 0x{missing[0].hex()}, which this mine has submitted: it is an old"
                " copy, or another mine uses this account",
            )

    def _add(
        self,
        entries: list[Entry],
        kind: Kind,
        *,
        now: int,
        key: bytes = b"",
        rho: Fraction = Fraction(0),
        campaign: bytes = b"",
        data: str = "",
        about: str = "",
    ) -> None:
        last = entries[-1]
        behind = last.time - now
        self.clock_behind = behind if behind > CLOCK_SLACK else 0
        entry = Entry(
            last.number + 1, max(now, last.time), kind, campaign, data, key, rho, about, last.hash
        ).sealed()
        self._file.append(entry)
        entries.append(entry)


def _digest_of(entries: list[Entry], key: bytes) -> str | None:
    for entry in entries:
        if entry.kind is Kind.RELEASED and entry.key == key:
            return entry.about
    return None
