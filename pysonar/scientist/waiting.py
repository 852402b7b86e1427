"""Waiting for a campaign: the one line that changes meanwhile in a terminal or a notebook, and when
waiting is of no use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pysonar.chain.contract.events import CampaignCancelled, CampaignDeclined, LoggedEvent
from pysonar.chain.contract.types import EMPTY, CampaignRecord, State
from pysonar.party.cli.output import messages
from pysonar.scientist.cli.views import headline
from pysonar.scientist.errors import CampaignDeclinedError, CancelledError, NotDeliveredError

if TYPE_CHECKING:
    from rich.status import Status


@dataclass
class Line:
    """The line; without anybody to see it, nothing."""

    status: Status | None

    def show(self, name: str, record: CampaignRecord, now: int) -> None:
        """How the campaign stands."""
        if self.status is not None:
            from rich.markup import escape

            self.status.update(escape(headline(record, now, name)))


@contextmanager
def waiting(name: str, *, wanted: bool | None) -> Iterator[Line]:
    """Show the line for as long as the `with` lasts.

    Args:
        wanted: None: where somebody sees it, in a terminal or a notebook.
    """
    console = messages()
    if wanted is False or (wanted is None and not (console.is_terminal or console.is_jupyter)):
        yield Line(None)
        return
    from rich.markup import escape

    with console.status(escape(f"{name}: waiting")) as status:
        yield Line(status)


def raise_if_hopeless(record: CampaignRecord, now: int, history: Sequence[LoggedEvent]) -> None:
    """Raises CampaignDeclinedError, CancelledError or NotDeliveredError where no result can come any more."""
    for logged in history:
        if isinstance(logged.event, CampaignDeclined):
            raise CampaignDeclinedError(record.hex_id, logged.event.reason)
        if isinstance(logged.event, CampaignCancelled):
            raise CancelledError(record.hex_id)
    if record.state is State.REQUESTED and now >= record.terms.submit_until:
        raise NotDeliveredError(record.hex_id, "Capsule never opened it; settle it and claim the bounty")
    if record.state is State.SETTLED and record.public_key == EMPTY:
        raise NotDeliveredError(record.hex_id, "it ended without having been opened; claim the bounty")
    if record.state is not State.REQUESTED and now >= record.terms.review_until:
        why = "Capsule's time is over; settle it and claim the rest (Capsule may still deliver later)"
        raise NotDeliveredError(record.hex_id, why)
