"""`openmined-syft`: questions about encrypted training that need no campaign. Prints only; no files, no
chain.
"""

import json
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from openmined_syft.errors import OpenMinedError

app = typer.Typer(
    help="Encrypted training: what it costs on this machine.", no_args_is_help=True, add_completion=False
)


class Format(StrEnum):
    """How a listing is printed."""

    table = "table"
    json = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="table or json")]


@app.callback()
def main() -> None:
    """Encrypted training: what it costs on this machine."""


@app.command()
def estimate(
    features: Annotated[list[int], typer.Option(help="columns of the data; may be given several times")],
    classes: Annotated[int, typer.Option(help="outputs: classes, or 1")] = 1,
    bits: Annotated[list[int] | None, typer.Option(help="key size; may be given several times")] = None,
    weight_bound: Annotated[float, typer.Option(help="largest absolute value of a weight")] = 4.0,
    scheme: Annotated[
        list[str] | None, typer.Option(help="paillier or rlwe; may be given twice; default: both")
    ] = None,
    kernel: Annotated[
        str | None, typer.Option(help="of Paillier: ifma, gmpy2 or python; default: the fastest")
    ] = None,
    output: FormatOption = Format.table,
) -> None:
    """Expected run times of a campaign's pieces, from unit costs measured now, and which scheme to take.

    A visit costs the same for any number of rows and steps. Times are right to about a third on a machine
    that does nothing else, up to 4,096 features.
    """
    # numpy and gmpy2 are not needed for --help.
    from openmined_syft.schemes.expected import expected_costs

    try:
        rows = expected_costs(features, classes, bits, weight_bound, scheme, kernel)
    except OpenMinedError as problem:
        Console(stderr=True).print(f"error: {problem}", markup=False, highlight=False)
        raise typer.Exit(1) from None
    if output is Format.json:
        documents = [
            {**asdict(row.estimate), "visit_seconds": row.estimate.visit_seconds, "advised": row.advised}
            for row in rows
        ]
        typer.echo(json.dumps(documents))
        return
    kernels = ", ".join(sorted({f"{row.estimate.scheme} on {row.estimate.kernel}" for row in rows}))
    table = Table(title=f"Expected on this machine, one thread: {kernels}", caption="* take this scheme")
    for heading in (
        "model",
        "scheme",
        "key",
        "Capsule encrypts",
        "visit",
        "of it noise",
        "Capsule decrypts",
        "down",
        "up",
    ):
        table.add_column(heading, justify="right")
    for row, mark in ((entry.estimate, "*" if entry.advised else "") for entry in rows):
        table.add_row(
            f"{row.features} x {row.classes}",
            f"{row.scheme}{mark}",
            f"{row.key_bits}",
            _seconds(row.encrypt_seconds),
            _seconds(row.visit_seconds),
            _seconds(row.noise_seconds),
            _seconds(row.decrypt_seconds),
            f"{row.model_bytes / 1000:.0f} kB",
            f"{row.gradient_bytes / 1000:.0f} kB",
        )
    Console().print(table)


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
