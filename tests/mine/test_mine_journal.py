"""The mine's own records: one row per gradient, failures with growing pauses; and how amounts are told."""

from __future__ import annotations

import sqlite3

import pytest

from mine_agent.connection import Connection
from mine_agent.journal import Journal, OwnSubmission
from pysonar.party.wording import about
from pysonar.pause import Pause

CAMPAIGN, BASE, NEXT = b"\x11" * 32, b"\x33" * 32, b"\x44" * 32


@pytest.fixture
def journal(connection: Connection) -> Journal:
    return connection.journal


def row(journal: Journal, update: bytes, *, base: bytes = BASE, data: bytes = b"\x77" * 32) -> OwnSubmission:
    return journal.add(
        CAMPAIGN,
        data="patients",
        data_digest=data,
        base_version=0,
        base_model=base,
        update=update * 32,
        value=5,
        sealed=b"sealed",
        now=1000,
    )


def test_one_row_per_campaign_data_and_version(journal: Journal) -> None:
    first = row(journal, b"\x01")
    with pytest.raises(sqlite3.IntegrityError):
        row(journal, b"\x02")
    row(journal, b"\x02", base=NEXT)
    row(journal, b"\x03", data=b"\x78" * 32)
    journal.give_up(first, "for the test", now=1)
    row(journal, b"\x04")
    assert [entry.given_up for entry in journal.submissions()] == ["for the test", None, None, None]


def test_a_closed_row_has_lost_its_bytes_and_keeps_its_time(journal: Journal) -> None:
    made = row(journal, b"\x01")
    assert (made.sealed, made.closed_at) == (b"sealed", None)
    journal.close(made, now=7)
    journal.close(made, now=9)
    (closed,) = journal.submissions(CAMPAIGN)
    assert (closed.sealed, closed.closed_at) == (None, 7)


def test_failures_pause_longer_and_are_forgotten_by_success(journal: Journal) -> None:
    pauses = [
        journal.fail(b"\x01" * 32, "d", "text", now=100, pause=Pause(5, 60)).retry_at - 100 for _ in range(6)
    ]
    assert pauses == [5, 10, 20, 40, 60, 60]
    assert journal.failure(b"\x01" * 32, "other") is None
    journal.succeed(b"\x01" * 32, "d")
    assert journal.failure(b"\x01" * 32, "d") is None


@pytest.mark.parametrize(
    ("wei", "text"),
    [
        (0, "0 wei"),
        (10**18, "1 ETH"),
        (5_263_157_894_736_842_105, "5.263158 ETH"),
        (-5_263_157_894_736_842_105, "-5.263158 ETH"),
        (1005_250_949_081_817_400_569, "1005.250949 ETH"),
        (123_456_789_012, "123.456789 gwei"),
    ],
)
def test_tables_round_what_is_long(wei: int, text: str) -> None:
    assert about(wei) == text
