"""Capsule's clock falls behind its keys and seals: it waits, and nobody is declined or condemned for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from openmined_oracle.cli import app
from openmined_oracle.errors import Decline, JournalError, KeyStoreError
from openmined_oracle.judging.judge import Notes
from openmined_oracle.keys.keystore import KeyStore
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import parse_certificate
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate, ClockBehindError, SecretKey, seal
from tests.conftest import ROOT
from tests.gnupg import at, gpg
from tests.json_types import JsonObject
from tests.oracle.capsule_world import World

__all__ = ["gpg"]  # a fixture

DAY = 86_400
CAMPAIGN = bytes([1]) * 32


@pytest.fixture
def clock_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[None]]:
    """`with clock_behind():` the clock says two hours before Capsule's key was made."""

    @contextmanager
    def behind() -> Iterator[None]:
        with monkeypatch.context() as patch:
            wrong = SimpleNamespace(time=lambda: world.own.certificate.made_at - 7200)
            patch.setattr("pysonar.protocol.openpgp.certificates.time", wrong)
            yield

    return behind


def test_a_campaign_is_not_declined_but_waits_for_the_clock(
    world: World, clock_behind: Callable[[], AbstractContextManager[None]]
) -> None:
    campaign = world.create()
    agent = world.agent()
    with clock_behind():
        agent.run_once()
        agent.close()
    assert isinstance(agent.failures[campaign], ClockBehindError)
    assert "this machine's clock is behind certificate" in str(world.problem(campaign))
    assert world.record(campaign).state is State.REQUESTED
    world.run()
    assert world.record(campaign).state is State.OPEN


def test_at_its_start_capsule_waits_for_the_clock_and_announces_nothing_else_meanwhile(
    world: World, clock_behind: Callable[[], AbstractContextManager[None]]
) -> None:
    """Neither with the terms that it has announced before, nor with none kept."""
    world.agent().close()
    kept = world.home.path / "announced.pgp"
    announced = kept.read_bytes()
    with clock_behind(), pytest.raises(ClockBehindError):
        world.agent()
    assert kept.read_bytes() == announced
    kept.unlink()
    with clock_behind(), pytest.raises(ClockBehindError):
        world.agent()
    assert not kept.exists()


def test_one_run_of_capsule_ends_with_the_sentence_about_the_clock(
    installed: World, clock_behind: Callable[[], AbstractContextManager[None]]
) -> None:
    command = ["run", "--once", "--home", str(installed.home.path)]
    with clock_behind():
        done = CliRunner().invoke(app, command, env={"OPENMINED_PASSPHRASE": installed.passphrase})
    assert done.exit_code == 1
    assert "this machine's clock is behind certificate" in done.stderr
    assert "Nothing is damaged" in done.stderr


@pytest.fixture
def capsule_behind(installed: World, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """`capsule run` in a process of its own whose clock is a day behind its certificate, and that clock."""
    clock = tmp_path / "clock"
    clock.write_text(str(-DAY))
    command = ["capsule", "run", "--home", str(installed.home.path), "--format", "json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.party", str(clock), *command],
        env={**os.environ, "OPENMINED_PASSPHRASE": installed.passphrase},
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    yield process, clock
    process.kill()
    process.wait()


def happening(process: subprocess.Popen[str]) -> JsonObject:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


@pytest.mark.slow
def test_a_capsule_that_is_started_behind_its_certificate_says_so_once_and_begins_when_the_clock_is_right(
    capsule_behind: tuple[subprocess.Popen[str], Path],
) -> None:
    process, clock = capsule_behind
    waits = happening(process)
    assert waits["event"] == "waiting"
    assert "this machine's clock is behind certificate" in waits["reason"]
    time.sleep(4)  # two more tries, after pauses of 1 and 2 s
    clock.write_text("0")
    assert happening(process)["event"] == "started"


@pytest.mark.slow
def test_a_capsule_that_waits_for_its_clock_can_be_stopped(
    capsule_behind: tuple[subprocess.Popen[str], Path],
) -> None:
    process, _ = capsule_behind
    assert happening(process)["event"] == "waiting"
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_a_sound_gradient_is_not_judged_until_the_clock_is_right(
    world: World, miner: KeyfileSigner, clock_behind: Callable[[], AbstractContextManager[None]]
) -> None:
    """It would open as "changed or malformed" then, and burn the stake."""
    campaign = world.opened()
    world.submit(campaign, miner)
    agent = world.agent()
    agent.run_once()  # key and model are in memory when the clock falls back
    world.submit(campaign, miner)
    with clock_behind():
        agent.run_once()
        agent.close()
    assert isinstance(agent.failures[campaign], ClockBehindError)
    assert len(world.verdicts(campaign)) == 1
    world.run()
    assert len(world.verdicts(campaign)) == 2
    assert Verdict.MALFORMED not in world.verdicts(campaign)


def test_a_scientist_of_the_far_future_is_declined_by_the_chain_s_clock(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by Capsule's own; a certificate that is valid before the campaign ends is waited for."""
    campaign = world.create()
    ends = world.record(campaign).terms.submit_until
    made = [float(ends)]

    def parsed(data: bytes, *, cid: Cid | None = None) -> Certificate:
        certificate = parse_certificate(data, cid=cid)
        certificate.made_at = made[0]
        return certificate

    def not_yet(*_: object) -> bytes:
        raise ClockBehindError("certificate X", made[0], time.time())

    with monkeypatch.context() as patch:
        patch.setattr("openmined_oracle.campaigns.assignment.parse_certificate", parsed)
        patch.setattr("openmined_oracle.campaigns.assignment.seal", not_yet)
        agent = world.run()
        assert isinstance(agent.failures[campaign], ClockBehindError)
        assert world.record(campaign).state is State.REQUESTED
        made[0] = ends + 1.0
        world.run()
    assert world.declined_for(campaign) == Decline.SCIENTIST_UNUSABLE.value


def test_a_campaign_s_key_is_called_damaged_only_by_a_clock_that_is_past_its_file(
    tmp_path: Path, own: SecretKey
) -> None:
    keys = KeyStore(tmp_path, own)
    keys.key_for(CAMPAIGN, "paillier", 2048)
    path = tmp_path / f"{CAMPAIGN.hex()}.pgp"
    path.write_bytes(path.read_bytes()[:-30] + bytes(30))
    os.utime(path, (time.time() + DAY, time.time() + DAY))
    with pytest.raises(ClockBehindError, match="clock is behind a signature"):
        keys.stored_key(CAMPAIGN)
    os.utime(path, (time.time() - 1, time.time() - 1))
    with pytest.raises(KeyStoreError, match="damaged"):
        keys.stored_key(CAMPAIGN)


def test_a_verdict_s_notes_of_the_future_are_waited_for(gpg: Callable[..., bytes], own: SecretKey) -> None:
    """The clock was set back after the verdict: the result is delivered once it is past that time."""
    later = time.time() + DAY
    gpg("--import", data=bytes(own.native()))
    options = ["--trust-model", "always", "--compress-algo", "none", "--sign", "--encrypt"]
    name = own.certificate.fingerprint

    def sealed(document: JsonObject) -> bytes:
        data = json.dumps(document).encode()
        return gpg(*at(later), *options, "--recipient", name, "--local-user", name, data=data)

    with pytest.raises(ClockBehindError, match="clock is behind a signature"):
        Notes.open(sealed({"salt": None, "digest": None, "sealed_at": later}), own)
    for other in ({"sealed_at": time.time() - 1}, {}, {"sealed_at": "soon"}, {"sealed_at": None}):
        with pytest.raises(JournalError, match="damaged"):
            Notes.open(sealed(other), own)
    planted = seal(
        json.dumps({"sealed_at": later}).encode(), [own.certificate], SecretKey.generate("stranger")
    )
    with pytest.raises(JournalError, match="not sealed by this Capsule"):
        Notes.open(planted, own)
    kept = Notes(base_version=3, reason="it was late")
    assert Notes.open(kept.seal(own), own) == kept


@pytest.fixture
def own() -> SecretKey:
    """Capsule's key."""
    return SecretKey.generate("Capsule")
