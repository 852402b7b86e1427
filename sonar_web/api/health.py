"""For whoever runs the service: whether it keeps up, and how it does in numbers."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from sonar_web.api.limits import AtOnce
from sonar_web.api.metrics import CONTENT_TYPE, Metrics
from sonar_web.api.shapes import Health, Refusal
from sonar_web.errors import BusyError
from sonar_web.index.indexer import Progress

router = APIRouter()

NEWS = "/api/v1/news"
MOST_BLOCKS_BEHIND = 50
MOST_SECONDS_SILENT = 120.0
SECONDS_BETWEEN_NEWS = 1.0
RETRY_MILLISECONDS = 30_000
"""When a browser that cannot listen now, since its address does so often enough, is to try again."""
SECONDS_BETWEEN_SIGNS_OF_LIFE = 15.0


def _progress(request: Request) -> Progress:
    found: Progress = request.app.state.progress
    return found


@router.get("/healthz", response_model=Health, responses={503: {"model": Health}})
async def healthz(request: Request) -> JSONResponse:
    """200 if the index keeps up with the chain; else 503 and why."""
    progress = _progress(request)
    trouble = progress.trouble
    silent = time.monotonic() - progress.looked_at
    if trouble is None and progress.looked_at and silent > MOST_SECONDS_SILENT:
        trouble = f"the index has not looked at the chain for {silent:.0f} s"
    behind = max(0, progress.head - progress.block)
    healthy = trouble is None and behind <= MOST_BLOCKS_BEHIND and progress.block >= 0
    return JSONResponse(
        {"healthy": healthy, "block": progress.block, "behind": behind, "trouble": trouble},
        status_code=200 if healthy else 503,
    )


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> PlainTextResponse:
    """Prometheus' text format."""
    found: Metrics = request.app.state.metrics
    return PlainTextResponse(found.text(), media_type=CONTENT_TYPE)


@router.get(
    NEWS,
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {}}},
        503: {"model": Refusal, "description": "so many listen already; try again"},
    },
)
async def news(request: Request) -> StreamingResponse:
    """Server-sent events: one `block` whenever something new is in the index."""
    streams: AtOnce = request.app.state.serving.streams
    if streams.taken >= streams.most:
        raise BusyError("listeners")
    return StreamingResponse(
        _news(request, streams), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
    )


async def _news(request: Request, streams: AtOnce) -> AsyncIterator[str]:
    address = request.client.host if request.client else ""
    if not streams.enter(address):
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        return
    try:
        async for one in _told(request):
            yield one
    finally:
        streams.leave(address)


async def _told(request: Request) -> AsyncIterator[str]:
    progress, quiet = _progress(request), 0.0
    told: tuple[str, str | None] | None = None
    while not request.app.state.serving.stopping() and not await request.is_disconnected():
        # Another branch of the same height, a title, and trouble are news, too.
        news = (request.app.state.version(), progress.trouble)
        if news != told:
            told, quiet = news, 0.0
            yield _event("block", {"block": progress.block, "trouble": progress.trouble})
        elif quiet >= SECONDS_BETWEEN_SIGNS_OF_LIFE:
            quiet = 0.0
            yield ": still here\n\n"
        await anyio.sleep(SECONDS_BETWEEN_NEWS)
        quiet += SECONDS_BETWEEN_NEWS


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
