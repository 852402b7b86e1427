"""`capsule` as its users meet it: commands, exit codes, and what is never in clear on disk."""

from __future__ import annotations

import base64
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from openmined_oracle.cli import app
from openmined_oracle.keys.keystore import KeyStore
from openmined_syft.paillier.keys import PrivateKey
from openmined_syft.schemes import networks_here
from pysonar.chain.contract.deployment import Deployment
from pysonar.chain.contract.events import Improved
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.home.settings import load_settings
from tests.oracle.capsule_world import World
from tests.roles import as_a

PASSPHRASE = "correct horse"
RUNNER = CliRunner()


def capsule(*arguments: str, passphrase: str = PASSPHRASE) -> Result:
    return RUNNER.invoke(
        app, list(arguments), env={"OPENMINED_PASSPHRASE": passphrase}, catch_exceptions=False
    )


def init(world: World, home: Path, *more: str) -> Result:
    where = ["--rpc", world.node.url, "--contract", world.sonar.address, "--store", world.home.settings.store]
    options = ["--confirmations", "0", "--poll-seconds", "0.05", "--format", "json"]
    return capsule("init", "--home", str(home), *where, *options, *more)


# --- init ----------------------------------------------------------------------------------------------


def test_init_before_there_is_money_and_again_after(world: World, tmp_path: Path) -> None:
    home = tmp_path / "made"
    first = init(world, home)
    assert first.exit_code == 0, first.output
    made = json.loads(first.stdout)
    assert made["registered"] is False
    (lacking,) = [line for line in first.stderr.splitlines() if "ETH" in line or "ether" in line]
    assert "send at least 0.000" in lacking
    assert f" ETH to {made['address']}, then `capsule run`" in lacking
    assert set(made) == {"address", "home", "certificate", "fingerprint", "registered"}

    world.node.fund(made["address"])
    again = init(world, home)
    assert again.exit_code == 0
    assert json.loads(again.stdout) == {**made, "registered": True}
    certificate = world.sonar.certificate(made["address"])
    assert certificate is not None
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for path in home.rglob("*"):
        if path.is_file() and path.suffix not in (".sqlite-wal", ".sqlite-shm"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path

    wrong = capsule("init", "--home", str(home), passphrase="another")
    assert wrong.exit_code == 1
    assert "passphrase does not open" in wrong.stderr


def test_init_with_an_existing_keyfile(
    world: World, tmp_path: Path, fast_keyfile: Callable[[Path, str], Path]
) -> None:
    keyfile = fast_keyfile(tmp_path / "account.json", PASSPHRASE)
    done = init(world, tmp_path / "made", "--keyfile", str(keyfile))
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["address"] == world.capsule.address
    assert json.loads(done.stdout)["registered"] is True


def test_init_from_a_deployment_manifest(world: World, tmp_path: Path) -> None:
    manifest = Deployment(
        chain_id=world.sonar.chain_id,
        address=world.sonar.address,
        block=1,
        transaction="0x" + "00" * 32,
        compiler="0.4.3",
        evm_version="cancun",
        integrity="",
        runtime_sha256="",
        layout={},
        version=world.sonar.version,
    ).write(tmp_path)
    home = tmp_path / "made"
    where = ("--rpc", world.node.url, "--deployment", str(manifest), "--store", world.home.settings.store)
    done = capsule("init", "--home", str(home), *where, "--format", "json")
    assert done.exit_code == 0, done.output
    settings = load_settings(home)
    assert (settings.contract, settings.chain_id, settings.start_block) == (world.sonar.address, 1337, 1)


def test_init_names_what_is_wrong(world: World, tmp_path: Path) -> None:
    home = str(tmp_path / "made")
    neither = capsule("init", "--home", home, "--rpc", world.node.url)
    assert (neither.exit_code, "--deployment" in neither.stderr) == (2, True)
    down = capsule("init", "--home", home, "--rpc", "http://127.0.0.1:1", "--contract", world.sonar.address)
    assert (down.exit_code, "no Ethereum node answers" in down.stderr) == (3, True)
    nothing = capsule("init", "--home", home, "--rpc", world.node.url, "--contract", "0x" + "11" * 20)
    assert (nothing.exit_code, "no contract at" in nothing.stderr) == (1, True)
    assert not Path(home).exists()


# --- listings --------------------------------------------------------------------------------------------


def test_without_a_home_the_way_to_one_is_named(tmp_path: Path) -> None:
    for command in ("run", "campaigns", "status"):
        done = capsule(command, "--home", str(tmp_path / "nowhere"))
        assert (done.exit_code, "'init' command" in done.stderr) == (1, True)


def test_campaigns_and_status(installed: World, miner: KeyfileSigner) -> None:
    world = installed
    home = ("--home", str(world.home.path))
    assert json.loads(capsule("campaigns", *home, "--format", "json").stdout) == []

    open_one, declined = world.create(), world.create(world.store.put(b"no spec"))
    world.run()
    world.submit(open_one, miner)
    listed = json.loads(capsule("campaigns", *home, "--format", "json").stdout)
    assert [(row["campaign"], row["state"]) for row in listed] == [
        ("0x" + open_one.hex(), "open"),
        ("0x" + declined.hex(), "declined"),
    ]
    assert (listed[0]["submitted"], listed[0]["evaluated"], listed[0]["problem"]) == (1, 0, None)
    assert [row["declined"] for row in listed] == [None, "the spec does not parse"]
    assert listed[0]["bounty"] == str(10**18)

    shown = json.loads(capsule("status", *home, "--format", "json").stdout)
    assert shown["campaigns"] == {"open": 1, "declined": 1}
    assert (shown["running"], shown["certificate_in_store"], shown["problems"]) == (False, True, 0)
    assert shown["fingerprint"] == world.own.certificate.fingerprint
    assert shown["networks"] == networks_here()
    assert shown["accepts"] == {
        "assets": ["ether"],
        "least_bounty": str(10**16),
        "least_fee": str(10**14),
        "scientists": ["any"],
        "families": ["any"],
        "max_rows": 100_000,
        "max_days": 395,
        "least_gain_deviations": 0.0,
        "max_networks": 32,
        "open_networks": 0,
    }
    for command in ("campaigns", "status"):
        table = capsule(command, *home)
        assert table.exit_code == 0
        assert "open" in table.stdout


def test_earnings_are_the_fees_less_the_gas_to_the_wei(installed: World, miner: KeyfileSigner) -> None:
    world = installed
    home = ("--home", str(world.home.path))
    assert json.loads(capsule("earnings", *home, "--format", "json").stdout) == []
    world.run()  # which registers the certificate
    before = world.node.balance(world.capsule.address)
    campaign = world.create()
    world.run()
    world.submit(campaign, miner)
    world.run()
    (row,) = json.loads(capsule("earnings", *home, "--format", "json").stdout)
    terms = world.sonar.campaign(campaign).terms
    assert (row["campaign"], row["judged"], row["fees"]) == ("0x" + campaign.hex(), 1, str(terms.fee))
    assert int(row["gas"]) == before - world.node.balance(world.capsule.address)
    assert int(row["net"]) == int(row["fees"]) - int(row["gas"])
    table = capsule("earnings", *home)
    assert table.exit_code == 0
    assert "in all: " in table.stderr
    assert " of gas" in table.stderr


def test_a_node_that_is_down_is_exit_code_3(installed: World) -> None:
    path = installed.home.path / "settings.toml"
    path.write_text(path.read_text().replace(installed.node.url, "http://127.0.0.1:1"))
    for command in (["campaigns"], ["status"], ["run", "--once"]):
        done = capsule(*command, "--home", str(installed.home.path))
        assert done.exit_code == 3, (command, done.output)


def test_run_once_says_what_failed_by_its_exit_code(installed: World) -> None:
    world = installed
    campaign = world.create()
    world.node.fund(world.capsule.address, 0)
    done = capsule("run", "--once", "--home", str(world.home.path), "--format", "json")
    assert done.exit_code == 1
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["event"] == "started"
    (problem,) = [event for event in events if event["event"] == "problem"]
    assert problem["campaign"] == "0x" + campaign.hex()
    assert "wei" in problem["reason"]


@pytest.mark.parametrize("arguments", [("no-such-command",), ("run", "--no-such-option")])
def test_wrong_use_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert capsule(*arguments).exit_code == 2


@pytest.mark.parametrize("command", ["init", "run", "campaigns", "status"])
def test_every_command_explains_itself(command: str) -> None:
    done = capsule(command, "--help")
    assert done.exit_code == 0
    assert "--home" in done.stdout


# --- a real process ----------------------------------------------------------------------------------------


@pytest.fixture
def running(installed: World) -> Iterator[subprocess.Popen[str]]:
    command = [str(Path(sys.executable).with_name("capsule")), "run", "--home", str(installed.home.path)]
    process = subprocess.Popen(
        [*command, "--format", "json"],
        env={**os.environ, "OPENMINED_PASSPHRASE": installed.passphrase},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "started"
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.05)


def test_a_whole_campaign_with_a_real_process(
    installed: World, miner: KeyfileSigner, running: subprocess.Popen[str]
) -> None:
    """From request to claimed fees; then nothing secret is in clear in the home or in the store."""
    world = installed
    campaign = world.create()
    until(lambda: world.record(campaign).state is State.OPEN)
    world.submit(campaign, miner)
    until(lambda: world.record(campaign).evaluated == 1)
    world.node.advance(86_400)
    until(lambda: world.count("Claimed", campaign) == 1)

    second = capsule("run", "--home", str(world.home.path))
    assert (second.exit_code, "already running" in second.stderr) == (1, True)
    assert json.loads(capsule("status", "--home", str(world.home.path), "--format", "json").stdout)["running"]

    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0
    said = running.stdout.read() + running.stderr.read()  # type: ignore[union-attr]
    assert json.loads(said.splitlines()[-1])["event"] == "stopped"
    assert world.verdicts(campaign) == [Verdict.IMPROVED]
    assert_nothing_in_clear(world, campaign)


def assert_nothing_in_clear(world: World, campaign: bytes) -> None:
    """No prime, no weights of any version, no validation record, no passphrase; in many encodings."""
    key = as_a(PrivateKey, KeyStore(world.home.keys, world.own).stored_key(campaign))
    result = world.result(campaign)
    assert result.version == 1
    secrets: dict[str, bytes] = {"passphrase": world.passphrase.encode()}
    for name, prime in (("p", int(key.p)), ("q", int(key.q))):
        raw = prime.to_bytes(128, "big")
        secrets |= {
            f"{name} big-endian": raw,
            f"{name} little-endian": raw[::-1],
            f"{name} hex": raw.hex().encode(),
            f"{name} HEX": raw.hex().upper().encode(),
            f"{name} decimal": str(prime).encode(),
            f"{name} base64": base64.b64encode(raw)[:-4],
            f"{name} base64url": base64.urlsafe_b64encode(raw)[:-4],
        }
    matrices = {"final": result.weights}
    for place, event in enumerate(world.sonar_events(Improved, campaign)):
        from openmined_oracle.campaigns.workbench import decrypted_model

        agent = world.agent()
        matrices[f"version {place + 1}"] = decrypted_model(agent.context, key, event.model)[1]
        agent.close()
    for name, matrix in matrices.items():
        largest = np.sort(np.abs(matrix).ravel())[-4:]
        secrets |= {
            f"{name} float64": matrix.astype("<f8").tobytes()[:40],
            f"{name} float64 columns": np.asfortranarray(matrix).astype("<f8").tobytes("F")[:40],
            f"{name} float32": matrix.astype("<f4").tobytes()[:20],
            f"{name} base64": base64.b64encode(matrix.astype("<f8").tobytes()[:39]),
        }
        secrets |= {f"{name} text {value}": repr(float(value)).encode() for value in largest}
    X = world.validation_table.column("a").to_numpy()
    secrets |= {
        "validation float64": X.astype("<f8").tobytes()[:40],
        "validation text": repr(float(X[0])).encode(),
    }
    # The search itself works: the same form of the public modulus is found in the store.
    public = int(key.public.n).to_bytes(256, "big")
    assert any(public in path.read_bytes() for path in world.store_path.rglob("*") if path.is_file())
    for root in (world.home.path, world.store_path):
        for path in root.rglob("*"):
            data = path.read_bytes() if path.is_file() else b""
            for name, secret in secrets.items():
                assert secret not in data, f"{name} is in clear in {path}"
