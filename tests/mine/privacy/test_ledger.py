"""The ledger of a home: charged beforehand, never twice, never lost, and noticed when somebody touches it."""

from __future__ import annotations

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
from openmined_syft.errors import OpenMinedError, PrivacyError
from openmined_syft.privacy.accounting import SMALLEST_RHO
from tests.mine.privacy.ledgers import (
    BUDGET,
    CAMPAIGN,
    KEY,
    NOW,
    charge,
    keep,
    open_ledger,
    release,
)


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
