"""A connection that only reads: it takes no lock and can change nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from pysonar.chain.database_errors import DatabaseUnusableError
from sonar_web.index.opening import is_server
from sonar_web.index.postgres import PostgresDatabase
from sonar_web.index.rows import Database


def open_for_reading(setting: str) -> Database:
    """The index's database, read-only. DatabaseUnusableError if it cannot be opened."""
    if is_server(setting):
        server = PostgresDatabase(setting)
        server.execute("set default_transaction_read_only = on")
        server.execute("set default_transaction_isolation = 'repeatable read'")
        return server
    path = Path(setting).expanduser().resolve()
    try:
        database = sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro", uri=True, timeout=5, isolation_level=None
        )
    except sqlite3.Error:
        raise DatabaseUnusableError(str(path), "it cannot be opened; has the index been made?") from None
    database.row_factory = sqlite3.Row
    return database
