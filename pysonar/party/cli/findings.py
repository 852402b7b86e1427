"""What a doctor found, printed; and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import typer

from pysonar.party.cli.console import ExitCode, Format, print_rows
from pysonar.party.finding import Finding


def print_findings(found: Iterable[Finding], form: Format) -> None:
    """A row for each finding, in their order; in the table with what to do about those that fail.

    Raises:
        typer.Exit: code 1 if anything failed.
    """
    findings = list(found)
    told = [asdict(finding) for finding in findings]
    if form is Format.TABLE:
        for row, finding in zip(told, findings, strict=True):
            row["ok"] = "ok" if finding.ok else "FAILS"
            row["found"] += f"\nwhat to do: {finding.advice}" if finding.advice else ""
    print_rows(told, {"ok": "", "check": "check", "found": "found"}, form=form)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(int(ExitCode.FAILED))
