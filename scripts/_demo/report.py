"""What a run of the demo comes to: report.json, the words on the screen, and whether it was good."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from pysonar.party.cli.tables import table as table_of
from pysonar.protocol.amounts import format_ppm, format_wei
from pysonar.scientist.cli.views import SUBMISSION_COLUMNS, SUBMISSION_SHOW, submission_record
from pysonar.scientist.ledger import SubmissionRow
from scripts._demo.ledger import Ledger

MOST_EVALUATIONS = 12
TWIN_DISTANCE = 0.02


class PoorRunError(RuntimeError):
    """The run did not come to what a campaign must come to."""


@dataclass(frozen=True)
class Report:
    """One run. Accuracies of sets are shares of rows, 0 to 1; `ceiling_accuracy` is that of a ridge
    regression in the clear on all mines' rows, on the test set.
    """

    campaign: str
    seed: int
    start_ppm: int
    final_ppm: int
    target_ppm: int
    evaluations: int
    names: dict[str, str]
    ledger: Ledger
    test_accuracy: float
    validation_accuracy: float
    plaintext_twin_accuracy: float
    plaintext_twin_validation_accuracy: float
    ceiling_accuracy: float | None
    seconds: dict[str, float]
    privacy: list[dict[str, Any]]

    @property
    def reached(self) -> bool:
        """Whether the target was reached before the deadline."""
        return self.final_ppm >= self.target_ppm


def write_report(path: Path, report: Report) -> None:
    """Write report.json. Amounts in wei are texts: JSON numbers are not wide enough."""
    ledger = report.ledger
    document = {
        "campaign": report.campaign,
        "seed": report.seed,
        "start_ppm": report.start_ppm,
        "final_ppm": report.final_ppm,
        "target_ppm": report.target_ppm,
        "evaluations": report.evaluations,
        "bounty": str(ledger.bounty),
        "payouts": [
            {"miner": row.miner, "wei": str(row.earned), "gain_ppm": _gain(row), "gas": row.submit_gas}
            for row in ledger.payouts
        ],
        "paid": str(ledger.paid),
        "fees": str(ledger.fees),
        "burned": str(ledger.burned),
        "refund": str(ledger.refund),
        "stakes_returned": str(ledger.stakes_back),
        "reclaimed": str(ledger.reclaimed),
        "contract_balance": str(ledger.contract_balance),
        "test_accuracy": report.test_accuracy,
        "validation_accuracy": report.validation_accuracy,
        "plaintext_twin_accuracy": report.plaintext_twin_accuracy,
        "plaintext_twin_validation_accuracy": report.plaintext_twin_validation_accuracy,
        "ceiling_accuracy": report.ceiling_accuracy,
        "privacy": report.privacy,
        "seconds": {phase: round(seconds, 2) for phase, seconds in report.seconds.items()},
        "gas": {function: int(median(values)) for function, values in sorted(ledger.gas.items())},
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def check(report: Report, *, must_reach_target: bool) -> None:
    """Raise PoorRunError, or LedgerError, unless the run was good.

    A missed target is not a failure of a single run: the contract settles it all the same.
    """
    report.ledger.check()
    for name, trained, twin in (
        ("test", report.test_accuracy, report.plaintext_twin_accuracy),
        ("validation", report.validation_accuracy, report.plaintext_twin_validation_accuracy),
    ):
        if abs(trained - twin) > TWIN_DISTANCE:
            raise PoorRunError(
                f"{name} accuracy {trained:.4f} is not within {TWIN_DISTANCE} of the twin's {twin:.4f}"
            )
    if report.ceiling_accuracy is not None and report.test_accuracy < report.ceiling_accuracy - TWIN_DISTANCE:
        raise PoorRunError(
            f"test accuracy {report.test_accuracy:.4f} is more than {TWIN_DISTANCE} below the"
            f" {report.ceiling_accuracy:.4f} of a ridge regression in the clear on all rows together"
        )
    if must_reach_target and not (report.reached and report.evaluations <= MOST_EVALUATIONS):
        raise PoorRunError(
            f"{format_ppm(report.final_ppm)} after {report.evaluations} evaluations instead of "
            f"{format_ppm(report.target_ppm)} within {MOST_EVALUATIONS}"
        )


def print_summary(report: Report, folder: Path) -> None:
    """The end of a run: the ledger, who got what, and how good the model is."""
    console = Console(highlight=False)
    ledger = report.ledger
    if not report.reached:
        console.print(
            f"The target of {format_ppm(report.target_ppm)} was missed: {format_ppm(report.final_ppm)} at "
            "the deadline. The campaign was settled all the same."
        )
    rows = [
        submission_record(row) | {"miner": report.names.get(row.miner, row.miner)}
        for row in ledger.submissions
    ]
    show = {name: shown for name, shown in SUBMISSION_SHOW.items() if name != "miner"}
    console.print(table_of(rows, SUBMISSION_COLUMNS, title="\nSubmissions", show=show))
    table = Table(title="\nThe ledger", title_justify="left")
    table.add_column("went in")
    table.add_column("", justify="right")
    table.add_column("came out")
    table.add_column("", justify="right")
    came_out = [
        ("payouts to miners", ledger.paid),
        ("fees to Capsule", ledger.fees),
        ("stakes returned", ledger.stakes_back),
        ("stakes and fees reclaimed", ledger.reclaimed),
        ("stakes burned", ledger.burned),
        ("refund to the scientist", ledger.refund),
    ]
    went_in = [("bounty", ledger.bounty), ("stakes", ledger.stakes_in), ("fees", ledger.fees_in)]
    for row, (out, amount) in enumerate(came_out):
        name, value = went_in[row] if row < len(went_in) else ("", None)
        table.add_row(name, "" if value is None else format_wei(value), out, format_wei(amount))
    table.add_section()
    table.add_row("sum", format_wei(ledger.put_in), "sum", format_wei(ledger.taken_out))
    console.print(table)
    claims = ", ".join(
        f"{report.names.get(account, account)} {format_wei(wei)}" for account, wei in ledger.claimed.items()
    )
    console.print(f"claimed: {claims}")
    console.print(f"left in the contract: {format_wei(ledger.contract_balance)}")
    console.print(
        "accuracy of the delivered model (and of its plaintext twin): "
        f"validation {report.validation_accuracy:.4f} ({report.plaintext_twin_validation_accuracy:.4f}), "
        f"test {report.test_accuracy:.4f} ({report.plaintext_twin_accuracy:.4f})"
    )
    if report.ceiling_accuracy is not None:
        ceiling = f"{report.ceiling_accuracy:.4f}"
        console.print(f"a ridge regression in the clear on all mines' rows: test {ceiling}")
    for mine in report.privacy:
        console.print(_privacy_words(mine))
    phases = ", ".join(f"{phase} {seconds:.1f}" for phase, seconds in report.seconds.items())
    console.print(f"seconds: {phases}")
    console.print(f"written to {folder / 'report.json'}")


def _privacy_words(mine: Mapping[str, Any]) -> str:
    if mine["unprotected_gradients"]:
        return f"{mine['mine']}: no noise, so nothing bounds what its gradients tell of a single row"
    return (
        f"{mine['mine']}: one release of noised sums, epsilon {mine['spent_epsilon']:.2f} at delta "
        f"{mine['delta']:g} for {mine['neighbours']}; {mine['releases_left']} more in its budget"
    )


def _gain(row: SubmissionRow) -> int:
    return (row.after_ppm or 0) - (row.before_ppm or 0)
