"""`sonar campaign draft` and `check`: a plan from a table, and a plan looked through. Nothing is sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pysonar.party.cli.console import (
    Format,
    FormatOption,
    acting,
    command,
    note,
    ppm_option,
    print_json,
    print_record,
    print_rows,
    seconds_option,
)
from pysonar.protocol.amounts import format_ppm, format_seconds, format_wei

if TYPE_CHECKING:
    from pysonar.scientist.planning.simulation import Simulation

MOST_GAINS = 30
_LABELS = {
    "plan": "Plan",
    "title": "Title",
    "family": "Family",
    "scheme": "Encrypted with",
    "metric": "Measured by",
    "inputs": "Inputs of the model",
    "weights": "Weights of the model",
    "label": "Predicts",
    "bounty": "Bounty",
    "target_ppm": "Target",
    "min_gain_ppm": "Smallest paid gain",
    "submit_for": "Mines may submit for",
    "capsule": "Capsule",
}


@acting
def draft(
    data: Annotated[Path, typer.Argument(help="CSV file of records, with the label.", show_default=False)],
    label: Annotated[
        str | None,
        typer.Option(
            help="Column to predict; else one called label, target or the like, else the last.",
            show_default=False,
        ),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(
            help="Title of the campaign; by default made of the columns' names.", show_default=False
        ),
    ] = None,
    capsule: Annotated[str | None, typer.Option(help="Address of the Capsule.", show_default=False)] = None,
    guiding_share: Annotated[
        int | None,
        ppm_option(
            "--guiding-share",
            help="Share of the validation records that only guides the search for a step, such as '50 %'.",
            show_default=False,
        ),
    ] = None,
    evaluations: Annotated[
        int | None,
        typer.Option(
            help="Submissions that the validation records are good for; 0: any number.",
            min=0,
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; without it the plan is printed.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a commented plan from a table of your own: fields, label, and the family that learns it best.

    Families are tried on the table itself, in plain numbers. Nothing is sent, and no home is needed. A plan
    is public: it holds names of columns and categories, and rounded centers and scales, but no record.
    """
    from pysonar.party.cli.output import out as standard_output
    from pysonar.scientist.errors import CampaignError
    from pysonar.scientist.planning.draft import draft as drafted

    if out is not None and out.exists() and not force:
        raise CampaignError(f"{out} already exists; name another --out, or use --force to replace it")
    guards = {"guiding_share": guiding_share, "evaluations": evaluations}
    text = drafted(data, label=label, title=title, capsule=capsule, **guards)
    if out is None:
        standard_output().write(text)
        return
    out.write_text(text, encoding="utf-8")
    from shlex import join

    check = join(["sonar", "campaign", "check", str(out), "--validation", str(data)])
    note(f"written to {out}; read and correct it, then: {check}")


@command
def check(
    plan: Annotated[Path, typer.Argument(help="The plan, as TOML or JSON.", show_default=False)],
    validation: Annotated[
        Path | None,
        typer.Option(help="CSV file of validation records, to rehearse with.", show_default=False),
    ] = None,
    capsule: Annotated[str | None, typer.Option(help="Address of the Capsule.", show_default=False)] = None,
    home: Annotated[
        Path | None,
        typer.Option(
            help="Compare the plan with the Capsule's own terms as well, read through this home's node.",
            show_default=False,
        ),
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Check a plan, and rehearse it with --validation. Nothing is sent; no home or chain is needed.

    Whatever `create` would refuse is refused here, in the same words. With --home, the plan is also compared
    with the terms that the Capsule has published. Balances and gas are not checked.
    """
    from pysonar.scientist.asking import ask
    from pysonar.scientist.cli.campaign.prompts import show_rehearsed, show_understood
    from pysonar.scientist.planning.checking import looked_through

    found = looked_through(plan, validation, capsule)
    if home is not None and found.capsule is not None:
        from pysonar.scientist.cli.connect import home_path
        from pysonar.scientist.connection import Connection
        from pysonar.scientist.home import Home

        answer = ask(Connection.open(Home.open(home_path(home))), found.plan.capsule)
        found.remarks.extend(answer.remarks())
        answer.require_welcome(found.plan, found.rows)
    if found.understood is not None:
        show_understood(found.understood, found.plan.title)
    if found.rehearsal is not None:
        show_rehearsed(found.rehearsal)
    for sentence in found.remarks:
        note(sentence)
    print_record(
        _as_record(plan, found),
        _LABELS,
        form=form,
        show={
            "bounty": lambda text: found.plan.asset.show(int(text)),
            "target_ppm": format_ppm,
            "min_gain_ppm": format_ppm,
            "submit_for": format_seconds,
        },
    )


@command
def simulate(
    plan: Annotated[Path, typer.Argument(help="The plan, as TOML or JSON.", show_default=False)],
    validation: Annotated[
        Path, typer.Option(help="CSV file of the records that measure.", show_default=False)
    ],
    data: Annotated[
        Path,
        typer.Option(
            help="CSV file of records, your own or public, to share out to mines.", show_default=False
        ),
    ],
    mines: Annotated[int, typer.Option(help="How many mines.", min=1)] = 10,
    epsilon: Annotated[
        float | None,
        typer.Option(
            help="Noise of each mine's release; 3 is what mines use by default. Without it gradients are"
            " exact.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the shuffling.")] = 0,
    free_riders: Annotated[
        float,
        typer.Option(
            min=0,
            max=0.99,
            help="Share of the mines that have no records, and submit the last version's change once more"
            " or random directions.",
        ),
    ] = 0.0,
    every: Annotated[
        int,
        seconds_option(help="Time from one verdict to the next; the expected days are counted in it."),
    ] = 600,
    gas_price: Annotated[float, typer.Option(min=0, help="What gas costs, in gwei.")] = 1.0,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Draw accuracy, payouts and what mines earned into this SVG file.", metavar="FILE.svg"
        ),
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Play a plan with many mines in plain numbers: accuracies, payouts, and who is paid.

    The records of --data are shared out evenly; mines take turns until the target is reached or none of them
    gains any more. With --epsilon the same mines are played without noise as well, and mines that have the
    noise and one record each: many of them get far by chance, because Capsule's search keeps every direction
    that suits the validation records. Only what exceeds that comes from the mines' records. Nothing is sent;
    no home or chain is needed.
    """
    from pysonar.scientist.planning.checking import simulated

    found = simulated(
        plan, validation, data, mines=mines, epsilon=epsilon, seed=seed, free_riders=free_riders
    )
    gas = {name: int(amount * gas_price * 10**9) for name, amount in found.gas_by_party.items()}
    row = {
        **found.as_row(),
        "expected_days": found.days(every),
        "gas_cost": {name: str(wei) for name, wei in gas.items()},
    }
    if plot is not None:
        from pysonar.party.cli.writing import write_text
        from pysonar.scientist.cli.campaign.simulated import picture

        write_text(plot, picture(found))
        note(f"drawn into {plot}")
    if form is Format.JSON:
        print_json(row)
        return
    show = found.plan.asset.show
    shown = {
        "Accuracy": f"{format_ppm(row['start_ppm'])} -> {format_ppm(row['best_ppm'])}"
        f" (target {format_ppm(row['target_ppm'])})",
        **_noise(found),
        "Mines": f"{row['mines']} with about {row['rows_of_each']} records, {row['mines_paid']} of them paid",
        "Evaluations": str(row["evaluations"]),
        "Paid": f"{show(int(row['paid']))} of {show(found.plan.bounty)}",
        "The first paid submission took": "-" if row["first_share"] is None else f"{row['first_share']:.0%}",
        "Fees to Capsule": show(int(row["fees"])),
        "Expected days": f"{row['expected_days']:.1f}; it takes submissions for {row['submit_for_days']:.1f}",
        **_riders(found),
        "Gas": ", ".join(f"{name} {format_wei(wei)}" for name, wei in gas.items()),
    }
    print_record(shown, {key: key for key in shown}, form=form)
    print_rows(
        row["gains"][:MOST_GAINS],
        {"evaluation": "#", "mine": "mine", "before_ppm": "before", "after_ppm": "after", "earned": "earned"},
        form=form,
        title="\nPaid submissions",
        show={
            "before_ppm": format_ppm,
            "after_ppm": format_ppm,
            "earned": lambda text: show(int(text)),
        },
        empty="no submission was paid",
    )


def _riders(found: Simulation) -> dict[str, str]:
    if not found.free_riders:
        return {}
    share = found.free_riders_share
    earned = (
        "nothing" if not share else f"{found.plan.asset.show(found.free_riders_earned)}, {share:.1%} of it"
    )
    return {f"{found.free_riders} free riders earned": earned}


def _noise(found: Simulation) -> dict[str, str]:
    """What the noise costs, and what it alone would come to."""
    if found.without_noise is None or found.single_records is None:
        return {}
    return {
        "The same without noise": format_ppm(found.without_noise),
        "The same noise, one record each": format_ppm(found.single_records),
    }


def _as_record(path: Path, found: Any) -> dict[str, Any]:
    plan = found.plan
    rows, columns = plan.family.weights_shape
    return {
        "plan": path,
        "title": plan.title,
        "family": plan.algorithm.family,
        "scheme": plan.algorithm.scheme,
        "metric": plan.metric,
        "inputs": plan.schema.n_features,
        "weights": rows * columns,
        "label": plan.schema.label_name,
        "bounty": str(plan.bounty),
        "target_ppm": plan.target,
        "min_gain_ppm": plan.min_gain,
        "submit_for": plan.submit_for,
        "capsule": found.capsule,
        "validation": None if found.understood is None else found.understood.as_row(),
        "rehearsal": None if found.rehearsal is None else found.rehearsal.as_row(),
        "remarks": found.remarks,
    }
