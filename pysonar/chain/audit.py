"""Whether the events that were read are all there are: compared with themselves, and with Sonar's counters.

A node that gives no events says nothing by it: it may lack the block. But a campaign's submissions are
numbered, and Sonar counts submissions, verdicts and versions. What the counters were is remembered with the
block at which they were asked for; once everything up to that block is read, there must be as many events.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from pysonar.chain.contract.events import CampaignCreated, CampaignOpened, LoggedEvent
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.event_records import EventRecords
from pysonar.chain.node import rpc
from pysonar.chain.submissions import Counters, submissions

AT_ONCE = 50
"""Campaigns asked about at once: one exchange with most nodes."""


def counted(history: Iterable[LoggedEvent]) -> Counters:
    """What a campaign's events come to."""
    found = submissions(history).values()
    return Counters(
        submitted=sum(one.submitted is not None for one in found),
        evaluated=sum(one.verdict is not None for one in found),
        version=sum(one.gain is not None for one in found),
    )


def hole(history: list[LoggedEvent]) -> str | None:
    """What a campaign's events show to be missing among them; None if nothing."""
    kinds = {type(logged.event) for logged in history}
    if CampaignCreated not in kinds:
        return "the event that created it"
    known = submissions(history)
    if known and CampaignOpened not in kinds:
        return "the event that opened it"
    for expected, (index, one) in enumerate(known.items()):
        if index != expected or one.submitted is None:
            return f"the event of submission {min(expected, index)}"
    judged = [one.verdict is not None for one in known.values() if not one.reclaimed]
    if judged != sorted(judged, reverse=True):
        return f"the verdict on submission {judged.index(False)}"
    gains = [one.gain.version for one in known.values() if one.gain is not None]
    for expected, version in enumerate(gains, start=1):
        if version != expected:
            return f"the event of version {expected}"
    return None


class Audit:
    """Looks for what is missing, a few campaigns at a time, those that are not over in turn."""

    def __init__(self, records: EventRecords, sonar: Sonar) -> None:
        self._records = records
        self._sonar = sonar
        self._live: list[bytes] | None = None
        self._next = 0
        self._known: dict[bytes, tuple[int, Counters]] = {}
        self._waiting: set[bytes] = set()

    def forget(self) -> None:
        """The events changed: which campaigns are over is asked anew."""
        self._live = None

    def expect(self) -> None:
        """Ask Sonar for the counters of the next campaigns. NodeError: nothing is expected then."""
        asked = self._turn()
        if not asked:
            return
        found = self._sonar.many(asked)
        head = rpc.block_number(self._sonar.web3)
        for campaign, record in found.items():
            self._known[campaign] = (head, Counters(record.submitted, record.evaluated, record.version))
            self._waiting.add(campaign)

    def missing(self, cursor: int, touched: Iterable[bytes]) -> dict[bytes, str]:
        """Campaigns that lack events up to the block `cursor`, and what they lack: of those that were
        touched, and of those whose counters are known.
        """
        due = {campaign for campaign in self._waiting if self._known[campaign][0] <= cursor}
        self._waiting -= due
        found: dict[bytes, str] = {}
        for campaign in {*touched, *due}:
            whole = self._records.counters_if_whole(campaign)
            history = [] if whole else self._records.on_chain_all(campaign)
            lack = hole(history) if history else None
            if campaign in due:
                lack = lack or (whole or counted(history)).lack(self._known[campaign][1])
            if lack is not None:
                found[campaign] = lack
        return found

    def still_missing(self, campaign: bytes) -> str | None:
        """What the campaign lacks by the counters that were last known."""
        history = self._records.on_chain_all(campaign)
        lack = hole(history)
        if lack is not None or campaign not in self._known:
            return lack
        return counted(history).lack(self._known[campaign][1])

    def _turn(self) -> list[bytes]:
        if self._live is None:
            self._live = self._records.live_campaigns()
        if not self._live:
            return []
        self._next %= len(self._live)
        turn = list(itertools.islice(itertools.cycle(self._live), self._next, self._next + AT_ONCE))
        self._next += AT_ONCE
        return list(dict.fromkeys(turn))
