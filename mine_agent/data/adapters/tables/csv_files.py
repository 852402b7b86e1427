"""CSV and TSV files, read as the scientist's validation records are (see `pysonar.tables.csv_file`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pysonar.tables import CsvFile

_NAMED = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}


class CsvAdapter:
    """Files of separated values."""

    kind: ClassVar[str] = "csv"
    live: ClassVar[bool] = False
    options: ClassVar[Mapping[str, str]] = {
        "encoding": "of the text, as utf-8 or cp1252; else recognised",
        "separator": "comma, semicolon, tab or bar; else recognised",
    }

    def takes(self, location: str) -> bool:
        """By the file's ending."""
        return location.lower().endswith((".csv", ".tsv", ".tab", ".txt"))

    def source(self, location: str, options: Mapping[str, str]) -> CsvFile:
        """The file at a path."""
        separator = options.get("separator")
        return CsvFile(
            Path(location),
            name=Path(location).name,
            encoding=options.get("encoding"),
            separator=_NAMED.get(separator, separator) if separator is not None else None,
        )
