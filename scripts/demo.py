"""A whole campaign on a local chain, with nothing but the public commands: `make demo`."""

import sys
from pathlib import Path

import click

from scripts._ape import folder_option, say_errors
from scripts._demo.plan import WISHES


@click.command()
@click.option(
    "--seeds",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="How many runs, each with other data.",
)
@click.option(
    "--first-seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the first run."
)
@click.option(
    "--ipfs",
    type=click.Choice(["embedded", "kubo"]),
    default="embedded",
    show_default=True,
    help="One store on this machine, or a Kubo daemon for each party (needs `ipfs` on PATH).",
)
@click.option(
    "--model",
    type=click.Choice(list(WISHES)),
    default="one_vs_rest",
    show_default=True,
    help="Ten linear models under Paillier or ring-LWE, or a network (needs the extra `nn`).",
)
@click.option(
    "--privacy",
    type=click.Choice(["differential", "none"]),
    default="differential",
    show_default=True,
    help="Whether the mines add noise, as they do by default. A network needs none.",
)
@click.option(
    "--mines",
    type=click.Choice(["py", "js", "mixed"]),
    default="py",
    show_default=True,
    help="Mines in Python, in JavaScript (built by `make demo MINES=js`), or one of these and two of those.",
)
@folder_option("build/demo", "Data, homes, logs and report.json are left there.")
@say_errors
def cli(seeds: int, first_seed: int, ipfs: str, model: str, privacy: str, mines: str, folder: Path) -> None:
    """Run a campaign from escrow to delivery and check every sum.

    A scientist, a Capsule and three mines, each in processes of their own with own folder and account, share
    nothing but a local chain and the store. The exit code is not 0 if a sum is off or the model is worse than
    its plaintext twin.
    """
    from scripts._demo.campaign import run_campaign
    from scripts._demo.ledger import LedgerError
    from scripts._demo.parties import CommandFailedError
    from scripts._demo.report import PoorRunError, check, print_summary, write_report

    wish = WISHES[model].get(privacy)
    if wish is None:
        raise click.ClickException(
            f"model {model} is not trained under a privacy budget: nothing bounds yet what a network's"
            " gradients tell of a single row; give --privacy none"
        )
    failures: list[str] = []
    evaluations: list[int] = []
    for seed in range(first_seed, first_seed + seeds):
        here = folder if seeds == 1 else folder / f"seed-{seed}"
        try:
            report = run_campaign(here, seed=seed, ipfs=ipfs, wish=wish, mines=mines)
            write_report(here / "report.json", report)
            print_summary(report, here)
            evaluations.append(report.evaluations)
            check(report, must_reach_target=seeds > 1)
        except (PoorRunError, LedgerError, CommandFailedError) as failure:
            failures.append(f"seed {seed}: {failure}")
    if seeds > 1:
        click.echo(f"\n{seeds} runs, evaluations until the target: {evaluations}")
    for failure in failures:
        click.echo(f"FAILED {failure}", err=True)
    if failures:
        sys.exit(1)
