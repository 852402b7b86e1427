"""The miner's own tables: which files this mine may use, by name, path and digest. Rows are read, never kept.

A data set is registered where it lies and is not copied: a second copy of private rows would outlive the
first one when its owner deletes it, and the digest already makes sure that what is trained on is what was
registered. A file that changed is refused until its owner adds it again. What is kept (`data/NAME.json`) is
the path, the digest, the number of rows and the columns' names and kinds, but no value.

Not here: reading a table in the types of a campaign (see `pysonar.protocol.schema` and `matching`).
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from mine_agent.data.tables import Column, describe_table
from mine_agent.errors import DataChangedError, DataError, UnknownDataError
from pysonar.files.secret_file import replace_secret_file

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_FORMAT = "openmined/mine-data-set/1"


@dataclass(frozen=True)
class DataSet:
    """A registered table: `digest` is the SHA-256 of the whole file."""

    name: str
    path: Path
    digest: bytes
    rows: int
    columns: tuple[Column, ...]

    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def read(self) -> bytes:
        """The file's bytes, if they are still those that were registered. Raises DataChangedError."""
        try:
            content = self.path.read_bytes()
        except OSError:
            raise DataChangedError(
                f"data set {self.name!r}: {self.path} cannot be read; put it back, or"
                f" `mine-agent data remove {self.name}`"
            ) from None
        if hashlib.sha256(content).digest() != self.digest:
            raise DataChangedError(
                f"data set {self.name!r}: {self.path} is not the file that was registered"
                f" (SHA-256 {self.digest.hex()}); to use it as it is:"
                f" mine-agent data add {self.name} FILE --replace"
            )
        return content


class DataShelf:
    """The registered data sets of one mine, a file for each under `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, path: Path, *, replace: bool) -> DataSet:
        """Look through the CSV file `path` and register it as `name`. Raises DataError, BadTableError."""
        if not _NAME.fullmatch(name):
            raise DataError(
                f"{name!r} is not a name for data; use 1 to 64 of a-z, 0-9, '-' and '_',"
                " starting with a letter or digit"
            )
        if self._file(name).exists() and not replace:
            raise DataError(f"data set {name!r} is registered already; give --replace to register it anew")
        try:
            content = path.read_bytes()
        except OSError:
            raise DataError(f"{path} cannot be read; give the path of a CSV file") from None
        rows, columns = describe_table(content, file=path.name)
        data = DataSet(name, path.resolve(), hashlib.sha256(content).digest(), rows, columns)
        replace_secret_file(self._file(name), _to_json(data).encode())
        return data

    def remove(self, name: str) -> None:
        """Forget `name`; the file itself stays. Raises UnknownDataError."""
        self.get(name)
        self._file(name).unlink()

    def get(self, name: str) -> DataSet:
        """Raises UnknownDataError, DataError."""
        if not _NAME.fullmatch(name) or not self._file(name).is_file():
            known = ", ".join(data.name for data in self.all()) or "none"
            raise UnknownDataError(f"no data set {name!r} is registered (registered: {known})")
        return _from_json(self._file(name))

    def all(self) -> list[DataSet]:
        """All data sets in the order of their names. Raises DataError if a registration is damaged."""
        if not self._folder.is_dir():
            return []
        return [_from_json(file) for file in sorted(self._folder.glob("*.json"))]

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _to_json(data: DataSet) -> str:
    document = {
        "format": _FORMAT,
        "name": data.name,
        "path": str(data.path),
        "sha256": data.digest.hex(),
        "rows": data.rows,
        "columns": [
            {
                "name": column.name,
                "kind": column.kind,
                "empty_cells": column.empty_cells,
                "first_text_row": column.first_text_row,
            }
            for column in data.columns
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _from_json(file: Path) -> DataSet:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["format"] != _FORMAT or document["name"] != file.stem:
            raise ValueError
        return DataSet(
            name=document["name"],
            path=Path(document["path"]),
            digest=bytes.fromhex(document["sha256"]),
            rows=int(document["rows"]),
            columns=tuple(Column(**column) for column in document["columns"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(
            f"{file} is not a registration of a data set; delete it and add the data set again"
        ) from None
