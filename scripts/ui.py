"""A live demo of the pages: a chain, a Capsule, three mines and a campaign that runs: `make ui`."""

import subprocess
import sys
from pathlib import Path

import click

from scripts._ape import folder_option, say_errors


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

    try:
        show(folder, port=port, until_paid=until == "paid")
    except KeyboardInterrupt:
        click.echo("\nstopped")
    except subprocess.SubprocessError as failure:
        click.echo(f"FAILED {failure}", err=True)
        sys.exit(1)
