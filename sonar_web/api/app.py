"""The application: routes, errors as JSON, caching by block, and headers that keep browsers safe."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect

from pysonar.chain.errors import ChainError
from pysonar.files.web_pages import LOOPBACK, SAFE_HEADERS, File, host_of
from pysonar.store.interface import Reader as StoreReader
from pysonar.store.interface import Store
from sonar_web.api import artifacts, exports, health, pages, routes
from sonar_web.api.limits import AtOnce, RateLimit
from sonar_web.api.metrics import Metrics
from sonar_web.api.reading import Reader
from sonar_web.api.shapes import Refusal
from sonar_web.errors import BadQueryError, ForbiddenError, TooManyRequestsError, WebError
from sonar_web.index.indexer import Progress

REQUESTS_A_MINUTE = 600
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "a parameter means nothing"},
    403: {"model": Refusal, "description": "not answered to this name or origin"},
    404: {"model": Refusal, "description": "nothing of that name is in the index"},
    422: {"model": Refusal, "description": "a parameter is out of its range"},
    429: {"model": Refusal, "description": "too many requests of one address"},
    503: {"model": Refusal, "description": "the database or the store is away; try again"},
}


@dataclass(frozen=True)
class Serving:
    """How the service serves.

    Attributes:
        hosts: names that it answers to (without port): a name that somebody else points at this address
            gets nothing (DNS rebinding).
        requests_a_minute: most of one address.
        store: where artifacts are read from, or None.
        taker: where those of the pages are put, or None.
        pages: the built pages by their path (`read_pages`).
        beside: how much was read beside the logs so far: answers change with it.
        ask_token: symbol and decimals of a token that no campaign is paid in; NodeError.
        desk: what scientists ask and do beside reading.
        streams, exports, uploads: how many at once, in all and of one address. Each lasts as long as whoever
            asked for it likes, within bounds.
        stopping: whether the service is about to end.
    """

    hosts: frozenset[str] = LOOPBACK
    requests_a_minute: int = REQUESTS_A_MINUTE
    store: StoreReader | None = None
    taker: Store | None = None
    pages: Mapping[str, File] = field(default_factory=dict)
    beside: Callable[[], int] = lambda: 0
    ask_token: Callable[[str], tuple[str | None, int]] = lambda _: (None, 0)
    desk: Sequence[APIRouter] = ()
    streams: AtOnce = field(default_factory=lambda: AtOnce(400, 20))
    exports: AtOnce = field(default_factory=lambda: AtOnce(8, 2))
    uploads: AtOnce = field(default_factory=lambda: AtOnce(4, 2))
    stopping: Callable[[], bool] = lambda: False


def make_app(reader: Reader, progress: Progress, serving: Serving) -> FastAPI:
    """The service over an index that somebody else keeps up to date."""

    def version() -> str:
        """What answers are of: they change when it does."""
        return f"{progress.block}-{progress.tip}-{serving.beside()}"

    app = FastAPI(
        title="Sonar statistics",
        version="1",
        description="What Sonar's logs tell. Every answer names the block that it is of.",
        docs_url=None,
        redoc_url=None,
        responses=REFUSALS,
    )
    app.state.reader = reader
    app.state.progress = progress
    app.state.version = version
    app.state.ask_token = serving.ask_token
    app.state.serving = serving
    app.state.metrics = metrics = Metrics(progress, serving.streams)
    app.state.store, app.state.taker, app.state.pages = serving.store, serving.taker, serving.pages
    limit = RateLimit(serving.requests_a_minute)
    app.include_router(routes.router)
    app.include_router(exports.router)
    app.include_router(health.router)
    app.include_router(artifacts.router)
    for router in serving.desk:
        app.include_router(router)
    app.include_router(pages.router)  # the last: it takes every path

    @app.exception_handler(WebError)
    def refused(_: Request, error: WebError) -> JSONResponse:
        headers = {}
        if isinstance(error, TooManyRequestsError):
            headers["retry-after"] = str(max(1, round(error.seconds)))
        elif error.status == 503:
            headers["retry-after"] = "5"
        return JSONResponse({"error": str(error)}, status_code=error.status, headers=headers)

    @app.exception_handler(RequestValidationError)
    def out_of_range(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        wrong = BadQueryError(str(first["loc"][-1]), str(first.get("input")), str(first["msg"]))
        return JSONResponse({"error": str(wrong)}, status_code=422)

    @app.exception_handler(ChainError)
    def away(_: Request, error: ChainError) -> JSONResponse:
        """The database or the node, or a database that is not this contract's."""
        return JSONResponse({"error": str(error)}, status_code=503, headers={"retry-after": "5"})

    @app.exception_handler(ClientDisconnect)
    def gone(_: Request, __: ClientDisconnect) -> Response:
        """Whoever asked went away in the middle: nobody reads this."""
        return Response(status_code=400)

    @app.exception_handler(Exception)
    def fault(_: Request, __: Exception) -> JSONResponse:
        """Of the program: it stands in the log, not in the answer."""
        return JSONResponse(
            {"error": "something went wrong here; it is in the service's log"}, 500, SAFE_HEADERS
        )

    @app.middleware("http")
    async def guarded(request: Request, forward: Callable[[Request], Awaitable[Response]]) -> Response:
        began = time.perf_counter()
        try:
            response = await answered(request, forward)
        except Exception:  # answered outside, by `fault`
            metrics.note(500, time.perf_counter() - began)
            raise
        for name, value in SAFE_HEADERS.items():
            response.headers.setdefault(name, value)
        metrics.note(response.status_code, time.perf_counter() - began)
        return response

    async def answered(request: Request, forward: Callable[[Request], Awaitable[Response]]) -> Response:
        if host_of(request.headers.get("host", "")) not in serving.hosts:
            return refused(
                request, ForbiddenError("this service does not answer to that name; see --answer-to")
            )
        try:
            limit.take(request.client.host if request.client else "")
        except TooManyRequestsError as error:
            return refused(request, error)
        tag = f'"{version()}"' if request.method in ("GET", "HEAD") and changes_with_blocks(request) else None
        known = request.headers.get("if-none-match", "")
        if tag is not None and progress.block >= 0 and is_known(tag, known):
            return Response(status_code=304, headers={"etag": tag})
        response = await forward(request)
        if tag is not None and response.status_code == 200:
            # Read before the answer: it can be older than that, never newer.
            response.headers["etag"] = tag
            response.headers.setdefault("cache-control", "no-cache")
        return response

    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    return app


def changes_with_blocks(request: Request) -> bool:
    """Whether what is asked for is of a block: not the stream of news, and not what its own hash names."""
    path = request.url.path
    return path.startswith("/api/v1/") and not path.startswith((health.NEWS, "/api/v1/artifacts"))


def is_known(tag: str, header: str) -> bool:
    """Whether `If-None-Match` names the tag; a proxy that packs answers makes tags weak.

    >>> is_known('"7"', 'W/"6", W/"7"'), is_known('"7"', '"6"'), is_known('"7"', "")
    (True, False, False)
    """
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in header.split(","))
