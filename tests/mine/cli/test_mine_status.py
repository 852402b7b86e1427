"""What a mine is doing, as others see it: the file that it writes, and why it is quiet."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mine_agent.happenings import Progress, Training
from mine_agent.home import Home
from mine_agent.operation.at_work import KEPT, SIGN_OF_LIFE, AtWork, WorkSeen, read_at_work
from mine_agent.operation.status import status, status_of
from pysonar.party.happenings import Happening, Started, Stopped, Waiting
from pysonar.party.home.home_lock import home_lock, is_agent_at_work

STARTED = Started(role="mine", address="0x1", contract="0x2")
TRAINING = Training(campaign=b"\x01" * 32, data="colours", base_version=3, title="Colours")
HALF = Progress(campaign=b"\x01" * 32, data="colours", what="training on", share=0.5, seconds_left=12.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "at-work.json"


def test_the_work_at_hand_is_shown_with_how_far_it_is_until_it_ends(file: Path) -> None:
    told: list[Happening] = []
    at_work = AtWork(file)
    tell = at_work.heard(told.append)
    for happening in (STARTED, TRAINING, HALF):
        tell(happening)
    work = read_at_work(file).work
    assert work is not None
    assert (work["share"], work["seconds_left"], work["data"]) == (0.5, 12.0, "colours")
    assert "50%" in work["sentence"]
    assert [one["event"] for one in read_at_work(file).happenings] == ["started", "training"]
    at_work.round_done()
    assert read_at_work(file).work is None
    assert told == [STARTED, TRAINING, HALF]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_waited_for_is_shown_until_a_round_ends_well(file: Path) -> None:
    at_work = AtWork(file)
    at_work.note(Waiting(reason="the node is away", retry_seconds=1.0))
    assert read_at_work(file).waiting == "the node is away"
    at_work.round_done()
    assert read_at_work(file).waiting is None
    at_work.note(Stopped())
    assert read_at_work(file).stopped


def test_a_round_without_happenings_is_written_now_and_then_only(file: Path) -> None:
    now = [1000.0]
    at_work = AtWork(file, clock=lambda: now[0])
    at_work.round_done()
    now[0] += SIGN_OF_LIFE - 1
    at_work.round_done()
    assert read_at_work(file).looked_at == 1000.0
    now[0] += 1
    at_work.round_done()
    assert read_at_work(file).looked_at == 1000.0 + SIGN_OF_LIFE


def test_the_latest_happenings_outlive_a_restart_and_are_not_too_many(file: Path) -> None:
    for number in range(KEPT + 5):
        AtWork(file).note(Waiting(reason=str(number), retry_seconds=1.0))
    kept = read_at_work(file).happenings
    assert [one["reason"] for one in kept] == [str(number) for number in range(5, KEPT + 5)]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"work": null}', '{"happenings": 5}', "\x00"])
def test_a_damaged_file_says_nothing_and_a_disk_that_cannot_be_written_stops_nothing(
    file: Path, text: str
) -> None:
    file.write_text(text)
    assert read_at_work(file) == WorkSeen()
    AtWork(file).note(STARTED)
    assert len(read_at_work(file).happenings) == 1
    AtWork(Path("/proc/nowhere/at-work.json")).note(STARTED)


def test_the_lock_is_seen_from_outside_and_waited_for_if_asked(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert not is_agent_at_work(lock)
    holder = (
        "import fcntl, os, sys; f = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT);"
        "fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holder, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        assert is_agent_at_work(lock)
        threading.Timer(0.6, process.stdin.close).start()
        with home_lock(lock, patience=60):
            assert is_agent_at_work(lock)
    assert not is_agent_at_work(lock)


def test_whoever_reads_events_for_a_moment_is_no_mine_at_work(home: Home) -> None:
    with home_lock(home.lock, for_a_moment=True):
        assert status(home, None, "it is away", 0.0)["running"] is False
    with home_lock(home.lock):
        assert status(home, None, "it is away", 0.0)["running"] is True
    with home_lock(home.lock, for_a_moment=True):
        assert not is_agent_at_work(home.lock)


def test_a_quiet_mine_says_everything_that_keeps_it_quiet(home: Home) -> None:
    home.pause()
    found = status_of(home, 1_800_000_000.0)
    assert [reason["command"] for reason in found["quiet"]] == [
        "mine-agent run", "mine-agent resume", "mine-agent data add NAME FILE", None,
    ]  # fmt: skip
    assert (found["running"], found["paused"], found["open"], found["joined"]) == (False, True, 0, 0)
    home.resume()
    home.save_policy(home.policy().text.replace('hours = ["any"]', "hours = []"))
    with home_lock(home.lock):
        AtWork(home.at_work_file).note(Waiting(reason="the node is away", retry_seconds=1.0))
        found = status(home, None, "it is away", 0.0)
        whys = " / ".join(reason["why"] for reason in found["quiet"])
        assert (found["running"], found["waiting"]) == (True, "the node is away")
        for part in ("it waits: the node is away", "in the hours none", "cannot be read: it is away"):
            assert part in whys
        AtWork(home.at_work_file).note(HALF)
        busy = status(home, None, "it is away", 0.0)
        assert (busy["quiet"], busy["work"]["share"]) == ([], 0.5)
