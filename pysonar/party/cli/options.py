"""The options of `init` that become the first `settings.toml`, with the same words in all command lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pysonar.party.cli.console import note
from pysonar.party.home.place import find_place
from pysonar.party.home.settings import Settings, default_home

RpcOption = Annotated[
    list[str],
    typer.Option(
        help="Address of the Ethereum node. Repeat it for others, which are asked when the first is away."
    ),
]
ContractOption = Annotated[
    str | None, typer.Option(help="Address of Sonar; or give --deployment.", show_default=False)
]
DeploymentOption = Annotated[
    Path | None,
    typer.Option(help="File deployments/CHAIN-ID.json, which names chain and contract.", show_default=False),
]
KeyfileOption = Annotated[
    Path | None,
    typer.Option(
        help="An existing keyfile (web3 keystore, as Ape writes it, too), opened by the same passphrase;"
        " else a new account is made.",
        show_default=False,
    ),
]
ConfirmationsOption = Annotated[
    int, typer.Option(help="Blocks on top of an event before it counts.", min=0, max=1000)
]
PollSecondsOption = Annotated[
    float, typer.Option(help="Seconds between two looks at the chain.", min=0.05, max=3600)
]
StartBlockOption = Annotated[
    int | None, typer.Option(help="Block of Sonar's deployment; saves reading older ones.", min=0)
]

LOCAL_NODE = ["http://127.0.0.1:8545"]
CONFIRMATIONS = Settings.confirmations
POLL_SECONDS = Settings.poll_seconds


def store_option(what: str) -> Any:
    """`--store`; `what` says what this agent exchanges there."""
    return typer.Option(
        help=f"Where {what} are exchanged: embedded:/DIRECTORY shared by the parties of one machine, or"
        " kubo:/ip4/127.0.0.1/tcp/5001/http.",
        show_default=False,
    )


def first_settings(
    *,
    rpc: Sequence[str],
    contract: str | None,
    deployment: Path | None,
    store: str | None,
    keyfile: Path | None,
    confirmations: int,
    poll_seconds: float,
    start_block: int | None,
) -> Settings:
    """The settings of a new home. Without a store: the embedded one that all homes of this user share.

    Raises:
        typer.BadParameter, DeploymentError, ChainError: as `find_place`.
        SettingsError: a value cannot be used.
    """
    place = find_place(rpc, contract, deployment)
    store = store or f"embedded:{default_home('store')}"
    _say_if_made(store)
    return Settings(
        rpc=rpc[0] if len(rpc) == 1 else tuple(rpc),
        chain_id=place.chain_id,
        contract=place.contract,
        contract_version=place.version,
        store=store,
        keyfile=str(keyfile.expanduser().absolute()) if keyfile else Settings.keyfile,
        confirmations=confirmations,
        poll_seconds=poll_seconds,
        start_block=place.start_block if start_block is None else start_block,
    )


def _say_if_made(store: str) -> None:
    """A store's directory is made by whoever uses it first, which may be long after `init`."""
    kind, _, place = store.partition(":")
    directory = Path(place.partition("?")[0]).expanduser()
    if kind == "embedded" and not directory.exists():
        note(f"the store's directory {directory} is made when it is first used")
