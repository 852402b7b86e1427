"""Capsule at work, paid for by an Ape account: `ape run capsule run ...`."""

from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import ConnectedProviderCommand, account_option, network_option

from scripts._ape import home_option, say_errors


@click.group()
def cli() -> None:
    """Operate a Capsule, as `capsule` does, with Ape's network and account.

    The home keeps the keys; OPENMINED_PASSPHRASE, or the terminal, opens them.
    """


@cli.command(cls=ConnectedProviderCommand)
@network_option()
@account_option()
@home_option("Capsule's home, made by `capsule init`.")
@click.option("--once", is_flag=True, help="Do all that can be done now, then stop.")
@say_errors
def run(provider: ProviderAPI, account: AccountAPI, home: Path, once: bool) -> None:
    """Work for every campaign that names the account, until stopped (Ctrl-C or SIGTERM)."""
    from openmined_oracle.connection import Connection
    from openmined_oracle.home import Home
    from pysonar.party.happenings import teller
    from pysonar.party.home.home_lock import home_lock
    from pysonar.party.home.passphrase import read_passphrase
    from pysonar.party.signals import stop_on_signals
    from scripts._ape import ApeSigner, web3_of

    opened = Home.open(home.absolute())
    keys = opened.secret_keys(read_passphrase(None, what=str(home)))

    with home_lock(opened.lock):
        connection = Connection.open(opened, web3_of(provider))
        agent = connection.agent(ApeSigner(account, provider), keys, teller(lambda _, line: click.echo(line)))
        with stop_on_signals(agent.stop):
            try:
                if once:
                    agent.run_once()
                else:
                    agent.run()
            finally:
                agent.close()
    if once and agent.failures:
        raise click.ClickException("; ".join(str(error) for error in agent.failures.values()))
