"""A connection that only reads: it takes no lock and can change nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg

from pysonar.chain import database as files
from pysonar.chain.database_errors import DatabaseUnusableError, NewerDatabaseError, WrongDatabaseError
from sonar_web.index.opening import is_server, without_secrets
from sonar_web.index.postgres import PostgresDatabase
from sonar_web.index.rows import Database
from sonar_web.index.tables import TABLES

_LIMITS = {
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "repeatable read",
    "statement_timeout": "15s",
    "idle_in_transaction_session_timeout": "120s",
}


def open_for_reading(setting: str) -> Database:
    """The index's database, read-only. DatabaseUnusableError if it cannot be opened."""
    if not is_server(setting):
        return files.open_for_reading(Path(setting).expanduser().resolve())
    server = PostgresDatabase(setting, without_secrets(setting))
    for name, value in _LIMITS.items():
        server.execute(f"set {name} = '{value}'")
    return server


def require_index(database: Database, *, chain_id: int, contract: str) -> None:
    """What is read from must be of this contract and release: its answers are given as the contract's.

    Raises:
        DatabaseUnusableError: there is no index in it (yet).
        WrongDatabaseError: it belongs to another chain or contract.
        NewerDatabaseError: another release has changed its tables.
    """
    shown = database.shown
    try:
        known = {row["name"]: row["value"] for row in database.execute("select name, value from meta")}
        row = database.execute("select step from migration where room = ?", (TABLES.room,)).fetchone()
    except (sqlite3.Error, psycopg.Error):
        known, row = {}, None
    if row is None or row["step"] < len(TABLES.steps):
        raise DatabaseUnusableError(shown, "there is no index in it yet; it is made when the node answers")
    for what, expected in {"chain id": str(chain_id), "contract": contract}.items():
        if known.get(what) != expected:
            raise WrongDatabaseError(shown, what, str(known.get(what)), expected)
    if row["step"] > len(TABLES.steps):
        raise NewerDatabaseError(TABLES.room, row["step"], len(TABLES.steps))
