"""`mine-agent data add | list | remove`: which files this mine may use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pysonar.party.console import (
    Format,
    FormatOption,
    HomeOption,
    command,
    note,
    print_json,
    print_rows,
    short,
)

if TYPE_CHECKING:
    from mine_agent.connection import Connection
    from mine_agent.data.datasets import DataSet

app = typer.Typer(
    help="Say which of your files models may learn from. They stay where they are; no row is copied or sent.",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(help="A short name for the data: a-z, 0-9, '-' and '_'.")]


@app.command()
@command
def add(
    name: Name,
    file: Annotated[Path, typer.Argument(help="A CSV file in UTF-8 whose first row names the columns.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Register a name anew, for instance after the file changed.")
    ] = False,
    home: HomeOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Look through a CSV file and register it by path and digest.

    The file is not copied: delete it and the mine can no longer use it; change it and the mine refuses it
    until you add it again. Shows the columns and, if the chain can be reached, which open campaigns the
    data fit and what is missing for the others.
    """
    from mine_agent.cli.opening import home_path
    from mine_agent.home import Home

    opened = Home.open(home_path(home))
    data = opened.data().add(name, file.expanduser(), replace=replace)
    fits, unknown = _fits(opened, data)
    if form is Format.JSON:
        print_json(
            {**_as_row(data), "columns": _columns(data), "campaigns": fits, "campaigns_unknown": unknown}
        )
        return
    print_rows(
        _columns(data),
        {"name": "column", "kind": "kind", "empty_cells": "empty", "remark": "remark"},
        form=form,
        title=f"{data.name}: {data.rows} rows, {len(data.columns)} columns",
    )
    if unknown is not None:
        note(f"the open campaigns cannot be shown: {unknown}")
        return
    print_rows(
        fits,
        {"campaign": "campaign", "title": "title", "fits": "fits", "why_not": "why not"},
        form=form,
        title="Open campaigns",
        show={"campaign": short},
        empty="no campaign is open",
    )


@app.command("list")
@command
def list_(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """List the registered data sets."""
    from mine_agent.cli.opening import home_path
    from mine_agent.home import Home

    rows = [_as_row(data) for data in Home.open(home_path(home)).data().all()]
    print_rows(
        rows,
        {"name": "name", "rows": "rows", "columns": "columns", "path": "file", "usable": "usable"},
        form=form,
        show={"columns": lambda columns: str(len(columns))},
        empty="no data set is registered; add one with: mine-agent data add NAME FILE.csv",
    )


@app.command()
@command
def remove(name: Name, home: HomeOption = None) -> None:
    """Forget a data set. The file itself stays; submissions already made go on."""
    from mine_agent.cli.opening import home_path
    from mine_agent.home import Home

    Home.open(home_path(home)).data().remove(name)
    note(f"data set {name} is forgotten; the file is untouched")


def _as_row(data: DataSet) -> dict[str, Any]:
    from mine_agent.errors import DataChangedError

    try:
        data.read()
        usable, why_not = True, None
    except DataChangedError as error:
        usable, why_not = False, str(error)
    return {
        "name": data.name,
        "path": str(data.path),
        "sha256": data.digest.hex(),
        "rows": data.rows,
        "columns": list(data.column_names()),
        "usable": usable,
        "why_not": why_not,
    }


def _columns(data: DataSet) -> list[dict[str, Any]]:
    return [
        {
            "name": column.name,
            "kind": column.kind,
            "empty_cells": column.empty_cells,
            "remark": None if column.first_text_row is None else f"row {column.first_text_row} is no number",
        }
        for column in data.columns
    ]


def _fits(home: Any, data: DataSet) -> tuple[list[dict[str, Any]], str | None]:
    """How the data fit each open campaign, or why that cannot be said."""
    from mine_agent.connection import Connection
    from openmined_syft.errors import OpenMinedError

    try:
        connection = Connection.open(home)
        connection.read_events()
        return _fits_each(connection, data), None
    except OpenMinedError as error:
        return [], str(error)


def _fits_each(connection: Connection, data: DataSet) -> list[dict[str, Any]]:
    from mine_agent.campaigns.overview import open_campaigns
    from mine_agent.data.matching import fit_by_values

    rows = []
    for listing in open_campaigns(connection, [data], connection.home.policy()):
        if listing.plan is None:
            fits, missing, why_not = False, [], listing.fault
        else:
            fit = fit_by_values(listing.plan.schema, data)
            fits, missing = fit.fits, list(fit.missing)
            why_not = fit.problem or (f"lacks {', '.join(missing)}" if missing else None)
        rows.append(
            {
                "campaign": listing.record.hex_id,
                "title": listing.plan.spec.title if listing.plan else None,
                "fits": fits,
                "missing": missing,
                "why_not": why_not,
            }
        )
    return rows
