"""`sonar init`: a home directory with settings, an account and an OpenPGP key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from pysonar.console import (
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    command,
    note,
    print_record,
)


@dataclass(frozen=True)
class _Place:
    chain_id: int
    contract: str
    start_block: int


@command
def init(
    rpc: Annotated[str, typer.Option(help="Address of the Ethereum node.")] = "http://127.0.0.1:8545",
    contract: Annotated[
        str | None, typer.Option(help="Address of Sonar; or give --deployment.", show_default=False)
    ] = None,
    deployment: Annotated[
        Path | None,
        typer.Option(
            help="File deployments/CHAIN-ID.json, which names chain and contract.", show_default=False
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="Where artifacts are exchanged: embedded:/DIRECTORY shared by the parties of one machine, or"
            " kubo:/ip4/127.0.0.1/tcp/5001/http.",
            show_default=False,
        ),
    ] = None,
    keyfile: Annotated[
        Path | None,
        typer.Option(
            help="An existing keyfile (web3 keystore, as Ape writes it, too), opened by the same passphrase;"
            " else a new account is made.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(help="A name for people to read, in the public certificate.")
    ] = "Data Scientist",
    confirmations: Annotated[
        int, typer.Option(help="Blocks on top of an event before it counts.", min=0, max=1000)
    ] = 12,
    poll_seconds: Annotated[
        float, typer.Option(help="Seconds between two looks at the chain.", min=0.05, max=3600)
    ] = 2.0,
    start_block: Annotated[
        int | None, typer.Option(help="Block of Sonar's deployment; saves reading older ones.", min=0)
    ] = None,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Make the home directory of a Data Scientist.

    It holds settings, an account that pays, and the OpenPGP key to which models are delivered; the two are
    sealed by one passphrase. Without the home directory and the passphrase no delivered model can be opened,
    so keep copies of both. Send ether to the printed address: a campaign costs its bounty and a little gas.
    """
    from pysonar.chain.signer import KeyfileSigner, create_keyfile, keyfile_address
    from pysonar.cli.opening import home_path
    from pysonar.passphrase import choose_passphrase, read_passphrase
    from pysonar.scientist.home import Home
    from pysonar.settings import Settings, default_home

    path = home_path(home)
    if Home.exists(path):
        note(f"{path} is there already; it stays as it is")
        opened = Home.open(path)
        opened.secret_key(read_passphrase(passphrase_file, what=str(path)))
    else:
        place = _place(rpc, contract, deployment)
        settings = Settings(
            rpc=rpc,
            chain_id=place.chain_id,
            contract=place.contract,
            store=store or f"embedded:{default_home('store')}",
            keyfile=str(keyfile.expanduser().absolute()) if keyfile else Settings.keyfile,
            confirmations=confirmations,
            poll_seconds=poll_seconds,
            start_block=place.start_block if start_block is None else start_block,
        )
        passphrase = choose_passphrase(passphrase_file, what="the account and the OpenPGP key")
        account = settings.keyfile_path(path)
        if keyfile is None and not account.exists():
            create_keyfile(account, passphrase)
        else:
            KeyfileSigner.open(account, passphrase)
        opened = Home.create(path, settings, passphrase, name=name)
    print_record(
        {
            "address": keyfile_address(opened.keyfile),
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


def _place(rpc: str, contract: str | None, deployment: Path | None) -> _Place:
    """Chain, contract and first block, from the manifest or from the node."""
    from pysonar.chain import rpc as requests
    from pysonar.chain.connect import connect
    from pysonar.chain.sonar import Sonar
    from pysonar.deployment import read_deployment

    if deployment is not None and contract is None:
        manifest = read_deployment(deployment)
        return _Place(manifest.chain_id, manifest.address, manifest.block)
    if contract is None or deployment is not None:
        raise typer.BadParameter("give one of --contract and --deployment")
    web3 = connect(rpc)
    return _Place(requests.chain_id(web3), Sonar.open(web3, contract).address, 0)
