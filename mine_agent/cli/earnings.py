"""`mine-agent earnings` and `mine-agent claim`: what came in, and getting it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pysonar.party.cli.console import (
    ExitCode,
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    acting,
    command,
    note,
    print_rows,
    warn,
)
from pysonar.party.cli.output import out
from pysonar.party.wording import about, format_time, in_asset, short, short_id

if TYPE_CHECKING:
    from mine_agent.connection import Connection

_CSV_COLUMNS = (
    "campaign", "state", "submitted", "improved", "no_gain", "lost", "waiting", "withdrawn",
    "promised", "pending", "claimable", "claimed", "staked", "burned", "fees", "gas", "spent", "net", "asset",
)  # fmt: skip


_PAYMENT_COLUMNS = ("block", "time", "campaign", "what", "asset", "amount", "total")


class EarningsFormat(StrEnum):
    """How earnings are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@command
def earnings(
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Draw the running total of ether over time into this SVG file.", metavar="FILE.svg"
        ),
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="List every payment in the order of time, with the running total.")
    ] = False,
    home: HomeOption = None,
    form: Annotated[
        EarningsFormat,
        typer.Option("--format", help="A table for people, one JSON document, or CSV for a spreadsheet."),
    ] = EarningsFormat.TABLE,
) -> None:
    """Show for each campaign what this mine submitted, earned and spent.

    "promised" is what verdicts announced; of it "pending" is due at settlement, "claimable" now, "claimed"
    was sent already (stakes that come back are in these three, too). "staked" waits for verdicts, "burned"
    is lost. "gas" is what the transactions cost, those that failed, too. "net" is promised less burned
    stakes, fees and gas, which is ether, and left out where a campaign pays in a token. JSON and CSV have
    every wei.
    """
    from mine_agent.campaigns.income import entries, picture
    from mine_agent.cli.connect import connect_and_read, home_path
    from mine_agent.rows.earnings import AMOUNTS, earnings_rows
    from pysonar.party.cli.writing import write_text

    connection = connect_and_read(home_path(home))
    if plot is not None:
        write_text(plot, picture(connection, entries(connection)))
        note(f"drawn to {plot}")
    if each:
        _list_payments(connection, form)
        return
    rows = earnings_rows(connection)
    if form is EarningsFormat.CSV:
        out().write(as_csv(rows))
        return
    total = _in_all(connection, rows)
    if form is EarningsFormat.TABLE:
        for row in rows:
            show = in_asset(connection.web3, row["asset"])
            row |= {name: show(row[name]) for name in (*AMOUNTS, "spent")}
    print_rows(
        rows,
        {
            "campaign": "campaign",
            "state": "state",
            "outcomes": "submissions",
            "promised": "promised",
            "claimable": "claimable",
            "claimed": "claimed",
            "staked": "staked",
            "gas": "gas",
            "spent": "spent",
            "net": "net",
        },
        form=Format(form.value),
        show={
            "campaign": short_id,
            "gas": lambda text: about(int(text)),
        },
        empty="this mine has submitted nothing yet",
    )
    if rows and form is EarningsFormat.TABLE:
        note(f"in all: {total}")


def _in_all(connection: Connection, rows: list[dict[str, Any]]) -> str:
    """Of each asset what was promised, spent and is left; and the gas of all campaigns, which is ether."""
    parts = []
    for asset in dict.fromkeys(row["asset"] for row in rows):
        own, show = [row for row in rows if row["asset"] == asset], in_asset(connection.web3, asset)
        promised, spent, net = (sum(int(row[name]) for row in own) for name in ("promised", "spent", "net"))
        parts.append(f"{show(promised)} promised, {show(spent)} spent, {show(net)} net")
    return "; ".join([*parts, f"{about(sum(int(row['gas']) for row in rows))} of gas"])


def _list_payments(connection: Connection, form: EarningsFormat) -> None:
    from mine_agent.rows.earnings import payment_rows

    rows = payment_rows(connection)
    if form is EarningsFormat.CSV:
        out().write(as_csv(rows, _PAYMENT_COLUMNS))
        return
    if form is EarningsFormat.TABLE:
        for row in rows:
            show = in_asset(connection.web3, row["asset"])
            row |= {name: show(row[name]) for name in ("amount", "total")}
    print_rows(
        rows,
        {"time": "time (UTC)", "campaign": "campaign", "what": "what", "amount": "amount", "total": "total"},
        form=Format(form.value),
        show={"time": format_time, "campaign": short_id},
        empty="this mine has earned and spent nothing yet",
    )


@acting
def claim(
    campaign: Annotated[
        str | None,
        typer.Argument(
            help="One campaign's id, or its first six digits or more; by default all.", metavar="[ID]"
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All campaigns, which is also what happens without an ID.")
    ] = False,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Claim everything that campaigns owe this account now, and wait until it is there.

    Stakes of submissions that will not be judged any more are taken back first. A campaign that cannot be
    claimed, such as one in a token that does not pay, does not hold up the others: it is named, and the exit
    code is 1.

    `mine-agent run` does this by itself after each settlement, unless auto_claim is false in policy.toml;
    while it runs, it holds the account, and this command says so.
    """
    from mine_agent.campaigns.find import campaign_by
    from mine_agent.cli.connect import LOCK_PATIENCE, home_path, open_account
    from mine_agent.connection import Connection
    from mine_agent.home import Home
    from mine_agent.work.claim_all import claim_everything
    from pysonar.party.home.home_lock import home_lock

    if campaign is not None and everything:
        raise typer.BadParameter("give an ID, or --all, not both")
    opened = Home.open(home_path(home))
    signer = open_account(opened, passphrase_file)
    with home_lock(opened.lock, patience=LOCK_PATIENCE, for_a_moment=True):
        connection = Connection.open(opened)
        connection.follower.poll()
        wanted = None if campaign is None else [campaign_by(connection, campaign)]
        claiming = claim_everything(connection, connection.outbox(signer), campaigns=wanted)
    claimed = claiming.claims
    rows = [
        {
            "campaign": "0x" + entry.campaign.hex(),
            "asset": entry.asset,
            "amount": str(entry.amount),
            "gas": str(entry.gas),
            "transaction": entry.transaction,
        }
        for entry in claimed
    ]
    sums: dict[str, int] = {}
    for entry in claimed:
        sums[entry.asset] = sums.get(entry.asset, 0) + entry.amount
    if form is Format.TABLE:
        for row in rows:
            row["amount"] = in_asset(connection.web3, row["asset"])(row["amount"])
    print_rows(
        rows,
        {"campaign": "campaign", "amount": "amount", "gas": "gas", "transaction": "transaction"},
        form=form,
        show={
            "campaign": short_id,
            "transaction": short,
            "gas": lambda text: about(int(text)),
        },
        empty="nothing to claim now",
    )
    if claimed and form is Format.TABLE:
        total = " and ".join(in_asset(connection.web3, asset)(amount) for asset, amount in sums.items())
        note(f"claimed {total} in all")
    for refused in claiming.unclaimed:
        warn(f"campaign {short_id(refused.campaign)} was not claimed: {refused.why}")
    if claiming.unclaimed:
        raise typer.Exit(int(ExitCode.FAILED))


def as_csv(rows: list[dict[str, Any]], names: Sequence[str] = _CSV_COLUMNS) -> str:
    """The rows with a header line; amounts in wei, submissions as numbers."""
    columns = [name for name in names if not rows or name in rows[0]]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
