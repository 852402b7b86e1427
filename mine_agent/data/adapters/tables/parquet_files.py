"""Several Parquet files as one source: those of a folder, or those that a path with `*` and `?` names.

Their records follow each other by the files' names. Files and folders whose names begin with "." or "_" are
not data: programs that write such folders keep their notes and unfinished parts there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from mine_agent.data.adapters.collections.folders import digest_of_folder, files_in, require_folder
from mine_agent.data.adapters.tables.files import starts_with
from mine_agent.data.adapters.tables.parquet import ParquetFile
from pysonar.protocol.schema.errors import FileFormatError
from pysonar.tables.mixed import well_formed
from pysonar.tables.source import Batch, numbered, require_columns

ENDINGS = (".parquet", ".pq")
_WHAT = "Parquet files"


def names_several(location: str) -> bool:
    """Whether it is a folder, or a pattern: a path that leads to nothing itself and has `*` or `?` in it."""
    path = Path(location)
    try:
        return path.is_dir() or (not path.exists() and _is_pattern(location))
    except OSError:  # such as a name that is too long
        return False


def begins_with_parquet(folder: Path) -> bool:
    """Whether the folder's first file of data is a Parquet file."""
    first = next((path for path in files_in(folder) if _is_data(path.relative_to(folder))), None)
    return first is not None and first.name.lower().endswith(ENDINGS)


class ParquetFiles:
    """The files that a location names.

    Raises:
        FileFormatError: there are none.
    """

    def __init__(self, location: str) -> None:
        self._folder, self._pattern = _taken_apart(Path(location))
        self.name = well_formed(Path(location).name)
        require_folder(self._folder, _WHAT)
        if next(self._paths(), None) is None:
            where = "is called so" if self._pattern else "is in this folder"
            raise FileFormatError(f"{location}: no Parquet file {where} ({', '.join(ENDINGS)})")

    def files(self) -> list[ParquetFile]:
        """Each of them, by name: those of a folder before those of the folders in it."""
        return [ParquetFile(path, name=well_formed(self._below(path))) for path in self._paths()]

    def columns(self) -> list[str]:
        """The first file's. FileFormatError: another has others."""
        first, *others = self.files()
        names = first.columns()
        for other in others:
            different = set(names) ^ set(other.columns())
            if different:
                column = min(different)
                lacks, has = (other, first) if column in names else (first, other)
                raise FileFormatError(
                    f"{self.name}: {has.name} has a column {column!r} and {lacks.name} has not;"
                    " all files need the same columns"
                )
        return names

    def remarks(self) -> list[str]:
        """Files, rows and row groups."""
        groups = [file.row_groups() for file in self.files()]
        rows, count = sum(map(sum, groups)), sum(map(len, groups))
        return [f"{len(groups)} {_WHAT}, {rows} rows in {count} row groups"]

    def digest(self) -> bytes:
        """SHA-256 of names and bytes of all files."""
        return digest_of_folder(self._folder, self._paths())

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The rows of one file after the other, counted on. FileFormatError: damaged, or encrypted."""
        require_columns(columns, self.columns(), self.name)
        yield from numbered(batch.records for file in self.files() for batch in file.batches(columns))

    def _paths(self) -> Iterator[Path]:
        for path in files_in(self._folder, ENDINGS, len(self._pattern) or None):
            below = path.relative_to(self._folder)
            if _is_data(below) and (not self._pattern or _fits(below, self._pattern)):
                yield path

    def _below(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()


def _is_data(below: Path) -> bool:
    return not any(part.startswith((".", "_")) for part in below.parts)


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _taken_apart(location: Path) -> tuple[Path, tuple[re.Pattern[str], ...]]:
    """The folder that files are looked for in, and what each part of their path below it has to be."""
    if location.is_dir():
        return location, ()
    parts = location.parts
    first = next(place for place, part in enumerate(parts) if _is_pattern(part))
    return Path(*parts[:first]), tuple(map(_as_pattern, parts[first:]))


def _as_pattern(part: str) -> re.Pattern[str]:
    """`*` is any letters of a name, `?` one; every other letter is itself."""
    meant = {"*": ".*", "?": "."}
    return re.compile("".join(meant.get(letter) or re.escape(letter) for letter in part), re.DOTALL)


def _fits(below: Path, pattern: tuple[re.Pattern[str], ...]) -> bool:
    return len(below.parts) == len(pattern) and all(
        wanted.fullmatch(part) for wanted, part in zip(pattern, below.parts, strict=True)
    )


class ParquetAdapter:
    """Parquet files: one, all of a folder, or those that a path with * and ? names."""

    kind: ClassVar[str] = "parquet"
    live: ClassVar[bool] = False
    options: ClassVar[Mapping[str, str]] = {}

    def takes(self, location: str) -> bool:
        """By a file's ending or first bytes, or the first file of a folder."""
        if location.lower().endswith(ENDINGS) or starts_with(location, b"PAR1"):
            return True
        return Path(location).is_dir() and begins_with_parquet(Path(location))

    def source(self, location: str, options: Mapping[str, str]) -> ParquetFile | ParquetFiles:  # noqa: ARG002
        """What is at a path."""
        return ParquetFiles(location) if names_several(location) else ParquetFile(Path(location))


def files_at(location: str) -> list[ParquetFile]:
    """Each of the Parquet files that a location names. FileFormatError."""
    return ParquetFiles(location).files() if names_several(location) else [ParquetFile(Path(location))]
