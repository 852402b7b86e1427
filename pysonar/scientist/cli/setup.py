"""`sonar init`: a home directory with settings, an account and an OpenPGP key."""

from __future__ import annotations

from typing import Annotated

import typer

from pysonar.party.cli import options
from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    acting,
    print_record,
)


@acting
def init(
    rpc: options.RpcOption = options.LOCAL_NODE,
    contract: options.ContractOption = None,
    deployment: options.DeploymentOption = None,
    store: Annotated[str | None, options.store_option("artifacts")] = None,
    keyfile: options.KeyfileOption = None,
    name: Annotated[
        str, typer.Option(help="A name for people to read, in the public certificate.")
    ] = "Data Scientist",
    confirmations: options.ConfirmationsOption = options.CONFIRMATIONS,
    poll_seconds: options.PollSecondsOption = options.POLL_SECONDS,
    start_block: options.StartBlockOption = None,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Make the home directory of a Data Scientist.

    It holds settings, an account that pays, and the OpenPGP key to which models are delivered; the two are
    sealed by one passphrase. Without the home directory and the passphrase no delivered model can be opened,
    so keep copies of both. Send ether to the printed address: a campaign costs its bounty and a little gas.
    """
    from pysonar.party.cli.account import make_or_keep
    from pysonar.scientist.cli.connect import home_path
    from pysonar.scientist.home import Home

    path = home_path(home)
    unlocked = make_or_keep(
        Home,
        path,
        passphrase_file,
        settings=lambda: options.first_settings(
            rpc=rpc,
            contract=contract,
            deployment=deployment,
            store=store,
            keyfile=keyfile,
            confirmations=confirmations,
            poll_seconds=poll_seconds,
            start_block=start_block,
        ),
        create=lambda settings, passphrase: Home.create(path, settings, passphrase, name=name),
        own_keyfile=keyfile is not None,
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
        form=form,
    )
