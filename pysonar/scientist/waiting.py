"""What is shown while a program or a notebook waits for a campaign: one line that changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pysonar.chain.contract.types import CampaignRecord
from pysonar.party.cli.output import messages
from pysonar.scientist.cli.views import headline

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
