"""A network behind the store of this machine. The network here is a second directory that counts and can
fail."""

import io
import random

import pytest

from pysonar.protocol.cid import Cid
from pysonar.store import (
    DaemonDownError,
    NotFoundError,
    StoreFullError,
    StoreSettingError,
    WrongBytesError,
    open_reader,
    open_store,
)
from pysonar.store.cached import PublishingStore, ReadThrough
from pysonar.store.embedded.store import EmbeddedStore
from pysonar.store.gateway import GatewayReader
from pysonar.store.kubo.store import KuboStore
from pysonar.store.unixfs.profile import CHUNK
from tests.roles import as_a

CAMPAIGN = "capsule/0x" + "ab" * 32
DATA = random.Random(9).randbytes(3 * CHUNK + 100)


class Network(EmbeddedStore):
    """A party elsewhere: hands out its blocks, counted, until it is down or starts to lie."""

    down = False
    lies = False

    def __init__(self, path) -> None:
        super().__init__(path, grace_seconds=0)
        self.asked: list[Cid] = []

    @property
    def place(self):
        return "network"

    def fetch(self, names):
        for cid in names:
            self.asked.append(cid)
            if self.down:
                raise DaemonDownError("the daemon cannot be reached", cid=cid, tried=["network"])
            (block,) = self.blocks.fetch([cid])
            yield block[:-1] + b"!" if self.lies else block

    def put_stream(self, stream, *, progress=None):
        if self.down:
            raise DaemonDownError("the daemon cannot be reached", tried=["network"])
        return super().put_stream(stream, progress=progress)


@pytest.fixture
def network(tmp_path):
    return Network(tmp_path / "network")


@pytest.fixture
def here(tmp_path):
    return EmbeddedStore(tmp_path / "here", grace_seconds=0)


@pytest.fixture
def store(here, network):
    return PublishingStore(here, network)


def test_what_was_read_once_is_read_from_the_disk_from_then_on(store, network):
    cid = network.put(DATA)
    assert not store.has(cid)
    assert store.get(cid, max_bytes=len(DATA)) == DATA
    assert len(network.asked) == 5
    assert store.has(cid)
    network.down = True
    assert store.get(cid, max_bytes=len(DATA)) == DATA
    assert len(network.asked) == 5


def test_only_what_is_missing_is_asked_for(store, here, network):
    cid = network.put(DATA)
    here.put(DATA[: 2 * CHUNK])  # two of its leaves, under another root
    assert store.get(cid, max_bytes=len(DATA)) == DATA
    assert len(network.asked) == 3


def test_a_damaged_block_here_is_fetched_again_and_repaired(store, here, network):
    cid = network.put(DATA)
    store.get(cid, max_bytes=len(DATA))
    victim = here.blocks.path(next(c for c, size, _ in here.blocks.listing() if size > CHUNK))
    victim.chmod(0o600)
    victim.write_bytes(b"damage")
    assert store.get(cid, max_bytes=len(DATA)) == DATA
    assert here.get(cid, max_bytes=len(DATA)) == DATA


def test_a_network_that_lies_gives_nothing_and_leaves_nothing(store, here, network):
    cid = network.put(DATA)
    network.lies = True
    with pytest.raises(WrongBytesError, match=str(cid)):
        store.get(cid, max_bytes=len(DATA))
    assert here.used_bytes() == 0


def test_an_error_names_both_places(store, network):
    cid = network.put(DATA)
    network.down = True
    with pytest.raises(
        DaemonDownError, match=rf"{cid}: .*tried: embedded store .*here \(not there\), network"
    ):
        store.get(cid, max_bytes=len(DATA))
    network.down = False
    with pytest.raises(NotFoundError, match=r"\(not there\), embedded store .*network"):
        store.get(
            EmbeddedStore(network.blocks._root.parent.parent / "other").put(b"elsewhere"), max_bytes=100
        )


def test_reading_goes_on_when_the_cache_is_full_but_pinning_does_not(network, tmp_path):
    cid = network.put(DATA)
    store = PublishingStore(EmbeddedStore(tmp_path / "tiny", quota_bytes=CHUNK), network)
    assert store.get(cid, max_bytes=len(DATA)) == DATA
    assert store.here.used_bytes() <= CHUNK
    with pytest.raises((NotFoundError, StoreFullError)):
        store.pin(cid, CAMPAIGN)
    assert store.pins(CAMPAIGN) == []


def test_put_and_pin_go_to_both_sides(store, here, network):
    cid = store.put_pinned(DATA, CAMPAIGN)
    for side in (here, network):
        assert side.pins(CAMPAIGN) == [cid]
        assert side.get(cid, max_bytes=len(DATA)) == DATA
    assert store.collect_garbage().blocks == 0
    store.unpin(cid, CAMPAIGN)
    assert store.collect_garbage().blocks == 10
    assert not here.has(cid)
    assert not network.has(cid)


def test_a_stream_is_read_once_and_sent_on(store, network):
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.inner = io.BytesIO(DATA)

        def read(self, size=-1):
            return self.inner.read(size)

    assert network.get(store.put_stream(Pipe()), max_bytes=len(DATA)) == DATA


def test_what_was_put_while_the_daemon_is_down_is_not_lost(store, here, network):
    network.down = True
    with pytest.raises(DaemonDownError):
        store.put_pinned(DATA, CAMPAIGN)
    (cid,) = here.pins(CAMPAIGN)
    assert here.get(cid, max_bytes=len(DATA)) == DATA
    network.down = False
    assert store.put_pinned(DATA, CAMPAIGN) == cid
    assert network.pins(CAMPAIGN) == [cid]


def test_pinning_what_is_elsewhere_brings_it_here(store, here, network):
    cid = network.put(DATA)
    store.pin(cid, CAMPAIGN)
    assert here.pins(CAMPAIGN) == network.pins(CAMPAIGN) == store.pins(CAMPAIGN) == [cid]
    assert store.owners() == [CAMPAIGN]
    network.down = True
    assert store.get(cid, max_bytes=len(DATA)) == DATA


# Settings


def test_pairs_open(tmp_path):
    published = open_store(f"embedded:{tmp_path}/a?quota=5MB,kubo:/ip4/127.0.0.1/tcp/5001/http?wait=3")
    assert type(published) is PublishingStore
    assert isinstance(published.behind, KuboStore)
    assert published.here.blocks.quota == 5_000_000
    assert published.behind._wait == 3
    read = open_reader(f"embedded:{tmp_path}/b,gateway:https://gateway.example")
    assert type(read) is ReadThrough


@pytest.mark.parametrize(
    "setting", ["gateway:https://g.example", "embedded:/tmp/x,gateway:https://g.example"]
)
def test_what_can_only_be_read_is_no_store(setting):
    with pytest.raises(StoreSettingError, match="can only be read"):
        open_store(setting)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("quota=lots", "not a quota"),
        ("quota=-1", "not a quota"),
        ("quota=", "not a quota"),
        ("wait=3", "no option 'wait'"),
    ],
)
def test_an_impossible_option_says_what_is_possible(tmp_path, query, reason):
    with pytest.raises(StoreSettingError, match=reason):
        open_store(f"embedded:{tmp_path}/a?{query}")


@pytest.mark.parametrize("wait", ["0", "3601", "soon", "-1"])
def test_an_impossible_wait_is_refused(wait):
    with pytest.raises(StoreSettingError, match="3600 at most"):
        open_reader(f"gateway:https://gateway.example?wait={wait}")


def test_quota_and_wait_on_their_edges(tmp_path):
    assert as_a(EmbeddedStore, open_store(f"embedded:{tmp_path}/a?quota=7")).blocks.quota == 7
    assert as_a(GatewayReader, open_reader("gateway:https://gateway.example?wait=3600"))._wait == 3600
