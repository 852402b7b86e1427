"""What the scripts share of Ape: its provider as a node of the libraries, its account as their signer.

The libraries never import Ape; this is the only bridge.
"""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI, ProviderAPI

from openmined_syft.errors import OpenMinedError
from pysonar.chain.node.connect import connect
from pysonar.chain.node.handle import Node


def home_option(made_by: str) -> Callable[..., Any]:
    """`--home`, an existing directory; `made_by` says what it is and which command makes it."""
    directory = click.Path(path_type=Path, file_okay=False, exists=True)
    return click.option("--home", type=directory, required=True, help=made_by)


def folder_option(default: str, what: str = "") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`--folder`, which a demo empties and fills; `what` says what it leaves there."""
    return click.option(
        "--folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(default),
        show_default=True,
        help=f"Is emptied first. {what}".strip(),
    )


def say_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Typed errors of the libraries end a script with one line and exit code 1, not with a traceback."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except OpenMinedError as error:
            raise click.ClickException(str(error)) from None

    return wrapped


def web3_of(provider: ProviderAPI) -> Node:
    """A handle of the node that Ape is connected to."""
    address = getattr(provider, "http_uri", None) or getattr(provider, "uri", None)
    return connect(str(address), expected_chain_id=provider.chain_id)


class ApeSigner:
    """An Ape account as the libraries' `Signer`."""

    def __init__(self, account: AccountAPI, provider: ProviderAPI) -> None:
        self._account = account
        self._ecosystem = provider.network.ecosystem
        self.address: str = str(account.address)

    def sign(self, transaction: dict[str, Any]) -> bytes:
        """The signed bytes of a transaction, ready to be broadcast.

        Raises:
            ValueError: the account's owner refused to sign.
        """
        unsigned = self._ecosystem.create_transaction(**transaction)
        signed = self._account.sign_transaction(unsigned)
        if signed is None:
            raise ValueError(f"the account {self.address} did not sign")
        return bytes(signed.serialize_transaction())
