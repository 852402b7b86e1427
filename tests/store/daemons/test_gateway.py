"""A gateway that nobody trusts: it can withhold, be slow or lie, and none of it becomes bytes."""

import http.server
import io
import random
import threading
import time

import pytest

from pysonar.protocol.cid import Cid
from pysonar.store import (
    DaemonDownError,
    DaemonRefusedError,
    NotFoundError,
    StoreSettingError,
    TooLargeError,
    WrongBytesError,
    open_reader,
    open_store,
)
from pysonar.store.gateway import GatewayReader
from pysonar.store.retry import Retry
from pysonar.store.unixfs.builder import build_blocks
from pysonar.store.unixfs.profile import CHUNK, MAX_BLOCK

DATA = random.Random(7).randbytes(3 * CHUNK + 100)


class Gateway(http.server.BaseHTTPRequestHandler):
    """Hands out raw blocks; what a test puts into `answers` it says instead (status, bytes)."""

    blocks: dict[str, bytes]
    answers: dict[str, tuple[int, bytes]]
    failures: list[int]
    asked: list[str]
    cut: list[int]
    address: str
    root: Cid
    leaf: str
    pause = 0.0

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        name = path.removeprefix("/ipfs/")
        self.asked.append(name)
        assert query == "format=raw"
        if self.failures:
            status, body = self.failures.pop(0), b"busy"
        elif name in self.answers:
            status, body = self.answers[name]
        else:
            status, body = (200, self.blocks[name]) if name in self.blocks else (404, b"no such block")
        self.send_response(status)
        self.end_headers()
        for at in range(0, len(body), 65536):
            time.sleep(self.pause)
            try:
                self.wfile.write(body[at : at + 65536])
            except OSError:
                self.cut.append(at)  # the reader has seen enough
                return

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gateway():
    blocks = list(build_blocks(io.BytesIO(DATA)))
    table = {str(child.cid): block for child, block in blocks}
    handler: type[Gateway] = type(
        "OneGateway", (Gateway,), {"blocks": table, "answers": {}, "failures": [], "asked": [], "cut": []}
    )
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    handler.address = f"http://127.0.0.1:{server.server_port}"
    handler.root = blocks[-1][0].cid
    handler.leaf = str(blocks[1][0].cid)
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_blocks_are_put_together_and_the_setting_opens_it(gateway):
    store = open_reader(f"gateway:{gateway.address}/?wait=5")
    assert store.get(gateway.root, max_bytes=len(DATA)) == DATA
    assert sorted(gateway.asked) == sorted(gateway.blocks)


def test_a_wrong_block_is_named_and_never_returned(gateway):
    good = gateway.blocks[gateway.leaf]
    gateway.answers[gateway.leaf] = (200, good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(WrongBytesError, match=gateway.leaf) as caught:
        GatewayReader(gateway.address).get(gateway.root, max_bytes=len(DATA))
    assert caught.value.cid == gateway.root
    assert gateway.address in str(caught.value)


def test_a_page_in_place_of_the_root_is_wrong_bytes(gateway):
    gateway.answers[str(gateway.root)] = (200, b"<html>Buy our storage</html>")
    with pytest.raises(WrongBytesError, match=str(gateway.root)):
        GatewayReader(gateway.address).get(gateway.root, max_bytes=len(DATA))


def test_an_endless_block_is_cut_off(gateway):
    gateway.answers[str(gateway.root)] = (200, bytes(200 * MAX_BLOCK))
    with pytest.raises(WrongBytesError, match="more than"):
        GatewayReader(gateway.address).get(gateway.root, max_bytes=10**9)
    until = time.monotonic() + 30
    while not gateway.cut and time.monotonic() < until:
        time.sleep(0.02)
    assert gateway.cut, "all of it was taken"


def test_the_cap_stops_before_the_leaves(gateway):
    with pytest.raises(TooLargeError, match=str(gateway.root)):
        GatewayReader(gateway.address).get(gateway.root, max_bytes=len(DATA) - 1)
    assert gateway.asked == [str(gateway.root)]


def test_a_block_it_does_not_have_is_not_found_with_file_and_block(gateway):
    del gateway.blocks[gateway.leaf]
    with pytest.raises(NotFoundError) as caught:
        GatewayReader(gateway.address, retry=Retry(attempts=1)).get(gateway.root, max_bytes=len(DATA))
    assert (caught.value.cid, caught.value.block) == (gateway.root, Cid.parse(gateway.leaf))
    assert f"gateway {gateway.address} (status 404)" in str(caught.value)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_an_overloaded_gateway_is_asked_again(gateway, status):
    gateway.failures.extend([status, status])
    store = GatewayReader(gateway.address, retry=Retry(attempts=3, first_wait=0.01))
    assert store.get(gateway.root, max_bytes=len(DATA)) == DATA
    gateway.failures.extend([status] * 3)
    with pytest.raises(DaemonDownError, match=r"overloaded.*3 times"):
        store.get(gateway.root, max_bytes=len(DATA))


@pytest.mark.parametrize(
    ("status", "error"), [(410, NotFoundError), (504, NotFoundError), (403, DaemonRefusedError)]
)
def test_a_status_that_says_no_is_final(gateway, status, error):
    gateway.answers[str(gateway.root)] = (status, b"")
    with pytest.raises(error, match=str(gateway.root)):
        GatewayReader(gateway.address).get(gateway.root, max_bytes=len(DATA))
    assert len(gateway.asked) == 1


def test_a_block_that_drips_in_too_slowly_is_given_up(gateway):
    gateway.answers[str(gateway.root)] = (200, bytes(MAX_BLOCK))
    gateway.pause = 0.2
    with pytest.raises(DaemonDownError, match="too slow"):
        GatewayReader(gateway.address, wait_seconds=0.3, retry=Retry(attempts=1)).get(
            gateway.root, max_bytes=len(DATA)
        )


def test_nobody_listening_is_a_gateway_that_is_down():
    with pytest.raises(DaemonDownError, match=r"cannot be reached; tried: gateway http://127\.0\.0\.1:1$"):
        GatewayReader("http://127.0.0.1:1", retry=Retry(attempts=1)).get(Cid(b"\x01" * 32), max_bytes=1)


@pytest.mark.parametrize(
    "address", ["", "gateway.example", "ftp://gateway.example", "https://", "http://x?y=1"]
)
def test_an_address_that_is_none_says_what_would_be(address):
    with pytest.raises(StoreSettingError, match=r"https://gateway\.example"):
        GatewayReader(address)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The 'strict' parameter:FutureWarning")
def test_kubos_own_gateway_hands_out_what_the_daemon_has(swarm):
    daemon = swarm("gateway")
    cid = open_store(f"kubo:{daemon.rpc}").put(DATA)
    assert open_reader(f"gateway:{daemon.gateway}").get(cid, max_bytes=len(DATA)) == DATA
