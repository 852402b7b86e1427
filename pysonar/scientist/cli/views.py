"""Campaigns, submissions and events as rows of tables, as JSON, and as lines of text. Amounts as decimal
strings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pysonar.chain.address import ZERO_ADDRESS
from pysonar.chain.contract.events import (
    CampaignCancelled,
    CampaignCreated,
    CampaignDeclined,
    CampaignEvent,
    CampaignOpened,
    Claimed,
    Delivered,
    Improved,
    LoggedEvent,
    Reclaimed,
    Settled,
    Submitted,
    Verdicts,
)
from pysonar.chain.contract.types import CampaignRecord, State
from pysonar.files.text import shown
from pysonar.party.wording import counted, format_time, short
from pysonar.protocol.amounts import format_ppm, format_seconds
from pysonar.scientist.cli.money import Money, ether

if TYPE_CHECKING:
    from pysonar.scientist.ledger import SubmissionRow

SUBMISSION_COLUMNS = {
    "index": "#",
    "miner": "miner",
    "verdict": "verdict",
    "before_ppm": "before",
    "after_ppm": "after",
    "earned": "earned",
    "submit_gas": "gas",
}
SUBMISSION_SHOW: Mapping[str, Callable[[Any], str]] = {
    "miner": short,
    "before_ppm": format_ppm,
    "after_ppm": format_ppm,
    "earned": ether,
}


def submission_record(row: SubmissionRow) -> dict[str, Any]:
    """A submission; accuracies are None where nothing was paid."""
    return {
        "index": row.index,
        "miner": row.miner,
        "verdict": row.verdict,
        "before_ppm": row.before_ppm,
        "after_ppm": row.after_ppm,
        "earned": str(row.earned),
        "submit_gas": row.submit_gas,
        "report_gas": row.report_gas,
    }


def campaign_record(record: CampaignRecord, now: int) -> dict[str, Any]:
    """A campaign as the chain holds it."""
    terms = record.terms
    return {
        "campaign": record.hex_id,
        "state": record.state.name,
        "phase": phase(record, now),
        "owner": record.owner,
        "capsule": terms.capsule,
        "asset": "ether" if terms.asset == ZERO_ADDRESS else terms.asset,
        "bounty": str(terms.bounty),
        "paid": str(record.paid),
        "stake": str(terms.stake),
        "fee": str(terms.fee),
        "start_ppm": record.start if record.state is not State.REQUESTED else None,
        "best_ppm": record.best if record.state is not State.REQUESTED else None,
        "target_ppm": terms.target,
        "min_gain_ppm": terms.min_gain,
        "submitted": record.submitted,
        "evaluated": record.evaluated,
        "version": record.version,
        "submit_until": terms.submit_until,
        "review_until": terms.review_until,
        "delivered": record.delivered,
        "seconds_left": seconds_left(record, now),
    }


def phase(record: CampaignRecord, now: int) -> str:
    """Where a campaign is, in a word or two."""
    if record.state is State.REQUESTED:
        return "waits for Capsule" if now < record.terms.submit_until else "never opened"
    if record.state is State.SETTLED:
        return "settled" if record.delivered or record.version or record.submitted else "settled, unused"
    if record.delivered:
        return "delivered"
    if record.finished(now):
        return "finished"
    return "open" if now < record.terms.submit_until else "last verdicts"


def seconds_left(record: CampaignRecord, now: int) -> int | None:
    """Until submissions close, or after that until verdicts must be in; None once nothing is waited for."""
    if record.state is State.SETTLED or record.delivered:
        return None
    submit, review = record.terms.submit_until, record.terms.review_until
    if now < submit and not record.target_reached:
        return submit - now
    return max(0, review - now)


def headline(record: CampaignRecord, now: int, name: str, money: Money = ether) -> str:
    """One line above a live table."""
    left = seconds_left(record, now)
    parts = [f"{name}: {phase(record, now)}"]
    if record.state is not State.REQUESTED:
        parts.append(f"{format_ppm(record.best)} of {format_ppm(record.terms.target)}")
        parts.append(f"{money(record.paid)} of {money(record.terms.bounty)} earned")
        parts.append(
            f"{record.evaluated} of {record.submitted} evaluated"
            if record.submitted
            else "nobody has submitted yet"
        )
    if left is not None:
        parts.append(f"{format_seconds(left)} left")
    return "   ".join(parts)


def silence(record: CampaignRecord, now: int) -> str:
    """Why it may be quiet, as far as the chain tells; empty if there is nothing to say."""
    if record.state is State.REQUESTED and now < record.terms.submit_until:
        return "waits for Capsule to open or decline it"
    if record.state is not State.OPEN or now >= record.terms.submit_until or record.target_reached:
        return ""
    if not record.submitted:
        return (
            "nobody has submitted yet: mines join if their data have all fields, and their owners' rules"
            " allow you, the Capsule and the fields. Sonar knows no mine before it submits"
        )
    if record.submitted > record.evaluated:
        return f"Capsule has {counted(record.submitted - record.evaluated, 'submission')} to judge"
    gains, without = record.version, record.evaluated - record.version
    paid = f"{counted(gains, 'submission')} {'was' if gains == 1 else 'were'} paid, {without} not"
    return (
        f"{paid}; mines go on when there is a newer version, and others may come; at the target, or at"
        f" {format_time(record.terms.submit_until)}, it ends"
    )


def event_record(logged: LoggedEvent, rows: Sequence[SubmissionRow]) -> dict[str, Any]:
    """An event for programs; verdicts carry the submissions they are about."""
    values: dict[str, Any] = {"event": logged.event.name, "block": logged.block_number}
    for key, value in asdict(logged.event).items():
        if key == "id":
            values["campaign"] = value
        elif key in ("limits", "price"):
            continue  # terms, packed: `show` has them
        elif isinstance(logged.event, Verdicts) and key == "verdicts":
            values[key] = [verdict.name for verdict in logged.event.verdicts]
        elif key in ("bounty", "payout", "amount", "paid", "refund", "fees", "burned"):
            values[key] = str(value)
        else:
            values[key] = value
    if isinstance(logged.event, Verdicts):
        about = dict(logged.event.each())
        values["submissions"] = [submission_record(row) for row in rows if row.index in about]
    return values


def event_line(event: CampaignEvent, money: Money = ether) -> str:
    """An event for people."""
    match event:
        case CampaignCreated():
            return f"bounty of {money(event.bounty)} in escrow; Capsule is {short(event.capsule)}"
        case CampaignCancelled():
            return "cancelled by its owner"
        case CampaignDeclined():
            return f"declined by Capsule: {shown(event.reason)}"
        case CampaignOpened():
            return f"opened at {format_ppm(event.start)}"
        case Submitted():
            return f"submission {event.index} by {short(event.miner)}"
        case Verdicts():
            return "; ".join(
                f"verdict on submission {index}: {verdict.name}" for index, verdict in event.each()
            )
        case Improved():
            reached, earned = format_ppm(event.accuracy), money(event.payout)
            return f"submission {event.index} takes it to {reached}, earns {earned}"
        case Reclaimed():
            return f"submission {event.index} taken back by {short(event.miner)}: {money(event.amount)}"
        case Delivered():
            return "result delivered"
        case Settled():
            return (
                f"settled: {money(event.paid)} to miners, {money(event.refund)} refunded, "
                f"{money(event.fees)} fees, {money(event.burned)} burned"
            )
        case Claimed():
            return f"{short(event.account)} claimed {money(event.amount)}"
    return event.name
