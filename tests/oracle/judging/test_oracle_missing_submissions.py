"""Submissions that cannot be fetched: whose fault it is, and when a stake burns for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from openmined_oracle.agenda import Agenda
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.cid import Cid
from pysonar.store import Store, StoreError, cid_of
from pysonar.store.kubo.store import KuboStore
from pysonar.store.retry import Retry
from tests.oracle.capsule_world import World, rounds


@pytest.mark.parametrize(("seconds", "verdicts"), [(899, []), (900, [Verdict.UNAVAILABLE])])
def test_a_submission_is_waited_for_15_minutes_after_its_block(
    world: World, miner: KeyfileSigner, seconds: int, verdicts: list[Verdict]
) -> None:
    campaign = world.opened()
    world.submit_digest(campaign, miner, b"\x07" * 32)
    world.node.advance_to(world.node.now() + seconds)
    world.run()
    assert world.verdicts(campaign) == verdicts
    assert world.problem(campaign) is None


def test_one_failed_try_is_not_enough(
    world: World, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Capsule comes back an hour later; the miner's node answers at the second try."""
    campaign = world.opened()
    sealed = world.envelope(campaign, miner).seal(world.own.certificate)
    world.submit_digest(campaign, miner, cid_of(sealed).digest)
    world.node.advance(3600)
    agent = world.agent()
    again = agent.context.prefetcher.again

    def answers(campaign: bytes) -> None:
        assert world.verdicts(campaign) == []
        world.store.put(sealed)
        again(campaign)

    monkeypatch.setattr(agent.context.prefetcher, "again", answers)
    agent.run_once()
    agent.close()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]


def test_what_is_behind_a_missing_one_waits_and_is_then_judged(
    world: World, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    campaign = world.opened()
    envelope = world.envelope(campaign, miner)
    missing = envelope.seal(world.own.certificate)
    world.submit_digest(campaign, miner, cid_of(missing).digest)
    world.submit(campaign, second_miner)
    world.run()
    assert world.verdicts(campaign) == []

    world.store.put(missing)
    world.run()
    assert world.verdicts(campaign)[0] is Verdict.IMPROVED
    assert len(world.verdicts(campaign)) == 2


def test_a_damaged_block_of_the_own_store_is_held_against_nobody(world: World, miner: KeyfileSigner) -> None:
    """Somebody overwrote it: that is this machine's trouble, said as such, and over once it is put again."""
    campaign = world.opened()
    sealed = world.envelope(campaign, miner).seal(world.own.certificate)
    cid = world.submit_bytes(campaign, miner, sealed)
    (path,) = (world.store_path / "blocks").rglob(str(cid))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    world.node.advance(3600)
    world.run()
    assert world.verdicts(campaign) == []
    assert str(cid) in (world.problem(campaign) or "")
    world.store.put(sealed)
    world.run()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]


Away = Callable[[], Callable[[], None]]


@pytest.fixture
def away(world: World) -> Away:
    """`away()`: the store's disk is unmounted, an empty directory is in its place; `away()()`: and back."""

    def unmount() -> Callable[[], None]:
        kept = world.store_path.rename(world.store_path.with_name("kept"))
        world.store_path.mkdir(mode=0o700)

        def mount() -> None:
            world.store_path.rename(world.store_path.with_name("empty"))
            kept.rename(world.store_path)

        return mount

    return unmount


def test_a_store_that_is_away_burns_no_stake(world: World, miner: KeyfileSigner, away: Away) -> None:
    """Unmounted while Capsule runs, until long after the 15 minutes; then it is back."""
    campaign = world.opened()
    agent = world.agent()
    world.submit(campaign, miner)
    mount = away()
    world.node.advance(3600)
    rounds(agent, lambda: campaign in agent.failures)
    for _ in range(5):
        agent.agenda = Agenda()  # looks at everything anew
        agent.round()
        time.sleep(0.15)
    assert world.verdicts(campaign) == []
    assert "is not the directory" in str(agent.failures[campaign])
    assert [event for event, _, _ in world.told].count("problem") == 1  # once, however often it is met
    mount()
    agent.agenda = Agenda()  # looks at everything anew
    agent.run_once()
    agent.close()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]


def test_an_empty_directory_at_the_next_start_burns_no_stake(
    world: World, miner: KeyfileSigner, away: Away
) -> None:
    """The disk was not mounted again after a restart: a new store is made there, and has nothing."""
    campaign = world.opened()
    world.submit(campaign, miner)
    mount = away()
    world.node.advance(3600)
    for _ in range(2):
        world.run()
    assert world.verdicts(campaign) == []
    mount()
    world.run()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]


def test_a_store_that_comes_back_empty_is_found_out_before_a_stake_burns(
    world: World, miner: KeyfileSigner, away: Away
) -> None:
    """The submission is missing, and so is what Capsule itself had pinned: the store has lost both."""
    campaign = world.opened()
    agent = world.agent()
    world.submit_digest(campaign, miner, b"\x07" * 32)
    benches = agent._lifecycle._benches._benches
    # Its material is in memory, and the store was looked through: for the next minute it is not.
    rounds(agent, lambda: campaign in benches and benches[campaign]._whole_until > 0)
    (path,) = (world.store_path / "blocks").rglob(str(Cid.from_bytes32(world.record(campaign).model)))
    path.unlink()
    world.node.advance(3600)

    def found_out() -> bool:
        agent.agenda = Agenda()  # looks at everything anew
        return "has lost what is pinned in it" in str(agent.failures.get(campaign))

    rounds(agent, found_out)
    agent.close()
    assert world.verdicts(campaign) == []


@pytest.mark.parametrize("found", ["by looking", "by a proof", "at the start"])
def test_a_loss_that_was_mended_gives_every_mine_its_15_minutes_anew(
    world: World, miner: KeyfileSigner, found: str
) -> None:
    """The store lost a submission and what Capsule itself had there. Capsule puts its own back at once; that
    it was gone is remembered, even by a process that is started afterwards.
    """
    campaign = world.opened()
    agent = world.agent()
    world.submit_digest(campaign, miner, b"\x07" * 32)
    benches = agent._lifecycle._benches._benches
    rounds(agent, lambda: campaign in benches and benches[campaign]._whole_until > 0)
    model = Cid.from_bytes32(world.record(campaign).model)
    kept = world.store.get(model, max_bytes=1 << 30)
    lost = agent.context.announced if found == "at the start" else model
    (path,) = (world.store_path / "blocks").rglob(str(lost))
    if found == "at the start":
        agent.close()
    path.unlink()
    world.node.advance(3600)
    if found == "at the start":
        agent = world.agent()
    if found == "by looking":
        benches[campaign]._whole_until = 0.0
    for _ in range(5):
        agent.agenda = Agenda()  # looks at everything anew
        agent.round()
        time.sleep(0.15)
    agent.close()
    assert world.verdicts(campaign) == []

    world.store.put(kept)  # whole again, whoever has put it
    world.run()
    assert world.verdicts(campaign) == []
    world.node.advance(880)
    world.run()
    assert world.verdicts(campaign) == []
    world.node.advance(40)
    world.run()
    assert world.verdicts(campaign) == [Verdict.UNAVAILABLE]


def test_what_one_campaign_lacks_for_good_holds_up_no_other(world: World, miner: KeyfileSigner) -> None:
    lacking, other = world.opened(), world.opened()
    world.run()
    (path,) = (world.store_path / "blocks").rglob(str(Cid.from_bytes32(world.record(lacking).model)))
    path.unlink()
    for campaign in (lacking, other):
        world.submit_digest(campaign, miner, b"\x07" * 32)
    world.run()
    world.node.advance(880)
    world.run()
    assert world.verdicts(other) == []
    world.node.advance(40)
    world.run()
    assert world.verdicts(other) == [Verdict.UNAVAILABLE]
    assert world.verdicts(lacking) == []


class Daemon:
    """Capsule's store; from a moment on another program listens on the daemon's port."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


@pytest.fixture
def stranger_at_the_port() -> Iterator[Callable[[int, bytes], KuboStore]]:
    """`stranger_at_the_port(status, body)`: a daemon's address at which everything is answered so."""
    servers: list[ThreadingHTTPServer] = []

    def listen(status: int, body: bytes) -> KuboStore:
        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Quietly."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Answers))
        threading.Thread(target=servers[-1].serve_forever, args=(0.05,), daemon=True).start()
        address = f"/ip4/127.0.0.1/tcp/{servers[-1].server_port}/http"
        return KuboStore(address, wait_seconds=1.0, retry=Retry(attempts=1))

    yield listen
    for server in servers:
        server.shutdown()
        server.server_close()


NOT_FOUND = b'{"Message": "block was not found locally (offline): ipld: could not find x", "Type": "error"}'


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>It works!</html>"), (200, b""), (404, b"no such page"), (500, NOT_FOUND)],
    ids=["a page", "nothing", "no such page", "an error like a daemon's"],
)
def test_another_program_on_the_daemons_port_burns_no_stake(
    world: World,
    miner: KeyfileSigner,
    second_miner: KeyfileSigner,
    stranger_at_the_port: Callable[[int, bytes], KuboStore],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: bytes,
) -> None:
    """The daemon has ended after the first verdict, and something else has taken its port."""
    daemon = Daemon(world.store)
    monkeypatch.setattr("pysonar.party.connection.open_store", lambda _: daemon)
    campaign = world.opened()
    agent = world.agent()
    world.submit(campaign, miner)
    agent.run_once()
    before = world.verdicts(campaign)
    assert len(before) == 1

    daemon.store = stranger_at_the_port(status, body)
    world.submit(campaign, second_miner)
    world.node.advance(3600)
    for _ in range(3):
        agent.agenda = Agenda()  # looks at everything anew
        agent.run_once()
    assert isinstance(agent.failures[campaign], StoreError)
    assert world.verdicts(campaign) == before

    agent.close()
    daemon.store = world.store
    world.run()
    assert len(world.verdicts(campaign)) == 2
    assert Verdict.UNAVAILABLE not in world.verdicts(campaign)


def test_submissions_that_nobody_has_are_waited_for_side_by_side(
    world: World, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight of them: each look for one ends only when all eight are looked for, as long as it takes."""
    campaign = world.opened()
    nobody_has = [Cid(bytes([place + 1]) * 32) for place in range(8)]
    for cid in nobody_has:
        world.submit_digest(campaign, miner, cid.digest)
    world.node.advance(3600)
    together, get = threading.Barrier(8), type(world.store).get

    def looked_for(store: Store, cid: Cid, *, max_bytes: int) -> bytes:
        if cid in nobody_has:
            together.wait(timeout=60)
        return get(store, cid, max_bytes=max_bytes)

    monkeypatch.setattr(type(world.store), "get", looked_for)
    agent = world.agent()
    for _ in range(200):  # a round waits for a moment only, and a busy machine takes more
        agent.run_once()
        if len(world.verdicts(campaign)) == 8:
            break
    agent.close()
    assert world.verdicts(campaign) == [Verdict.UNAVAILABLE] * 8
    assert not together.broken
