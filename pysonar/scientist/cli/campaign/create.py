"""`sonar campaign create`: seal the validation records, publish the spec, escrow the bounty."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    acting,
    amount_option,
    note,
    ppm_option,
    print_record,
    seconds_option,
)
from pysonar.party.wording import format_time
from pysonar.protocol.amounts import format_ppm

if TYPE_CHECKING:
    from pysonar.chain.contract.tokens import Asset
    from pysonar.scientist.campaign import Campaign
    from pysonar.scientist.connection import Scientist

_LABELS = {
    "campaign": "Campaign",
    "name": "Name",
    "spec": "Spec",
    "asset": "Paid in",
    "bounty": "Bounty",
    "start_ppm": "Accuracy at the start",
    "target_ppm": "Target",
    "validation_rows": "Validation records",
    "submit_until": "Submissions until",
    "review_until": "Verdicts until",
    "transaction": "Transaction",
    "gas": "Gas",
}


@acting
def create(
    plan_file: Annotated[
        Path,
        typer.Argument(
            metavar="PLAN", help="The plan, as TOML or JSON; options override it.", show_default=False
        ),
    ],
    validation: Annotated[
        Path,
        typer.Option(
            help="CSV file with the records that measure the model. They are sealed to Capsule.",
            show_default=False,
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option(
            help="Your own name for the campaign; by default made from the title.", show_default=False
        ),
    ] = None,
    capsule: Annotated[str | None, typer.Option(help="Address of the Capsule.", show_default=False)] = None,
    asset: Annotated[
        str | None,
        typer.Option(help="Address of the token to pay in, or 'ether' (default).", show_default=False),
    ] = None,
    bounty: Annotated[
        str | None,
        amount_option("--bounty", help="Such as '10 ETH', or '10 USDC' in a token.", show_default=False),
    ] = None,
    target: Annotated[
        int | None,
        ppm_option(
            "--target", help="Accuracy that earns the whole bounty, such as '90 %'.", show_default=False
        ),
    ] = None,
    min_gain: Annotated[
        int | None,
        ppm_option(
            "--min-gain",
            help="Smallest increase that is paid; by default what the records can tell from luck.",
            show_default=False,
        ),
    ] = None,
    guiding_share: Annotated[
        int | None,
        ppm_option(
            "--guiding-share",
            help="Share of the records that only guides the search for a step, such as '50 %'; the others"
            " decide what is paid.",
            show_default=False,
        ),
    ] = None,
    evaluations: Annotated[
        int | None,
        typer.Option(
            help="Submissions that the records are good for; 0: any number.", min=0, show_default=False
        ),
    ] = None,
    stake: Annotated[
        str | None,
        amount_option(
            "--stake", help="Stake of each submission; lost if it is unusable.", show_default=False
        ),
    ] = None,
    fee: Annotated[
        str | None,
        amount_option("--fee", help="Fee of each submission, paid to Capsule.", show_default=False),
    ] = None,
    submit_for: Annotated[
        int | None, seconds_option("--submit-for", help="How long mines may submit.", show_default=False)
    ] = None,
    review_for: Annotated[
        int | None,
        seconds_option(
            "--review-for", help="How long Capsule may review after submissions close.", show_default=False
        ),
    ] = None,
    max_pending: Annotated[
        int | None, typer.Option(help="Submissions that may wait for a verdict.", show_default=False)
    ] = None,
    start: Annotated[
        int | None,
        ppm_option(
            "--start",
            help="Accuracy of the initial model; by default it is measured here.",
            show_default=False,
        ),
    ] = None,
    continue_from: Annotated[
        str | None, typer.Option(help="Id of an earlier campaign whose model to improve.", show_default=False)
    ] = None,
    key_bits: Annotated[
        int | None, typer.Option(help="Size of the campaign's key: 2048, 3072 or 4096.", show_default=False)
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before the bounty is escrowed, for programs.")
    ] = False,
    few_records: Annotated[
        bool,
        typer.Option(
            "--few-records",
            help="Escrow although the records are so few that luck is paid.",
        ),
    ] = False,
    allow_free_riding: Annotated[
        bool,
        typer.Option(
            "--allow-free-riding",
            help="Escrow although the rehearsal found that somebody without a record would profit.",
        ),
    ] = False,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Open a campaign: seal the validation records to Capsule, publish the spec, escrow the bounty.

    First it shows how the records were understood: how many there are, how the file was read, what was
    converted or left out. Then it rehearses, in plain numbers, a mine that has these records. What no mine
    could train, what Capsule would decline, and what would pay luck or somebody without data, are refused;
    you see the accuracy at the start, what each percent earns, and the most that can be paid. In a terminal
    it then asks; nothing is sent until you agree.

    If this is interrupted, run it again: the same name with the same plan and records is the same campaign,
    and its bounty is escrowed only once. Another campaign needs another --name.

    The PLAN names title, family, capsule, bounty, target, the input fields and the label. `sonar
    campaign draft` writes one from data, and docs/plan.md has every key.
    """
    from pysonar.scientist.campaign import Campaign
    from pysonar.scientist.cli.campaign.prompts import agreed, show_rehearsed, show_understood
    from pysonar.scientist.cli.connect import open_scientist
    from pysonar.scientist.errors import CampaignError
    from pysonar.scientist.planning.plan_file import read_plan

    given = {
        "capsule": capsule,
        "asset": asset,
        "bounty": bounty,
        "target": target,
        "min_gain": min_gain,
        "guiding_share": guiding_share,
        "evaluations": evaluations,
        "stake": stake,
        "fee": fee,
        "submit_for": submit_for,
        "review_for": review_for,
        "max_pending": max_pending,
        "start": start,
        "continue_from": continue_from,
        "key_bits": key_bits,
    }
    own: Scientist | None = None

    def asset_at(address: str) -> Asset:
        nonlocal own
        own = open_scientist(home, passphrase_file)
        return own.asset(address)

    overrides = {key: value for key, value in given.items() if value is not None}
    plan = read_plan(plan_file, overrides, asset_at=asset_at)
    campaign = Campaign(own or open_scientist(home, passphrase_file), plan, validation, name=name)
    understood = campaign.understood()
    plan = understood.plan  # with what follows from the number of records
    show_understood(understood, campaign.name)
    for sentence in campaign.ask_capsule():
        note(sentence)
    rehearsal = campaign.rehearse()
    show_rehearsed(rehearsal)
    if not few_records:
        campaign.require_enough_records()
    if not allow_free_riding:
        campaign.require_no_free_riding()
    if plan.advice:
        note(plan.advice)
    if not yes and not agreed(plan, campaign.slips()):
        raise CampaignError("nothing was sent: the bounty is not escrowed")
    campaign.launch(few_records=few_records, allow_free_riding=allow_free_riding)
    print_record(
        {
            **_as_record(campaign),
            "validation": understood.as_row(),
            "rehearsal": rehearsal.as_row(),
        },
        _LABELS,
        form=form,
        title="The bounty is in escrow",
        show={
            "bounty": lambda text: plan.asset.show(int(text)),
            "start_ppm": format_ppm,
            "target_ppm": format_ppm,
            "submit_until": format_time,
            "review_until": format_time,
        },
    )
    if form is Format.TABLE:
        note(f"Capsule opens it next; follow it with: sonar campaign watch {campaign.name}")


def _as_record(campaign: Campaign) -> dict[str, Any]:
    from pysonar.chain.address import ZERO_ADDRESS
    from pysonar.protocol.artifacts import Spec
    from pysonar.protocol.cid import Cid

    row, receipt = campaign.creation()
    spec = Spec.parse(row.spec)
    return {
        "campaign": "0x" + row.id.hex(),
        "name": row.name,
        "spec": str(Cid.from_bytes32(row.terms.spec)),
        "capsule": row.terms.capsule,
        "asset": "ether" if row.terms.asset == ZERO_ADDRESS else row.terms.asset,
        "bounty": str(row.terms.bounty),
        "start_ppm": spec.start_ppm,
        "target_ppm": row.terms.target,
        "validation_rows": spec.validation.rows,
        "submit_until": row.terms.submit_until,
        "review_until": row.terms.review_until,
        "transaction": receipt.transaction_hash,
        "gas": receipt.gas_used or None,
    }
