"""The application: routes, errors as JSON, caching by block, and headers that keep browsers safe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from pysonar.chain.database_errors import DatabaseUnusableError
from sonar_web.api import exports, health, routes
from sonar_web.api.limits import RateLimit
from sonar_web.api.reading import Reader
from sonar_web.errors import TooManyRequestsError, WebError
from sonar_web.index.indexer import Progress

HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
REQUESTS_A_MINUTE = 600


def make_app(reader: Reader, progress: Progress, *, requests_a_minute: int = REQUESTS_A_MINUTE) -> FastAPI:
    """The service over an index that somebody else keeps up to date."""
    app = FastAPI(
        title="Sonar statistics",
        version="1",
        description="What Sonar's logs tell. Every answer names the block that it is of.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.reader = reader
    app.state.progress = progress
    limit = RateLimit(requests_a_minute)
    app.include_router(routes.router)
    app.include_router(exports.router)
    app.include_router(health.router)

    @app.exception_handler(WebError)
    def refused(_: Request, error: WebError) -> JSONResponse:
        headers = {}
        if isinstance(error, TooManyRequestsError):
            headers["retry-after"] = str(max(1, round(error.seconds)))
        return JSONResponse({"error": str(error)}, status_code=error.status, headers=headers)

    @app.exception_handler(DatabaseUnusableError)
    def away(_: Request, error: DatabaseUnusableError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=503, headers={"retry-after": "5"})

    @app.middleware("http")
    async def guarded(request: Request, forward: Callable[[Request], Awaitable[Response]]) -> Response:
        try:
            limit.take(request.client.host if request.client else "")
        except TooManyRequestsError as error:
            return refused(request, error)
        tag = f'"{progress.block}-{progress.tip}"' if request.url.path.startswith("/api/v1/") else None
        if tag is not None and progress.block >= 0 and request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"etag": tag})
        response = await forward(request)
        if tag is not None and response.status_code == 200:
            # Read before the answer: it can be older than that, never newer.
            response.headers["etag"] = tag
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app
