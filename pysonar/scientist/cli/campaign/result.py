"""`sonar campaign result`: open the delivered model, check it against the chain, try it, keep it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    command,
    note,
    print_json,
    print_record,
    print_rows,
)
from pysonar.party.wording import short
from pysonar.protocol.amounts import format_ppm
from pysonar.scientist.cli.connect import CampaignArgument

if TYPE_CHECKING:
    from pysonar.scientist.result.delivery import Delivery
    from pysonar.scientist.result.estimator import Estimator

_LABELS = {
    "campaign": "Campaign",
    "result": "Result",
    "family": "Model",
    "start_ppm": "Accuracy at the start",
    "final_ppm": "Accuracy that was paid",
    "measured_ppm": "Accuracy at the end",
    "target_ppm": "Target",
    "target_reached": "Target reached",
    "version": "Improvements",
    "noised_gain_ppm": "Gain from mines that add noise",
    "test_accuracy": "Score on the test records",
    "saved": "Saved to",
    "predictions": "Predictions in",
}


@command
def result(
    campaign: CampaignArgument,
    test: Annotated[
        Path | None,
        typer.Option(help="CSV file of labelled records to score the model on.", show_default=False),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            help="Keep the model in this file: plaintext, for you alone (0600).", show_default=False
        ),
    ] = None,
    predict: Annotated[
        Path | None,
        typer.Option(help="CSV file of records to predict the label of; needs --out.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the predictions go, as CSV.", show_default=False)
    ] = None,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Open the delivered model and check it.

    The signature must be that of the Capsule named in the spec, and the record inside must agree with what
    Capsule reported on chain. Then the model can be scored (--test), used (--predict, --out) and kept
    (--save).
    """
    from pysonar.party.cli.writing import say_if_replaced
    from pysonar.party.home.passphrase import read_passphrase
    from pysonar.scientist.campaign import estimator_of
    from pysonar.scientist.cli.connect import connect_and_read
    from pysonar.scientist.result.delivery import open_delivery

    if (predict is None) != (out is None):
        raise typer.BadParameter("--predict and --out go together")
    connection = connect_and_read(home)
    own = connection.find(campaign)
    key = connection.home.secret_key(read_passphrase(passphrase_file, what=str(connection.home.path)))
    delivery = open_delivery(connection, key, connection.home.address, own)
    estimator = estimator_of(delivery)
    values = _as_record(delivery)
    connection.journal.note_result(own, values["noised_gain_ppm"])
    values["test_accuracy"] = None if test is None else estimator.score(test)
    if save is not None:
        say_if_replaced(save)
        estimator.save(save.absolute())
    if predict is not None and out is not None:
        _write_predictions(estimator, predict, out)
    values |= {"saved": save, "predictions": out}
    _print(values, form)


def _as_record(delivery: Delivery) -> dict[str, Any]:
    from pysonar.scientist.noised_gain import noised_gain

    opened, record = delivery.result, delivery.record
    noised = noised_gain(opened)
    return {
        "campaign": record.hex_id,
        "result": str(delivery.cid),
        "family": opened.family,
        "metric": delivery.spec.metric,
        "start_ppm": opened.start_ppm,
        "final_ppm": min(opened.final_ppm, record.terms.target),
        "measured_ppm": _measured(delivery),
        "target_ppm": record.terms.target,
        "target_reached": record.target_reached,
        "version": opened.version,
        "noised_gain_ppm": None if noised is None else int(noised * 1_000_000),
        "record": [
            {
                "index": entry.index,
                "miner": entry.miner,
                "verdict": entry.verdict,
                "base_version": entry.base_version,
                "step": entry.step,
                "damping": entry.damping,
                "score_ppm": entry.score_ppm,
                "epsilon": None if entry.privacy is None else entry.privacy.epsilon,
                "delta": None if entry.privacy is None else entry.privacy.delta,
            }
            for entry in opened.record
        ],
    }


def _measured(delivery: Delivery) -> int:
    """What the last version scores: payments are cut at the target, the model is not."""
    scores = [entry.score_ppm for entry in delivery.result.record if entry.verdict == "IMPROVED"]
    return delivery.result.start_ppm if not scores or scores[-1] is None else scores[-1]


def _print(values: dict[str, Any], form: Format) -> None:
    if form is Format.JSON:
        print_json(values)
        return
    shown = {key: label for key, label in _LABELS.items() if values[key] is not None}
    shares = ("start_ppm", "final_ppm", "measured_ppm", "target_ppm", "noised_gain_ppm")
    ppm = dict.fromkeys(shares, format_ppm)
    print_record(values, shown, form=form, show={**ppm, "test_accuracy": lambda score: f"{score:.4f}"})
    if values["predictions"] is None:  # else the predictions are what was asked for
        print_rows(
            values["record"],
            {
                "index": "#",
                "miner": "miner",
                "verdict": "verdict",
                "base_version": "trained from",
                "step": "step",
                "score_ppm": "accuracy",
                "epsilon": "epsilon",
            },
            form=form,
            title="\nSubmissions",
            show={"miner": short, "score_ppm": format_ppm, "epsilon": "{:.4g}".format},
            empty="no submission was evaluated",
        )
    note("the record agrees with the chain, and Capsule's signature is that of the certificate in the spec")


def _write_predictions(estimator: Estimator, records: Path, out: Path) -> None:
    """One column, the label's name above it. Mode 0600: predictions may tell as much as the records do."""
    from pysonar.files.secret_file import replace_secret_file
    from pysonar.party.cli.writing import say_if_replaced
    from pysonar.scientist.errors import EstimatorError

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([estimator.schema.label_name])
    writer.writerows([label] for label in estimator.predict(records).tolist())
    if not out.absolute().parent.is_dir():
        raise EstimatorError(f"{out}: there is no directory {out.absolute().parent}; make it first")
    say_if_replaced(out)
    replace_secret_file(out.absolute(), text.getvalue().encode())
