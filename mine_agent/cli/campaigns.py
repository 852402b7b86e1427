"""`mine-agent campaigns`: what is open, what it pays, whether the data fit and what the owner's rules say."""

from __future__ import annotations

from pysonar.party.cli.console import Format, FormatOption, HomeOption, command, print_rows
from pysonar.party.cli.progress import progress
from pysonar.party.wording import format_time, in_asset, short_id
from pysonar.protocol.amounts import format_ppm


@command
def campaigns(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """List the open campaigns, and say for each whether this mine works for it and why not.

    "left" is what the campaign can still pay, "a point pays" what raising the accuracy by one percentage
    point does; "covers" is the share of its fields that your best data set has; "a visit" is the time of one
    training on this machine and the bytes down and up; "price in privacy" is what joining spends of your
    budget at most: nothing, if the same data were released for another campaign with the same schema (see
    `mine-agent ledger`). "why" names everything that speaks against it; values are read for it if all data
    together have few enough rows, else `data check` does it. Nothing is sent, and nobody learns that you
    looked.
    """
    from mine_agent.campaigns.overview import open_campaigns
    from mine_agent.cli.connect import connect_and_read, home_path
    from mine_agent.rows.campaigns import campaign_row, unfit_values

    connection = connect_and_read(home_path(home))
    data_sets, policy = connection.home.data().all(), connection.home.policy()
    with progress() as shown:
        task = shown.add_task("campaigns", total=None)
        listings = open_campaigns(
            connection,
            data_sets,
            policy,
            progress=lambda done, of: shown.update(task, completed=done, total=of),
        )
        shown.update(task, total=None, description="values")
        unfit = unfit_values(listings, data_sets, policy)
    rows = [campaign_row(listing, why) for listing, why in zip(listings, unfit, strict=True)]
    if form is Format.TABLE:
        for row in rows:
            show = in_asset(connection.web3, row["asset"])
            row |= {
                name: show(row[name]) for name in ("bounty", "left", "point_pays") if row[name] is not None
            }
    print_rows(
        rows,
        {
            "campaign": "campaign",
            "title": "title",
            "purpose": "purpose",
            "bounty": "bounty",
            "left": "left",
            "point_pays": "a point pays",
            "best_ppm": "best",
            "target_ppm": "target",
            "submit_until": "open until",
            "data": "data",
            "coverage": "covers",
            "visit": "a visit",
            "privacy": "price in privacy",
            "joins": "joins",
            "rules": "why",
        },
        form=form,
        show={
            "campaign": short_id,
            "best_ppm": format_ppm,
            "target_ppm": format_ppm,
            "coverage": lambda share: f"{share:.0%}",
            "submit_until": format_time,
        },
        empty="no campaign is open",
    )
