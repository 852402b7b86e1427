"""Deeds as text, and the keys of the first release that became deeds."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.chain.database import transaction
from pysonar.chain.errors import BadArgumentError
from pysonar.chain.migrations import Tables, migrate
from pysonar.chain.sending.deeds import Action, Deed, capsule_pins, mine_pins, scientist_pins
from pysonar.chain.sending.outbox_records import OutboxRecords, Status
from pysonar.chain.sending.outbox_schema import SCHEMA

ME, CAMPAIGN, OTHER = "0x" + "aB" * 20, b"\x01" * 32, b"\x02" * 32
ID = CAMPAIGN.hex()
DEEDS = st.builds(
    Deed,
    st.sampled_from(Action),
    st.none() | st.binary(min_size=32, max_size=32),
    st.text(st.characters(codec="ascii", exclude_characters=" ")),
)


@given(DEEDS)
def test_text_and_deed_are_inverse(deed: Deed) -> None:
    assert Deed.parse(str(deed)) == deed


@given(DEEDS, DEEDS)
def test_different_deeds_have_different_texts(one: Deed, other: Deed) -> None:
    assert (str(one) == str(other)) is (one == other)


@pytest.mark.parametrize(
    "text", ["", "create", "create/zz/", f"create/{ID[:-2]}/", f"destroy/{ID}/", "create:x"]
)
def test_other_text_is_no_deed(text: str) -> None:
    with pytest.raises(BadArgumentError, match="a deed"):
        Deed.parse(text)


def test_pins_have_one_owner_per_party_and_campaign() -> None:
    owners = {scientist_pins(CAMPAIGN), capsule_pins(CAMPAIGN), mine_pins(ME, CAMPAIGN), mine_pins(ME, OTHER)}
    assert owners == {
        f"scientist/0x{ID}", f"capsule/0x{ID}", f"mine/{ME.lower()}/0x{ID}",
        f"mine/{ME.lower()}/0x{OTHER.hex()}",
    }  # fmt: skip


# What outboxes of the first release hold, by key: the status it had, and the deed it became.
FIRST_KEYS = [
    (f"register:{ID}", "confirmed", Deed(Action.REGISTER, None, f"{ID}.0")),
    (f"register:{ID}:7", "confirmed", Deed(Action.REGISTER, None, f"{ID}.1")),
    (f"create:{ID}", "confirmed", Deed(Action.CREATE, CAMPAIGN)),
    (f"cancel:{ID}", "reverted", Deed(Action.CANCEL, CAMPAIGN)),
    (f"cancel:{ID}:1", "confirmed", Deed(Action.CANCEL, CAMPAIGN)),
    (f"open:{ID}", "confirmed", Deed(Action.OPEN, CAMPAIGN)),
    (f"decline:{ID}", "confirmed", Deed(Action.DECLINE, CAMPAIGN)),
    (f"report:{ID}:0#1", "reverted", Deed(Action.REPORT, CAMPAIGN, "0")),
    (f"report:{ID}:0", "confirmed", Deed(Action.REPORT, CAMPAIGN, "0")),
    (f"deliver:{ID}", "confirmed", Deed(Action.DELIVER, CAMPAIGN)),
    (f"settle/{ID}/0", "confirmed", Deed(Action.SETTLE, CAMPAIGN)),
    (f"submit/{ID}/{OTHER.hex()}", "confirmed", Deed(Action.SUBMIT, CAMPAIGN, OTHER.hex())),
    (f"reclaim/{ID}/3", "confirmed", Deed(Action.RECLAIM, CAMPAIGN, "3")),
    (f"claim/{ID}/0", "reverted", Deed(Action.CLAIM, CAMPAIGN, "0")),
    (f"claim:{ID}", "confirmed", Deed(Action.CLAIM, CAMPAIGN, "0")),
    (f"claim:{ID}:1", "mined", Deed(Action.CLAIM, CAMPAIGN, "1")),
    ("fill:12", "confirmed", Deed(Action.FILL, None, "12")),
    ("of my own", "confirmed", Deed(Action.OTHER, None, "of my own")),
]  # fmt: skip


@pytest.fixture
def first_release() -> sqlite3.Connection:
    """A database whose outbox is in the shape of the first release."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.row_factory = sqlite3.Row
    with transaction(database):
        migrate(database, Tables("outbox", SCHEMA.steps[:1]))
    return database


def put(database: sqlite3.Connection, key: str, nonce: int, status: str, receipt: str | None = None) -> None:
    """A row and its signed bytes, as the first release wrote them."""
    database.execute(
        "insert into outbox values (?, ?, ?, ?, ?, '5', 'label', 21000, ?, null, ?, 1.5)",
        (key, ME, nonce, ME, b"data", status, receipt),
    )
    database.execute(
        "insert into outbox_attempt values (?, ?, ?, 300, 2, 1.5, null)", (bytes([nonce]) * 32, key, b"raw")
    )


def test_keys_of_the_first_release_become_deeds(first_release: sqlite3.Connection) -> None:
    for nonce, (key, status, _) in enumerate(FIRST_KEYS):
        put(first_release, key, nonce, status)

    records = OutboxRecords(first_release, ME)

    assert [pending.deed for pending in records.all()] == [deed for _, _, deed in FIRST_KEYS]
    assert [pending.hashes for pending in records.all()] == [
        ("0x" + bytes([nonce]).hex() * 32,) for nonce in range(len(FIRST_KEYS))
    ]
    current = records.find(Deed(Action.REPORT, CAMPAIGN, "0"))
    assert current is not None
    assert current.status is Status.CONFIRMED
    assert len(records.tries(current.deed)) == 2
    assert len(records.confirmed(Action.CLAIM, ID)) == 1


@pytest.mark.parametrize(
    "receipt",
    [
        "null", "[]", "{}", "not JSON", '{"status": 1}', '{"transactionHash": "0x00", "blockNumber": "0x1"}',
        '{"transactionHash": "0x01", "blockNumber": "0x2", "status": "0x1", "gasUsed": null, "logs": null}',
        '{"transactionHash": "0x01", "blockNumber": "0x2", "status": "0x1", "logs": [{"address": 7}, null]}',
    ],
)  # fmt: skip
def test_a_home_with_an_odd_receipt_is_still_opened(first_release: sqlite3.Connection, receipt: str) -> None:
    put(first_release, f"open:{ID}", 0, "confirmed", receipt)
    (pending,) = OutboxRecords(first_release, ME).all()
    assert pending.status is Status.CONFIRMED
    assert pending.receipt is None or pending.receipt.fee == 0


def test_a_receipt_damaged_at_rest_reads_as_none(first_release: sqlite3.Connection) -> None:
    put(first_release, f"open:{ID}", 0, "confirmed")
    records = OutboxRecords(first_release, ME)
    for text in ("", "null", '{"hash": 1}', '{"hash": "0x01", "block": 1, "events": [{}]}'):
        first_release.execute("update outbox set receipt = ?", (text,))
        assert [pending.receipt for pending in records.all()] == [None]


def test_what_was_called_displaced_without_having_been_seen_is_looked_at_anew(
    first_release: sqlite3.Connection,
) -> None:
    put(first_release, f"create:{ID}", 0, "displaced")
    assert [pending.status for pending in OutboxRecords(first_release, ME).unfinished()] == [Status.WAITING]
