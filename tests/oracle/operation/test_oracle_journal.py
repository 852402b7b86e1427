"""The journal: decisions stand, verdicts come in order with their versions, a changed queue is forgotten."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from openmined_oracle.errors import Decline, JournalError
from openmined_oracle.journal import NO_MODEL, SCHEMA, Journal, VerdictRow, Version
from pysonar.chain.database import open_database

CAMPAIGN = bytes([7]) * 32
OWNER = "0x" + "11" * 20
MINER = "0x" + "22" * 20


def connect(path: Path) -> sqlite3.Connection:
    return open_database(
        path / "capsule.sqlite", chain_id=1, genesis=bytes(32), contract="0x" + "33" * 20, tables=[SCHEMA]
    )


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(connect(tmp_path))
    journal.add_campaign(CAMPAIGN, OWNER, b"s" * 32)
    return journal


def digest(number: int) -> bytes:
    return number.to_bytes(32, "big")


def verdict(index: int, version: int, *, model: bytes = NO_MODEL, accuracy: int = 0) -> VerdictRow:
    kind = 2 if model == NO_MODEL else 1
    update = digest(100 + index)
    return VerdictRow(CAMPAIGN, index, MINER, update, kind, accuracy, model, version, b"sealed")


def test_decisions_about_opening_stand(journal: Journal) -> None:
    journal.decide_opening(CAMPAIGN, digest(1), digest(2), 300_000)
    journal.decide_opening(CAMPAIGN, digest(8), digest(9), 1)
    journal.decide_decline(CAMPAIGN, Decline.SPEC_MALFORMED, Decline.SPEC_MALFORMED.value)

    row = journal.campaign(CAMPAIGN)
    assert (row.public_key, row.model, row.start, row.declined) == (digest(1), digest(2), 300_000, None)
    assert journal.current(CAMPAIGN) == Version(0, digest(2), 300_000)


def test_a_declined_campaign_is_not_opened(journal: Journal) -> None:
    journal.decide_decline(CAMPAIGN, Decline.SPEC_MALFORMED, Decline.SPEC_MALFORMED.value)
    journal.decide_decline(CAMPAIGN, Decline.TOO_LARGE, "9 weights")
    journal.decide_opening(CAMPAIGN, digest(1), digest(2), 300_000)

    row = journal.campaign(CAMPAIGN)
    assert row.declined is Decline.SPEC_MALFORMED
    assert row.public_key is None
    with pytest.raises(JournalError, match="never opened"):
        journal.current(CAMPAIGN)


def test_the_first_result_stands(journal: Journal) -> None:
    journal.decide_result(CAMPAIGN, digest(1))
    journal.decide_result(CAMPAIGN, digest(2))
    assert journal.campaign(CAMPAIGN).result == digest(1)


def test_verdicts_make_versions_in_order(journal: Journal) -> None:
    journal.decide_opening(CAMPAIGN, digest(1), digest(2), 0)
    journal.decide_verdict(verdict(0, 1, model=digest(3), accuracy=500))
    journal.decide_verdict(verdict(1, 1))
    journal.decide_verdict(verdict(2, 2, model=digest(4), accuracy=900))

    assert journal.decided(CAMPAIGN) == 3
    assert journal.current(CAMPAIGN).best == 900
    assert journal.version_models(CAMPAIGN) == {0: digest(2), 1: digest(3), 2: digest(4)}


@pytest.mark.parametrize(
    "wrong", [verdict(1, 0), verdict(0, 1), verdict(0, 0, model=digest(3)), verdict(0, 2, model=digest(3))]
)
def test_a_verdict_out_of_line_changes_nothing(journal: Journal, wrong: VerdictRow) -> None:
    journal.decide_opening(CAMPAIGN, digest(1), digest(2), 0)
    with pytest.raises(JournalError):
        journal.decide_verdict(wrong)
    assert journal.decided(CAMPAIGN) == 0
    assert journal.current(CAMPAIGN).version == 0


def test_what_was_decided_survives_reopening(tmp_path: Path, journal: Journal) -> None:
    journal.decide_opening(CAMPAIGN, digest(1), digest(2), 0)
    journal.decide_verdict(verdict(0, 1, model=digest(3), accuracy=500))

    again = Journal(connect(tmp_path))
    assert again.verdicts(CAMPAIGN) == [verdict(0, 1, model=digest(3), accuracy=500)]


def test_a_changed_queue_is_forgotten_from_there_on(journal: Journal) -> None:
    journal.decide_opening(CAMPAIGN, digest(1), digest(2), 0)
    journal.decide_verdict(verdict(0, 1, model=digest(3), accuracy=500))
    journal.decide_verdict(verdict(1, 2, model=digest(4), accuracy=600))
    journal.decide_verdict(verdict(2, 2))

    journal.discard_from(CAMPAIGN, 1)
    assert journal.decided(CAMPAIGN) == 1
    assert journal.current(CAMPAIGN).model == digest(3)
    journal.discard_from(CAMPAIGN, 0)
    assert journal.current(CAMPAIGN).model == digest(2)


def test_a_problem_is_kept_until_the_campaign_moves_on(journal: Journal) -> None:
    journal.fail(CAMPAIGN, "the store is down")
    assert journal.campaign(CAMPAIGN).problem == "the store is down"
    journal.recover(CAMPAIGN)
    assert journal.campaign(CAMPAIGN).problem is None


def test_a_campaign_that_was_never_noted_is_an_error(journal: Journal) -> None:
    with pytest.raises(JournalError, match="not in the journal"):
        journal.campaign(bytes(32))
