"""`capsule campaigns`: every campaign that names this Capsule, as the chain has it, and what stands in
its way.
"""

from __future__ import annotations

from typing import Any

from pysonar.party.cli.console import Format, FormatOption, HomeOption, command, print_rows
from pysonar.party.wording import format_time, short_id
from pysonar.protocol.amounts import format_ppm


@command
def campaigns(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """List the campaigns that name this Capsule, oldest first.

    "problem" is what went wrong last (`capsule run` tries again by itself), or why the campaign was declined.
    No passphrase is needed: what is shown is on chain.
    """
    from openmined_oracle.cli.connect import connect_and_read, home_path
    from openmined_oracle.overview import overview
    from pysonar.chain.contract.tokens import asset_for_people

    connection = connect_and_read(home_path(home))
    rows: list[dict[str, Any]] = [
        {
            "campaign": entry.record.hex_id,
            "state": entry.state,
            "scientist": entry.record.owner,
            "asset": entry.record.terms.asset,
            "bounty": str(entry.record.terms.bounty),
            "fee": str(entry.record.terms.fee),
            "start_ppm": entry.record.start,
            "best_ppm": entry.record.best,
            "target_ppm": entry.record.terms.target,
            "version": entry.record.version,
            "submitted": entry.record.submitted,
            "evaluated": entry.record.evaluated,
            "submit_until": entry.record.terms.submit_until,
            "review_until": entry.record.terms.review_until,
            "delivered": entry.record.delivered,
            "problem": entry.problem,
            "declined": entry.declined,
        }
        for entry in overview(connection)
    ]
    if form is Format.TABLE:
        for row in rows:
            asset = asset_for_people(connection.web3, row["asset"])
            row |= {name: asset.show(int(row[name])) for name in ("bounty", "fee")}
            row["problem"] = row["declined"] or row["problem"]
    columns = {
        "campaign": "campaign",
        "state": "state",
        "bounty": "bounty",
        "fee": "fee",
        "best_ppm": "best",
        "target_ppm": "target",
        "submitted": "submitted",
        "evaluated": "evaluated",
        "submit_until": "open until",
        "problem": "problem",
    }
    print_rows(
        rows,
        columns,
        form=form,
        show={
            "campaign": short_id,
            "best_ppm": format_ppm,
            "target_ppm": format_ppm,
            "submit_until": format_time,
        },
        empty="no campaign names this Capsule yet",
    )
