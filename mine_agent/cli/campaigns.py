"""`mine-agent campaigns`: what is open, what it pays, whether the data fit and what the owner's rules say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pysonar.party.console import Format, FormatOption, HomeOption, command, print_rows
from pysonar.party.wording import about, format_time, short_id
from pysonar.protocol.amounts import format_ppm

if TYPE_CHECKING:
    from mine_agent.campaigns.overview import Listing


@command
def campaigns(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """List the open campaigns, and say for each whether this mine works for it and why not.

    "left" is what the campaign can still pay; "data" names the data sets that fit, or what they lack;
    "rules" is the verdict of policy.toml; "price in privacy" is what joining spends of your budget at most:
    nothing, if another campaign saw the same records in the same way (see `mine-agent ledger`). Nothing is
    sent, and nobody learns that you looked.
    """
    from mine_agent.campaigns.overview import open_campaigns
    from mine_agent.cli.connect import connect_and_read, home_path

    connection = connect_and_read(home_path(home))
    listings = open_campaigns(connection, connection.home.data().all(), connection.home.policy())
    print_rows(
        [as_row(listing) for listing in listings],
        {
            "campaign": "campaign",
            "title": "title",
            "bounty": "bounty",
            "left": "left",
            "best_ppm": "best",
            "target_ppm": "target",
            "submit_until": "open until",
            "data": "data",
            "rules": "rules",
            "privacy": "price in privacy",
            "joins": "joins",
        },
        form=form,
        show={
            "campaign": short_id,
            "bounty": lambda text: about(int(text)),
            "left": lambda text: about(int(text)),
            "best_ppm": format_ppm,
            "target_ppm": format_ppm,
            "submit_until": format_time,
        },
        empty="no campaign is open",
    )


def as_row(listing: Listing) -> dict[str, Any]:
    """A listing as a JSON object; amounts in wei as text, accuracies in ppm, times in seconds since 1970."""
    record = listing.record
    return {
        "campaign": record.hex_id,
        "title": listing.campaign_spec.spec.title if listing.campaign_spec else None,
        "scientist": record.owner,
        "capsule": record.terms.capsule,
        "bounty": str(record.terms.bounty),
        "left": str(record.left_to_earn),
        "start_ppm": record.start,
        "best_ppm": record.best,
        "target_ppm": record.terms.target,
        "version": record.version,
        "stake": str(record.terms.stake),
        "fee": str(record.terms.fee),
        "submit_until": record.terms.submit_until,
        "pending": record.pending,
        "joins": listing.joined,
        "data": _data(listing),
        "rules": _rules(listing),
        "privacy": listing.privacy,
        "fits": [{"data": fit.data, "fits": fit.fits, "missing": list(fit.missing)} for fit in listing.fits],
        "refusals": [{"rule": entry.rule, "reason": entry.reason} for entry in listing.refusals],
        "closed": listing.closed,
        "failure": listing.failure,
    }


def _data(listing: Listing) -> str:
    if listing.fault is not None:
        return f"unknown: {listing.fault}"
    if not listing.fits:
        return "none registered"
    fitting = [fit.data for fit in listing.fits if fit.fits]
    if fitting:
        return ", ".join(fitting)
    nearest = min(listing.fits, key=lambda fit: len(fit.missing))
    names = ", ".join(nearest.missing[:3]) + (", ..." if len(nearest.missing) > 3 else "")
    return f"{nearest.data} lacks {names}"


def _rules(listing: Listing) -> str:
    if listing.fault is not None:
        return "not asked"
    reasons = [entry.reason for entry in listing.refusals]
    if listing.closed is not None:
        reasons.append(listing.closed)
    return "; ".join(reasons) or "allowed"
