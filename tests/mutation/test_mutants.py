"""The mutants are small and of every kind, each reason belongs to a survivor, and the trial works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.mutants import Mutant, mutants

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

SOURCES = [
    path for folder in ("contracts", "contracts/modules") for path in sorted((ROOT / folder).glob("*.vy"))
]
SAMPLE = '''# pragma nonreentrancy on
"""
@notice a < b
"""

@external
def sum(a: uint256):
    # a < b
    assert a < 5 and a != 0, "sample: a < b"
    assert (
        a >= 2
    ), (
        "sample: 1 or 2"
    )
    self.total += unsafe_mul(a, 3)
'''


def every_mutant() -> list[Mutant]:
    return [
        mutant
        for path in SOURCES
        for mutant in mutants(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]


def test_every_kind_of_change_is_made_and_texts_are_left_alone() -> None:
    found = [(mutant.line, mutant.after.strip()) for mutant in mutants("sample.vy", SAMPLE)]

    assert found == [
        (1, "# pragma nonreentrancy off"),
        (9, 'assert a <= 5 and a != 0, "sample: a < b"'),
        (9, 'assert a < 5 and a == 0, "sample: a < b"'),
        (9, 'assert a < 5 or a != 0, "sample: a < b"'),
        (9, 'assert a < 6 and a != 0, "sample: a < b"'),
        (9, 'assert a < 5 and a != 1, "sample: a < b"'),
        (9, "pass"),
        (10, "pass"),
        (11, "a > 2"),
        (11, "a >= 3"),
        (15, "self.total -= unsafe_mul(a, 3)"),
        (15, "self.total += unsafe_div(a, 3)"),
        (15, "self.total += unsafe_mul(a, 4)"),
        (15, "pass"),
    ]


def test_a_mutant_knows_its_function_and_changes_nothing_else() -> None:
    for mutant in mutants("sample.vy", SAMPLE):
        assert mutant.function == ("sum" if mutant.line > 6 else "")
        before, after = SAMPLE.splitlines(), mutant.source.splitlines()
        assert before[: mutant.line - 1] == after[: mutant.line - 1]
        assert mutant.source != SAMPLE


def test_every_source_but_the_mocks_has_mutants_of_different_names() -> None:
    changes = [mutant.change for mutant in every_mutant()]

    assert len(changes) > 500
    assert len(set(changes)) == len(changes)


def test_each_reason_belongs_to_a_mutant() -> None:
    reasons = json.loads((HERE / "survivors.json").read_text(encoding="utf-8"))

    assert set(reasons) <= {mutant.change for mutant in every_mutant()}
    assert all(len(reason) > 20 for reason in reasons.values())


@pytest.mark.rehearsal
def test_mistakes_are_noticed() -> None:
    """One line of the contract: what is refused when, and by which test that is noticed."""
    source = (ROOT / "contracts/modules/rules.vy").read_text(encoding="utf-8").splitlines()
    line = 1 + next(number for number, text in enumerate(source) if "GAP_BASIS_BIT" in text)
    chosen = ["--only", "contracts/modules/rules.vy", "--lines", f"{line}-{line + 1}", "--format", "json"]

    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation.mutate_sonar", *chosen],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["mutants"] == len(told["each"]) >= 4
    assert all(each["outcome"] == "killed" and "test_sonar_" in each["test"] for each in told["each"])
