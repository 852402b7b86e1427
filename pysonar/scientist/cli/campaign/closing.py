"""`sonar campaign claim`, `settle` and `cancel`: ending campaigns and getting back what is owed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    acting,
    print_record,
    print_rows,
)
from pysonar.party.wording import short_id
from pysonar.scientist.cli.connect import CampaignArgument
from pysonar.scientist.cli.money import money_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pysonar.scientist.campaign import Campaign


@acting
def claim(
    campaign: Annotated[
        str | None,
        typer.Argument(
            metavar="[CAMPAIGN]", help="One campaign; by default all of this home's.", show_default=False
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(help="Address to send it to; by default your own account.", show_default=False),
    ] = None,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Get back what campaigns owe you: the part of the bounty that nobody earned, after settlement."""
    from pysonar.scientist.campaign import Campaign
    from pysonar.scientist.cli.connect import open_scientist
    from pysonar.scientist.errors import ClaimUnfinishedError

    scientist = open_scientist(home, passphrase_file)
    if campaign is not None:
        ids = [scientist.connection.find(campaign)]
    else:
        ids = [row.id for row in scientist.connection.journal.all() if scientist.connection.exists(row.id)]
    rows = []
    claimed: dict[bytes, int] = {}
    for own in ids:
        try:
            amount = Campaign.attach(scientist, own).claim(to)
        except ClaimUnfinishedError as error:
            raise error.after(claimed) from error
        if amount:
            claimed[own] = amount
            shown = str(amount)
            if form is Format.TABLE:
                asset = scientist.connection.sonar.campaign(own).terms.asset
                shown = money_of(scientist.connection.web3, asset)(amount)
            rows.append({"campaign": "0x" + own.hex(), "amount": shown, "to": to or scientist.address})
    print_rows(
        rows,
        {"campaign": "campaign", "amount": "claimed", "to": "sent to"},
        form=form,
        show={"campaign": short_id},
        empty="nothing is owed to you now",
    )


@acting
def settle(
    campaign: CampaignArgument,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """End a campaign that is over, so that everybody can claim. Capsule usually does this."""
    _end(lambda own: own.settle(), campaign, home, passphrase_file, form)


@acting
def cancel(
    campaign: CampaignArgument,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Withdraw a campaign that Capsule has not opened yet; then claim the bounty."""
    _end(lambda own: own.cancel(), campaign, home, passphrase_file, form)


def _end(
    act: Callable[[Campaign], object],
    campaign: str,
    home: Path | None,
    passphrase_file: Path | None,
    form: Format,
) -> None:
    """Do it to the campaign, and print what became of it."""
    from pysonar.scientist.campaign import Campaign
    from pysonar.scientist.cli.connect import open_scientist

    scientist = open_scientist(home, passphrase_file)
    own = Campaign.attach(scientist, campaign)
    act(own)
    record = own.record
    print_record(
        {"campaign": record.hex_id, "state": record.state.name, "claimable": str(own.claimable())},
        {"campaign": "Campaign", "state": "State", "claimable": "Claimable"},
        form=form,
        show={"claimable": money_of(scientist.connection.web3, record.terms.asset)},
    )
