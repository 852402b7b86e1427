"""Mine.js under what the Python mine is tried with: `kill -9` at the same points, campaigns that are wrong,
and nodes with bad habits. Real processes on a real chain.
"""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mine_agent.agent import Agent
from mine_agent.connection import Connection
from mine_agent.failures import describe
from mine_agent.home import Home
from openmined_syft.paillier.keys import PrivateKey, generate_keypair
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.home.passphrase import PASSPHRASE_VARIABLE
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.mine.campaigns.trouble.test_mine_crashes import submissions
from tests.mine.campaigns.trouble.test_mine_hostile import HOSTILE
from tests.mine.conftest import PASSPHRASE
from tests.mine.mine_commands import MINE_JS, NODE, by_node, is_built
from tests.node_characters import HABITS
from tests.roles import Tell

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_built(), reason="Mine.js is not built: make build/stamps/mine-js"),
]

SECONDS = 120
DYING = Path(__file__).parent / "dying.mjs"
POINTS = {
    "trained, nothing stored": ("home/journal.js", "Journal.add", "before"),
    "sealed gradient journalled": ("home/journal.js", "Journal.add", "after"),
    "sealed gradient in the store": ("store/embedded/store.js", "EmbeddedStore.putPinned", "after"),
    "about to sign": ("chain/watch.js", "Watch.signed", "before"),
    "signed, not committed": ("chain/watch.js", "Watch.signed", "after"),
    "transaction stored, not broadcast": ("chain/watch.js", "Watch.broadcast", "before"),
    "broadcast, not marked as sent": ("chain/node/node.js", "Node.sendRaw", "after"),
    "broadcast and marked": ("chain/watch.js", "Watch.broadcast", "after"),
}


@pytest.fixture(autouse=True)
def passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_mine_js_submits_exactly_once(
    point: str, home: Home, colours: Path, small_capsule: SmallCapsule
) -> None:
    home.data().add("colours", colours, replace=False)
    campaign = small_capsule.open()
    run = ("run", "--once", "--home", str(home.path))
    killed = subprocess.run([str(NODE), str(DYING), *POINTS[point], *run], capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    before = Connection.open(home).journal.submissions()
    for _ in range(2):
        told = by_node(*run)
        assert told.exit_code == 0, told.output
        submissions(home)  # until what was sent is mined
    (event,) = submissions(home)
    assert [event.update] == [entry.update for entry in before] or point == "trained, nothing stored"
    assert small_capsule.envelope(campaign, home.address, event.update).base_version == 0
    small_capsule.report(campaign, home.address, event.update, Verdict.IMPROVED, 300_000)


def test_campaigns_that_are_wrong_are_refused_in_the_python_mines_words_and_stop_nobody_else(
    home: Home,
    make_home: Callable[..., Home],
    stranger: KeyfileSigner,
    tell: Tell,
    colours: Path,
    small_capsule: SmallCapsule,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home.data().add("colours", colours, replace=False)
    salts, create = itertools.count(1), small_capsule.create
    monkeypatch.setattr(
        small_capsule,
        "create",
        lambda spec, **changes: create(spec, **changes | {"salt": next(salts).to_bytes(32, "big")}),
    )
    other: PrivateKey = generate_keypair(2048)
    campaigns = {hostile.__name__: hostile(small_capsule, other) for hostile in HOSTILE}
    honest = small_capsule.open()

    told = by_node("run", "--once", "--home", home.path, "--format", "json")

    assert told.exit_code in (1, 3), told.output
    assert [event.id for event in submissions(home)] == [honest]
    problems = {
        event["campaign"]: (event["error"], event["reason"])
        for line in told.stdout.splitlines()
        if (event := json.loads(line))["event"] == "problem"
    }

    by_python = make_home("stranger")
    by_python.data().add("colours", colours, replace=False)
    connection = Connection.open(by_python)
    errors = {
        error: describe(error) for error in Agent(connection, connection.outbox(stranger), tell=tell).round()
    }
    words = {says: type(error).__name__ for error, says in errors.items()}
    expected = {}
    for campaign in campaigns.values():
        failure = connection.journal.failure(campaign, "colours")
        assert failure is not None
        expected["0x" + campaign.hex()] = (words[failure.message], failure.message)
    assert problems == expected


@pytest.mark.parametrize("node_url", sorted(HABITS), indirect=True)
def test_behind_a_node_of_any_bad_habit_one_gradient_is_submitted_and_paid_once(
    home: Home, miner: KeyfileSigner, colours: Path, small_capsule: SmallCapsule, sonar: Sonar, tmp_path: Path
) -> None:
    home.data().add("colours", colours, replace=False)
    campaign = small_capsule.open()

    def until(done: Callable[[], bool]) -> None:
        last = time.monotonic() + SECONDS
        while not done():
            assert mine.poll() is None, log.read_text()
            assert time.monotonic() < last, log.read_text()
            time.sleep(0.1)

    def submitted() -> list[dict[str, str]]:
        lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
        return [event for line in lines if (event := json.loads(line))["event"] == "submitted"]

    command = [str(NODE), str(MINE_JS), "run", "--home", str(home.path), "--format", "json"]
    log = tmp_path / "mine.log"
    with (
        log.open("w") as out,
        subprocess.Popen(command, stdout=out, stderr=out) as mine,
    ):
        try:
            until(lambda: bool(submitted()))
            target, (event,) = sonar.campaign(campaign).terms.target, submitted()
            update = bytes.fromhex(event["update"].removeprefix("0x"))
            small_capsule.report(campaign, miner.address, update, Verdict.IMPROVED, target)
            small_capsule.settle(campaign)
            until(lambda: sonar.owed(campaign, miner.address) == 0)
        finally:
            mine.terminate()
    assert sonar.campaign(campaign).submitted == 1
