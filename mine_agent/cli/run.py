"""`mine-agent run`: the mine at work until it is stopped."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    acting,
    exit_code_of,
    print_event,
)

if TYPE_CHECKING:
    from mine_agent.agent import Agent


@acting
def run(
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            help="One round only: exit code 1 if anything failed in it, 3 if chain or store"
            " cannot be reached.",
        ),
    ] = False,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Work for every open campaign that fits your data and your rules, until stopped (Ctrl-C or SIGTERM).

    Trains the encrypted model on this machine, submits the encrypted gradient with stake and fee, waits for
    the verdict, takes stakes back that were never judged, and claims what a settled campaign owes. It can be
    stopped, or die, at any moment: the next run continues where this one stopped, and submits nothing twice.

    With --format json every happening is one JSON object on a line.
    """
    from mine_agent.agent import Agent
    from mine_agent.cli.connect import LOCK_PATIENCE, home_path, open_account
    from mine_agent.connection import Connection
    from mine_agent.home import Home
    from mine_agent.operation.at_work import AtWork
    from mine_agent.rounds import rounds_until
    from pysonar.party.happenings import Started, Stopped, teller
    from pysonar.party.home.home_lock import home_lock
    from pysonar.party.patience import Patience
    from pysonar.party.signals import Goodbye, stop_on_signals

    opened = Home.open(home_path(home))
    signer = open_account(opened, passphrase_file)

    at_work = AtWork(opened.at_work_file)
    tell = at_work.heard(teller(partial(print_event, form=form)))
    goodbye = Goodbye(lambda: tell(Stopped()))
    stop = goodbye.stop

    with home_lock(opened.lock, patience=LOCK_PATIENCE), stop_on_signals(goodbye.ask):
        patience, connect = Patience(tell, stop), partial(Connection.open, opened)
        connection = connect() if once else patience.until_done(connect)
        if connection is None:
            return
        agent = Agent(connection, connection.outbox(signer), tell=tell, stopping=stop.is_set)
        tell(Started(role="mine", address=signer.address, contract=connection.sonar.address))
        if once:
            _run_once(agent)
        else:
            rounds_until(agent, stop, opened.settings.poll_seconds, patience, at_work.round_done)
        goodbye.say()


def _run_once(agent: Agent) -> None:
    errors = agent.round()
    if errors:
        raise typer.Exit(int(max(exit_code_of(error) for error in errors)))
