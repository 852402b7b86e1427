"""What campaigns are called: titles read from their specs in the store, for lists and search.

They are not part of the statistics: those follow from the chain alone. A spec that cannot be fetched is asked
for again later; one that is not a spec has no title.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from pysonar.files.nesting import shallow_json
from pysonar.protocol.cid import Cid, CidError
from pysonar.store.errors import MalformedBlockError, StoreError, TooLargeError
from pysonar.store.interface import Reader
from sonar_web.index.rows import Database, storable, upsert

LARGEST_SPEC = 1 << 20
LONGEST_TITLE = 200
AT_ONCE = 100
ROUNDS_BETWEEN_TRIES = 30


class TitleReader:
    """Reads what is missing, round by round. `connect` opens the index for writing."""

    def __init__(self, connect: Callable[[], Database], store: Reader) -> None:
        self._connect = connect
        self._store = store
        self._waiting: dict[bytes, int] = {}
        self.found = 0

    def round(self, stop: threading.Event | None = None) -> int:
        """Read titles that are missing; how many were found. DatabaseUnusableError."""
        found = 0
        database = self._connect()
        try:
            for digest in self._missing(database):
                if stop is not None and stop.is_set():
                    break
                title = self._title(digest)
                if title is None:
                    self._waiting[digest] = ROUNDS_BETWEEN_TRIES
                    continue
                row = {"digest": digest, "title": title, "folded": title.casefold()}
                upsert(database, "spec_title", ("digest",), row)
                found += 1
        finally:
            database.close()
        self.found += found
        return found

    def _missing(self, database: Database) -> list[bytes]:
        self._waiting = {digest: left - 1 for digest, left in self._waiting.items() if left > 1}
        rows = database.execute(
            "select distinct spec from campaign where not exists"
            " (select 1 from spec_title where spec_title.digest = campaign.spec)"
        ).fetchall()
        missing = [bytes(row["spec"]) for row in rows]
        return [digest for digest in missing if digest not in self._waiting][:AT_ONCE]

    def _title(self, digest: bytes) -> str | None:
        """A spec's title; "" if it has none; None if it cannot be had now."""
        try:
            return title_of(self._store.get(Cid.from_bytes32(digest), max_bytes=LARGEST_SPEC))
        except (CidError, TooLargeError, MalformedBlockError):
            return ""
        except (StoreError, OSError):
            return None


def title_of(spec: bytes) -> str:
    """The title in a spec's bytes; "" if there is none.

    >>> title_of(b'{"title": "Irises"}'), title_of(b"no spec")
    ('Irises', '')
    """
    try:
        document = shallow_json(spec)
    except ValueError:
        return ""
    title = document.get("title") if isinstance(document, dict) else None
    return storable(title)[:LONGEST_TITLE] if isinstance(title, str) else ""
