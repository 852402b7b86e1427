"""Typer's runner for `sonar`, one home each."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from pysonar.scientist.cli import app
from tests.json_types import Json

PASSPHRASE = "correct horse"


runner = CliRunner()


class Shell:
    """Runs `sonar` with one home, its passphrase in the environment."""

    def __init__(self, home: Path, passphrase: str | None = PASSPHRASE) -> None:
        self.home = home
        self.environment = {"OPENMINED_PASSPHRASE": passphrase, "COLUMNS": "100000"}

    def __call__(self, *arguments: str) -> Result:
        return runner.invoke(app, [*arguments, "--home", str(self.home)], env=self.environment)

    def json(self, *arguments: str) -> Json:
        result = self(*arguments, "--format", "json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)
