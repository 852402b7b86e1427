"""A folder of text files: each is a record; the folder it lies in is its label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from mine_agent.data.adapters.collections.documents import Document, batches_of
from mine_agent.data.adapters.collections.folders import (
    begins_with,
    digest_of_folder,
    files_in,
    require_files,
)
from pysonar.protocol.schema.errors import FileFormatError
from pysonar.tables.mixed import well_formed
from pysonar.tables.source import Batch
from pysonar.tables.text_files import encoding_of, open_binary

LARGEST = 1 << 24  # bytes of one text
_ENDINGS = (".txt", ".md", ".text")
_COLUMNS = ("text", "label", "characters", "words")


class TextFolder:
    """One folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = folder.name

    def columns(self) -> list[str]:
        """The text, the name of its folder, and how long it is."""
        return list(_COLUMNS)

    def remarks(self) -> list[str]:
        """Number of files."""
        return [f"{sum(1 for _ in self._files())} text files"]

    def digest(self) -> bytes:
        """SHA-256 of names and bytes of all texts."""
        return digest_of_folder(self._folder, self._files())

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The texts, by name. One that is too long or no text is a fault of its own."""
        return batches_of(self._documents(), columns, self.columns(), self.name)

    def _documents(self) -> Iterator[Document | str]:
        for path in self._files():
            try:
                with open_binary(path) as file:
                    if path.stat().st_size > LARGEST:
                        yield f"({well_formed(path.name)}) is longer than {LARGEST} bytes"
                        continue
                    encoding = encoding_of(file, path.name)
                    file.seek(0)
                    text = file.read().decode(encoding)
            except (FileFormatError, OSError, UnicodeError):
                yield f"({well_formed(path.name)}) is not a text that can be read"
                continue
            yield Document({"text": text, "label": well_formed(path.parent.name)}, text)

    def _files(self) -> Iterator[Path]:
        return files_in(self._folder, _ENDINGS)


class TextsAdapter:
    """A folder of text files, in folders named by their label."""

    kind: ClassVar[str] = "texts"
    live: ClassVar[bool] = False
    options: ClassVar[Mapping[str, str]] = {}

    def takes(self, location: str) -> bool:
        """A folder whose first file is a text."""
        return begins_with(location, _ENDINGS)

    def source(self, location: str, options: Mapping[str, str]) -> TextFolder:  # noqa: ARG002
        """The folder at a path."""
        require_files(Path(location), _ENDINGS, "texts")
        return TextFolder(Path(location))
