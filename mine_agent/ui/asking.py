"""A request's parts, checked: JSON within a limit, and texts, flags and tables where they are expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from mine_agent.ui.errors import BadRequestError, TooLargeError
from pysonar.files.documents import parse_json
from pysonar.files.text import UnreadableFileError

MOST_BYTES = 512 * 1024
_KIND = "application/json"


@dataclass(frozen=True)
class Asked:
    """The parts of a request's path, of its query, and the keys of its body."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str, default: str | None = None) -> str:
        """A text of the body."""
        found = self.body.get(name, default)
        if not isinstance(found, str):
            raise BadRequestError(name, found, "a text")
        return found

    def maybe_text(self, name: str) -> str | None:
        """A text of the body, or None where it is left out or empty."""
        return self.text(name) if self.body.get(name) not in (None, "") else None

    def flag(self, name: str) -> bool:
        """True or false, false if it is left out."""
        found = self.body.get(name, False)
        if not isinstance(found, bool):
            raise BadRequestError(name, found, "true or false")
        return found

    def table(self, name: str) -> dict[str, Any]:
        """An object of the body."""
        found = self.body.get(name, {})
        if not isinstance(found, dict):
            raise BadRequestError(name, found, "an object")
        return found

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number of the query, from 1 to `most`."""
        text = self.query.get(name, str(default))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
            raise BadRequestError(name, text, f"a whole number from 1 to {most}")
        return int(text)


async def asked(request: Request) -> Asked:
    """The parts of a request. Raises BadRequestError, TooLargeError."""
    path = {name: str(value) for name, value in request.path_params.items()}
    if request.method == "GET":
        return Asked(path, dict(request.query_params))
    if request.headers.get("content-type", "").split(";")[0].strip() != _KIND:
        raise BadRequestError("content-type", request.headers.get("content-type", ""), _KIND)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise TooLargeError(MOST_BYTES)
    try:
        found = parse_json(body.decode(), "the body")
    except (UnicodeDecodeError, UnreadableFileError):
        raise BadRequestError("the body", "something else", "a JSON object, each key once") from None
    return Asked(path, dict(request.query_params), found)
