"""The pages for people: files that `make web` built, held in memory, so that no path of a request ever meets
the disk.
"""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response

from sonar_web.errors import UnknownError

BUILT = Path(__file__).resolve().parents[2] / "build" / "web" / "sonar"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
FOREVER = "public, max-age=31536000, immutable"  # these names have a hash of the content in them
_NOT_BUILT = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Sonar</title><p>The pages are not built: run"
    " <code>make web</code>, then start <code>sonar-web run</code> again."
    " The API is at <a href=/api/v1/campaigns>/api/v1</a>."
)

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class File:
    """A built file as it is sent."""

    content: bytes
    packed: bytes
    kind: str


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


@router.get("/{path:path}")
def page(request: Request, path: str) -> Response:
    """A built file; any other path is a page of the application, which knows its own addresses."""
    files: dict[str, File] = request.app.state.pages
    if path.startswith(("api/", "assets/")) and path not in files:
        raise UnknownError("page", path)
    headers = {"content-security-policy": POLICY, "vary": "accept-encoding", "cache-control": "no-cache"}
    file = files.get(path) or files.get("index.html")
    if file is None:
        return Response(_NOT_BUILT, media_type="text/html", headers=headers, status_code=503)
    if path.startswith("assets/"):
        headers["cache-control"] = FOREVER
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, media_type=file.kind, headers=headers | {"content-encoding": "gzip"})
    return Response(file.content, media_type=file.kind, headers=headers)
