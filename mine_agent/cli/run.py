"""`mine-agent run`: the mine at work until it is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pysonar.console import (
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    command,
    exit_code_of,
    print_event,
)

if TYPE_CHECKING:
    from mine_agent.agent import Agent

LONGEST_PAUSE = 60.0


@command
def run(
    once: Annotated[
        bool,
        typer.Option(
            "--once", help="One round only: exit code 1 if anything failed in it, 3 if out of reach."
        ),
    ] = False,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Work for every open campaign that fits your data and your rules, until stopped (Ctrl-C or SIGTERM).

    Trains the encrypted model on this machine, submits the encrypted gradient with stake and fee, waits for
    the verdict, takes stakes back that were never judged, and claims what a settled campaign owes. It can
    be stopped, or die, at any moment: the next run goes on where this one was, and submits nothing twice.

    With --format json every happening is one JSON object on a line.
    """
    from mine_agent.agent import Agent
    from mine_agent.cli.opening import home_path, open_account
    from mine_agent.connection import Connection
    from mine_agent.home import Home
    from pysonar.home_lock import home_lock

    opened = Home.open(home_path(home))
    signer = open_account(opened, passphrase_file)

    def tell(fields: Mapping[str, Any], text: str) -> None:
        print_event(fields, text, form=form)

    with home_lock(opened.lock), _stop_on_signals() as stop:
        connection = Connection.open(opened)
        agent = Agent(connection, connection.outbox(signer), tell=tell, stopping=stop.is_set)
        tell(
            {"event": "started", "address": signer.address, "contract": connection.sonar.address},
            f"mine {signer.address} is at work",
        )
        if once:
            _run_once(agent)
        else:
            _run_on(agent, stop, opened.settings.poll_seconds, tell)
        tell({"event": "stopped"}, "stopped")


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set instead of ending the process; the piece of work at hand is
    finished.
    """
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run_once(agent: Agent) -> None:
    errors = agent.round()
    if errors:
        raise typer.Exit(int(max(exit_code_of(error) for error in errors)))


def _run_on(agent: Agent, stop: threading.Event, poll_seconds: float, tell: Any) -> None:
    """Rounds until `stop`. What concerns all campaigns (the node is away, the policy is faulty) is told
    once and waited for."""
    from openmined_syft.errors import OpenMinedError

    pause, told = poll_seconds, ""
    while not stop.is_set():
        try:
            agent.round()
            pause, told = poll_seconds, ""
        except OpenMinedError as error:
            pause = min(LONGEST_PAUSE, max(1.0, pause * 2))
            if str(error) != told:
                told = str(error)
                tell({"event": "waiting", "reason": told}, f"waiting: {told}")
        stop.wait(pause)
