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
    kernel: Annotated[str | None, typer.Option(help="ifma, gmpy2 or python; default: the fastest")] = None,
    output: FormatOption = Format.table,
) -> None:
    """Expected run times of a campaign's pieces, from unit costs measured now.

    A visit costs the same for any number of rows and steps.
    """
    # numpy and gmpy2 are not needed for --help.
    from openmined_syft.paillier.estimate import DEFAULT_BITS, measure
    from openmined_syft.paillier.estimate import estimate as expect
    from openmined_syft.paillier.kernels import load_kernel

    try:
        chosen = load_kernel(kernel)
        costs = [measure(size, weight_bound, chosen) for size in bits or [DEFAULT_BITS]]
        rows = [expect(count, classes, cost, weight_bound) for cost in costs for count in features]
    except OpenMinedError as problem:
        Console(stderr=True).print(f"error: {problem}", markup=False, highlight=False)
        raise typer.Exit(1) from None
    if output is Format.json:
        typer.echo(json.dumps([{**asdict(row), "visit_seconds": row.visit_seconds} for row in rows]))
        return
    table = Table(title=f"Expected on this machine, kernel {chosen.name}, one thread")
    for heading in (
        "model",
        "key",
        "Capsule encrypts",
        "visit",
        "of it noise",
        "Capsule decrypts",
        "down",
        "up",
    ):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            f"{row.features} x {row.classes}",
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
