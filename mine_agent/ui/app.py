"""The application: what is asked at which path, answered in threads; errors as JSON; the pages elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mine_agent.errors import UnknownCampaignError, UnknownDataError
from mine_agent.failures import UnexpectedError
from mine_agent.ui.answers import books, data, mapping, rules, work
from mine_agent.ui.asking import Asked, asked
from mine_agent.ui.desk import Desk
from mine_agent.ui.errors import RequestError, UnknownPathError, UsedLinkError
from mine_agent.ui.guard import LET_IN, Guard
from openmined_syft.errors import OpenMinedError
from pysonar.files.web_pages import File, page_at
from pysonar.party.browser_sessions import Sessions

Answer = Callable[[Desk, Asked], Any]
THREADS = 4
"""For what waits for a node, and as many for what does not: a node that hangs holds up its own questions."""
UNREACHABLE = 3
"""The exit code of errors that pass when a node or a store is there again."""

ORDERS: Mapping[str, Answer] = {
    "/api/pause": work.pause,
    "/api/resume": work.resume,
}
"""Changes that wait for nothing at all, in a thread of their own."""
READS: Mapping[str, Answer] = {
    "/api/status": work.show_status,
    "/api/data": data.show_data,
    "/api/data/kinds": data.show_kinds,
    "/api/data/looks/{ticket}": data.show_look,
    "/api/policy": rules.show_policy,
    "/api/ledger": books.show_ledger,
}
CHANGES: Mapping[str, Answer] = {
    "/api/data": data.keep,
    "/api/data/looks": data.look,
    "/api/data/{name}/forget": data.forget,
    "/api/data/{name}/mapping": mapping.change_mapping,
    "/api/policy": rules.save_policy,
}
CHAIN_READS: Mapping[str, Answer] = {
    "/api/campaigns": work.show_campaigns,
    "/api/data/{name}/check": data.check,
    "/api/data/{name}/mapping": mapping.show_mapping,
    "/api/earnings": books.show_earnings,
    "/api/payments": books.show_payments,
    "/api/decisions": books.show_decisions,
}
CHAIN_CHANGES: Mapping[str, Answer] = {
    "/api/word": work.give_word,
    "/api/policy/try": rules.try_policy,
}
_NOT_BUILT = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Mine</title><p>The pages are not built: run"
    b" <code>make web</code>, then start <code>mine-agent ui</code> again."
)


def make_app(desk: Desk, sessions: Sessions, pages: Mapping[str, File]) -> Starlette:
    """The Mine UI over one home."""
    orders = ThreadPoolExecutor(1, thread_name_prefix="ui-orders")
    here = ThreadPoolExecutor(THREADS, thread_name_prefix="ui-here")
    chain = ThreadPoolExecutor(THREADS, thread_name_prefix="ui-chain")

    def endpoint(answer: Answer, threads: ThreadPoolExecutor) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            try:
                parts = await asked(request)
                found = await asyncio.get_running_loop().run_in_executor(threads, answer, desk, parts)
            except OpenMinedError as error:
                return refused(error)
            except Exception as error:  # noqa: BLE001 - the last border: its own text may hold anything
                return JSONResponse({"error": str(UnexpectedError(error))}, status_code=500)
            return JSONResponse(found)

        return serve

    async def let_in(request: Request) -> Response:
        try:
            key = sessions.open((await asked(request)).text("token"))
        except RequestError as error:
            return refused(error)
        if key is None:
            return refused(UsedLinkError())
        # Told after the answer: a terminal that stands still must not keep the browser waiting.
        return JSONResponse({"key": key}, background=BackgroundTask(sessions.announce_next))

    async def page(request: Request) -> Response:
        path, accepts = request.path_params["path"], request.headers.get("accept-encoding", "")
        found = page_at(pages, path, accepts=accepts, not_built=_NOT_BUILT)
        if found is None:
            return refused(UnknownPathError(request.url.path))
        return Response(found.content, found.status, dict(found.headers), found.kind)

    return Starlette(
        routes=[
            Route(LET_IN, let_in, methods=["POST"]),
            *(
                Route(path, endpoint(answer, threads), methods=[method])
                for answers, threads, method in (
                    (ORDERS, orders, "POST"),
                    (READS, here, "GET"),
                    (CHANGES, here, "POST"),
                    (CHAIN_READS, chain, "GET"),
                    (CHAIN_CHANGES, chain, "POST"),
                )
                for path, answer in answers.items()
            ),
            Route("/{path:path}", page, methods=["GET"]),
        ],
        middleware=[Middleware(Guard, sessions=sessions), Middleware(GZipMiddleware, minimum_size=1_000)],
    )


def refused(error: OpenMinedError) -> JSONResponse:
    """An error's own words, with the status that it has for a browser."""
    if isinstance(error, RequestError):
        status = error.status
    elif isinstance(error, UnknownDataError | UnknownCampaignError):
        status = 404
    else:
        status = 503 if getattr(error, "exit_code", 1) == UNREACHABLE else 400
    return JSONResponse({"error": str(error)}, status_code=status)
