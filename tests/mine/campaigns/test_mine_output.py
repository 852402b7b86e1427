"""A mine at work whose log cannot be written, or not in its own characters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mine_agent.home import Home
from pysonar.chain.contract.events import Submitted
from pysonar.chain.sending.signer import KeyfileSigner
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.mine.conftest import PASSPHRASE
from tests.roles import Tell

RUN = "from mine_agent.cli import app; app()"


@pytest.mark.parametrize(("log", "encoding"), [("/dev/full", "utf-8"), ("/dev/null", "ascii")])
def test_it_trains_and_submits_all_the_same(
    home: Home,
    miner: KeyfileSigner,
    tell: Tell,
    small_capsule: SmallCapsule,
    colours: Path,
    log: str,
    encoding: str,
) -> None:
    home.data().add("colours", colours, replace=False)
    campaign = small_capsule.open()
    environment = os.environ | {"OPENMINED_PASSPHRASE": PASSPHRASE, "PYTHONIOENCODING": encoding}
    with Path(log).open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-c", RUN, "run", "--once", "--home", str(home.path)],
            env=environment, stdout=output, stderr=subprocess.PIPE, text=True, check=False, timeout=120,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert ("No space left" in done.stderr) == (log == "/dev/full")
    mine = Mine(home, miner, tell)
    mine.connection.follower.poll()
    assert [event.miner for event in mine.submitted(campaign)] == [miner.address]
    assert isinstance(mine.submitted(campaign)[0], Submitted)
