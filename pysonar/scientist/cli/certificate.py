"""`sonar certificate`: what others need to seal to this home's OpenPGP key."""

from __future__ import annotations

from typing import Any

from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    command,
    print_record,
)


@command
def certificate(
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Put this home's OpenPGP certificate into the store, and show its CID.

    The CID is what a scientist writes into a plan as auditor_certificate, so that this
    home can audit the campaign (`sonar audit CAMPAIGN --auditor-key openpgp.json`); and
    what a mine's owner writes into policy.toml under auditors. Asks for the passphrase.
    """
    from pysonar.party.home.passphrase import read_passphrase
    from pysonar.scientist.cli.connect import home_path
    from pysonar.scientist.home import Home
    from pysonar.store import open_store

    opened = Home.open(home_path(home))
    key = opened.secret_key(read_passphrase(passphrase_file, what=str(opened.path)))
    cid = open_store(opened.settings.store).put_pinned(key.certificate.to_bytes(), "certificate")
    shown: dict[str, Any] = {"cid": str(cid), "fingerprint": key.certificate.fingerprint}
    print_record(shown, {"cid": "CID", "fingerprint": "OpenPGP fingerprint"}, form=form)
