"""`capsule earnings`: fees and gas, campaign by campaign and in all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pysonar.party.cli.console import Format, FormatOption, HomeOption, command, note, print_rows
from pysonar.party.wording import about, in_asset, short_id

if TYPE_CHECKING:
    from openmined_oracle.earnings import Earnings

_IN_ASSET = ("fees", "claimable", "claimed")


@command
def earnings(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """Show for each campaign what this Capsule earns in fees and what it paid for gas.

    "fees" are of all submissions with a verdict: due at settlement, if the result came in time. "gas" is what
    the transactions cost, including those that failed; registering certificates belongs to no campaign and
    is not in it. "net" is fees less gas, where a campaign pays in ether. JSON has every wei.
    """
    from openmined_oracle.cli.connect import connect_and_read, home_path
    from openmined_oracle.earnings import earnings as earnings_of

    connection = connect_and_read(home_path(home))
    found = earnings_of(connection)
    rows = [_as_row(entry) for entry in found]
    if form is Format.TABLE:
        for row in rows:
            show = in_asset(connection.web3, row["asset"])
            row |= {name: show(row[name]) for name in _IN_ASSET}
    columns = ("campaign", "state", "judged", "fees", "claimable", "claimed", "gas", "net")
    print_rows(
        rows,
        {name: name for name in columns},
        form=form,
        show={
            "campaign": short_id,
            "gas": lambda text: about(int(text)),
            "net": lambda text: about(int(text)),
        },
        empty="no campaign names this Capsule yet",
    )
    if found and form is Format.TABLE:
        fees: dict[str, int] = {}
        for entry in found:
            fees[entry.asset] = fees.get(entry.asset, 0) + entry.fees
        told = " and ".join(in_asset(connection.web3, asset)(amount) for asset, amount in fees.items())
        note(f"in all: {told} of fees, {about(sum(entry.gas for entry in found))} of gas")


def _as_row(entry: Earnings) -> dict[str, Any]:
    """As a JSON object; amounts as text."""
    return {
        "campaign": "0x" + entry.campaign.hex(),
        "state": entry.state,
        "asset": entry.asset,
        "judged": entry.judged,
        **{name: str(getattr(entry, name)) for name in (*_IN_ASSET, "gas")},
        "net": None if entry.net is None else str(entry.net),
    }
