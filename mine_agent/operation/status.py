"""What a mine is doing now and, if it does nothing, why: for `mine-agent status` and the Mine UI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mine_agent.campaigns.decisions.records import waiting_for_a_word
from mine_agent.campaigns.overview import Listing, open_campaigns
from mine_agent.connection import Connection
from mine_agent.home import Home
from mine_agent.operation.at_work import WorkSeen, read_at_work
from mine_agent.rules.decisions import ASK
from mine_agent.rules.hours import minute_of_day
from openmined_syft.errors import OpenMinedError
from pysonar.party.home.home_lock import is_agent_at_work

MOST_REASONS = 5


@dataclass(frozen=True)
class Reason:
    """Why a mine is quiet, as a sentence, and the command that changes it, if one does."""

    why: str
    command: str | None = None


def listings_now(connection: Connection) -> list[Listing]:
    """The open campaigns, without the measuring that no rule asks for. Raises ChainError, SettingsError."""
    policy = connection.home.policy()
    return open_campaigns(
        connection, connection.home.data().all(), policy, costs=bool(policy.minimum_per_hour)
    )


def status(home: Home, listings: Sequence[Listing] | None, unknown: str | None, now: float) -> dict[str, Any]:
    """Everything, as one JSON object.

    Args:
        listings: the open campaigns; None if they cannot be read, and `unknown` says why.
        now: seconds since 1970.
    """
    seen = read_at_work(home.at_work_file)
    running = is_agent_at_work(home.lock) and not seen.stopped
    work = seen.work if running else None
    reasons = [] if work else list(_reasons(home, seen, running, listings, unknown, now))
    return {
        "account": home.address,
        "chain_id": home.settings.chain_id,
        "contract": home.settings.contract,
        "running": running,
        "paused": home.is_paused,
        "work": work,
        "waiting": seen.waiting if running else None,
        "looked_at": seen.looked_at,
        "quiet": [asdict(reason) for reason in reasons],
        "asked": ["0x" + campaign.hex() for campaign in _asked(home, listings)],
        "open": None if listings is None else len(listings),
        "joined": None if listings is None else sum(one.joined for one in listings),
        "campaigns_unknown": unknown,
        "happenings": list(reversed(seen.happenings)),
    }


def _asked(home: Home, listings: Sequence[Listing] | None) -> list[bytes]:
    """The campaigns for which nothing but the owner's word is missing."""
    if listings is None:
        return waiting_for_a_word(home.database)
    return [one.record.id for one in listings if one.best.decision.asks]


def _reasons(
    home: Home,
    seen: WorkSeen,
    running: bool,
    listings: Sequence[Listing] | None,
    unknown: str | None,
    now: float,
) -> Iterator[Reason]:
    if not running:
        yield Reason("no mine is at work in this home", "mine-agent run")
    if home.is_paused:
        yield Reason(
            "you paused it: what is due is still claimed, and nothing new is begun", "mine-agent resume"
        )
    if running and seen.waiting is not None:
        yield Reason(f"it waits: {seen.waiting}")
    if not home.data().all():
        yield Reason("no data set is registered", "mine-agent data add NAME FILE")
    hours = home.policy().hours
    if minute_of_day(now) not in hours:
        yield Reason(f"new work begins in the hours {hours}", "mine-agent policy show")
    if listings is None:
        yield Reason(f"the open campaigns cannot be read: {unknown}")
    elif not listings:
        yield Reason("no campaign is open")
    else:
        yield from _of_campaigns(listings)


def _of_campaigns(listings: Sequence[Listing]) -> Iterator[Reason]:
    """Why the open campaigns are not trained for now, the most frequent reason first."""
    against: Counter[str] = Counter()
    example: dict[str, str] = {}
    for listing in listings:
        if listing.fault is not None:
            against["spec"] += 1
            example.setdefault("spec", f"its spec cannot be used: {listing.fault}")
            continue
        for reason in listing.reasons:
            against[reason.rule] += 1
            example.setdefault(reason.rule, reason.reason)
    for rule, count in against.most_common(MOST_REASONS):
        of = f"{count} of {len(listings)} open campaigns" if len(listings) > 1 else "the open campaign"
        yield Reason(f"{of}: {example[rule]}", "mine-agent approve ID" if rule == ASK else None)


def status_of(home: Home, now: float) -> dict[str, Any]:
    """The same with the campaigns read now; without them where the chain cannot be reached."""
    try:
        connection = Connection.open(home)
        connection.read_events()
        listings = listings_now(connection)
    except OpenMinedError as error:
        return status(home, None, str(error), now)
    return status(home, listings, None, now)
