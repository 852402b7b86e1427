"""The contract with `ipfshttpclient` and the pinned Kubo: what every call gives, and how every fault is
named.

Whoever replaces the client by plain HTTP has this page to keep.
"""

import http.server
import socket
import threading

import pytest

from pysonar.protocol.cid import Cid
from pysonar.store import (
    DaemonDownError,
    DaemonRefusedError,
    NotFoundError,
    StoreSettingError,
    cid_of,
)
from pysonar.store.kubo.rpc import KuboRpc
from pysonar.store.unixfs.profile import MAX_BLOCK, leaf_block

pytestmark = pytest.mark.filterwarnings("ignore:The 'strict' parameter:FutureWarning")

HELLO = b"hello world\n"
HELLO_CID = Cid.parse("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o")


@pytest.fixture(scope="module")
def rpc(swarm):
    return KuboRpc(swarm("contract").rpc)


def test_add_names_the_root_and_notes_it(rpc):
    rpc.make_folder("/contract/add")
    assert rpc.add(iter([HELLO]), "/contract/add/hello", seconds=30) == str(HELLO_CID)
    assert rpc.list_folder("/contract/add") == ["hello"]


def test_block_and_its_size(rpc):
    rpc.make_folder("/contract")
    rpc.add(iter([HELLO]), "/contract/block", seconds=30)
    assert rpc.block(HELLO_CID, seconds=5) == rpc.local_block(HELLO_CID) == leaf_block(HELLO)
    assert rpc.local_block_size(HELLO_CID) == len(leaf_block(HELLO))


def test_a_block_that_nobody_has(rpc):
    cid = cid_of(b"nobody has this")
    with pytest.raises(NotFoundError, match=rf"{cid}: .*nobody delivered it within 0\.2 s"):
        rpc.block(cid, seconds=0.2)
    for ask in (rpc.local_block, rpc.local_block_size):
        with pytest.raises(NotFoundError, match=f"{cid}: is not here; tried: IPFS daemon /ip4/127"):
            ask(cid)


def test_folders_links_and_garbage(rpc):
    rpc.make_folder("/contract/links")
    rpc.make_folder("/contract/links")
    assert rpc.list_folder("/contract/links") == rpc.list_folder("/contract/missing") == []
    name = rpc.add(iter([b"linked"]), "/contract/links/first", seconds=30)
    cid = Cid.parse(name)
    rpc.link(cid, "/contract/links/second", seconds=5)
    rpc.link(cid, "/contract/links/second", seconds=5)
    assert sorted(rpc.list_folder("/contract/links")) == ["first", "second"]
    rpc.unlink("/contract/links/first")
    rpc.unlink("/contract/links/first")
    rpc.collect_garbage()
    assert rpc.local_block(cid) == leaf_block(b"linked")
    rpc.unlink("/contract/links/second")
    before = rpc.used_bytes()
    assert rpc.collect_garbage() >= 1
    assert rpc.used_bytes() <= before
    with pytest.raises(NotFoundError):
        rpc.local_block(cid)


def test_what_the_daemon_will_not_do_is_refused_without_its_own_words(rpc):
    with pytest.raises(DaemonRefusedError, match="the daemon refused") as caught:
        rpc.make_folder("no slash in front")
    assert "slash" not in str(caught.value)


def test_rpc_is_usable_from_many_threads(rpc):
    rpc.make_folder("/contract")
    rpc.add(iter([HELLO]), "/contract/threads", seconds=30)
    got = []
    threads = [
        threading.Thread(target=lambda: got.append(rpc.block(HELLO_CID, seconds=5))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [leaf_block(HELLO)] * 12


# Without a daemon: these need no Kubo


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1:5001", "/ip4/300.1.1.1/tcp/5001", "/ip4/127.0.0.1/udp/5001", "/x"]
)
def test_an_address_that_is_none_says_what_would_be(address):
    with pytest.raises(StoreSettingError, match=r"/ip4/127\.0\.0\.1/tcp/5001/http"):
        KuboRpc(address)


def test_nobody_listening_is_a_daemon_that_is_down():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused
        address = f"/ip4/127.0.0.1/tcp/{taken.getsockname()[1]}/http"
        with pytest.raises(DaemonDownError, match=f"{HELLO_CID}: the daemon cannot be reached; .*{address}"):
            KuboRpc(address).block(HELLO_CID, seconds=1)


class Impostor(http.server.BaseHTTPRequestHandler):
    """A hostile party at the daemon's address; answers every call with what the test chose."""

    answer: bytes = b""
    status = 200
    seen: list[str]
    address: str

    def do_POST(self) -> None:
        self.seen.append(self.path)
        self.send_response(self.status)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        for at in range(0, len(self.answer), 65536):
            try:
                self.wfile.write(self.answer[at : at + 65536])
            except OSError:
                return  # the client has seen enough

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def impostor():
    handler: type[Impostor] = type("OneImpostor", (Impostor,), {"seen": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    handler.address = f"/ip4/127.0.0.1/tcp/{server.server_port}/http"
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_import_parameters_are_always_named(impostor):
    impostor.answer = b'{"Name":"x","Hash":"x","Size":"1"}\n'
    KuboRpc(impostor.address).add(iter([b"x"]), "/a/b", seconds=5)
    asked = impostor.seen[0].split("?", 1)[1].lower().split("&")
    expected = {"cid-version=0", "raw-leaves=false", "chunker=size-262144", "max-file-links=174", "pin=false"}
    assert expected <= set(asked)


def test_an_endless_block_is_cut_off(impostor):
    impostor.answer = bytes(50 * MAX_BLOCK)
    block = KuboRpc(impostor.address).block(HELLO_CID, seconds=5)
    assert MAX_BLOCK < len(block) < 3 * MAX_BLOCK


@pytest.mark.parametrize(
    "answer", [b"", b"<html>It works!</html>", b"[1,2]", b"{}", b'{"Size":"x"}', b"\xff\xfe"]
)
def test_what_is_no_ipfs_daemon_is_called_so(impostor, answer):
    impostor.answer = answer
    with pytest.raises(DaemonDownError, match="not an IPFS daemon"):
        KuboRpc(impostor.address).local_block_size(HELLO_CID)
    with pytest.raises(DaemonDownError, match="not an IPFS daemon"):
        KuboRpc(impostor.address).add(iter([b"x"]), "/a", seconds=5)


@pytest.mark.parametrize("status", [401, 403])
def test_a_daemon_that_asks_for_a_password_is_a_refusal_in_words(impostor, status):
    impostor.status = status
    rpc = KuboRpc(impostor.address)
    for ask in (
        lambda: rpc.block(HELLO_CID, seconds=5),
        lambda: rpc.local_block_size(HELLO_CID),
        lambda: rpc.add(iter([b"x"]), "/a", seconds=5),
    ):
        with pytest.raises(DaemonRefusedError, match="accepts us"):
            ask()


@pytest.mark.parametrize("host", ["/ip4/127.0.0.1/", "/dns/localhost/"])
def test_a_proxy_for_the_web_is_not_asked_for_this_machine(impostor, monkeypatch, host):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    impostor.answer = b"block"
    assert KuboRpc(impostor.address.replace("/ip4/127.0.0.1/", host)).block(HELLO_CID, seconds=5) == b"block"
