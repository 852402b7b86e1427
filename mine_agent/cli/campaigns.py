"""`mine-agent campaigns`: what is open, what it pays, whether the data fit and what the owner's rules say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pysonar.party.cli.console import Format, FormatOption, HomeOption, command, print_rows
from pysonar.party.cli.progress import progress
from pysonar.party.wording import format_time, in_asset, short_id
from pysonar.protocol.amounts import format_ppm

if TYPE_CHECKING:
    from mine_agent.campaigns.overview import Listing
    from mine_agent.campaigns.visit_cost import VisitCost


@command
def campaigns(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """List the open campaigns, and say for each whether this mine works for it and why not.

    "left" is what the campaign can still pay, "a point pays" what raising the accuracy by one percentage
    point does; "covers" is the share of its fields that your best data set has; "a visit" is the time of one
    training on this machine and the bytes down and up; "price in privacy" is what joining spends of your
    budget at most: nothing, if another campaign saw the same records in the same way (see `mine-agent
    ledger`). "why" names everything that speaks against it. Nothing is sent, and nobody learns that you
    looked.
    """
    from mine_agent.campaigns.overview import open_campaigns
    from mine_agent.cli.connect import connect_and_read, home_path

    connection = connect_and_read(home_path(home))
    with progress() as shown:
        task = shown.add_task("campaigns", total=None)
        listings = open_campaigns(
            connection,
            connection.home.data().all(),
            connection.home.policy(),
            progress=lambda done, of: shown.update(task, completed=done, total=of),
        )
    rows = [as_row(listing) for listing in listings]
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


def as_row(listing: Listing) -> dict[str, Any]:
    """A listing as a JSON object; amounts in the smallest units of `asset` as text, accuracies in ppm, times
    in seconds since 1970.
    """
    record, spec = listing.record, listing.campaign_spec.spec if listing.campaign_spec else None
    visit, coverage = listing.visit, listing.coverage
    return {
        "campaign": record.hex_id,
        "title": spec.title if spec else None,
        "purpose": spec.purpose if spec else None,
        "scientist": record.owner,
        "capsule": record.terms.capsule,
        "asset": record.terms.asset,
        "bounty": str(record.terms.bounty),
        "left": str(record.left_to_earn),
        "point_pays": str(listing.point_pays),
        "start_ppm": record.start,
        "best_ppm": record.best,
        "target_ppm": record.terms.target,
        "version": record.version,
        "stake": str(record.terms.stake),
        "fee": str(record.terms.fee),
        "submit_until": record.terms.submit_until,
        "review_until": record.terms.review_until,
        "pending": record.pending,
        "joins": listing.joined,
        "word": listing.word,
        "data": _data(listing),
        "fields": list(listing.asked),
        "coverage": None if coverage is None else float(coverage),
        "missing": list(listing.missing),
        "rules": _reasons(listing),
        "privacy": listing.privacy,
        "visit": _visit(visit) if visit else None,
        "visit_seconds": visit.seconds if visit else None,
        "visit_measured": visit.measured if visit else None,
        "bytes_down": visit.bytes_down if visit else None,
        "bytes_up": visit.bytes_up if visit else None,
        "fits": [{"data": fit.data, "fits": fit.fits, "missing": list(fit.missing)} for fit in listing.fits],
        "refusals": [{"rule": entry.rule, "reason": entry.reason} for entry in listing.refusals],
        "reasons": [
            {"rule": entry.rule, "reason": entry.reason, "for_now": entry.for_now}
            for entry in listing.reasons
        ],
        "closed": listing.closed,
        "failure": listing.failure,
    }


def _visit(visit: VisitCost) -> str:
    took = "unknown time" if visit.seconds is None else f"{visit.seconds:.2g} s"
    return f"{took}, {_bytes(visit.bytes_down)} down, {_bytes(visit.bytes_up)} up"


def _bytes(count: int) -> str:
    for unit, size in (("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"


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


def _reasons(listing: Listing) -> str:
    if listing.fault is not None:
        return "its spec cannot be used"
    return "; ".join(entry.reason for entry in listing.reasons) or "allowed"
