"""A mine at work, paid by and paying from an Ape account: `ape run mine run ...`."""

import threading
from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import ConnectedProviderCommand, account_option, network_option

from scripts._ape import home_option, say_errors


@click.group()
def cli() -> None:
    """Let models learn from your data, as `mine-agent` does, with Ape's network and account."""


@cli.command(cls=ConnectedProviderCommand)
@network_option()
@account_option()
@home_option("The mine's home, made by `mine-agent init --keyfile` with the account's own keyfile.")
@click.option("--once", is_flag=True, help="One round only.")
@say_errors
def run(provider: ProviderAPI, account: AccountAPI, home: Path, once: bool) -> None:
    """Work for every open campaign that fits the home's data and rules, until stopped."""
    from mine_agent.agent import Agent
    from mine_agent.connection import Connection
    from mine_agent.errors import HomeError
    from mine_agent.home import Home
    from mine_agent.rounds import rounds_until
    from pysonar.party.happenings import teller
    from pysonar.party.home.home_lock import home_lock
    from pysonar.party.signals import stop_on_signals
    from scripts._ape import ApeSigner, web3_of

    opened, signer = Home.open(home.absolute()), ApeSigner(account, provider)
    if opened.address != signer.address:
        raise HomeError(f"{home} is the home of {opened.address}, and --account is {signer.address}")

    tell = teller(lambda _, line: click.echo(line))
    stop = threading.Event()
    with home_lock(opened.lock), stop_on_signals(stop.set):
        connection = Connection.open(opened, web3_of(provider))
        agent = Agent(connection, connection.outbox(signer), tell=tell, stopping=stop.is_set)
        if once:
            errors = agent.round()
            if errors:
                raise click.ClickException("; ".join(str(error) for error in errors))
        else:
            rounds_until(agent, stop, opened.settings.poll_seconds, tell)
