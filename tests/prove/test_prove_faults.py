"""The faults of the proofs still apply to the contract as it is. (The proofs themselves are `make prove`.)"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.prove.sabotage import FAULTS, Fault, sabotaged

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

NUMBERS = {5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_changes_the_contract(fault: Fault, tmp_path: Path) -> None:
    folder = sabotaged(ROOT, fault, tmp_path / "tree")

    source = (folder / "contracts" / "Sonar.vy").read_text(encoding="utf-8")
    assert source != (ROOT / "contracts" / "Sonar.vy").read_text(encoding="utf-8")


def test_a_fault_that_no_longer_applies_is_said_so(tmp_path: Path) -> None:
    gone = Fault("gone", "a line that is not there", "", "Claim", "check_only_once")

    with pytest.raises(ValueError, match="no longer applies"):
        sabotaged(ROOT, gone, tmp_path / "tree")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_names_a_check(fault: Fault) -> None:
    checks = (HERE / "checks" / f"{fault.contract}.t.sol").read_text(encoding="utf-8")

    assert f"function {fault.check}(" in checks


def test_each_contract_of_checks_has_a_fault() -> None:
    assert {fault.contract for fault in FAULTS} == {
        path.name.removesuffix(".t.sol") for path in (HERE / "checks").glob("*.t.sol")
    }


def test_the_docs_tell_how_many_faults_there_are() -> None:
    page = re.sub(r"\s+", " ", (ROOT / "docs" / "contract.md").read_text(encoding="utf-8"))

    assert f"puts {NUMBERS[len(FAULTS)]} faults into copies of the contract" in page
