"""What tells data apart under a budget: the registration, whatever a database holds meanwhile; and how a home
of an earlier release, which told them apart by their digest, learns of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mine_agent.data.datasets import DataSet
from mine_agent.work.earlier_homes import rename_protected_submissions
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.privacy.ledgers import charges, ledger_of
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.roles import Tell

from .test_bad_input import as_database


def colours_of(mine: Mine) -> DataSet:
    return mine.connection.home.data().get("colours")


def change(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("update colours set a = a + 0.01 where rowid = 1")
        database.commit()


def test_the_identity_is_the_registrations_under_a_budget_and_the_records_without(
    make_mine: Callable[..., Mine], colours: Path
) -> None:
    mine, path = make_mine(), as_database(colours)
    shelf = mine.connection.home.data()
    first = shelf.add("colours", path, replace=True)
    assert first.identity(budgeted=False) == first.digest
    assert first.identity(budgeted=True) != first.digest
    change(path)
    assert shelf.get("colours").identity(budgeted=True) == first.identity(budgeted=True)
    assert first.renewed().identity(budgeted=False) != first.identity(budgeted=False)
    change(path)
    shelf.add("colours", path, replace=True)
    again = shelf.add("colours", path, replace=True)  # unchanged, and registered anew all the same
    assert again.identity(budgeted=True) != shelf.add("colours", path, replace=True).identity(budgeted=True)
    assert again.digest == shelf.get("colours").digest


def test_a_live_database_is_released_and_charged_once_for_each_registration(
    make_mine: Callable[..., Mine],
    small_capsule: SmallCapsule,
    colours: Path,
    miner: KeyfileSigner,
    tell: Tell,
) -> None:
    mine, path = make_mine(), as_database(colours)
    mine.connection.home.data().add("colours", path, replace=True)
    campaign = small_capsule.open()
    assert mine.round() == []
    assert (len(mine.submitted(campaign)), len(charges(mine))) == (1, 1)

    change(path)  # on the same version nothing is submitted again, and nothing is charged
    small_capsule.report(
        campaign, mine.address, mine.submitted(campaign)[0].update, Verdict.IMPROVED, 300_000
    )
    mine.time += 1000
    again = Mine(mine.connection.home, miner, tell)  # read anew after a restart, too
    assert again.round() == []
    assert (len(mine.submitted(campaign)), len(charges(mine))) == (2, 1)
    mine.time += 1000
    assert again.round() == []
    assert (len(mine.submitted(campaign)), len(charges(mine))) == (2, 1)

    small_capsule.report(
        campaign, mine.address, mine.submitted(campaign)[1].update, Verdict.IMPROVED, 400_000
    )
    mine.connection.home.data().add("colours", path, replace=True)  # the owner's word: as they are now
    again.time += 10_000
    assert again.round() == []
    assert (len(mine.submitted(campaign)), len(charges(mine))) == (3, 2)
    assert len({entry.key for entry in charges(mine)}) == 2


@pytest.mark.parametrize("privacy", ["differential", "none"])
def test_a_home_of_an_earlier_release_submits_nothing_twice(
    privacy: str,
    make_mine: Callable[..., Mine],
    small_capsule: SmallCapsule,
    miner: KeyfileSigner,
    tell: Tell,
) -> None:
    mine = make_mine(privacy=privacy)
    campaign = small_capsule.open()
    assert mine.round() == []
    (event,) = mine.submitted(campaign)
    small_capsule.report(campaign, mine.address, event.update, Verdict.NO_GAIN)
    mine.round()
    data, journal = colours_of(mine), mine.connection.journal
    (made,) = journal.submissions()
    assert journal.rename_data(made, data.digest)  # as it was written then

    later = Mine(mine.connection.home, miner, tell)
    later.time += 10_000
    assert later.round() == []
    assert later.round() == []
    assert len(mine.submitted(campaign)) == 1
    assert len(charges(mine)) == (0 if privacy == "none" else 1)
    (found,) = journal.submissions()
    assert found.data_digest == data.identity(budgeted=privacy != "none")
    assert rename_protected_submissions(journal, ledger_of(mine), [data]) == 0


def test_other_data_of_an_earlier_release_keep_their_name(
    mine: Mine, small_capsule: SmallCapsule, colours: Path
) -> None:
    """What was registered anew meanwhile is other data under a budget, changed or not."""
    small_capsule.open()
    mine.round()
    journal, before = mine.connection.journal, colours_of(mine)
    (made,) = journal.submissions()
    journal.rename_data(made, before.digest)
    colours.write_text(colours.read_text() + "0.5,0.5,0.5,red,someone\n")
    mine.connection.home.data().add("colours", colours, replace=True)
    assert rename_protected_submissions(journal, ledger_of(mine), [colours_of(mine)]) == 0
    assert rename_protected_submissions(journal, ledger_of(mine), [before]) == 1
