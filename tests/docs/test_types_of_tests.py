"""Tests are type-checked, too: what they import, call and take from fixtures must be there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Not those that find each other on sys.path (contracts, stateful) or run elsewhere.
CHECKED = (
    "adapters", "artifacts", "chain", "chaos", "demo", "docs", "mine", "oracle", "party", "scientist",
    "store", "syft", "tables", "web",
)  # fmt: skip


@pytest.mark.slow
def test_the_tests_pass_the_type_checker() -> None:
    tests = [*(ROOT / "tests" / folder for folder in CHECKED), *sorted((ROOT / "tests").glob("*.py"))]
    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--config-file",
            "tests/mypy.ini",
            "--cache-dir",
            "build/mypy-tests",
            *tests,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout
