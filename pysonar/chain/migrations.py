"""How the tables of one database change from release to release: numbered steps for each room that keeps
tables there, each run once.

A step is never edited after a release: a change of the tables is a further step. Step 1 may meet tables that
a release before the numbering has made, so it says `create ... if not exists`; later steps find exactly what
the steps before them have left.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from pysonar.chain.database_errors import NewerDatabaseError

Work = str | Callable[[sqlite3.Connection], None]
"""A statement, or what statements alone cannot do."""

_STEPS_DONE = "create table if not exists migration (room text primary key, step integer not null) strict"


@dataclass(frozen=True)
class Tables:
    """The tables of one room. `steps`: what is done in step 1, in step 2, and so on."""

    room: str
    steps: tuple[tuple[Work, ...], ...]


def migrate(database: sqlite3.Connection, tables: Tables) -> None:
    """Run the steps that this database has not seen, all of them or none.

    The caller holds the write lock (`pysonar.chain.database.transaction`).

    Raises:
        NewerDatabaseError: a newer release has been here; nothing is touched.
    """
    database.execute(_STEPS_DONE)
    row = database.execute("select step from migration where room = ?", (tables.room,)).fetchone()
    done = 0 if row is None else int(row[0])
    if done > len(tables.steps):
        raise NewerDatabaseError(tables.room, done, len(tables.steps))
    if done == len(tables.steps):
        return
    for step in tables.steps[done:]:
        for work in step:
            if isinstance(work, str):
                database.execute(work)
            else:
                work(database)
    database.execute(
        "insert into migration (room, step) values (?, ?)"
        " on conflict (room) do update set step = excluded.step",
        (tables.room, len(tables.steps)),
    )
