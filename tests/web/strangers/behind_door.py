"""The service as `sonar-web run` serves it, with routes of the tests' own."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

from fastapi import FastAPI, Response
from fastapi.routing import APIRoute

from sonar_web.api.connections import Door, Server

LATEST = 60.0
"""Seconds after which a machine under load has done what an idle one does at once."""


@contextlib.contextmanager
def behind_door(application: FastAPI, door: Door) -> Iterator[tuple[str, int]]:
    """The service as `sonar-web run` serves it; it must end by itself whatever is still open."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address: tuple[str, int] = free.getsockname()
    server = Server(application, *address, door=door, asked_to_stop=lambda: None)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield address
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        assert not thread.is_alive(), "a connection held the service up"


def ended(stranger: socket.socket) -> bytes:
    """What the service says until it closes the connection; TimeoutError if it does not."""
    stranger.settimeout(LATEST)
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := stranger.recv(65_536):
            said += piece
    return said


def before_all_others(application: FastAPI, path: str, answer: Callable[[], Response]) -> None:
    application.router.routes.insert(0, APIRoute(path, answer))
