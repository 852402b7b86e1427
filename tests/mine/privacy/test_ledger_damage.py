"""A ledger that was edited, cut, exchanged, copied back or lost stops the mine, and says why."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from mine_agent.privacy.budget import Budget
from mine_agent.privacy.errors import (
    BudgetSpentError,
    LedgerDamagedError,
    LedgerError,
    LedgerUnusableError,
)
from mine_agent.privacy.ledger import Ledger
from tests.mine.privacy.ledgers import (
    ACCOUNT,
    BUDGET,
    CAMPAIGN,
    KEY,
    NOW,
    OTHER,
    charge,
    filled,
    keep,
    open_ledger,
    release,
)


def tampered(folder: Path, statement: str, *arguments: object) -> None:
    database = sqlite3.connect(folder / "ledger.sqlite")
    for trigger in ("entries_stay", "entries_remain"):
        database.execute(f"drop trigger {trigger}")
    database.execute(statement, arguments)
    database.commit()
    database.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("update entry set rho = '1/1000000' where number = 2", "was changed at entry 2"),
        ("update entry set time = time + 1 where number = 1", "was changed at entry 1"),
        ("update entry set data = 'others' where number = 4", "was changed at entry 4"),
        ("update entry set rho = 'nothing' where number = 2", "not an entry"),
        ("update entry set rho = '1/0' where number = 2", "not an entry"),
        ("update entry set kind = 'gift' where number = 2", "not an entry"),
        ("delete from entry where number = 2", "lacks entry 2"),
        ("delete from entry where number >= 4", "ends at entry 3, but had 5"),
        ("delete from entry where number >= 2", "ends at entry 1, but had 5"),
        ("delete from entry", "ends at entry 0, but had 5"),
    ],
)
def test_an_edited_or_shortened_ledger_stops_the_mine(tmp_path: Path, statement: str, said: str) -> None:
    filled(tmp_path).close()
    tampered(tmp_path, statement)
    with pytest.raises(LedgerDamagedError, match=said):
        open_ledger(tmp_path)


def test_the_database_itself_refuses_to_change_or_forget_an_entry(tmp_path: Path) -> None:
    filled(tmp_path).close()
    database = sqlite3.connect(tmp_path / "ledger.sqlite")
    for statement in ("update entry set rho = '0'", "delete from entry"):
        with pytest.raises(sqlite3.IntegrityError, match="append only"):
            database.execute(statement)


def test_an_exchanged_or_lost_release_is_not_used(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    content = sqlite3.connect(tmp_path / "ledger.sqlite").execute("select content from release").fetchone()[0]
    tampered(tmp_path, "update release set content = ?", content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(LedgerDamagedError, match="another release than its entries say"):
        ledger.release(KEY)
    database = sqlite3.connect(tmp_path / "ledger.sqlite")
    database.execute("delete from release")
    database.commit()
    with pytest.raises(LedgerDamagedError, match="another release"):
        ledger.release(KEY)


def test_bytes_turned_anywhere_in_the_file_are_noticed_or_without_effect(tmp_path: Path) -> None:
    filled(tmp_path / "home").close()
    whole = (tmp_path / "home" / "ledger.sqlite").read_bytes()
    expected = [entry.hash for entry in open_ledger(tmp_path / "home").entries()]
    noticed = 0
    for place in range(0, len(whole), 311):
        spoiled = bytearray(whole)
        spoiled[place] ^= 0x55
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(tmp_path / "home", copy)
        (copy / "ledger.sqlite").write_bytes(spoiled)
        try:
            ledger = open_ledger(copy)
            assert [entry.hash for entry in ledger.entries()] == expected
            ledger.release(KEY)
        except LedgerError:
            noticed += 1
    assert noticed > 5


def test_cut_off_in_the_middle_the_file_is_damaged(tmp_path: Path) -> None:
    filled(tmp_path).close()
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(LedgerDamagedError):
        open_ledger(tmp_path)


def test_no_ledger_and_no_database_at_all(tmp_path: Path) -> None:
    filled(tmp_path).close()
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database, " * 100)
    with pytest.raises(LedgerDamagedError, match="not a ledger"):
        open_ledger(tmp_path)
    (tmp_path / "ledger.sqlite").unlink()
    with pytest.raises(LedgerDamagedError, match="is gone"):
        open_ledger(tmp_path)


def test_an_old_copy_is_noticed_by_the_note_of_its_length(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    charge(ledger)
    backup = (tmp_path / "ledger.sqlite").read_bytes()
    charge(ledger, b"\3" * 32)
    ledger.close()
    (tmp_path / "ledger.sqlite").write_bytes(backup)
    with pytest.raises(LedgerDamagedError, match="ends at entry 2, but had 3"):
        open_ledger(tmp_path)
    (tmp_path / "ledger.head").unlink()
    with pytest.raises(LedgerDamagedError, match="lost the note of its length"):
        open_ledger(tmp_path)


def test_an_old_copy_of_everything_is_noticed_by_what_the_chain_knows(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    charge(ledger)
    old = {path: path.read_bytes() for path in tmp_path.iterdir()}
    ledger.note(b"\7" * 32, KEY, campaign=CAMPAIGN, data="rows", now=NOW)
    ledger.require_known([b"\7" * 32])
    ledger.close()
    for path, content in old.items():
        path.write_bytes(content)
    back = open_ledger(tmp_path)
    back.require_known([])
    with pytest.raises(LedgerDamagedError, match="knows nothing of gradient 0x0707"):
        back.require_known([b"\7" * 32])


def test_a_note_of_its_length_that_cannot_be_read_is_damage(tmp_path: Path) -> None:
    filled(tmp_path).close()
    for nonsense in ("", "5", "five abc", "0 " + "00" * 32, "5 " + "00" * 32):
        (tmp_path / "ledger.head").write_text(nonsense)
        with pytest.raises(LedgerDamagedError):
            open_ledger(tmp_path)


def test_a_ledger_of_another_mine_is_not_used(tmp_path: Path) -> None:
    filled(tmp_path).close()
    with pytest.raises(LedgerDamagedError, match=f"belongs to {ACCOUNT}, not to {OTHER}"):
        Ledger.open(tmp_path, account=OTHER, now=NOW)


@pytest.mark.parametrize(("back", "told"), [(300, 0), (301, 301), (20 * 365 * 86_400, 20 * 365 * 86_400)])
def test_a_clock_set_back_is_told_and_changes_neither_order_nor_cost(
    tmp_path: Path, back: int, told: int
) -> None:
    """A clock ran ahead once: the mine must not stand still until time has caught up."""
    ledger = open_ledger(tmp_path)
    charge(ledger)
    stored = keep(ledger, release())
    charge(ledger, b"\3" * 32, now=NOW - back)
    assert ledger.clock_behind == told
    assert ledger.spent() == 2 * BUDGET.price_rho
    assert [entry.time for entry in ledger.entries()] == [NOW] * 4
    found = open_ledger(tmp_path, NOW - back).release(KEY)  # what is charged for is used again, for nothing
    assert found is not None
    np.testing.assert_array_equal(found.triangle, stored.triangle)
    with pytest.raises(BudgetSpentError):
        charge(ledger, b"\4" * 32, BUDGET.limit, now=NOW - back)
    charge(ledger, b"\5" * 32, now=NOW + 1)
    assert ledger.clock_behind == 0
    assert ledger.entries()[-1].time == NOW + 1


def test_after_a_loss_the_owner_begins_anew_with_nothing_left(tmp_path: Path) -> None:
    filled(tmp_path).close()
    (tmp_path / "ledger.sqlite").write_bytes(b"gone")
    update = b"\7" * 32
    ledger = Ledger.start_anew(tmp_path, account=ACCOUNT, budget=BUDGET, updates=[update], now=NOW + 1)
    assert ledger.spent() == BUDGET.limit
    with pytest.raises(BudgetSpentError):
        charge(ledger, now=NOW + 1)
    ledger.require_known([update])
    with pytest.raises(LedgerDamagedError):
        ledger.require_known([update, b"\x08" * 32])
    assert (tmp_path / f"ledger.sqlite.lost-{NOW + 1}").read_bytes() == b"gone"
    raised = Budget(20.0, 3.0)
    ledger.charge(KEY, raised.price_rho, raised, campaign=CAMPAIGN, data="rows", now=NOW + 2)


def test_a_ledger_that_cannot_be_written_says_so_and_nothing_is_charged(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    holder = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    holder.execute("begin immediate")
    ledger._file._database.execute("pragma busy_timeout = 50")
    with pytest.raises(LedgerUnusableError, match="another process is using it"):
        charge(ledger)
    holder.execute("rollback")
    ledger._file._database.execute("pragma max_page_count = 1")
    with pytest.raises(LedgerUnusableError, match="the disk is full"):
        ledger.note(bytes(32), None, campaign=CAMPAIGN, data="x" * 100_000, now=NOW)
    assert ledger.spent() == 0
