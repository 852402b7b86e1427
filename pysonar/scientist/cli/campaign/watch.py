"""`sonar campaign watch`: a live table of submissions, or one line per event where no terminal is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pysonar.party.cli.console import (
    ExitCode,
    Format,
    FormatOption,
    HomeOption,
    command,
    note,
    print_event,
    seconds_option,
    warn,
)
from pysonar.party.cli.output import output
from pysonar.party.cli.tables import table
from pysonar.scientist.cli.connect import CampaignArgument
from pysonar.scientist.cli.money import Money, money_of

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from pysonar.chain.contract.events import LoggedEvent
    from pysonar.chain.contract.types import CampaignRecord
    from pysonar.scientist.connection import Connection
    from pysonar.scientist.ledger import SubmissionRow


QUIET_SECONDS = 60.0


class Until(StrEnum):
    """What ends the watching."""

    OPENED = "opened"
    DELIVERED = "delivered"
    SETTLED = "settled"


@command
def watch(
    campaign: CampaignArgument,
    until: Annotated[Until, typer.Option(help="When to stop watching.")] = Until.SETTLED,
    timeout: Annotated[
        int | None,
        seconds_option("--timeout", help="Give up after this long, exit code 1.", show_default=False),
    ] = None,
    home: HomeOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Watch a campaign live: each submission's miner, verdict, accuracy before and after where it was paid,
    wei earned, gas; and the time left.

    With --format json, one JSON object per event and line. Exit code 1 if the campaign ends in another
    way than the one watched for (declined, cancelled, never opened, not delivered in time). Needs no
    passphrase.
    """
    from pysonar.scientist.cli.connect import connect_and_read

    connection = connect_and_read(home)
    watcher = _Watcher(connection, connection.find(campaign), form)
    if not watcher.run(until, None if timeout is None else time.monotonic() + timeout):
        raise typer.Exit(int(ExitCode.FAILED))


class _Watcher:
    """Looks at one campaign again and again, and tells what is new."""

    def __init__(self, connection: Connection, campaign: bytes, form: Format) -> None:
        from pysonar.scientist.ledger import Ledger

        self._connection = connection
        self._campaign = campaign
        self._form = form
        self._ledger = Ledger(connection.web3)
        self._told: set[tuple[bytes, int]] = set()
        self._silence = ""
        self._heard = time.monotonic()
        self._money: Money | None = None
        row = connection.journal.with_id(campaign)
        self._name = row.name if row else f"0x{campaign.hex()[:12]}"

    def run(self, until: Until, give_up: float | None) -> bool:
        """Until it came (True), cannot come any more, or the time is over (False)."""
        from rich.live import Live

        shown = output()
        if self._form is Format.JSON or not shown.is_terminal:
            return self._loop(until, give_up, None)
        with Live(console=shown, auto_refresh=False) as live:
            return self._loop(until, give_up, live)

    def _loop(self, until: Until, give_up: float | None, live: Live | None) -> bool:
        from pysonar.chain.errors import NodeError

        warned = False
        while True:
            try:
                reached = self._look(until, live)
                warned = False
            except NodeError as error:
                if not warned:
                    warn(f"{error}; trying again")
                reached, warned = None, True
            if reached is not None:
                return reached
            if give_up is not None and time.monotonic() >= give_up:
                note("the time to watch is over")
                return False
            time.sleep(self._connection.home.settings.poll_seconds)

    def _look(self, until: Until, live: Live | None) -> bool | None:
        """One look: True if it came, False if it cannot come, None to look again."""
        from pysonar.chain.errors import NoSuchCampaignError

        connection = self._connection
        connection.read_events()
        try:
            record, now = connection.confirmed(self._campaign), connection.sonar.now()
        except NoSuchCampaignError:  # created, and not confirmed yet
            return None
        history = connection.follower.history(campaign=self._campaign)
        rows = self._ledger.rows(history)
        money = self._money = self._money or money_of(connection.web3, record.terms.asset)
        if live is None:
            self._tell(history, rows, money)
            self._say_if_quiet(record, now)
        else:
            live.update(_picture(self._name, record, rows, now, money), refresh=True)
        return _reached(until, record, now)

    def _tell(self, history: Sequence[LoggedEvent], rows: Sequence[SubmissionRow], money: Money) -> None:
        from pysonar.chain.contract.events import CampaignEvent
        from pysonar.scientist.cli.views import event_line, event_record

        for logged in history:
            place = (logged.block_hash, logged.log_index)
            if place not in self._told and isinstance(logged.event, CampaignEvent):
                self._told.add(place)
                self._heard = time.monotonic()
                print_event(event_record(logged, rows), event_line(logged.event, money), form=self._form)

    def _say_if_quiet(self, record: CampaignRecord, now: int) -> None:
        """After a minute without news, why there may be none; the same only once."""
        from pysonar.scientist.cli.views import silence

        if time.monotonic() - self._heard >= QUIET_SECONDS:
            self._heard = time.monotonic()
            said = silence(record, now)
            if said and said != self._silence:
                note(said)
            self._silence = said


def _picture(
    name: str, record: CampaignRecord, rows: Sequence[SubmissionRow], now: int, money: Money
) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from pysonar.scientist.cli.views import (
        SUBMISSION_COLUMNS,
        SUBMISSION_SHOW,
        headline,
        silence,
        submission_record,
    )

    records = [submission_record(row) for row in rows]
    return Group(
        Text(headline(record, now, name, money)),
        Text(silence(record, now), style="dim"),
        table(records, SUBMISSION_COLUMNS, show={**SUBMISSION_SHOW, "earned": money}),
    )


def _reached(until: Until, record: CampaignRecord, now: int) -> bool | None:
    from pysonar.chain.contract.types import EMPTY, State

    opened = record.public_key != EMPTY
    over = record.state is State.SETTLED
    if until is Until.SETTLED and over:
        return opened
    if until is Until.OPENED and opened:
        return True
    if until is Until.DELIVERED and record.delivered:
        return True
    never = record.state is State.REQUESTED and now >= record.terms.submit_until
    late = until is Until.DELIVERED and opened and now >= record.terms.review_until
    return False if (over and not opened) or never or late else None
