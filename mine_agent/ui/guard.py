"""What a request must have before anything is done for it: a name of this machine as its host, a page of this
server as its origin, and, for everything but the pages themselves, a session.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mine_agent.ui.errors import ForeignRequestError, NoSessionError, RequestError
from pysonar.files.web_pages import LOOPBACK, SAFE_HEADERS, host_of
from pysonar.party.browser_sessions import Sessions

API = "/api/"
LET_IN = "/api/session"
"""The one path under the API that needs no session: it gives one for a link's token."""
_READING = ("GET", "HEAD")
_OURS = ("same-origin", "none")


class Guard:
    """Middleware before everything."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            self._check(str(scope["method"]), str(scope["path"]), Headers(scope=scope))
        except RequestError as error:
            refused = JSONResponse({"error": str(error)}, status_code=error.status)
            await refused(scope, receive, send_safely)
            return
        await self._app(scope, receive, send_safely)

    def _check(self, method: str, path: str, headers: Headers) -> None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if host_of(host) not in LOOPBACK:
            raise ForeignRequestError("the Mine UI answers to names of this machine only, such as 127.0.0.1")
        if not path.startswith(API):
            if method not in _READING:
                raise ForeignRequestError("pages are only read")
            return
        if origin != f"http://{host}" and (origin is not None or method not in _READING):
            raise ForeignRequestError("the Mine UI answers to its own pages only")
        if headers.get("sec-fetch-site", "none") not in _OURS:
            raise ForeignRequestError("the Mine UI answers to its own pages only")
        if path != LET_IN and not self._sessions.lets_in(headers.get("authorization", "")):
            raise NoSessionError
