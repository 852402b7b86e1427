"""The table of climbs in docs/encrypted-training.md is what its script prints, as far as machines agree."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def heads(line: str) -> list[str]:
    """The cells of a row, each up to its first comma: how many climbs arrive, but not when."""
    return [cell.strip().split(",")[0] for cell in line.strip("|").split("|")]


@pytest.mark.slow
def test_the_table_of_climbs_is_what_is_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.studies.climbs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    document = (ROOT / "docs/encrypted-training.md").read_text(encoding="utf-8").splitlines()
    first = document.index(printed[0])
    # When a climb arrives depends on the last digits of the processor's arithmetic; whether it does, not.
    assert [heads(line) for line in document[first : first + len(printed)]] == list(map(heads, printed))
    slope, adam, bent = (heads(line)[1:] for line in printed[2:])
    assert (slope, adam, bent) == (["0 of 8"] * 2, ["0 of 8"] * 2, ["8 of 8"] * 2)
