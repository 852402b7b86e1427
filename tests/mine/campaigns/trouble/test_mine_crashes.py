"""`kill -9` of a real `mine-agent run` at the points where a gradient could be lost or submitted twice.

The process is real, and so is the signal. The driver below wraps one function of the program so that it kills
its own process right before or after it; nothing in the program itself knows of these points.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mine_agent.agent import Agent
from mine_agent.connection import Connection
from mine_agent.home import Home
from pysonar.chain.contract.events import Submitted
from pysonar.chain.contract.types import Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from tests.conftest import Anvil
from tests.mine.campaigns.small_capsule import SmallCapsule

DRIVER = """
import importlib, os, signal, sys
module, attribute, moment = sys.argv[1:4]
sys.argv = ["mine-agent", *sys.argv[4:]]
place = importlib.import_module(module)
owner, _, name = attribute.rpartition(".")
holder = getattr(place, owner) if owner else place
wrapped = getattr(holder, name)

def deadly(*arguments, **named):
    if moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    wrapped(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(holder, name, deadly)
from mine_agent.cli import app
app()
"""

POINTS = {
    "trained, nothing stored": ("mine_agent.journal", "Journal.add", "before"),
    "sealed gradient journalled": ("mine_agent.journal", "Journal.add", "after"),
    "sealed gradient in the store": ("pysonar.store.embedded.store", "EmbeddedStore.put_pinned", "after"),
    "about to sign": ("pysonar.chain.sending.watching.broadcaster", "Broadcaster.sign", "before"),
    "signed, not committed": ("pysonar.chain.sending.watching.broadcaster", "Broadcaster.sign", "after"),
    "transaction stored, not broadcast": (
        "pysonar.chain.sending.watching.broadcaster",
        "Broadcaster.send",
        "before",
    ),
    "broadcast, not marked as sent": ("pysonar.chain.node.rpc", "send_raw", "after"),
    "broadcast and marked": ("pysonar.chain.sending.watching.broadcaster", "Broadcaster.send", "after"),
}


@pytest.fixture
def environment() -> dict[str, str]:
    return {**os.environ, "OPENMINED_PASSPHRASE": "a passphrase of the tests", "PYTHONDONTWRITEBYTECODE": "1"}


def submissions(home: Home) -> list[Submitted]:
    connection = Connection.open(home)
    while rpc.nonce(connection.web3, home.address) < rpc.nonce(connection.web3, home.address, "pending"):
        time.sleep(0.02)
    connection.read_events()
    found = [entry.event for entry in connection.follower.history(Submitted)]
    connection.database.close()
    return [event for event in found if isinstance(event, Submitted)]


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_a_mine_submits_exactly_once(
    point: str,
    home: Home,
    colours: Path,
    small_capsule: SmallCapsule,
    environment: dict[str, str],
    miner: KeyfileSigner,
) -> None:
    home.data().add("colours", colours, replace=False)
    campaign = small_capsule.open()
    run = ["run", "--once", "--home", str(home.path)]
    killed = subprocess.run(
        [sys.executable, "-c", DRIVER, *POINTS[point], *run], env=environment, capture_output=True, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    before = Connection.open(home).journal.submissions()
    connection = Connection.open(home)
    agent = Agent(connection, connection.outbox(miner), tell=lambda *_: None)
    for _ in range(3):
        assert agent.round() == []
        submissions(home)  # until what was sent is mined
    (event,) = submissions(home)
    assert [event.update] == [entry.update for entry in before] or point == "trained, nothing stored"
    assert small_capsule.envelope(campaign, home.address, event.update).base_version == 0
    small_capsule.report(campaign, home.address, event.update, Verdict.IMPROVED, 300_000)


def test_a_running_mine_stops_cleanly_when_told_to(
    home: Home, colours: Path, small_capsule: SmallCapsule, environment: dict[str, str]
) -> None:
    home.data().add("colours", colours, replace=False)
    small_capsule.open()
    program = str(Path(sys.executable).parent / "mine-agent")
    with subprocess.Popen(
        [program, "run", "--home", str(home.path), "--format", "json"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            told = ""
            while '"submitted"' not in told:
                told = process.stdout.readline()
                assert told, process.stderr.read() if process.stderr else ""
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            rest, complaints = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    again = subprocess.run(
        [program, "run", "--once", "--home", str(home.path)],
        env=environment, capture_output=True, timeout=60, text=True,
    )  # fmt: skip
    assert again.returncode == 0, again.stdout + again.stderr
    assert '"stopped"' in rest.splitlines()[-1]
    assert complaints == ""
    assert len(submissions(home)) == 1


def test_a_running_mine_outlives_its_node(
    make_home: Callable[..., Home],
    start_anvil: Callable[..., Anvil],
    deploy_sonar: Callable[[Anvil], str],
    environment: dict[str, str],
) -> None:
    own = start_anvil()
    home = make_home(rpc=own.url, contract=deploy_sonar(own))
    program = str(Path(sys.executable).parent / "mine-agent")
    with subprocess.Popen(
        [program, "run", "--home", str(home.path)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert "is at work" in process.stdout.readline()
            own.stop()
            assert "no Ethereum node answers" in process.stdout.readline()
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
