"""`capsule run`: the agent at work until it is stopped."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Annotated

import typer

from pysonar.party.cli.console import (
    ExitCode,
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    acting,
    exit_code_of,
    print_event,
)


@acting
def run(
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            help="Do all that can be done now, then stop: exit code 1 if something failed, 3 if chain or"
            " store cannot be reached.",
        ),
    ] = False,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Work for every campaign that names this Capsule, until stopped (Ctrl-C or
    SIGTERM).

    Opens requested campaigns or declines them, judges submissions in the order
    of the queue, reports, delivers, settles, and claims the fees. It can be
    stopped, or die, at any moment: the next run continues where this one stopped,
    and sends nothing twice.

    What is printed is what the chain says anyway: verdicts, and accuracies only
    of submissions that were paid. With --format json every happening is one
    JSON object on a line.
    """
    from openmined_oracle.cli.connect import home_path
    from openmined_oracle.connection import Connection
    from openmined_oracle.home import Home
    from openmined_oracle.keys.hand_over import require_not_handed_over
    from openmined_oracle.operation.metrics import MetricsServer, Watch
    from pysonar.chain.sending.signer import KeyfileSigner
    from pysonar.party.happenings import Started, Stopped, teller
    from pysonar.party.home.home_lock import home_lock
    from pysonar.party.home.passphrase import read_passphrase
    from pysonar.party.patience import Patience
    from pysonar.party.signals import Goodbye, stop_on_signals

    opened = Home.open(home_path(home))
    passphrase = read_passphrase(passphrase_file, what=str(opened.path))

    tell = teller(partial(print_event, form=form))
    goodbye = Goodbye(lambda: tell(Stopped()))
    stop = goodbye.stop
    with home_lock(opened.lock), stop_on_signals(goodbye.ask):
        require_not_handed_over(opened)
        keys, signer = opened.secret_keys(passphrase), KeyfileSigner.open(opened.keyfile, passphrase)
        patience, connect = Patience(tell, stop), partial(Connection.open, opened)
        connection = connect() if once else patience.until_done(connect)
        if connection is None:
            return
        watch, port = Watch(), 0 if once else opened.capsule.metrics_port
        begin = partial(connection.agent, signer, keys, tell, stop=stop, watch=watch if port else None)
        with ExitStack() as ending:
            if port:
                ending.callback(MetricsServer(watch, port).close)
            agent = begin() if once else patience.until_done(begin)
            if agent is None:
                return
            ending.callback(agent.close)
            tell(Started(role="Capsule", address=agent.address, contract=connection.sonar.address))
            if once:
                agent.run_once()
            else:
                agent.run()
        goodbye.say()
    if once and agent.failures:
        worst = max(exit_code_of(error) for error in agent.failures.values())
        raise typer.Exit(int(worst) or int(ExitCode.FAILED))
