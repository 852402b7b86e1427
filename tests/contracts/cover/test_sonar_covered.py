"""The contract's tests hold on titanoboa, too, and take every branch that can be taken (`make cover`)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_every_branch_of_sonar_is_taken_or_has_its_reason() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.contracts.cover.cover_sonar", "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert told.returncode == 0, told.stdout[-2_000:] + told.stderr[-4_000:]
    report = json.loads(told.stdout)
    assert report["needless_reasons"] == []
    assert all(branch["reason"] for branch in report["untaken"])
    taken, every = report["branches"]["written in the source"].removesuffix(" taken").split(" of ")
    assert 150 < int(taken) <= int(every)
