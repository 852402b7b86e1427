"""For whoever runs the service: whether it keeps up, and how it does in numbers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from sonar_web.api.shapes import Health
from sonar_web.index.indexer import Progress

router = APIRouter()

MOST_BLOCKS_BEHIND = 50
SECONDS_BETWEEN_NEWS = 1.0
SECONDS_BETWEEN_SIGNS_OF_LIFE = 15.0


def _progress(request: Request) -> Progress:
    found: Progress = request.app.state.progress
    return found


@router.get("/healthz", response_model=Health, responses={503: {"model": Health}})
def healthz(request: Request) -> JSONResponse:
    """200 if the index keeps up with the chain; else 503 and why."""
    progress = _progress(request)
    behind = max(0, progress.head - progress.block)
    healthy = progress.trouble is None and behind <= MOST_BLOCKS_BEHIND and progress.block >= 0
    return JSONResponse(
        {"healthy": healthy, "block": progress.block, "behind": behind, "trouble": progress.trouble},
        status_code=200 if healthy else 503,
    )


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request) -> PlainTextResponse:
    """Prometheus' text format."""
    progress = _progress(request)
    gauges = {
        "sonar_web_block": ("the last block that is read", progress.block),
        "sonar_web_head": ("the newest block of the chain", progress.head),
        "sonar_web_events": ("events read since the start", progress.events),
        "sonar_web_trouble": (
            "1 if something keeps the index from going on",
            int(progress.trouble is not None),
        ),
    }
    lines = [
        line
        for name, (what, value) in gauges.items()
        for line in (f"# HELP {name} {what}", f"# TYPE {name} gauge", f"{name} {value}")
    ]
    return PlainTextResponse("\n".join([*lines, ""]), media_type="text/plain; version=0.0.4")


@router.get(
    "/api/v1/news",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
def news(request: Request) -> StreamingResponse:
    """Server-sent events: one `block` whenever something new is in the index."""
    return StreamingResponse(_news(request), media_type="text/event-stream")


async def _news(request: Request) -> AsyncIterator[str]:
    progress, quiet = _progress(request), 0.0
    told: tuple[str, str | None] | None = None
    while not await request.is_disconnected():
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
