"""Opening the index's database: a file for SQLite, an address for PostgreSQL. It belongs to one contract on
one chain.
"""

from __future__ import annotations

from pathlib import Path

from pysonar.chain.address import checksum
from pysonar.chain.database import open_database, transaction
from pysonar.chain.database_errors import WrongDatabaseError
from sonar_web.errors import DatabaseSettingError
from sonar_web.index.postgres import PostgresDatabase
from sonar_web.index.rows import Database

_SCHEMES = ("postgresql://", "postgres://")


def without_secrets(setting: str) -> str:
    """The setting for people: a server's address has a password before the host, or among the options.

    >>> without_secrets("postgresql://me:secret@db.example:5432/index?password=secret")
    'db.example:5432/index'
    """
    return setting.partition("://")[2].rpartition("@")[2].partition("?")[0] if "://" in setting else setting


def is_server(setting: str) -> bool:
    """Whether the setting names a PostgreSQL server. DatabaseSettingError if it is some other address."""
    if setting.startswith(_SCHEMES):
        return True
    if "://" in setting:
        raise DatabaseSettingError(without_secrets(setting))
    return False


def open_index(setting: str, *, chain_id: int, contract: str, genesis: bytes) -> Database:
    """The database, with its identity checked or, if it is new, written.

    Raises:
        WrongDatabaseError: it belongs to another chain or contract.
        DatabaseUnusableError: it cannot be opened; DatabaseAwayError is one of these.
        DatabaseSettingError: the setting names neither kind.
    """
    if not is_server(setting):
        return open_database(
            Path(setting).expanduser(), chain_id=chain_id, contract=contract, genesis=genesis
        )
    database = PostgresDatabase(setting, without_secrets(setting))
    identity = {
        "chain id": str(chain_id),
        "genesis block": "0x" + genesis.hex(),
        "contract": checksum(contract),
    }
    with transaction(database):  # type: ignore[arg-type] # the few methods that it uses
        database.execute(
            "create table if not exists meta (name text primary key, value text not null) strict"
        )
        for what, expected in identity.items():
            row = database.execute("select value from meta where name = ?", (what,)).fetchone()
            if row is None:
                database.execute("insert into meta (name, value) values (?, ?)", (what, expected))
            elif row["value"] != expected:
                raise WrongDatabaseError(database.shown, what, row["value"], expected)
    return database
