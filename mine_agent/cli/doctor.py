"""`mine-agent doctor`: is everything there that a mine needs?"""

from __future__ import annotations

from dataclasses import asdict

import typer

from pysonar.party.cli.console import (
    ExitCode,
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    command,
    print_rows,
)


@command
def doctor(
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Look at Python, account, node, contract, store, clock, money and data, and say what to do about faults.

    Exit code 1 if anything fails. The store is tried by writing a few bytes to it; nothing else is changed.
    """
    from mine_agent.cli.connect import home_path
    from mine_agent.operation.doctor import examine
    from pysonar.party.home.passphrase import read_passphrase

    findings = list(examine(home_path(home), lambda: read_passphrase(passphrase_file)))
    print_rows(
        [asdict(finding) for finding in findings],
        {"check": "check", "ok": "ok", "found": "found", "advice": "what to do"},
        form=form,
        show={"ok": lambda ok: "ok" if ok else "FAILS"},
    )
    if not all(finding.ok for finding in findings):
        raise typer.Exit(int(ExitCode.FAILED))
