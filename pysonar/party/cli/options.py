"""The options that every `init` has, declared once: the same words in the same order for all parties."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from pysonar.party.cli.console import Format, FormatOption, HomeOption, PassphraseFileOption, note
from pysonar.party.home.place import find_place
from pysonar.party.home.settings import Settings, default_home

RpcOption = Annotated[
    list[str],
    typer.Option(
        help="Address of the Ethereum node. Repeat it to name others, which are asked when the first does"
        " not answer."
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
        help="An existing keyfile (a web3 keystore, such as Ape writes), opened by the same passphrase;"
        " without it a new account is made.",
        show_default=False,
    ),
]
ConfirmationsOption = Annotated[
    int, typer.Option(help="Blocks on top of an event before it counts.", min=0, max=1000)
]
PollSecondsOption = Annotated[
    float, typer.Option(help="Seconds between two readings of the chain.", min=0.05, max=3600)
]
StartBlockOption = Annotated[
    int | None, typer.Option(help="Block of Sonar's deployment; saves reading older ones.", min=0)
]

LOCAL_NODE = ["http://127.0.0.1:8545"]
CONFIRMATIONS = Settings.confirmations
POLL_SECONDS = Settings.poll_seconds


StoreOption = Annotated[
    str | None,
    typer.Option(
        help="Where artifacts are exchanged: embedded:/DIRECTORY, shared by all parties on one machine, or"
        " kubo:/ip4/127.0.0.1/tcp/5001/http.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class NewHome:
    """What the options of an `init` say of the new home: its first settings, its place and what seals it.

    The fields are the options. In the help, those of one party only stand between `keyfile` and
    `confirmations`.
    """

    rpc: RpcOption
    contract: ContractOption
    deployment: DeploymentOption
    store: StoreOption
    keyfile: KeyfileOption
    confirmations: ConfirmationsOption
    poll_seconds: PollSecondsOption
    start_block: StartBlockOption
    home: HomeOption
    passphrase_file: PassphraseFileOption
    form: FormatOption

    def settings(self) -> Settings:
        """The settings of a new home. Without a store: the embedded one that all homes of this user share.

        Raises:
            typer.BadParameter, DeploymentError, ChainError: as `find_place`.
            SettingsError: a value cannot be used.
        """
        place = find_place(self.rpc, self.contract, self.deployment)
        store = self.store or f"embedded:{default_home('store')}"
        _say_if_made(store)
        return Settings(
            rpc=self.rpc[0] if len(self.rpc) == 1 else tuple(self.rpc),
            chain_id=place.chain_id,
            contract=place.contract,
            contract_version=place.version,
            store=store,
            keyfile=str(self.keyfile.expanduser().absolute()) if self.keyfile else Settings.keyfile,
            confirmations=self.confirmations,
            poll_seconds=self.poll_seconds,
            start_block=place.start_block if self.start_block is None else self.start_block,
        )


_DEFAULTS: dict[str, Any] = {
    "rpc": LOCAL_NODE,
    "confirmations": CONFIRMATIONS,
    "poll_seconds": POLL_SECONDS,
    "form": Format.TABLE,
}
_OWN_STAND_BEFORE = "confirmations"


def makes_a_home(init: Callable[..., None]) -> Callable[..., None]:
    """Decorator of an `init(new: NewHome, ...)`: a command with the options of `NewHome` and its own."""
    hints = get_type_hints(NewHome, include_extras=True)
    shared = [
        inspect.Parameter(
            part.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_DEFAULTS.get(part.name),
            annotation=hints[part.name],
        )
        for part in fields(NewHome)
    ]
    names = [part.name for part in shared]
    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in list(inspect.signature(init, eval_str=True).parameters.values())[1:]
    ]
    at = names.index(_OWN_STAND_BEFORE)
    parameters = [*shared[:at], *own, *shared[at:]]

    @functools.wraps(init)
    def run(**given: Any) -> None:
        new = NewHome(**{name: given.pop(name) for name in names})
        init(new, **given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {part.name: part.annotation for part in parameters}
    return run


def _say_if_made(store: str) -> None:
    """A store's directory is made by whoever uses it first, which may be long after `init`."""
    kind, _, place = store.partition(":")
    directory = Path(place.partition("?")[0]).expanduser()
    if kind == "embedded" and not directory.exists():
        note(f"the store's directory {directory} is made when it is first used")
