"""An open campaign, as its owner sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mine_agent.campaigns.overview import Listing
from mine_agent.campaigns.visit_cost import VisitCost
from mine_agent.data.datasets import DataSet
from mine_agent.data.matching import fit_by_values
from mine_agent.errors import DataError
from mine_agent.rows.data import against
from mine_agent.rules.policy import Policy

MOST_ROWS = 100_000
"""So many rows are read within a second or two; of more, the list says what names and rules say."""


def unfit_values(
    listings: Sequence[Listing], data_sets: Sequence[DataSet], policy: Policy
) -> list[str | None]:
    """Why the values of the data with which a campaign would be joined do not fit, for each campaign; None if
    they do, or if it is not joined, or if that many rows were not read.
    """
    known = {data.name: data for data in data_sets}
    wanted = [known[listing.best.data or ""] if listing.joined else None for listing in listings]
    if sum(data.rows for data in wanted if data is not None) > MOST_ROWS:
        return [None] * len(listings)
    return [
        None if data is None else _unfit(listing, data, policy)
        for listing, data in zip(listings, wanted, strict=True)
    ]


def _unfit(listing: Listing, data: DataSet, policy: Policy) -> str | None:
    assert listing.campaign_spec is not None  # noqa: S101 - joined
    try:
        return against(fit_by_values(listing.campaign_spec.schema, data), policy)
    except DataError as error:
        return str(error)


def campaign_row(listing: Listing, unfit: str | None = None) -> dict[str, Any]:
    """A listing as a JSON object; amounts in the smallest units of `asset` as text, accuracies in ppm, times
    in seconds since 1970. `unfit`: why values do not fit, see `unfit_values`.
    """
    record, spec = listing.record, listing.campaign_spec.spec if listing.campaign_spec else None
    offer = listing.best.facts.offer
    visit, coverage = listing.visit, listing.coverage
    return {
        "campaign": record.hex_id,
        "title": spec.title if spec else None,
        "purpose": spec.purpose if spec else None,
        "scientist": record.owner,
        "capsule": record.terms.capsule,
        "asset": record.terms.asset,
        "symbol": "ETH" if offer.in_ether else offer.symbol,
        "decimals": 18 if offer.in_ether else offer.decimals,
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
        "rules": _reasons(listing)
        + (f", but its values do not fit: mine-agent data check {listing.best.data}" if unfit else ""),
        "unfit": unfit,
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
