"""Capsule's memory: what it has decided, written down before anybody learns of it.

Tables in the agent's own SQLite database (opened by `pysonar.chain.database`, so it belongs to one chain
and one contract). Every method is one transaction. The order that the agent keeps is: artifact in the store,
decision here, transaction out; a process killed between any two of them finds here what it must repeat word
for word.

Not here: what the chain tells (the queue; the follower has it), keys (`keystore`), plaintext weights (nowhere
at rest: a version is its encrypted model in the store), and nothing in clear that is finer than the on-chain
report: step, score and reason of a submission are in `private`, sealed by the caller to Capsule's own key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from openmined_oracle.errors import Decline, JournalError
from pysonar.chain.database import transaction
from pysonar.chain.migrations import Tables

_STEP_1 = (
    """create table if not exists oracle_campaigns (
        id blob primary key, owner text not null, spec blob not null, declined text,
        public_key blob, model blob, start integer, result blob,
        problem text, tries integer not null default 0, retry_at real not null default 0,
        closed integer not null default 0
    ) strict""",
    """create table if not exists oracle_versions (
        campaign blob not null, version integer not null, model blob not null, best integer not null,
        primary key (campaign, version)
    ) strict""",
    "create table if not exists oracle_networks (campaign blob primary key) strict",
    """create table if not exists oracle_verdicts (
        campaign blob not null, position integer not null, miner text not null, update_cid blob not null,
        verdict integer not null, accuracy integer not null, model blob not null, version integer not null,
        private blob, primary key (campaign, position)
    ) strict""",
)
_STEP_2 = (  # pauses are kept in memory, by a clock that nobody can set
    "alter table oracle_campaigns drop column tries",
    "alter table oracle_campaigns drop column retry_at",
)
_STEP_3 = (  # what declines may have cost, for their budget
    "create table if not exists oracle_declines (campaign blob primary key, at integer not null,"
    " wei text not null) strict",
)
_STEP_4 = ("alter table oracle_campaigns add column reason text",)  # a decline with its numbers
_STEP_5 = (  # what the store lost of a campaign, or of Capsule itself (no id): since when, and last
    "create table if not exists oracle_store_losses (campaign blob primary key, since integer not null,"
    " at integer not null) strict",
)
SCHEMA = Tables("oracle", (_STEP_1, _STEP_2, _STEP_3, _STEP_4, _STEP_5))

NO_MODEL = bytes(32)


@dataclass(frozen=True)
class CampaignRow:
    """One campaign that names this Capsule. `reason` is what a decline says, None for one that was decided by
    a release without numbers; `problem` is the last failure.
    """

    id: bytes
    owner: str
    spec: bytes
    declined: Decline | None
    reason: str | None
    public_key: bytes | None
    model: bytes | None
    start: int | None
    result: bytes | None
    problem: str | None
    closed: bool


@dataclass(frozen=True)
class Version:
    """A version of the model: the digest of its encrypted artifact and its accuracy in ppm."""

    version: int
    model: bytes
    best: int


@dataclass(frozen=True)
class VerdictRow:
    """What Capsule says of one submission; `version` is the model's version after it."""

    campaign: bytes
    index: int
    miner: str
    update: bytes
    verdict: int
    accuracy: int
    model: bytes
    version: int
    private: bytes | None


class Journal:
    """Reads and writes Capsule's tables. One writer: the thread that opened the connection.

    Args:
        connection: from `pysonar.chain.database.open_database(..., tables=[SCHEMA])`.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    # --- campaigns -----------------------------------------------------------------------------------------

    def add_campaign(self, campaign: bytes, owner: str, spec: bytes) -> None:
        """Note a campaign that names this Capsule; again without effect."""
        self._write(
            "INSERT INTO oracle_campaigns (id, owner, spec) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
            (campaign, owner, spec),
        )

    def campaigns(self) -> list[CampaignRow]:
        """All campaigns, in the order in which they were noted."""
        rows = self.connection.execute(f"SELECT {_CAMPAIGN_FIELDS} FROM oracle_campaigns ORDER BY rowid")  # noqa: S608
        return [_campaign_row(row) for row in rows]

    def active_campaigns(self) -> list[CampaignRow]:
        """Those that are not closed."""
        return [row for row in self.campaigns() if not row.closed]

    def campaign(self, campaign: bytes) -> CampaignRow:
        """One campaign; `JournalError` if it was never noted."""
        row = self.connection.execute(
            f"SELECT {_CAMPAIGN_FIELDS} FROM oracle_campaigns WHERE id = ?",  # noqa: S608
            (campaign,),
        ).fetchone()
        if row is None:
            raise JournalError(f"campaign 0x{campaign.hex()} is not in the journal")
        return _campaign_row(row)

    def decide_decline(self, campaign: bytes, reason: Decline, text: str) -> None:
        """Write down that the campaign will be declined, in these words. The first decision stands."""
        self._write(
            "UPDATE oracle_campaigns SET declined = ?, reason = ? "
            "WHERE id = ? AND declined IS NULL AND public_key IS NULL",
            (reason.name, text, campaign),
        )

    def count_decline(self, campaign: bytes, now: int, wei: int, *, since: int, budget: int) -> bool:
        """Count what declining the campaign costs, if with what declines have cost since then it stays within
        the budget; whether it does. Once counted, it may be sent, however often that is asked.
        """
        with transaction(self.connection):
            rows = self.connection.execute("SELECT campaign, at, wei FROM oracle_declines").fetchall()
            if any(bytes(row[0]) == campaign for row in rows):
                return True
            if sum(int(row[2]) for row in rows if row[1] > since) + wei > budget:
                return False
            self.connection.execute("DELETE FROM oracle_declines WHERE at <= ?", (since - 86_400 * 30,))
            self.connection.execute(
                "INSERT INTO oracle_declines (campaign, at, wei) VALUES (?, ?, ?)", (campaign, now, str(wei))
            )
            return True

    def note_store_loss(self, campaign: bytes, now: int) -> None:
        """Write down that the store was found at the chain's time `now` to have lost something of a campaign,
        or of Capsule itself: b"". Found again within a day it is the same loss, that nobody has mended.
        """
        self._write(
            "INSERT INTO oracle_store_losses (campaign, since, at) VALUES (?, ?, ?) ON CONFLICT (campaign) "
            "DO UPDATE SET since = iif(excluded.at - at > 86400, excluded.at, since), at = excluded.at",
            (campaign, now, now),
        )

    def store_loss(self, campaign: bytes, now: int) -> int:
        """When the store last lost something, as far as it concerns the campaign; 0 if it never did.

        Of what it lost itself the last time that it was missing, of anything else the first: what one
        campaign lacks for good holds up no other.
        """
        (lost,) = self.connection.execute(
            "SELECT coalesce(max(iif(campaign = ?, at, since)), 0) FROM oracle_store_losses", (campaign,)
        ).fetchone()
        if lost > now:  # a node had given another time
            self._write("UPDATE oracle_store_losses SET since = min(since, ?1), at = min(at, ?1)", (now,))
        return min(int(lost), now)

    def open_networks(self) -> int:
        """How many campaigns of networks were opened, or will be, and have not ended."""
        return int(self.connection.execute("SELECT COUNT(*) FROM oracle_networks").fetchone()[0])

    def release_network(self, campaign: bytes) -> None:
        """The campaign has ended, or is on no chain any more: it counts no more."""
        self._write("DELETE FROM oracle_networks WHERE campaign = ?", (campaign,))

    def decide_opening(
        self, campaign: bytes, public_key: bytes, model: bytes, start: int, *, network: bool = False
    ) -> None:
        """Write down what `open_campaign` will say, and version 0. The first decision stands."""
        with transaction(self.connection):
            changed = self.connection.execute(
                "UPDATE oracle_campaigns SET public_key = ?, model = ?, start = ? "
                "WHERE id = ? AND public_key IS NULL AND declined IS NULL",
                (public_key, model, start, campaign),
            ).rowcount
            if changed == 1:
                self.connection.execute(
                    "INSERT INTO oracle_versions (campaign, version, model, best) VALUES (?, 0, ?, ?)",
                    (campaign, model, start),
                )
            if changed == 1 and network:
                self.connection.execute("INSERT INTO oracle_networks (campaign) VALUES (?)", (campaign,))

    def decide_result(self, campaign: bytes, result: bytes) -> None:
        """Write down the sealed result that will be delivered. The first decision stands."""
        self._write(
            "UPDATE oracle_campaigns SET result = ? WHERE id = ? AND result IS NULL", (result, campaign)
        )

    def fail(self, campaign: bytes, problem: str) -> None:
        """Note a failure."""
        self._write("UPDATE oracle_campaigns SET problem = ? WHERE id = ?", (problem, campaign))

    def recover(self, campaign: bytes) -> None:
        """Forget the last failure: the campaign moved on."""
        self._write(
            "UPDATE oracle_campaigns SET problem = NULL WHERE id = ? AND problem IS NOT NULL", (campaign,)
        )

    def close(self, campaign: bytes) -> None:
        """Nothing is left to do for this campaign."""
        self._write("UPDATE oracle_campaigns SET closed = 1, problem = NULL WHERE id = ?", (campaign,))

    # --- versions and verdicts -----------------------------------------------------------------------------

    def current(self, campaign: bytes) -> Version:
        """The latest version that was decided, reported or not."""
        row = self.connection.execute(
            "SELECT version, model, best FROM oracle_versions WHERE campaign = ? "
            "ORDER BY version DESC LIMIT 1",
            (campaign,),
        ).fetchone()
        if row is None:
            raise JournalError(f"campaign 0x{campaign.hex()} has no version yet: it was never opened")
        return Version(*row)

    def version_models(self, campaign: bytes) -> dict[int, bytes]:
        """The digests of all versions' encrypted models, by version."""
        rows = self.connection.execute(
            "SELECT version, model FROM oracle_versions WHERE campaign = ?", (campaign,)
        )
        return {int(row[0]): bytes(row[1]) for row in rows}

    def decided(self, campaign: bytes) -> int:
        """How many submissions have a verdict: the index of the next one to evaluate."""
        row = self.connection.execute(
            "SELECT COALESCE(MAX(position) + 1, 0) FROM oracle_verdicts WHERE campaign = ?", (campaign,)
        ).fetchone()
        return int(row[0])

    def decide_verdict(self, row: VerdictRow) -> None:
        """Write down a verdict and, if it is a gain, the version it makes: all of it or nothing.

        The verdict must be the next in line and the version the successor of the current one.
        """
        with transaction(self.connection):
            if row.index != self.decided(row.campaign):
                raise JournalError(
                    f"verdict on index {row.index} of campaign 0x{row.campaign.hex()}: "
                    f"the next in line is {self.decided(row.campaign)}"
                )
            expected = self.current(row.campaign).version + (row.model != NO_MODEL)
            if row.version != expected:
                raise JournalError(
                    f"verdict on index {row.index} of campaign 0x{row.campaign.hex()} ends at version "
                    f"{row.version}, it should be {expected}"
                )
            self._insert_verdict(row)
            if row.model != NO_MODEL:
                self.connection.execute(
                    "INSERT INTO oracle_versions (campaign, version, model, best) VALUES (?, ?, ?, ?)",
                    (row.campaign, row.version, row.model, row.accuracy),
                )

    def verdicts(self, campaign: bytes, first: int = 0) -> list[VerdictRow]:
        """The verdicts from index `first` on, in order."""
        rows = self.connection.execute(
            "SELECT campaign, position, miner, update_cid, verdict, accuracy, model, version, private "
            "FROM oracle_verdicts WHERE campaign = ? AND position >= ? ORDER BY position",
            (campaign, first),
        )
        return [VerdictRow(*row) for row in rows]

    def discard_from(self, campaign: bytes, index: int) -> None:
        """Forget the verdicts from `index` on and the versions that they made.

        For the one case in which the queue itself changed (a re-org put another submission at that index):
        the contract refuses the old report, so nobody was told.
        """
        with transaction(self.connection):
            self.connection.execute(
                "DELETE FROM oracle_verdicts WHERE campaign = ? AND position >= ?", (campaign, index)
            )
            kept = self.connection.execute(
                "SELECT COALESCE(MAX(version), 0) FROM oracle_verdicts WHERE campaign = ?", (campaign,)
            ).fetchone()[0]
            self.connection.execute(
                "DELETE FROM oracle_versions WHERE campaign = ? AND version > ?", (campaign, kept)
            )

    # --- internals -----------------------------------------------------------------------------------------

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        with transaction(self.connection):
            self.connection.execute(statement, values)

    def _insert_verdict(self, row: VerdictRow) -> None:
        self.connection.execute(
            "INSERT INTO oracle_verdicts (campaign, position, miner, update_cid, verdict, accuracy, model, "
            "version, private) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.campaign,
                row.index,
                row.miner,
                row.update,
                row.verdict,
                row.accuracy,
                row.model,
                row.version,
                row.private,
            ),
        )


_CAMPAIGN_FIELDS = "id, owner, spec, declined, reason, public_key, model, start, result, problem, closed"


def _campaign_row(row: Sequence[object]) -> CampaignRow:
    values = dict(zip(_CAMPAIGN_FIELDS.split(", "), row, strict=True))
    declined = values.pop("declined")
    closed = bool(values.pop("closed"))
    return CampaignRow(
        declined=None if declined is None else Decline[str(declined)],
        closed=closed,
        **values,  # type: ignore[arg-type]
    )
