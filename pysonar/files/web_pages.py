"""The pages for people: files that `make web` built, held in memory, so that no path of a request ever meets
the disk; and the names that a server on this machine answers to.
"""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BUILT = Path(__file__).resolve().parents[2] / "build" / "web"
"""A folder for each surface: `sonar`, `mine`."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
FOREVER = "public, max-age=31536000, immutable"  # these names have a hash of the content in them
SAFE_HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
"""What every answer has unless it says otherwise."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class File:
    """A built file as it is sent."""

    content: bytes
    packed: bytes
    kind: str


@dataclass(frozen=True)
class PageAnswer:
    """What a server sends for a path."""

    content: bytes
    kind: str
    status: int
    headers: Mapping[str, str]


def read_pages(folder: Path) -> dict[str, File]:
    """The files of a build by their path in it; none if there is no build."""
    found = {}
    for path in sorted(folder.rglob("*")) if (folder / "index.html").is_file() else []:
        if path.is_file():
            content = path.read_bytes()
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            packed = gzip.compress(content, 6, mtime=0)
            found[path.relative_to(folder).as_posix()] = File(content, packed, kind)
    return found


def page_at(files: Mapping[str, File], path: str, *, accepts: str, not_built: bytes) -> PageAnswer | None:
    """A built file; any other path is a page of the application, which knows its own addresses. None for a
    path under `api/` or `assets/` that is not there.

    `accepts`: the request's Accept-Encoding. `not_built`: the page that says how to get the others.
    """
    if path.startswith(("api/", "assets/")) and path not in files:
        return None
    headers = {"content-security-policy": POLICY, "vary": "accept-encoding", "cache-control": "no-cache"}
    file = files.get(path) or files.get("index.html")
    if file is None:
        return PageAnswer(not_built, "text/html", 503, headers)
    if path.startswith("assets/"):
        headers["cache-control"] = FOREVER
    if "gzip" in accepts:
        return PageAnswer(file.packed, file.kind, 200, headers | {"content-encoding": "gzip"})
    return PageAnswer(file.content, file.kind, 200, headers)


def host_of(header: str) -> str:
    """The name in a Host header, without its port.

    >>> host_of("127.0.0.1:8770"), host_of("[::1]:8770"), host_of("Localhost")
    ('127.0.0.1', '::1', 'localhost')
    """
    name = header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() and ":" in header else header
    return name.strip("[]").lower()
