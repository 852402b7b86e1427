"""Data that are looked through before their owner keeps them: in a thread of their own, with the number of
records read so far, and kept in memory until they are registered or others take their place.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mine_agent.data.datasets import DataSet
from mine_agent.failures import UnexpectedError
from mine_agent.home import Home
from mine_agent.rows.data import campaign_fits, data_row, described
from mine_agent.ui.errors import BadRequestError, TooManyLooksError
from openmined_syft.errors import OpenMinedError

MOST_KEPT = 8
MOST_AT_ONCE = 3


@dataclass
class Look:
    """One of them. `state`: reading, matching, seen or failed."""

    state: str = "reading"
    rows_read: int = 0
    data: DataSet | None = None
    error: str | None = None
    preview: Mapping[str, Any] | None = None

    def row(self) -> dict[str, Any]:
        """As a JSON object; `preview` is what `mine-agent data add --format json` prints, with samples."""
        return {
            "state": self.state,
            "rows_read": self.rows_read,
            "error": self.error,
            "preview": self.preview,
        }


class Looks:
    """The looks of one server."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._looks: OrderedDict[str, Look] = OrderedDict()

    def begin(
        self,
        name: str,
        location: str,
        *,
        kind: str | None,
        options: Mapping[str, str],
        decimal: str | None,
        unusable: Fraction,
    ) -> str:
        """Begin to look; the ticket under which the look is found. TooManyLooksError."""
        ticket, look = secrets.token_urlsafe(16), Look()
        with self._lock:
            if sum(one.state in ("reading", "matching") for one in self._looks.values()) >= MOST_AT_ONCE:
                raise TooManyLooksError(MOST_AT_ONCE)
            self._looks[ticket] = look
            while len(self._looks) > MOST_KEPT:
                self._looks.popitem(last=False)

        def read(rows: int) -> None:
            look.rows_read = rows

        def work() -> None:
            try:
                data, seen = self._home.data().look(
                    name,
                    location,
                    kind=kind,
                    options=options,
                    decimal=decimal,
                    unusable=unusable,
                    progress=read,
                )
                look.state, look.rows_read = "matching", data.rows
                fits, unknown = campaign_fits(self._home, self._home.data().mapped(data))
                look.preview = {
                    **data_row(data),
                    **described(seen, samples=True),
                    "left_out": dict(seen.left_out),
                    "faults": seen.faults,
                    "first_fault": seen.first_fault,
                    "campaigns": fits,
                    "campaigns_unknown": unknown,
                }
                look.data, look.state = data, "seen"
            except OpenMinedError as error:
                look.error, look.state = str(error), "failed"
            except Exception as error:  # noqa: BLE001 - a thread's last border: the page is told
                look.error, look.state = str(UnexpectedError(error)), "failed"

        threading.Thread(target=work, daemon=True, name="look").start()
        return ticket

    def at(self, ticket: str) -> Look:
        """The look of a ticket. BadRequestError if there is none (any more)."""
        with self._lock:
            found = self._looks.get(ticket)
        if found is None:
            raise BadRequestError("ticket", ticket, "one of a preview; look at the data again")
        return found

    def data(self, ticket: str) -> DataSet:
        """What was seen, to be kept. BadRequestError if the look is not over or failed."""
        found = self.at(ticket)
        if found.data is None:
            raise BadRequestError("ticket", ticket, "one of a preview that is complete")
        return found.data
