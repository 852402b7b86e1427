"""The server of the Mine UI, on this machine's loopback address and nowhere else."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from mine_agent.home import Home
from mine_agent.ui.app import make_app
from mine_agent.ui.desk import Desk
from mine_agent.ui.errors import PortTakenError
from pysonar.files.web_pages import BUILT, read_pages
from pysonar.party.browser_sessions import Sessions
from pysonar.party.signals import end_after, stop_on_signals

HERE = "127.0.0.1"
MOST_CONNECTIONS = 64
GOODBYE_SECONDS = 2


def serve(home: Home, *, port: int, pages: Path | None, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C. `say` is given each link that lets a browser in; port 0 is a free one.

    Raises PortTakenError.
    """
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HERE, port))
        except OSError as error:
            raise PortTakenError(port, error.strerror or "it is taken") from None
        address = f"http://{HERE}:{listening.getsockname()[1]}/"
        sessions = Sessions(lambda token: say(f"{address}#token={token}"))
        app = make_app(Desk(home), sessions, read_pages(pages or BUILT / "mine"))
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=GOODBYE_SECONDS,
            )
        )

        def end() -> None:
            server.should_exit = True

        with stop_on_signals(end):
            listening.listen()
            sessions.begin()
            server.run(sockets=[listening])
            # An answer may still wait for a node, or read a large file; a change is whole or not there.
            end_after(GOODBYE_SECONDS)
