"""What docs/encrypted-training.md says each party can work out is what its script prints."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def figures(line: str) -> list[float]:
    """The percentages of a row."""
    return [float(number) for number in re.findall(r"([0-9.]+)%", line)]


def test_the_tables_of_what_is_known_are_what_is_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.studies.leaks"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = (ROOT / "docs/encrypted-training.md").read_text(encoding="utf-8").splitlines()
    for table in done.stdout.strip().split("\n\n"):
        printed = table.splitlines()
        first = document.index(printed[0])
        for said, measured in zip(document[first : first + len(printed)], printed, strict=True):
            assert said.split("|")[1] == measured.split("|")[1]
            # The last digits depend on the processor's arithmetic.
            assert all(abs(a - b) <= 1.0 for a, b in zip(figures(said), figures(measured), strict=True))
    shown = {row.split("|")[1].strip(): figures(row) for row in done.stdout.splitlines() if "%" in row}
    assert shown["`gradient_descent`, 50 steps"][1] > 95
    assert shown["`gradient_descent`, 10,000 steps"][0] < 0.2
    least = shown["`proximal`, rho 0.001, l2 0.001, the least"][0]
    assert least > 0.8 * shown["`gradient_descent`, 1,000 steps"][0]
    assert (
        shown["7, an honest campaign's versions"][0] < 50 < 99 < shown["8, an honest campaign's versions"][0]
    )
