"""A Capsule with an open campaign goes to another machine: nothing is lost, and it runs on one of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openmined_oracle.cli import app
from openmined_oracle.errors import BackupError, HandedOverError
from openmined_oracle.home import Home
from openmined_oracle.keys.hand_over import MARK, hand_over, require_not_handed_over
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.errors import AlreadyRunningError
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.home.home_lock import home_lock
from pysonar.party.home.settings import save_settings
from pysonar.store import open_store
from tests.oracle.capsule_world import DAY, World


def capsule(world: World, *arguments: str, exit_code: int = 0) -> str:
    done = CliRunner().invoke(app, list(arguments), env={"OPENMINED_PASSPHRASE": world.passphrase})
    assert done.exit_code == exit_code, (arguments, done.output, done.exception)
    return " ".join(done.output.split())


@pytest.fixture(autouse=True)
def quick_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pysonar.protocol.openpgp.secret_keys.SCRYPT_N", 2**14)


def test_an_open_campaign_is_handed_over_with_its_queue_and_paid_by_the_other_machine(
    installed: World, miner: KeyfileSigner, second_miner: KeyfileSigner, tmp_path: Path
) -> None:
    """The other machine has a store of its own, with copies of what is there, as IPFS would bring them."""
    world, old = installed, installed.home.path
    campaign = world.opened()
    small = world.gradient(campaign, world.visit(rows=12))
    world.submit(campaign, miner, world.envelope(campaign, miner, small))
    capsule(world, "run", "--once", "--home", str(old))
    assert world.verdicts(campaign) == [Verdict.IMPROVED]
    world.submit(campaign, second_miner)  # waits for a verdict while nobody runs

    file, new = tmp_path / "last.backup", tmp_path / "elsewhere" / "home"
    said = capsule(world, "keys", "hand-over", str(file), "--home", str(old))
    assert world.capsule.address in said
    refused = capsule(world, "run", "--once", "--home", str(old), exit_code=1)
    assert "was handed over" in refused
    sent = world.node.rpc("eth_getTransactionCount", world.capsule.address, "pending")
    refused = capsule(world, "init", "--home", str(old), exit_code=1)
    assert "was handed over" in refused
    assert world.node.rpc("eth_getTransactionCount", world.capsule.address, "pending") == sent
    assert world.record(campaign).evaluated == 1

    capsule(world, "keys", "restore", str(file), "--home", str(new))
    shutil.copytree(world.store_path, tmp_path / "elsewhere" / "store")
    settings = replace(Home.open(new).settings, store=f"embedded:{tmp_path / 'elsewhere' / 'store'}")
    save_settings(new, settings)
    shutil.rmtree(old)
    capsule(world, "run", "--once", "--home", str(new))
    assert world.verdicts(campaign) == [Verdict.IMPROVED] * 2
    world.node.advance(DAY)
    for _ in range(2):
        capsule(world, "run", "--once", "--home", str(new))
    world.store = open_store(settings.store)
    assert world.record(campaign).state is State.SETTLED
    assert [entry.miner for entry in world.result(campaign).record] == [miner.address, second_miner.address]
    assert [world.count(name, campaign) for name in ("Verdicts", "Delivered", "Settled")] == [2, 1, 1]
    assert world.sonar.claimable(campaign, world.capsule.address) == 0  # the fees are with its account


def test_who_runs_is_not_handed_over(installed: World, tmp_path: Path) -> None:
    home = Home.open(installed.home.path)
    with home_lock(home.lock), pytest.raises(AlreadyRunningError):
        hand_over(home, tmp_path / "last.backup")
    assert not (tmp_path / "last.backup").exists()
    require_not_handed_over(home)


def test_without_a_backup_it_runs_here_as_before(installed: World, tmp_path: Path) -> None:
    home, taken = Home.open(installed.home.path), tmp_path / "last.backup"
    taken.write_bytes(b"another backup")
    with pytest.raises(BackupError, match="already exists"):
        hand_over(home, taken)
    require_not_handed_over(home)
    assert taken.read_bytes() == b"another backup"


def test_said_again_it_writes_another_backup_and_stays_off(installed: World, tmp_path: Path) -> None:
    """As after a power cut between the mark and the backup."""
    home = Home.open(installed.home.path)
    first = hand_over(home, tmp_path / "one")
    assert hand_over(home, tmp_path / "two").files == first.files
    with pytest.raises(BackupError):
        hand_over(home, tmp_path / "two")
    with pytest.raises(HandedOverError, match=MARK):
        require_not_handed_over(home)
    (home.path / MARK).unlink()
    require_not_handed_over(home)
