"""Mail: an mbox file or a maildir folder; each message is a record of its headers, text and length."""

from __future__ import annotations

import email
import email.policy
import email.utils
from collections.abc import Iterator, Mapping, Sequence
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from mine_agent.data.adapters.collections.documents import Document, batches_of
from mine_agent.data.adapters.collections.folders import digest_of_folder, files_in
from mine_agent.data.adapters.tables.files import digest_of_file, starts_with
from pysonar.protocol.schema.errors import FileFormatError
from pysonar.tables.source import Batch
from pysonar.tables.text_files import open_binary

LARGEST = 1 << 26  # bytes of one message
_PIECE = 1 << 20
_FROM = b"From "
_NEXT = b"\n" + _FROM
_COLUMNS = (
    "date", "sender", "recipients", "subject", "text", "label", "attachments", "characters", "words", "hour",
    "weekday",
)  # fmt: skip


class MailBox:
    """An mbox file, or a maildir with its folders `cur` and `new`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name

    def columns(self) -> list[str]:
        """Headers, text and lengths; `label` is Gmail's, `weekday` 0 for Monday, `hour` as the sender wrote
        it.
        """
        return list(_COLUMNS)

    def remarks(self) -> list[str]:
        """Which of the two it is."""
        return ["a maildir" if self._path.is_dir() else "an mbox file"]

    def digest(self) -> bytes:
        """SHA-256 of the file's bytes, or of the messages' names and bytes."""
        if self._path.is_dir():
            return digest_of_folder(self._path, self._maildir())
        return digest_of_file(self._path)

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The messages, in their order."""
        return batches_of(self._documents(), columns, self.columns(), self.name)

    def _documents(self) -> Iterator[Document | str]:
        for raw in self._maildir_bytes() if self._path.is_dir() else self._mbox_bytes():
            if raw is None or len(raw) > LARGEST:
                yield f"is a message of more than {LARGEST} bytes, or one that cannot be read"
                continue
            try:
                yield _document(raw)
            except Exception as error:  # noqa: BLE001 - the parser raises anything for a stranger's bytes
                yield f"is not a message that can be read ({type(error).__name__})"

    def _maildir(self) -> Iterator[Path]:
        for part in ("cur", "new"):
            if (self._path / part).is_dir():
                yield from files_in(self._path / part)

    def _maildir_bytes(self) -> Iterator[bytes | None]:
        for path in self._maildir():
            try:
                with path.open("rb") as file:
                    yield file.read(LARGEST + 1)
            except OSError:
                yield None

    def _mbox_bytes(self) -> Iterator[bytes | None]:
        """The pieces between the lines that begin with `From `, one at a time in memory. The file is not
        mapped into it: one that somebody shortens meanwhile would end the process.
        """
        with open_binary(self._path) as file:
            if not self._path.stat().st_size:
                raise FileFormatError(f"{self.name}: the file is empty")
            if file.read(len(_FROM)) != _FROM:
                raise FileFormatError(f"{self.name}: not an mbox file; its first line begins with 'From '")
            file.seek(0)
            yield from _pieces(file)


def _pieces(file: BinaryIO) -> Iterator[bytes | None]:
    """The messages without their envelope lines; None for one that is too long to be gathered."""
    held, long = b"", False
    while piece := file.read(_PIECE):
        start, searched = 0, max(len(held) - len(_NEXT), 0)
        held += piece
        while (end := held.find(_NEXT, searched)) >= 0:
            yield None if long else _message(held[start : end + 1])
            start = searched = end + 1
            long = False
        held = held[start:]
        if len(held) > LARGEST + len(_NEXT):
            held, long = held[-len(_NEXT) :], True
    yield None if long else _message(held)


def _message(piece: bytes) -> bytes:
    return _without_blank_line(piece.partition(b"\n")[2])


def _without_blank_line(message: bytes) -> bytes:
    """The blank line after each message, the last one too, is the box's and not the message's."""
    for blank in (b"\r\n", b"\n"):
        if message.endswith(b"\n" + blank):
            return message.removesuffix(blank)
    return message


def _header(name: str, value: str) -> str:
    """A header's text. The library takes a millisecond to take one apart; one without quotes, comments,
    encoded words and other letters than ASCII is what is written there. Only of a disposition the message
    wants to know more.
    """
    plain = value.isascii() and not any(sign in value for sign in ('"', "(", "=?"))
    if name.lower() in _PARAMETERS or (plain and name.lower() != "content-disposition"):
        return value.strip()
    return _HEADERS(name, value)


_PARAMETERS = ("content-type", "content-transfer-encoding")
"""Which the message takes apart by itself, quotes or not."""
_HEADERS = HeaderRegistry()
_POLICY = email.policy.default.clone(header_factory=_header)


def _document(raw: bytes) -> Document:
    message = email.message_from_bytes(raw, policy=_POLICY)
    assert isinstance(message, EmailMessage)  # noqa: S101 - what the policy makes
    body = message.get_body(preferencelist=("plain", "html"))
    text = str(body.get_content()) if body is not None else ""
    sent = email.utils.parsedate_to_datetime(str(message["date"])) if message["date"] else None
    values: dict[str, Any] = {
        "date": sent.isoformat() if sent else None,
        "sender": str(message["from"] or "") or None,
        "recipients": str(message["to"] or "") or None,
        "subject": str(message["subject"] or "") or None,
        "text": text,
        "label": str(message["x-gmail-labels"] or "") or None,
        "attachments": sum(1 for _ in message.iter_attachments()),
        "hour": sent.hour if sent else None,
        "weekday": sent.weekday() if sent else None,
    }
    return Document(values, text)


class MailAdapter:
    """Mail: an mbox file or a maildir folder."""

    kind: ClassVar[str] = "mail"
    live: ClassVar[bool] = False
    options: ClassVar[Mapping[str, str]] = {}

    def takes(self, location: str) -> bool:
        """By its ending, its first bytes, or a folder's `cur` and `new`."""
        path = Path(location)
        if path.is_dir():
            return (path / "cur").is_dir() and (path / "new").is_dir()
        return location.lower().endswith(".mbox") or starts_with(location, b"From ")

    def source(self, location: str, options: Mapping[str, str]) -> MailBox:  # noqa: ARG002
        """The box at a path."""
        path = Path(location)
        if path.is_dir() and not self.takes(location):
            raise FileFormatError(f"{location}: not a maildir; it has no folders cur and new")
        return MailBox(path)
