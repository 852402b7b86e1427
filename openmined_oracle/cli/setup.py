"""`capsule init`: a home directory with settings, an account and an OpenPGP key; then Capsule makes
itself known.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pysonar.console import (
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    command,
    note,
    print_record,
    warn,
)

if TYPE_CHECKING:
    from openmined_oracle.home import Home
    from pysonar.chain.signer import KeyfileSigner
    from pysonar.openpgp import SecretKey

REGISTER_SECONDS = 60.0


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
            help="Where models and gradients are exchanged: embedded:/DIRECTORY shared by the parties of one"
            " machine, or kubo:/ip4/127.0.0.1/tcp/5001/http.",
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
    ] = "Capsule",
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
    """Make the home directory of a Capsule, and make the Capsule known.

    The account and the OpenPGP key are sealed by one passphrase; without it,
    and without the home directory, no campaign of this Capsule can be
    continued, so keep copies of both. The certificate is put into the store and
    registered on chain: now if the account has ether, else by `capsule run` as
    soon as it has.

    Run it again with the same --home to register after the account was funded;
    nothing is made twice.
    """
    from openmined_oracle.home import Home
    from pysonar.chain.signer import KeyfileSigner, create_keyfile
    from pysonar.passphrase import choose_passphrase, read_passphrase
    from pysonar.settings import Settings, default_home

    path = (home or default_home("capsule")).expanduser().absolute()
    if Home.exists(path):
        opened = Home.open(path)
        passphrase = read_passphrase(passphrase_file, what=str(path))
        signer = KeyfileSigner.open(opened.keyfile, passphrase)
        note(f"{path} is there already; its settings stay as they are")
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
        if keyfile is None and not settings.keyfile_path(path).exists():
            create_keyfile(settings.keyfile_path(path), passphrase)
        signer = KeyfileSigner.open(settings.keyfile_path(path), passphrase)
        opened = Home.create(path, settings, passphrase, name=name)
    own = next(iter(opened.secret_keys(passphrase).values()))
    _introduce(opened, signer, own, form)


def _introduce(home: Home, signer: KeyfileSigner, own: SecretKey, form: Format) -> None:
    """Publish and register the certificate as far as that is possible now, and say what is still missing."""
    from openmined_oracle.connection import Connection
    from pysonar.chain.errors import AlreadyRunningError
    from pysonar.home_lock import home_lock
    from pysonar.store import cid_of

    connection = Connection.open(home)
    problem = None
    try:
        with home_lock(home.lock):
            registration = connection.registration(own, connection.outbox(signer))
            problem = registration.finish(REGISTER_SECONDS)
    except AlreadyRunningError:
        note("this Capsule is running; it registers itself")
    registered = connection.sonar.certificate(signer.address) == cid_of(own.certificate.to_bytes()).digest
    record = {
        "address": signer.address,
        "home": home.path,
        "certificate": str(cid_of(own.certificate.to_bytes())),
        "fingerprint": own.certificate.fingerprint,
        "registered": registered,
    }
    labels = {
        "address": "Account",
        "home": "Home",
        "certificate": "Certificate",
        "fingerprint": "OpenPGP fingerprint",
        "registered": "Registered on chain",
    }
    print_record(record, labels, form=form)
    if problem is not None:
        warn(f"not registered yet: {problem}")
        note(f"send ether to {signer.address}, then `capsule run`: it registers itself first")


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
