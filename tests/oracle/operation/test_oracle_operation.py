"""What an operator sees: metrics, health, the doctor, the service files, every command of the run book."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from openmined_oracle.cli import app
from openmined_oracle.connection import Connection
from openmined_oracle.errors import HomeError
from openmined_oracle.operation.metrics import MetricsServer, Watch
from openmined_oracle.operation.vitals import Vitals, vitals
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.happenings import Happening
from tests.json_types import JsonObject
from tests.oracle.capsule_world import World

ROOT = Path(__file__).parents[3]
DAY = 86_400
WELL = Vitals(
    taken_at=0, campaigns=3, problems=0, queue=2, oldest_seconds=40, at_risk=0, balance=10**18,
    balance_days=12.5, blocks_behind=1,
)  # fmt: skip


def get(port: int, path: str) -> tuple[int, str]:
    """Status and text of an answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def numbers(text: str) -> dict[str, float]:
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in lines}


@pytest.fixture
def served() -> Iterator[tuple[Watch, int]]:
    watch = Watch()
    server = MetricsServer(watch, 0)
    yield watch, server.port
    server.close()


# --- metrics and health ----------------------------------------------------------------------------------


def test_before_its_first_round_a_capsule_is_not_healthy(served: tuple[Watch, int]) -> None:
    watch, port = served
    assert get(port, "/healthz")[0] == 503
    assert numbers(get(port, "/metrics")[1]) == {"capsule_healthy": 0}
    watch.note_round()
    assert get(port, "/healthz") == (200, "ok\n")


def test_rounds_that_stay_away_are_noticed(
    served: tuple[Watch, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, port = served
    watch.note_round()
    now = time.monotonic()
    for later, status in ((119, 200), (121, 503)):
        monkeypatch.setattr("openmined_oracle.operation.metrics.time.monotonic", lambda n=now + later: n)
        assert get(port, "/healthz")[0] == status


def test_every_number_is_served_and_nothing_else(served: tuple[Watch, int]) -> None:
    watch, port = served
    watch.note(WELL)
    assert numbers(get(port, "/metrics")[1]) == {
        "capsule_healthy": 0, "capsule_campaigns": 3, "capsule_campaign_problems": 0, "capsule_queue": 2,
        "capsule_oldest_submission_seconds": 40, "capsule_deadlines_at_risk": 0, "capsule_balance_wei": 1e18,
        "capsule_balance_days": 12.5, "capsule_blocks_behind": 1,
    }  # fmt: skip
    watch.note(replace(WELL, balance_days=None))
    assert "capsule_balance_days" not in numbers(get(port, "/metrics")[1])
    assert get(port, "/")[0] == 404


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HomeError, match=f"127.0.0.1:{port} .*metrics_port"):
            MetricsServer(Watch(), port)


def test_the_numbers_of_a_campaign_with_a_queue(world: World, miner: KeyfileSigner) -> None:
    campaign = world.opened()
    world.submit(campaign, miner)
    world.node.advance(500)
    agent = world.agent()
    agent.context.follower.poll()
    context = agent.context
    account, sent = context.outbox.account, context.outbox.records.all()
    found = vitals(context.sonar, context.follower, context.journal, account, sent)
    assert (found.campaigns, found.queue, found.problems, found.at_risk) == (1, 1, 0, 0)
    assert 500 <= found.oldest_seconds < 600
    assert found.balance == rpc.balance(world.node.web3, account)
    assert found.balance_days is not None
    assert found.balance_days > 0
    world.node.advance(DAY + DAY // 2)  # submissions have ended, and half a day of the review is left
    later = vitals(context.sonar, context.follower, context.journal, account, sent)
    agent.close()
    assert later.at_risk == 1


def test_an_agent_at_work_keeps_its_numbers_fresh(installed: World, miner: KeyfileSigner) -> None:
    world = installed
    world.submit(world.opened(), miner)
    watch, stop = Watch(), threading.Event()
    told: list[Happening] = []

    def work() -> None:  # a connection belongs to one thread
        agent = Connection.open(world.home).agent(
            world.capsule, world.keys, told.append, generate=world.generate, stop=stop, watch=watch
        )
        agent.run()
        agent.close()

    thread = threading.Thread(target=work)
    thread.start()
    end = time.monotonic() + 60
    while watch.numbers_at is None and time.monotonic() < end:
        time.sleep(0.05)
    stop.set()
    thread.join(60)
    assert watch.healthy
    assert watch.numbers_at is not None


# --- the doctor ------------------------------------------------------------------------------------------


def doctor(world: World) -> tuple[int, dict[str, JsonObject]]:
    environment = {"OPENMINED_PASSPHRASE": world.passphrase}
    command = ["doctor", "--home", str(world.home.path), "--format", "json"]
    done = CliRunner().invoke(app, command, env=environment)
    return done.exit_code, {row["check"]: row for row in json.loads(done.stdout)}


def test_the_doctor_finds_a_healthy_capsule_healthy(installed: World) -> None:
    installed.opened()
    code, found = doctor(installed)
    assert [row for row in found.values() if not row["ok"]] == []
    assert code == 0
    assert {"keys", "disk", "certificate", "store", "funds", "campaigns", "deadlines"} <= set(found)


def test_the_doctor_says_what_is_wrong_and_what_to_do(installed: World) -> None:
    world = installed
    code, found = doctor(world)  # never run: nothing is registered
    assert (code, found["certificate"]["ok"]) == (1, False)
    assert "capsule run" in found["certificate"]["advice"]
    world.run()
    world.node.fund(world.capsule.address, 0)
    shutil.rmtree(world.home.path / "certificates")
    code, found = doctor(world)
    assert (code, found["funds"]["ok"], found["keys"]["ok"]) == (1, False, False)
    assert "capsule keys restore" in found["keys"]["advice"]
    (world.home.path / "settings.toml").unlink()
    assert [(name, row["ok"]) for name, row in doctor(world)[1].items()] == [("home", False)]


# --- files for the machine -------------------------------------------------------------------------------


def test_the_service_is_one_that_systemd_understands(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("the systemd unit: no 'systemd-analyze' on PATH")
    text = (ROOT / "deploy" / "capsule" / "capsule.service").read_text()
    unit = tmp_path / "capsule.service"
    unit.write_text(text.replace("/opt/openmined/bin/capsule", shutil.which("true") or "/bin/true"))
    done = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False)
    about_it = [line for line in done.stderr.splitlines() if "capsule.service" in line]
    assert about_it == []
    unit.write_text(unit.read_text().replace("Restart=always", "Restart=perhaps"))
    done = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert "capsule.service" in done.stderr


def test_the_alerts_speak_of_metrics_that_there_are() -> None:
    rules = yaml.safe_load((ROOT / "deploy" / "capsule" / "alerts.yml").read_text())["groups"][0]["rules"]
    watch = Watch()
    watch.note(WELL)
    there = {metric.name for metric in watch.collect()}
    named = set(re.findall(r"capsule_\w+", " ".join(rule["expr"] for rule in rules)))
    assert named <= there
    assert {"capsule_healthy", "capsule_deadlines_at_risk", "capsule_balance_days"} <= named
    assert all(rule["annotations"]["summary"] for rule in rules)


def test_every_command_of_the_run_book_works(
    installed: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of the page, on one Capsule with an open campaign."""
    world = installed
    world.opened()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pysonar.protocol.openpgp.secret_keys.SCRYPT_N", 2**14)
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "run-capsule.md").read_text(), re.DOTALL)
    commands = [line.split() for block in blocks for line in block.splitlines()]
    assert len(commands) >= 12
    for program, *arguments in commands:
        assert program == "capsule"
        home = [] if "--home" in arguments else ["--home", str(world.home.path)]
        done = CliRunner().invoke(app, [*arguments, *home], env={"OPENMINED_PASSPHRASE": world.passphrase})
        assert done.exit_code == 0, (arguments, done.output)
