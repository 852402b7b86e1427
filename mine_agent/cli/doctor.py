"""`mine-agent doctor`: is everything there that a mine needs?"""

from __future__ import annotations

from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    command,
)


@command
def doctor(
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Check Python, account, node, contract, store, clock, money and data, and say what to do about each
    fault.

    Exit code 1 if anything fails. The store is tried by writing a few bytes to it; nothing else is changed.
    """
    from mine_agent.cli.connect import home_path
    from mine_agent.operation.doctor import examine
    from pysonar.party.cli.findings import print_findings
    from pysonar.party.home.passphrase import read_passphrase

    print_findings(examine(home_path(home), lambda: read_passphrase(passphrase_file)), form)
