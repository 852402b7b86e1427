"""`sonar campaign list` and `show`: what is on chain, read without any key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pysonar.files.text import shown
from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    command,
    print_json,
    print_record,
    print_rows,
)
from pysonar.party.wording import format_time, short_id
from pysonar.protocol.amounts import format_ppm, format_seconds
from pysonar.scientist.cli.connect import CampaignArgument
from pysonar.scientist.cli.money import money_of

if TYPE_CHECKING:
    from pysonar.chain.contract.events import Logged, SonarEvent
    from pysonar.chain.contract.types import CampaignRecord
    from pysonar.scientist.connection import Connection


@command
def list_(
    every: Annotated[
        bool, typer.Option("--all", help="Campaigns of all scientists, not only your own.")
    ] = False,
    home: HomeOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List campaigns, newest last."""
    from pysonar.chain.contract.events import CampaignCreated
    from pysonar.scientist.cli.connect import connect_and_read
    from pysonar.scientist.cli.views import campaign_record

    connection = connect_and_read(home)
    own, now = connection.home.address, connection.sonar.now()
    created = [logged.event for logged in connection.follower.history(CampaignCreated)]
    listed = [event.id for event in created if every or event.owner == own]
    records = connection.sonar.many(listed, block=connection.follower.cursor) if listed else {}
    rows = []
    for record in records.values():
        row = {"name": _name(connection, record), **campaign_record(record, now)}
        if form is Format.TABLE:
            money = money_of(connection.web3, record.terms.asset)
            row |= {"bounty": money(row["bounty"]), "paid": money(row["paid"])}
        rows.append(row)
    print_rows(
        rows,
        {
            "name": "name",
            "campaign": "campaign",
            "phase": "phase",
            "bounty": "bounty",
            "paid": "earned",
            "best_ppm": "accuracy",
            "target_ppm": "target",
            "submitted": "submitted",
            "evaluated": "evaluated",
            "seconds_left": "left",
        },
        form=form,
        show={
            "campaign": short_id,
            "best_ppm": format_ppm,
            "target_ppm": format_ppm,
            "seconds_left": format_seconds,
        },
        empty="no campaign yet; open one with: sonar campaign create PLAN.toml --validation FILE.csv",
    )


@command
def show(campaign: CampaignArgument, home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """Show a campaign: terms, state, and what became of each submission.

    Which share of the gain came from mines that add noise is known once `result` has opened the model.
    """
    from pysonar.scientist.cli.connect import connect_and_read
    from pysonar.scientist.cli.views import (
        SUBMISSION_COLUMNS,
        SUBMISSION_SHOW,
        campaign_record,
        submission_record,
    )
    from pysonar.scientist.ledger import Ledger

    connection = connect_and_read(home)
    record = connection.confirmed(connection.find(campaign))
    history = connection.follower.history(campaign=record.id)
    rows = [submission_record(row) for row in Ledger(connection.web3).rows(history)]
    values = {
        "name": _name(connection, record),
        **campaign_record(record, connection.sonar.now()),
        "declined": _why_declined(history),
        **_about(connection, record),
        "noised_gain_ppm": connection.journal.noised_gain(record.id),
        "claimable": str(connection.sonar.claimable(record.id, connection.home.address)),
    }
    if form is Format.JSON:
        print_json({**values, "submissions": rows})
        return
    if values["noised_gain_ppm"] is None:
        del values["noised_gain_ppm"]
    labels = {key: key.removesuffix("_ppm").replace("_", " ").capitalize() for key in values}
    labels |= {key: "Gain from mines that add noise" for key in ("noised_gain_ppm",) if key in values}
    money = money_of(connection.web3, record.terms.asset)
    wei = dict.fromkeys(("bounty", "paid", "stake", "fee", "claimable"), money)
    ppm = dict.fromkeys(
        ("start_ppm", "best_ppm", "target_ppm", "min_gain_ppm", "noised_gain_ppm"), format_ppm
    )
    times = dict.fromkeys(("submit_until", "review_until"), format_time)
    print_record(values, labels, form=form, show={**wei, **ppm, **times, "seconds_left": format_seconds})
    print_rows(
        rows,
        SUBMISSION_COLUMNS,
        form=form,
        title="\nSubmissions",
        show={**SUBMISSION_SHOW, "earned": money},
        empty="no submission yet",
    )


def _why_declined(history: Sequence[Logged[SonarEvent]]) -> str | None:
    """Capsule's reason; the terms it speaks of are shown beside it."""
    from pysonar.chain.contract.events import CampaignDeclined

    reasons = [logged.event.reason for logged in history if isinstance(logged.event, CampaignDeclined)]
    return shown(reasons[0]) if reasons else None


def _name(connection: Connection, record: CampaignRecord) -> str | None:
    row = connection.journal.with_id(record.id)
    return row.name if row else None


def _about(connection: Connection, record: CampaignRecord) -> dict[str, Any]:
    """Addresses of what is in the store, and the spec's own words if it can be read."""
    from openmined_syft.errors import OpenMinedError
    from pysonar.protocol.cid import Cid
    from pysonar.scientist.result.delivery import fetch_spec

    named = {
        "spec": record.terms.spec,
        "public_key": record.public_key,
        "model": record.model,
        "result": record.result,
    }
    cids = {key: Cid.or_none(digest) for key, digest in named.items()}
    about: dict[str, Any] = {key: None if cid is None else str(cid) for key, cid in cids.items()}
    try:
        spec = fetch_spec(connection, record)
    except OpenMinedError as error:  # somebody else's spec may be gone, or no spec at all
        return {**about, "title": None, "spec_problem": str(error)}
    return {**about, "title": spec.title, "family": spec.algorithm.family, "metric": spec.metric}
