"""A live demo of the pages: a chain, a Capsule, three mines and a campaign that runs: `make ui`."""

import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

import click

from scripts._ape import folder_option, say_errors

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _stop(_number: int, _frame: FrameType | None) -> None:
    """End all of it once; whoever is impatient must not keep the rest from ending."""
    for one in ENDINGS:
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8770, show_default=True, help="Of Sonar UI.")
@folder_option("build/ui")
@click.option(
    "--until",
    type=click.Choice(["stopped", "paid"]),
    default="stopped",
    show_default=True,
    help="End when somebody stops it, or when the first gradient is paid (for tests).",
)
@say_errors
def cli(port: int, folder: Path, until: str) -> None:
    """Start everything, print the addresses, and keep it running.

    Needs the pages (`make web`). The chain is a local one; to create a campaign in the browser, add it to a
    wallet by the address that is printed.
    """
    from scripts._demo.showing import show

    for one in ENDINGS:
        signal.signal(one, _stop)
    try:
        show(folder, port=port, until_paid=until == "paid")
    except KeyboardInterrupt:
        click.echo("\nstopped")
    except subprocess.SubprocessError as failure:
        click.echo(f"FAILED {failure}", err=True)
        sys.exit(1)
