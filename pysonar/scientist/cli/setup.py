"""`sonar init`: a home directory with settings, an account and an OpenPGP key."""

from __future__ import annotations

from typing import Annotated

import typer

from pysonar.party.cli.console import (
    acting,
    print_record,
)
from pysonar.party.cli.options import NewHome, makes_a_home


@acting
@makes_a_home
def init(
    new: NewHome,
    name: Annotated[
        str, typer.Option(help="A name for people to read, in the public certificate.")
    ] = "Data Scientist",
) -> None:
    """Make the home directory of a Data Scientist.

    It holds settings, an account that pays, and the OpenPGP key to which models are delivered; the two are
    sealed by one passphrase. Without the home directory and the passphrase no delivered model can be opened,
    so keep copies of both. Send ether to the printed address: a campaign costs its bounty and a little gas.
    """
    from pysonar.party.cli.account import make_or_keep
    from pysonar.scientist.cli.connect import home_path
    from pysonar.scientist.home import Home

    path = home_path(new.home)
    unlocked = make_or_keep(
        Home,
        path,
        new,
        create=lambda settings, passphrase: Home.create(path, settings, passphrase, name=name),
    )
    opened = unlocked.home
    opened.secret_key(unlocked.passphrase)
    print_record(
        {
            "address": unlocked.signer.address,
            "home": opened.path,
            "fingerprint": opened.fingerprint,
            "chain_id": opened.settings.chain_id,
            "contract": opened.settings.contract,
        },
        {
            "address": "Account",
            "home": "Home",
            "fingerprint": "OpenPGP fingerprint",
            "chain_id": "Chain",
            "contract": "Sonar",
        },
        form=new.form,
    )
