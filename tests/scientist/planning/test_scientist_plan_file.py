"""What is said of a file in which there is no plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.plan_file import read_plan


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert str(caught.value) == f"{path}: the file does not exist; expected a plan as .toml or .json"


def test_what_cannot_be_read_of_a_file_is_said_in_one_plain_sentence(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text("title = ")
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert str(caught.value).startswith(f"{path}: not TOML (")
    assert str(caught.value).endswith("); expected TOML, or JSON with the ending .json")
    assert "the file is '" not in str(caught.value)
