"""The adapters there are: the mine's own, and those of installed packages that name one as an entry point."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from mine_agent.data.adapters.interface import GROUP, Adapter
from mine_agent.errors import DataError

_ROOM = "mine_agent.data.adapters"
_OWN = {
    "arrow": "tables.arrow_ipc:ArrowAdapter",
    "csv": "tables.csv_files:CsvAdapter",
    "images": "collections.images:ImagesAdapter",
    "jsonl": "tables.json_lines:JsonLinesAdapter",
    "mail": "collections.mail:MailAdapter",
    "parquet": "tables.parquet_files:ParquetAdapter",
    "postgres": "databases.postgres:PostgresAdapter",
    "python": "tables.python_objects:PythonAdapter",
    "sql": "databases.sql:SqlAdapter",
    "sqlite": "databases.sqlite:SqliteAdapter",
    "texts": "collections.texts:TextsAdapter",
    "x-archive": "collections.x_archive:XArchiveAdapter",
}


def _found() -> dict[str, EntryPoint]:
    """By kind. Nobody's package takes the place of one of the mine's own."""
    others = {entry.name: entry for entry in entry_points(group=GROUP)}
    own = {kind: EntryPoint(kind, f"{_ROOM}.{value}", GROUP) for kind, value in _OWN.items()}
    return {**others, **own}


def kinds() -> tuple[str, ...]:
    """The kinds of data that can be registered here."""
    return tuple(sorted(_found()))


def adapter_named(kind: str) -> Adapter:
    """The adapter of a kind. DataError if there is none, or it cannot be loaded."""
    entry = _found().get(kind)
    if entry is None:
        raise DataError(f"{kind!r} is not a kind of data; known: {', '.join(kinds())}")
    try:
        made = entry.load()()
    except (ImportError, AttributeError, TypeError) as error:
        raise DataError(f"the adapter for {kind} data cannot be loaded ({error})") from None
    if not isinstance(made, Adapter):
        raise DataError(f"the adapter for {kind} data ({entry.value}) lacks what an adapter must have")
    return made


def adapter_for(location: str) -> Adapter:
    """The adapter that takes a location; CSV if none does. The mine's own are asked first.

    Raises:
        DataError: a folder with nothing in it that is known.
    """
    # CSV last: it takes .txt files, an mbox may be one.
    for kind in sorted(_found(), key=lambda kind: (kind not in _OWN, kind == "csv", kind)):
        adapter = adapter_named(kind)
        if adapter.takes(location):
            return adapter
    if Path(location).is_dir():
        raise DataError(
            f"{location}: a folder that holds no images, text files, Parquet files, maildir (cur and new) or"
            " archive of X (data/tweets.js); give the path of the file with the records, or say what it is"
            " (--as)"
        )
    return adapter_named("csv")
