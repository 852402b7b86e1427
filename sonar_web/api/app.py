"""The application: routes, errors as JSON, caching by block, and headers that keep browsers safe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.middleware.gzip import GZipMiddleware

from pysonar.chain.database_errors import DatabaseUnusableError
from pysonar.chain.errors import NodeError
from pysonar.files.web_pages import LOOPBACK, SAFE_HEADERS, File, host_of
from pysonar.store.interface import Reader as StoreReader
from pysonar.store.interface import Store
from sonar_web.api import artifacts, exports, health, pages, routes
from sonar_web.api.limits import RateLimit
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
    """

    hosts: frozenset[str] = LOOPBACK
    requests_a_minute: int = REQUESTS_A_MINUTE
    store: StoreReader | None = None
    taker: Store | None = None
    pages: Mapping[str, File] = field(default_factory=dict)
    beside: Callable[[], int] = lambda: 0
    ask_token: Callable[[str], tuple[str | None, int]] = lambda _: (None, 0)
    desk: Sequence[APIRouter] = ()


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
        return JSONResponse({"error": str(error)}, status_code=error.status, headers=headers)

    @app.exception_handler(RequestValidationError)
    def out_of_range(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        wrong = BadQueryError(str(first["loc"][-1]), str(first.get("input")), str(first["msg"]))
        return JSONResponse({"error": str(wrong)}, status_code=422)

    @app.exception_handler(DatabaseUnusableError)
    def away(_: Request, error: DatabaseUnusableError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=503, headers={"retry-after": "5"})

    @app.exception_handler(NodeError)
    def node_away(_: Request, error: NodeError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=503, headers={"retry-after": "5"})

    @app.middleware("http")
    async def guarded(request: Request, forward: Callable[[Request], Awaitable[Response]]) -> Response:
        if host_of(request.headers.get("host", "")) not in serving.hosts:
            return refused(
                request, ForbiddenError("this service does not answer to that name; see --answer-to")
            )
        try:
            limit.take(request.client.host if request.client else "")
        except TooManyRequestsError as error:
            return refused(request, error)
        reads = request.method in ("GET", "HEAD") and request.url.path.startswith("/api/v1/")
        tag = f'"{version()}"' if reads else None
        if tag is not None and progress.block >= 0 and request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"etag": tag})
        response = await forward(request)
        if tag is not None and response.status_code == 200:
            # Read before the answer: it can be older than that, never newer.
            response.headers["etag"] = tag
        for name, value in SAFE_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    return app
