"""Trouble that is nobody's fault: money, node, store, forks, lost records."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from openmined_oracle.agent import Agent
from openmined_oracle.connection import Connection
from openmined_oracle.errors import KeyStoreError
from openmined_oracle.home import Home
from openmined_oracle.keys.keystore import KeyStore
from openmined_syft.errors import BoundError
from pysonar.chain.contract.events import Improved, Submitted
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.database_errors import DatabaseBusyError, WrongDatabaseError
from pysonar.chain.errors import NoContractError, NodeDownError, WrongChainError
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.happenings import Happening
from pysonar.party.home.settings import Settings
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SealError
from pysonar.protocol.schema import SchemaError
from pysonar.store import DaemonDownError, Store, StoreFullError
from tests.builders.changes import with_fields
from tests.conftest import Anvil
from tests.oracle.capsule_world import World

DAY = 86_400


# --- money ---------------------------------------------------------------------------------------------


def test_without_funds_nothing_is_lost_and_it_goes_on_when_they_come(world: World) -> None:
    campaign = world.create()
    world.node.fund(world.capsule.address, 0)
    agent = world.run()
    assert "holds 0 wei" in str(agent.failures[campaign])
    assert world.record(campaign).state is State.REQUESTED
    key = next(world.home.keys.glob("*.pgp")).read_bytes()

    world.node.fund(world.capsule.address)
    world.run()
    assert world.record(campaign).state is State.OPEN
    assert next(world.home.keys.glob("*.pgp")).read_bytes() == key
    assert world.count("CampaignOpened", campaign) == 1


def test_without_funds_the_registration_waits(world: World) -> None:
    world.node.fund(world.capsule.address, 0)
    world.run()
    assert world.sonar.certificate(world.capsule.address) is None
    assert [event for event, _, _ in world.told] == ["unregistered"]
    world.node.fund(world.capsule.address)
    world.run()
    assert world.sonar.certificate(world.capsule.address) is not None


# --- the node --------------------------------------------------------------------------------------------


def moved(world: World, **changes: object) -> Home:
    """The same home with other settings."""
    return Home(world.home.path, with_fields(world.home.settings, changes), world.home.capsule)


def test_a_node_that_is_down_is_named(world: World) -> None:
    with pytest.raises(NodeDownError, match=r"127\.0\.0\.1:1"):
        Connection.open(moved(world, rpc="http://127.0.0.1:1"))


def test_a_wrong_chain_id_is_refused(world: World) -> None:
    with pytest.raises(WrongChainError, match=r"serves chain 1337, expected chain 1$"):
        Connection.open(moved(world, chain_id=1))


def test_a_contract_that_is_no_sonar_is_refused(world: World, start_anvil: Callable[..., Anvil]) -> None:
    with pytest.raises(NoContractError):
        Connection.open(moved(world, contract="0x" + "77" * 20))


def test_a_home_of_another_chain_is_refused(
    world: World, start_anvil: Callable[..., Anvil], deploy_sonar: Callable[[Anvil], str]
) -> None:
    world.run()
    other = start_anvil("--timestamp", "1700000000")
    deploy_sonar(other)
    with pytest.raises(WrongDatabaseError):
        Connection.open(moved(world, rpc=other.url, contract=deploy_sonar(other)))
    other.stop()


@pytest.mark.parametrize(
    "trouble",
    [
        NodeDownError("http://127.0.0.1:1", "the connection is refused or breaks"),
        DatabaseBusyError("x.sqlite"),
    ],
    ids=["node", "database"],
)
def test_a_node_that_goes_away_and_a_busy_database_are_waited_for(
    world: World, miner: KeyfileSigner, trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = world.opened()
    world.submit(campaign, miner)
    agent = world.agent()
    real, fails = agent.context.follower.poll, [2]

    def poll() -> int:
        if fails[0]:
            fails[0] -= 1
            raise trouble
        return real()

    monkeypatch.setattr(agent.context.follower, "poll", poll)
    tell = agent.context.tell

    def stop_after_the_report(happening: Happening) -> None:
        tell(happening)
        if happening.event == "reported":
            agent.stop()

    object.__setattr__(agent.context, "tell", stop_after_the_report)
    agent.run()
    agent.close()
    assert fails == [0]
    assert [event for event, _, _ in world.told].count("waiting") == 1  # said once, however often it is met
    world.node.mine()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]


# --- the store -------------------------------------------------------------------------------------------


class Trouble:
    """A store in which one method fails, as a daemon that is down or a disk that is full makes it fail.

    only: fails for this CID alone; None for every call.
    """

    def __init__(self, store: Store, method: str, error: Exception, only: Cid | None) -> None:
        self._store, self._method, self._error, self._only = store, method, error, only

    def __getattr__(self, name: str) -> object:
        sound = getattr(self._store, name)
        if name != self._method:
            return sound

        def failing(*arguments: object, **options: object) -> object:
            if self._only is None or self._only in arguments:
                raise self._error
            return sound(*arguments, **options)

        return failing


def run_with(
    world: World, monkeypatch: pytest.MonkeyPatch, method: str, error: Exception, *, only: Cid | None = None
) -> Agent:
    with monkeypatch.context() as patch:
        store = Trouble(world.store, method, error, only)
        patch.setattr("pysonar.party.connection.open_store", lambda _: store)
        return world.run()


@pytest.mark.parametrize("only_the_submission", [False, True])
def test_a_store_that_is_down_never_makes_a_submission_unavailable(
    world: World, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch, only_the_submission: bool
) -> None:
    campaign = world.opened()
    cid = world.submit(campaign, miner)
    world.node.advance(3600)
    down = DaemonDownError("the IPFS daemon does not answer")
    agent = run_with(world, monkeypatch, "get", down, only=cid if only_the_submission else None)
    assert isinstance(agent.failures[campaign], DaemonDownError)
    assert world.verdicts(campaign) == []

    world.run()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]


def test_a_full_store_journals_no_verdict(
    world: World, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = world.opened()
    world.submit(campaign, miner)
    agent = run_with(world, monkeypatch, "put_pinned", StoreFullError("no room"))
    assert isinstance(agent.failures[campaign], StoreFullError)
    assert agent.context.journal.decided(campaign) == 0

    world.run()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]


def test_trouble_with_opening_seals_is_not_the_miner_s(
    world: World, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process can be started: the machine is out of something, the submission is sound."""
    campaign = world.opened()
    world.submit(campaign, miner)

    def fail(*_: object, **__: object) -> bytes:
        raise SealError("cannot start the process that keeps what is opened")

    agent = world.agent()
    with monkeypatch.context() as patch:
        patch.setattr("pysonar.protocol.artifacts.parts.sealed.open_sealed", fail)
        agent.run_once()
    agent.close()
    assert isinstance(agent.failures[campaign], SealError)
    assert world.verdicts(campaign) == []


def test_one_broken_campaign_does_not_stop_the_others(world: World, miner: KeyfileSigner) -> None:
    broken, sound = world.opened(), world.opened()
    (world.home.keys / f"{broken.hex()}.pgp").write_bytes(b"scratched")
    for campaign in (broken, sound):
        world.submit(campaign, miner)
    agent = world.run()
    assert set(agent.failures) == {broken}
    assert "damaged" in (world.problem(broken) or "")
    assert world.verdicts(sound) == [Verdict.IMPROVED]
    assert world.verdicts(broken) == []


SECRET = "a weight is 0.123"


@pytest.mark.parametrize("error", [ZeroDivisionError(SECRET), BoundError(SECRET), SchemaError(SECRET)])
def test_an_error_that_may_quote_data_is_noted_without_its_text(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    campaign = world.create()

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("openmined_oracle.campaigns.lifecycle.prepare_opening", fail)
    agent = world.run()
    assert campaign in agent.failures
    assert SECRET not in repr(world.told)
    assert SECRET not in (world.problem(campaign) or "")
    assert type(error).__name__ in (world.problem(campaign) or "")


# --- forks and lost records --------------------------------------------------------------------------------


def depth_of(world: World, name: str, campaign: bytes) -> int:
    """How many blocks lie on top of the campaign's newest event of that name."""
    return rpc.block_number(world.node.web3) - world.block_of(name, campaign)


def bury(world: World, name: str, campaign: bytes, blocks: int) -> None:
    """Mine until exactly so many blocks lie on top of the event."""
    world.node.mine(blocks - depth_of(world, name, campaign))


def test_nothing_counts_before_its_confirmations(world: World, miner: KeyfileSigner) -> None:
    world.home = moved(world, confirmations=8)
    world.run()  # registers, which is a block of its own
    campaign = world.create()
    bury(world, "CampaignCreated", campaign, 7)
    world.run()
    assert world.record(campaign).state is State.REQUESTED
    bury(world, "CampaignCreated", campaign, 8)
    world.run()
    assert world.record(campaign).state is State.OPEN

    world.submit(campaign, miner)
    bury(world, "Submitted", campaign, 7)
    world.run()
    assert world.verdicts(campaign) == []
    bury(world, "Submitted", campaign, 8)
    world.run()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]


def test_a_fork_that_takes_a_submission_away_undoes_its_verdict(
    world: World, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    """Decided, not reported yet; then the fork puts another submission at the same place."""
    campaign = world.opened()
    sealed = world.envelope(campaign, second_miner).seal(world.own.certificate)
    world.submit(campaign, miner)
    world.node.fund(world.capsule.address, 0)
    assert world.run().context.journal.current(campaign).version == 1  # and no money to say so

    world.node.reorg(1 + depth_of(world, "Submitted", campaign))
    assert (world.record(campaign).state, world.record(campaign).submitted) == (State.OPEN, 0)
    world.node.fund(world.capsule.address)
    world.submit_bytes(campaign, second_miner, sealed)
    world.run()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]
    assert [event.miner for event in world.sonar_events(Submitted, campaign)] == [second_miner.address]
    assert world.record(campaign).version == 1


def test_a_fork_that_takes_the_report_away_sends_the_same_again(world: World, miner: KeyfileSigner) -> None:
    campaign = world.opened()
    world.submit(campaign, miner)
    world.run()
    (before,) = world.sonar_events(Improved, campaign)
    world.node.reorg(1 + depth_of(world, "Verdicts", campaign))
    assert world.verdicts(campaign) == []
    world.run()
    (after,) = world.sonar_events(Improved, campaign)
    assert after == before


def test_a_lost_database_is_made_up_for_from_chain_and_store(
    world: World, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    campaign = world.opened()
    small = world.gradient(campaign, world.visit(rows=12))
    world.submit(campaign, miner, world.envelope(campaign, miner, small))
    world.run()
    assert world.record(campaign).version == 1
    for path in world.home.path.glob("capsule.sqlite*"):
        path.unlink()

    world.submit(campaign, second_miner)
    world.run()
    assert len(world.verdicts(campaign)) == 2
    world.node.advance(DAY)
    world.run()
    result = world.result(campaign)
    assert [entry.miner for entry in result.record] == [miner.address, second_miner.address]
    assert result.version == world.record(campaign).version


def test_a_lost_key_is_never_replaced_by_another(any_world: World, miner: KeyfileSigner) -> None:
    """The campaign cannot go on, and says so; what it does not do is publish under a second key."""
    world = any_world
    campaign = world.opened()
    shutil.rmtree(world.home.keys)
    world.submit(campaign, miner)
    agent = world.run()
    assert isinstance(agent.failures[campaign], KeyStoreError)
    assert "no key was stored" in str(agent.failures[campaign])
    assert not list(world.home.keys.glob("*.pgp"))
    assert world.verdicts(campaign) == []


def test_a_swapped_key_is_noticed(world: World, miner: KeyfileSigner) -> None:
    from openmined_oracle.keys.keystore import generate_key

    campaign = world.opened()
    shutil.rmtree(world.home.keys)
    KeyStore(world.home.keys, world.own, generate=generate_key).key_for(campaign, "paillier", 2048)
    world.submit(campaign, miner)
    agent = world.run()
    assert "not the one it was opened with" in str(agent.failures[campaign])
    assert world.verdicts(campaign) == []


def test_settings_of_a_home_name_what_is_wrong(tmp_path: Path) -> None:
    from pysonar.files.flat_toml import SettingsError

    with pytest.raises(SettingsError, match="init"):
        Home.open(tmp_path)
    settings = Settings(rpc="http://127.0.0.1:1", chain_id=1, contract="0x" + "11" * 20, store="embedded:/x")
    home = Home.create(tmp_path, settings, "a passphrase", name="Capsule")
    text = (tmp_path / "capsule.toml").read_text()
    (tmp_path / "capsule.toml").write_text(text + "unavailable = 3\n")
    with pytest.raises(SettingsError, match="unavailable"):
        Home.open(tmp_path)
    assert home.capsule.unavailable_seconds == 900
