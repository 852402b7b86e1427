"""Connections that nobody ends, readers who do not read, and a full house."""

from __future__ import annotations

import contextlib
import socket
import time

import httpx
import pytest
from fastapi import FastAPI, Response
from typer.testing import CliRunner

from sonar_web.api.app import Serving
from sonar_web.api.connections import Door, Patience
from sonar_web.api.limits import AtOnce
from sonar_web.cli import app
from tests.web.strangers.behind_door import LATEST, before_all_others, behind_door, ended

SOON = Patience(head=0.3, body=0.3, stalled=0.3)


def test_a_request_that_never_ends_is_not_waited_for(application: FastAPI) -> None:
    with behind_door(application, Door(patience=SOON)) as address:
        for beginning in (b"", b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: "):
            with socket.create_connection(address) as stranger:
                stranger.sendall(beginning)
                assert ended(stranger) == b""
        with socket.create_connection(address) as stranger:
            head = b"POST /api/v1/artifacts HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\n"
            stranger.sendall(head + b"slow")
            ended(stranger)


def test_a_drip_of_bytes_puts_nothing_off(application: FastAPI) -> None:
    with behind_door(application, Door(patience=SOON)) as address:
        stranger = socket.create_connection(address)
        until = time.monotonic() + LATEST
        with contextlib.suppress(ConnectionError), stranger:
            stranger.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n")
            while time.monotonic() < until:
                stranger.sendall(b"x-slow: 1\r\n")
                time.sleep(0.05)
        assert time.monotonic() < until


def test_a_head_that_never_ends_is_refused(application: FastAPI) -> None:
    with behind_door(application, Door()) as address, socket.create_connection(address) as stranger:
        with contextlib.suppress(ConnectionError):
            stranger.sendall(b"GET /api/v1/campaigns?search=" + b"x" * 200_000)
        assert ended(stranger).startswith((b"HTTP/1.1 400", b""))
        assert httpx.get(f"http://127.0.0.1:{address[1]}/healthz", timeout=LATEST).status_code == 503


def test_whoever_opens_many_connections_locks_out_nobody_else(application: FastAPI) -> None:
    door = Door(places=AtOnce(4, 2))
    with behind_door(application, door) as address:
        idle = [socket.create_connection(address) for _ in range(2)]
        with socket.create_connection(address) as third:
            assert b"503 Service Unavailable" in ended(third)
        with socket.create_connection(address, source_address=("127.0.0.2", 0)) as other:
            other.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
            assert b'"healthy":false' in ended(other)
        for one in idle:
            one.close()
        until = time.monotonic() + LATEST
        while door.places.taken and time.monotonic() < until:
            time.sleep(0.01)
        assert door.places.taken == 0


def test_a_full_house_lets_go_of_whoever_asks_for_nothing(application: FastAPI) -> None:
    """A slow loris of many addresses: each one's connections are few, all of them together are not."""
    with behind_door(application, Door(places=AtOnce(5, 2))) as address:
        idle = [socket.create_connection(address, source_address=(f"127.0.0.{n}", 0)) for n in range(2, 7)]
        for one in idle:
            one.sendall(b"GET /healthz HTTP/1.1\r\nx-slow: ")
        url = f"http://127.0.0.1:{address[1]}/healthz"
        assert [httpx.get(url, timeout=LATEST).status_code for _ in range(3)] == [503] * 3
        assert "healthy" in httpx.get(url, timeout=LATEST).json()
        assert ended(idle[0]) == b""
        for one in idle:
            one.close()


def test_nobody_makes_room_for_whom_it_does_not_help(application: FastAPI) -> None:
    with behind_door(application, Door(places=AtOnce(3, 2))) as address:
        own = [socket.create_connection(address) for _ in range(2)]
        other = socket.create_connection(address, source_address=("127.0.0.2", 0))
        with socket.create_connection(address) as third:
            assert b"503 Service Unavailable" in ended(third)
        for one in (*own, other):
            one.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
            assert b'"healthy":false' in ended(one)
            one.close()


@pytest.fixture
def large(application: FastAPI) -> FastAPI:
    """With an answer of 12 MB, written in one go."""
    before_all_others(application, "/large", lambda: Response(b"x" * 12_000_000))
    return application


def small_window(address: tuple[str, int]) -> socket.socket:
    """A reader whose machine keeps little, so that the answer waits at the service."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    reader.connect(address)
    reader.sendall(b"GET /large HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
    return reader


def test_a_slow_reader_gets_all_of_a_large_answer(large: FastAPI) -> None:
    """For longer than a request is waited for, and than nothing may be taken."""
    patience = Patience(head=2, body=2, stalled=2)  # a busy machine may stop the reader for a moment, too
    with behind_door(large, Door(patience=patience)) as address, small_window(address) as reader:
        began, read = time.monotonic(), 0
        while read < 12_000_000:
            piece = reader.recv(65_536)
            assert piece, f"cut off after {read} bytes"
            read += len(piece)
            if time.monotonic() - began < 5:
                time.sleep(0.02)
        assert time.monotonic() - began > 2 * patience.head


def test_a_reader_who_takes_nothing_is_let_go(large: FastAPI) -> None:
    door = Door(patience=SOON)
    with behind_door(large, door) as address, small_window(address):
        until = time.monotonic() + LATEST
        while not door.places.taken and time.monotonic() < until:
            time.sleep(0.01)
        while door.places.taken and time.monotonic() < until:
            time.sleep(0.01)
        assert door.places.taken == 0


@pytest.mark.parametrize("wrong", ["*", "localhost", "10.0.0.0/8"])
def test_a_proxy_is_an_address(wrong: str) -> None:
    done = CliRunner().invoke(app, ["run", "--rpc", "http://127.0.0.1:9", "--proxy", wrong])
    assert done.exit_code == 2
    assert "is not an address" in done.output


def test_a_proxy_may_have_all_the_places(application: FastAPI) -> None:
    door = Door(places=AtOnce(3, 1), proxies=frozenset({"127.0.0.1"}))
    with behind_door(application, door) as address:
        idle = [socket.create_connection(address) for _ in range(2)]
        assert httpx.get(f"http://127.0.0.1:{address[1]}/healthz", timeout=LATEST).status_code == 503
        for one in idle:
            one.close()


def test_streams_are_few_for_each_address_and_end_with_the_service(
    application: FastAPI, serving: Serving
) -> None:
    with behind_door(application, Door()) as address:
        url = f"http://127.0.0.1:{address[1]}/api/v1/news"
        with contextlib.ExitStack() as open_ones:
            heard = []  # a stream is closed when nobody holds its lines
            for _ in range(2):
                answer = open_ones.enter_context(httpx.stream("GET", url, timeout=LATEST))
                heard.append(answer.iter_lines())
                assert next(heard[-1]) == "event: block"
            assert serving.streams.taken == 2
            assert httpx.get(url, timeout=LATEST).text == "retry: 30000\n\n"
            assert serving.streams.enter("192.0.2.1")
            assert httpx.get(url, timeout=LATEST).status_code == 503
            assert "streams 3.0\n" in httpx.get(f"http://127.0.0.1:{address[1]}/metrics", timeout=LATEST).text
