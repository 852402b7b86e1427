"""The ledger of a home: charged beforehand, never twice, never lost, and noticed when somebody touches it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mine_agent.privacy.budget import Budget
from mine_agent.privacy.entries import Kind
from mine_agent.privacy.errors import (
    BudgetSpentError,
    LedgerDamagedError,
    LedgerError,
    LedgerUnusableError,
)
from mine_agent.privacy.ledger import Ledger
from openmined_syft.errors import OpenMinedError, PrivacyError
from openmined_syft.privacy import Clip, NoisedSums, exact_sums, on_grid
from openmined_syft.privacy.accounting import SMALLEST_RHO

ACCOUNT, OTHER = "0x" + "aa" * 20, "0x" + "bb" * 20
CAMPAIGN, KEY = b"\1" * 32, b"\2" * 32
BUDGET = Budget(10.0, 3.0, 1e-6)
NOW = 1_800_000_000


def open_ledger(folder: Path, now: int = NOW) -> Ledger:
    return Ledger.open(folder, account=ACCOUNT, now=now)


def charge(ledger: Ledger, key: bytes = KEY, rho: Fraction | None = None, now: int = NOW) -> None:
    ledger.charge(key, rho or BUDGET.price_rho, BUDGET, campaign=CAMPAIGN, data="rows", now=now)


def release(rho: Fraction = BUDGET.price_rho) -> NoisedSums:
    return exact_sums(on_grid([[0.5, 1.0]], [[1.0]], Clip(1.0, 1.0))).noised(rho)


def keep(ledger: Ledger, noised: NoisedSums, key: bytes = KEY) -> NoisedSums:
    return ledger.keep(key, noised, campaign=CAMPAIGN, data="rows", now=NOW)


def filled(folder: Path) -> Ledger:
    """Two charges, of which one was drawn, and a gradient."""
    ledger = open_ledger(folder)
    charge(ledger)
    keep(ledger, release())
    ledger.note(b"\7" * 32, KEY, campaign=CAMPAIGN, data="rows", now=NOW)
    charge(ledger, b"\3" * 32)
    return ledger


def test_a_release_is_charged_stored_and_handed_out_again_for_nothing(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    assert ledger.release(KEY) is None
    charge(ledger)
    drawn = release()
    stored = keep(ledger, drawn)
    np.testing.assert_array_equal(stored.triangle, drawn.triangle)

    again = open_ledger(tmp_path)
    found = again.release(KEY)
    assert found is not None
    np.testing.assert_array_equal(found.pulls, drawn.pulls)
    assert again.spent() == BUDGET.price_rho
    kinds = [entry.kind for entry in again.entries()]
    assert kinds == [Kind.OPENED, Kind.CHARGED, Kind.RELEASED]


def test_the_limit_is_reached_exactly_and_refused_beyond_however_little(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    charge(ledger, b"a", BUDGET.limit - SMALLEST_RHO)
    charge(ledger, b"b", SMALLEST_RHO)
    assert ledger.spent() == BUDGET.limit
    for almost_nothing in (SMALLEST_RHO, Fraction(1, 10**400), Fraction(5e-324)):
        with pytest.raises(BudgetSpentError, match="the owner raises privacy_budget"):
            charge(ledger, b"c", almost_nothing)
    assert len(ledger.entries()) == 3


@pytest.mark.parametrize("bad", [Fraction(0), Fraction(-1, 3)])
def test_a_cost_of_nothing_or_less_is_not_charged(tmp_path: Path, bad: Fraction) -> None:
    ledger = open_ledger(tmp_path)
    with pytest.raises(PrivacyError, match="needs a cost above 0"):
        ledger.charge(KEY, bad, BUDGET, campaign=CAMPAIGN, data="rows", now=NOW)
    assert ledger.spent() == 0


def test_a_limit_that_the_owner_has_lowered_below_what_is_spent_allows_nothing(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    charge(ledger)
    with pytest.raises(BudgetSpentError):
        ledger.charge(b"x", SMALLEST_RHO, Budget(3.0, 3.0), campaign=CAMPAIGN, data="rows", now=NOW)


def test_equal_spending_in_any_order_leaves_the_same(tmp_path: Path) -> None:
    costs = [Fraction(1, 3), Fraction(1, 7), Fraction(1, 10), Fraction(3, 11)]
    totals = set()
    for turn in range(4):
        ledger = open_ledger(tmp_path / str(turn))
        for rho in costs[turn:] + costs[:turn]:
            charge(ledger, bytes([turn]), rho)
        totals.add(ledger.spent())
    assert totals == {sum(costs, Fraction(0))}


def test_a_charge_whose_release_was_never_stored_stays_spent_and_the_next_is_charged_too(
    tmp_path: Path,
) -> None:
    charge(open_ledger(tmp_path))
    ledger = open_ledger(tmp_path)
    assert ledger.release(KEY) is None
    charge(ledger)
    assert ledger.spent() == 2 * BUDGET.price_rho


def test_what_was_not_charged_is_not_stored(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    with pytest.raises(LedgerDamagedError, match="no charge for a release"):
        keep(ledger, release())
    assert ledger.release(KEY) is None


def test_of_two_draws_for_one_key_the_first_is_used_by_everybody(tmp_path: Path) -> None:
    ledger, other = open_ledger(tmp_path), open_ledger(tmp_path)
    charge(ledger)
    charge(other)
    first = keep(ledger, release())
    second = keep(other, release())
    np.testing.assert_array_equal(first.triangle, second.triangle)


DRIVER = """
import os, signal, sys
from fractions import Fraction
from pathlib import Path
from mine_agent.privacy import ledger_file
from mine_agent.privacy.budget import Budget
from mine_agent.privacy.ledger import Ledger
from openmined_syft.privacy import Clip, exact_sums, on_grid
folder, point = Path(sys.argv[1]), sys.argv[2]
budget = Budget(10.0, 3.0, 1e-6)
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
ledger = Ledger.open(folder, account="0x" + "aa" * 20, now=1_800_000_000)
where = dict(campaign=b"\\1" * 32, data="rows", now=1_800_000_000)
if point == "appended, not committed":
    append = ledger_file.LedgerFile.append
    ledger_file.LedgerFile.append = lambda self, entry: (append(self, entry), die())
if point == "committed, length not noted":
    ledger_file.LedgerFile._note_head = die
ledger.charge(b"\\2" * 32, budget.price_rho, budget, **where)
if point == "charged":
    die()
noised = exact_sums(on_grid([[0.5, 1.0]], [[1.0]], Clip(1.0, 1.0))).noised(budget.price_rho)
if point == "drawn":
    die()
if point == "storing":
    ledger_file.LedgerFile.keep_release = die
ledger.keep(b"\\2" * 32, noised, **where)
die()
"""


@pytest.mark.parametrize(
    ("point", "charged", "stored"),
    [
        ("appended, not committed", False, False),
        ("committed, length not noted", True, False),
        ("charged", True, False),
        ("drawn", True, False),
        ("storing", True, False),
        ("stored", True, True),
    ],
)
def test_killed_anywhere_it_has_charged_for_whatever_was_drawn(
    tmp_path: Path, point: str, charged: bool, stored: bool
) -> None:
    open_ledger(tmp_path).close()
    killed = subprocess.run(
        [sys.executable, "-c", DRIVER, str(tmp_path), point], capture_output=True, text=True
    )
    assert killed.returncode == -9, killed.stderr
    ledger = open_ledger(tmp_path)
    assert ledger.spent() == (BUDGET.price_rho if charged else 0)
    assert (ledger.release(KEY) is not None) is stored
    charge(ledger)  # and it goes on


SPENDER = """
import sys
from pathlib import Path
from mine_agent.privacy.budget import Budget
from mine_agent.privacy.errors import BudgetSpentError
from mine_agent.privacy.ledger import Ledger
budget = Budget(10.0, 3.0, 1e-6)
ledger = Ledger.open(Path(sys.argv[1]), account="0x" + "aa" * 20, now=1_800_000_000)
done = 0
try:
    for turn in range(20):
        ledger.charge(bytes([turn]), budget.price_rho, budget, campaign=b"", data="", now=1_800_000_000)
        done += 1
except BudgetSpentError:
    print(done)
"""


def test_two_processes_together_spend_no_more_than_the_budget(tmp_path: Path) -> None:
    open_ledger(tmp_path).close()
    spenders = [
        subprocess.Popen([sys.executable, "-c", SPENDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    done = [int(spender.communicate(timeout=60)[0]) for spender in spenders]
    affordable = int(BUDGET.limit / BUDGET.price_rho)
    assert sum(done) == affordable == 8
    assert open_ledger(tmp_path).spent() == affordable * BUDGET.price_rho


def test_a_reader_sees_a_whole_ledger_while_another_process_writes(tmp_path: Path) -> None:
    writer_ledger = open_ledger(tmp_path)
    stop = threading.Event()
    faults: list[LedgerError] = []

    def read() -> None:
        reader = open_ledger(tmp_path)
        while not stop.is_set():
            try:
                reader.entries()
            except LedgerError as error:
                faults.append(error)
        reader.close()

    thread = threading.Thread(target=read)
    thread.start()
    for turn in range(15):
        writer_ledger.note(bytes([turn]) * 32, None, campaign=CAMPAIGN, data="rows", now=NOW)
    stop.set()
    thread.join()
    assert faults == []


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


def test_every_error_is_one_of_the_project(tmp_path: Path) -> None:
    for kind in (LedgerDamagedError, LedgerUnusableError, BudgetSpentError):
        assert issubclass(kind, OpenMinedError)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.0, 3.0, 1e-6), "epsilon"), ((-1.0, 3.0, 1e-6), "epsilon"), ((float("inf"), 3.0, 1e-6), "epsilon"),
        ((float("nan"), 3.0, 1e-6), "epsilon"), ((10.0, 0.0, 1e-6), "epsilon"), ((10.0, 3.0, 0.0), "delta"),
        ((10.0, 3.0, 1.0), "delta"), ((10.0, 3.0, float("nan")), "delta"),
        ((3.0, 3.1, 1e-6), "privacy_price"),
    ],
)  # fmt: skip
def test_a_budget_that_means_nothing_is_refused(values: tuple[float, float, float], said: str) -> None:
    with pytest.raises(PrivacyError, match=said):
        Budget(*values)


def test_a_campaigns_floor_lowers_the_price_and_never_raises_it() -> None:
    assert BUDGET.for_floor(100.0, 1e-6) == BUDGET.price_rho
    assert BUDGET.for_floor(1.0, 1e-6) < BUDGET.price_rho
    with pytest.raises(PrivacyError, match="delta 0"):
        BUDGET.for_floor(1.0, 0.0)
