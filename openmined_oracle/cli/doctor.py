"""`capsule doctor`: is everything there that a Capsule needs?"""

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
    """Check keys, disk, node, store, certificate, funds, campaigns and deadlines, and say what to do.

    Exit code 1 if anything fails. The store is tried by writing a few bytes to it;
    nothing else is changed, and the running agent is not disturbed.
    """
    from openmined_oracle.cli.connect import home_path
    from openmined_oracle.operation.doctor import examine
    from pysonar.party.cli.findings import print_findings
    from pysonar.party.home.passphrase import read_passphrase

    print_findings(examine(home_path(home), lambda: read_passphrase(passphrase_file)), form)
