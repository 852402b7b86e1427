"""What a doctor found, printed; and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import typer

from pysonar.party.cli.console import ExitCode, Format, print_rows
from pysonar.party.finding import Finding


def print_findings(found: Iterable[Finding], form: Format) -> None:
    """A row for each finding, in their order.

    Raises:
        typer.Exit: code 1 if anything failed.
    """
    findings = list(found)
    print_rows(
        [asdict(finding) for finding in findings],
        {"check": "check", "ok": "ok", "found": "found", "advice": "what to do"},
        form=form,
        show={"ok": lambda ok: "ok" if ok else "FAILS"},
    )
    if not all(finding.ok for finding in findings):
        raise typer.Exit(int(ExitCode.FAILED))
