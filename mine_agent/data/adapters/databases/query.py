"""What is asked of a database: one table, or one query of the owner's, never more."""

from __future__ import annotations

from collections.abc import Mapping

from mine_agent.errors import DataError


def query_of(options: Mapping[str, str], *, what: str) -> str:
    """The SELECT that gives the records.

    Raises:
        DataError: neither or both of `table` and `query` are given.
    """
    table, query = options.get("table"), options.get("query")
    if (table is None) == (query is None):
        raise DataError(f"{what}: give either --set table=NAME or --set query='select ...'")
    if query is not None:
        return query.strip().rstrip(";")
    assert table is not None  # noqa: S101 - one of the two is given
    return f"select * from {quoted_name(table)}"  # noqa: S608 - every part of the name is quoted


def quoted_name(name: str) -> str:
    """A table's name, with its schema if there is a point in it, quoted for SQL."""
    parts = name.split(".")
    if not all(parts) or "\0" in name:
        raise DataError(f"{name!r} is not the name of a table; expected table or schema.table")
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
