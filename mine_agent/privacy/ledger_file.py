"""The ledger's file: an SQLite database that only grows, and beside it a note of how long it was.

`ledger.sqlite` holds entries and releases; a commit is on disk before it counts, and one process writes at
a time. `ledger.head` names the last entry: if the database is cut off or put back from a copy, it lacks that
entry. (Whoever puts back both is noticed as far as the chain knows more gradients than the ledger.)
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from mine_agent.privacy.entries import Entry, Kind, first_fault
from mine_agent.privacy.errors import LedgerDamagedError, LedgerUnusableError
from pysonar.files.secret_file import make_private_directory, replace_secret_file

FILE, HEAD = "ledger.sqlite", "ledger.head"
BUSY_SECONDS = 30.0
_LAST = "select number, hash from entry order by number desc limit 1"
_PASSING = {
    sqlite3.SQLITE_BUSY: "another process is using it",
    sqlite3.SQLITE_LOCKED: "another process is using it",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_IOERR: "the disk fails",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
}
_TABLES = """
create table if not exists entry (number integer primary key, time integer not null, kind text not null,
    campaign blob not null, data text not null, key blob not null, rho text not null, about text not null,
    previous blob not null, hash blob not null) strict;
create table if not exists release (key blob primary key, content blob not null) strict;
create trigger if not exists entries_stay before update on entry
    begin select raise(abort, 'append only'); end;
create trigger if not exists entries_remain before delete on entry
    begin select raise(abort, 'append only'); end;
"""


class LedgerFile:
    """The file of one home. Raises LedgerDamagedError and LedgerUnusableError throughout."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._head = folder / HEAD
        make_private_directory(folder)
        if not self.path.exists() and self._head.exists():
            raise LedgerDamagedError(str(self.path), "is gone")
        with self._telling():
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._database = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            self._database.execute("pragma synchronous=extra")
            self._database.executescript("begin immediate;" + _TABLES + "commit;")

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[list[Entry]]:
        """The checked entries, with the write lock held; what is appended meanwhile is kept together or not
        at all, and is on disk when the block is left.
        """
        with self._telling():
            self._database.execute("begin immediate")
            try:
                entries = self.entries()
                yield entries
                self._database.execute("commit")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("rollback")
                raise
            last = self._database.execute(_LAST).fetchone()
            self._note_head(int(last[0]), bytes(last[1]))

    def entries(self) -> list[Entry]:
        """All entries, each checked against the one before, and all against the note beside."""
        noted = self._noted()  # read first: it is written last
        with self._telling():
            rows = self._database.execute(
                "select number, time, kind, campaign, data, key, rho, about, previous, hash from entry"
                " order by number"
            ).fetchall()
            try:
                entries = [_entry(row) for row in rows]
            except (ValueError, TypeError, ZeroDivisionError):
                raise LedgerDamagedError(str(self.path), "holds something that is not an entry") from None
        fault = first_fault(entries) or _missing(entries, noted)
        if fault is not None:
            raise LedgerDamagedError(str(self.path), fault)
        return entries

    def append(self, entry: Entry) -> None:
        """One entry more; inside `writing`."""
        self._database.execute(
            "insert into entry values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                entry.number, entry.time, entry.kind.value, entry.campaign, entry.data, entry.key,
                str(entry.rho), entry.about, entry.previous, entry.hash,
            ),
        )  # fmt: skip

    def keep_release(self, key: bytes, content: bytes) -> None:
        """A release's bytes; inside `writing`. The first for a key stays."""
        self._database.execute("insert or ignore into release values (?, ?)", (key, content))

    def release(self, key: bytes) -> bytes | None:
        """The bytes that were kept."""
        with self._telling():
            row = self._database.execute("select content from release where key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def _noted(self) -> tuple[int, bytes] | None:
        try:
            number, digest = self._head.read_text(encoding="ascii").split()
            return int(number), bytes.fromhex(digest)
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise LedgerDamagedError(
                str(self.path), f"has an unreadable note of its length, {self._head}"
            ) from None

    def _note_head(self, number: int, digest: bytes) -> None:
        try:
            replace_secret_file(self._head, f"{number} {digest.hex()}\n".encode())
        except OSError as error:
            raise LedgerUnusableError(str(self._head), error.strerror or "it cannot be written") from None

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            passing = _PASSING.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
            if passing is not None:
                raise LedgerUnusableError(str(self.path), passing) from None
            raise LedgerDamagedError(str(self.path), "is not a ledger of this project, or damaged") from None
        except OSError as error:
            raise LedgerUnusableError(str(self.path), error.strerror or "it cannot be opened") from None


def _missing(entries: list[Entry], noted: tuple[int, bytes] | None) -> str | None:
    if noted is None:
        return f"has lost the note of its length, {HEAD}" if len(entries) > 1 else None
    number, digest = noted
    if number > len(entries):
        return f"ends at entry {len(entries)}, but had {number}: it was cut off or is an old copy"
    if number < 1 or entries[number - 1].hash != digest:
        return f"is another one than before at entry {number}"
    return None


def _entry(row: tuple[object, ...]) -> Entry:
    number, time, kind, campaign, data, key, rho, about, previous, digest = row
    return Entry(
        int(str(number)), int(str(time)), Kind(str(kind)), _octets(campaign), str(data), _octets(key),
        Fraction(str(rho)), str(about), _octets(previous), _octets(digest),
    )  # fmt: skip


def _octets(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError
    return value
