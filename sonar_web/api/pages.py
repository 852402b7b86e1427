"""Sonar UI, at every path that is not the API's."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from pysonar.files.web_pages import page_at
from sonar_web.errors import UnknownError

_NOT_BUILT = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Sonar</title><p>The pages are not built: run"
    b" <code>make web</code>, then start <code>sonar-web run</code> again."
    b" The API is at <a href=/api/v1/campaigns>/api/v1</a>."
)

router = APIRouter(include_in_schema=False)


@router.get("/{path:path}")
async def page(request: Request, path: str) -> Response:
    """A built file, or the application."""
    accepts = request.headers.get("accept-encoding", "")
    found = page_at(request.app.state.pages, path, accepts=accepts, not_built=_NOT_BUILT)
    if found is None:
        raise UnknownError("page", path)
    return Response(
        found.content, media_type=found.kind, headers=dict(found.headers), status_code=found.status
    )
