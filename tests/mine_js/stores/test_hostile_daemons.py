"""What answers at a daemon's address and is none, or a bad one: Mine.js says what the Python store says."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pysonar.store import StoreError, cid_of
from pysonar.store.kubo.rpc import KuboRpc
from pysonar.store.kubo.store import KuboStore
from pysonar.store.retry import Retry
from pysonar.store.unixfs.profile import MAX_BLOCK, leaf_block
from tests.mine_js.alike.asking import Ask

pytestmark = pytest.mark.filterwarnings("ignore:The 'strict' parameter:FutureWarning")

HELLO = b"hello world\n"
CID = cid_of(HELLO)
ONCE: dict[str, object] = {"waits": []}


class Impostor(http.server.BaseHTTPRequestHandler):
    """Answers every call as the test has chosen, by the call's name."""

    answers: dict[str, bytes]
    status = 200
    seen: list[str]
    address: str
    silent: threading.Event

    def do_POST(self) -> None:
        self.seen.append(self.path)
        self._read()
        name = self.path.split("?")[0].removeprefix("/api/v0/")
        answer = self.answers.get(name, self.answers.get("", b""))
        if answer == b"silence":
            self.silent.wait(60)
            return
        self.send_response(self.status)
        self.end_headers()
        for at in range(0, len(answer), 65536):
            try:
                self.wfile.write(answer[at : at + 65536])
            except OSError:
                return  # the client has seen enough

    def _read(self) -> None:
        """All that is sent, by its length or in pieces."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return
        while size := int(self.rfile.readline() or b"0", 16):
            self.rfile.read(size + 2)
        self.rfile.readline()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def impostor() -> Iterator[type[Impostor]]:
    made = {"seen": [], "answers": {}, "silent": threading.Event()}
    handler: type[Impostor] = type("OneImpostor", (Impostor,), made)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    handler.address = f"/ip4/127.0.0.1/tcp/{server.server_port}/http"
    yield handler
    handler.silent.set()
    server.shutdown()
    thread.join()
    server.server_close()


def said(work: Callable[[], object]) -> dict[str, Any]:
    """What the Python store says."""
    try:
        work()
    except StoreError as error:
        return {"error": type(error).__name__, "says": str(error)}
    raise AssertionError("it was not refused")


def test_a_daemon_that_names_the_bytes_otherwise_or_does_not_keep_them(
    ask: Ask, impostor: type[Impostor]
) -> None:
    for named in ("Qm" + "x" * 44, "x" * 300, str(CID)):
        impostor.answers = {
            "add": json.dumps({"Name": "artifact", "Hash": named, "Size": "1"}).encode() + b"\n",
            "files/ls": b'{"Entries":null}',
        }
        told = ask({"store": f"kubo:{impostor.address}", "options": ONCE, "do": "put", "data": HELLO.hex()})
        assert told == said(lambda: KuboStore(impostor.address, retry=Retry(attempts=1)).put(HELLO))
        assert told["error"] == ("DaemonRefusedError" if named == str(CID) else "WrongBytesError")
    # The import parameters are always named.
    for call in [path for path in impostor.seen if "/add?" in path]:
        given = set(call.split("?", 1)[1].lower().split("&"))
        assert given >= {
            "cid-version=0", "raw-leaves=false", "chunker=size-262144", "max-file-links=174", "hash=sha2-256",
            "trickle=false", "pin=false",
        }  # fmt: skip


@pytest.mark.parametrize("block", [b"", b"other bytes", leaf_block(b"another file"), bytes(50 * MAX_BLOCK)])
def test_a_daemon_that_hands_out_wrong_bytes(ask: Ask, impostor: type[Impostor], block: bytes) -> None:
    impostor.answers = {"block/get": block}
    asked = {"store": f"kubo:{impostor.address}", "options": ONCE, "do": "get", "cid": str(CID), "most": 100}
    told = ask(asked)
    python = KuboStore(impostor.address, retry=Retry(attempts=1))
    assert told == said(lambda: python.get(CID, max_bytes=100))
    assert told["error"] == "WrongBytesError"


def test_an_endless_block_is_cut_off(ask: Ask, impostor: type[Impostor]) -> None:
    impostor.answers = {"block/get": bytes(50 * MAX_BLOCK)}
    got = ask({"rpc": impostor.address, "do": "block", "cid": str(CID), "seconds": 5})["is"]
    assert MAX_BLOCK < len(got) // 2 < 3 * MAX_BLOCK


@pytest.mark.parametrize(
    "answer", [b"", b"<html>It works!</html>", b"[1,2]", b"{}", b'{"Size":"x"}', b"\xff\xfe"]
)
def test_what_is_no_ipfs_daemon_is_called_so(ask: Ask, impostor: type[Impostor], answer: bytes) -> None:
    impostor.answers = {"": answer}
    told = ask({"rpc": impostor.address, "do": "localBlockSize", "cid": str(CID)})
    assert told == said(lambda: KuboRpc(impostor.address).local_block_size(CID))
    told = ask({"rpc": impostor.address, "do": "add", "data": b"x".hex(), "path": "/a", "seconds": 5})
    assert told == said(lambda: KuboRpc(impostor.address).add(iter([b"x"]), "/a", seconds=5))
    assert "what answers is not an IPFS daemon" in told["says"]


@pytest.mark.parametrize("status", [302, 401, 403, 404, 500])
def test_who_does_not_accept_us_is_a_refusal_in_words(
    ask: Ask, impostor: type[Impostor], status: int
) -> None:
    impostor.status = status
    told = ask({"rpc": impostor.address, "do": "localBlock", "cid": str(CID)})
    assert told["error"] == "DaemonRefusedError"
    assert "it answers, but not as an IPFS daemon that accepts us does" in told["says"]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("context deadline exceeded", "NotFoundError"),
        ("block was not found locally (offline): ipld: could not find Qm", "NotFoundError"),
        ("write /x: no space left on device", "StoreFullError"),
        ("paths must start with a leading slash", "DaemonRefusedError"),
    ],
)
def test_what_the_daemon_says_is_told_in_our_words(
    ask: Ask, impostor: type[Impostor], message: str, error: str
) -> None:
    impostor.status = 500
    impostor.answers = {"": json.dumps({"Message": message, "Code": 0, "Type": "error"}).encode()}
    told = ask({"rpc": impostor.address, "do": "block", "cid": str(CID), "seconds": 1})
    assert told == said(lambda: KuboRpc(impostor.address).block(CID, seconds=1))
    assert (told["error"], message in told["says"]) == (error, False)


def test_nobody_listening_is_a_daemon_that_is_down(ask: Ask) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused
        address = f"/ip4/127.0.0.1/tcp/{taken.getsockname()[1]}/http"
        told = ask({"rpc": address, "do": "block", "cid": str(CID), "seconds": 1})
        assert told == said(lambda: KuboRpc(address).block(CID, seconds=1))
        again = ask({"store": f"kubo:{address}", "options": {"waits": [10]}, "do": "pins", "owner": "mine/x"})
        assert again["says"].endswith(f"the daemon cannot be reached; tried: IPFS daemon {address} (2 times)")


@pytest.mark.slow
def test_a_daemon_that_says_nothing_is_given_up(ask: Ask, impostor: type[Impostor]) -> None:
    impostor.answers = {"": b"silence"}
    told = ask({"rpc": impostor.address, "do": "block", "cid": str(CID), "seconds": 1})
    assert told == said(lambda: KuboRpc(impostor.address).block(CID, seconds=1))
    assert "does not answer in time" in told["says"]
