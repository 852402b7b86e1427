"""`mine-agent data add | preview | check | list | kinds | map | remove`: which data this mine may use."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mine_agent.cli.data.options import (
    COLUMN_HEADINGS,
    FEW,
    AllOption,
    mapping_rows,
    read_options,
    read_share,
    sentences_of,
)
from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    command,
    note,
    print_json,
    print_rows,
    warn,
)
from pysonar.party.cli.progress import progress
from pysonar.party.process import can_be_asked
from pysonar.party.wording import short_id

if TYPE_CHECKING:
    from mine_agent.data.datasets import DataSet, DataShelf
    from pysonar.tables.understanding import TableSeen

app = typer.Typer(
    help="Say which of your data models may learn from. They stay where they are; no row is copied or sent.",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(help="A short name for the data: a-z, 0-9, '-' and '_'.")]
Location = Annotated[
    str, typer.Argument(help="A file, a folder, or the place of a database; see --as for the kinds.")
]
Kind = Annotated[
    str | None,
    typer.Option(
        "--as", help="Kind of the data (`data kinds` lists them); by default recognised by the ending."
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="An option of the kind, such as encoding=cp1252. Repeat for more.", metavar="KEY=VALUE"
    ),
]
Decimal = Annotated[
    str | None,
    typer.Option(
        help="Decimal mark of numbers in texts, '.' or ','; by default recognised from the numbers."
    ),
]
Unusable = Annotated[
    str, typer.Option(help="Largest share of records that may be left out because they cannot be used.")
]


@app.command()
@command
def add(
    name: Name,
    location: Location,
    kind: Kind = None,
    options: Options = None,
    decimal: Decimal = None,
    unusable: Unusable = "1 %",
    replace: Annotated[
        bool, typer.Option("--replace", help="Register the name again, for instance after the file changed.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, for programs.")] = False,
    all_: AllOption = False,
    home: HomeOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Look through your data, show how they were understood, and register them by place and digest.

    Nothing is copied: delete a file and the mine can no longer use it; change it and the mine refuses it
    until you add it again. Shown are the columns with their kind, the share that is missing, their range
    and, in a terminal only, three values each; then, if the chain can be reached, which open campaigns the
    data fit and what is missing for the others. In a terminal you are asked before anything is kept.
    """
    from mine_agent.rows.data import campaign_fits, data_row, described

    shelf, opened = _shelf(home)
    shelf.require_free(name, replace=replace)
    data, seen = _look(shelf, name, location, kind, options, decimal, read_share(unusable))
    fits, unknown = campaign_fits(opened, shelf.mapped(data))
    if form is not Format.JSON:
        _show(data, seen, all_of_them=all_)
        if unknown is not None:
            note(f"the open campaigns cannot be shown: {unknown}")
        else:
            _show_fits(fits)
            _show_way_to_map(name, fits)
        if not yes and can_be_asked() and not typer.confirm(f"Keep these data as {name!r}?", err=True):
            note("nothing was kept")
            raise typer.Exit(1)
    shelf.keep(data, replace=replace)
    if form is Format.JSON:
        understood = described(seen, samples=False)
        print_json({**data_row(data), **understood, "campaigns": fits, "campaigns_unknown": unknown})


@app.command()
@command
def preview(
    location: Location,
    kind: Kind = None,
    options: Options = None,
    decimal: Decimal = None,
    all_: AllOption = False,
    home: HomeOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show how data would be understood, without registering them. No campaign is looked at."""
    from mine_agent.rows.data import described

    shelf, _ = _shelf(home)
    data, seen = _look(shelf, "preview", location, kind, options, decimal, Fraction(1))
    if form is Format.JSON:
        print_json({"kind": data.kind, "rows": data.rows, **described(seen, samples=False)})
        return
    _show(data, seen, all_of_them=all_)


@app.command()
@command
def check(name: Name, home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """Read registered data as each open campaign would, and say what fits, what is converted or left out.

    Exit code 1 if the data have changed since they were registered.
    """
    from mine_agent.rows.data import campaign_fits, data_row

    shelf, opened = _shelf(home)
    data = shelf.get(name).renewed()
    fits, unknown = campaign_fits(opened, data)
    if form is Format.JSON:
        print_json({**data_row(data), "campaigns": fits, "campaigns_unknown": unknown})
        return
    note(f"{name}: {data.rows} rows at {data.location}, unchanged")
    if unknown is not None:
        note(f"the open campaigns cannot be shown: {unknown}")
        return
    _show_fits(fits)
    _show_way_to_map(name, fits)
    for sentence in sentences_of(fits):
        note(sentence)


@app.command("list")
@command
def list_(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """List the registered data sets."""
    from mine_agent.rows.data import data_row

    shelf, _ = _shelf(home)
    print_rows(
        [data_row(data) for data in shelf.all()],
        {"name": "name", "kind": "kind", "rows": "rows", "columns": "columns", "location": "place",
         "usable": "usable"},
        form=form,
        show={"columns": lambda columns: str(len(columns))},
        empty="no data set is registered; add one with: mine-agent data add NAME FILE",
    )  # fmt: skip


@app.command()
@command
def kinds(form: FormatOption = Format.TABLE) -> None:
    """List the kinds of data that can be registered, with their options for --set."""
    from mine_agent.rows.data import kind_rows

    print_rows(
        kind_rows(),
        {"kind": "kind", "about": "what it is", "options": "options"},
        form=form,
        show={"options": lambda known: "; ".join(f"{key}: {text}" for key, text in known.items()) or "none"},
    )


@app.command("map")
@command
def map_(
    name: Name,
    campaign: Annotated[
        str | None,
        typer.Option(help="Id of the campaign whose fields are wanted, or its first six digits or more."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Take this mapping (TOML), not a suggestion.", show_default=False),
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Use the data as they are again.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, for programs.")] = False,
    all_: AllOption = False,
    home: HomeOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Say which of your columns a campaign's fields are: other names, units, words.

    With --campaign a mapping is suggested, by what names mean, which units they name and whether the values
    would fit, and kept once you agree. What is guessed is said, and marked CHECK in the file: a wrong unit
    makes gradients that earn nothing. It is a file beside the registration; edit it at any time. It serves
    every campaign that asks for the same fields, and nobody else sees it. Without options the present mapping
    is shown.
    """
    from mine_agent.campaigns.mapping_suggestion import suggested_mapping
    from mine_agent.cli.connect import connect_and_read
    from mine_agent.data.mapping import parse_mapping, read_mapping
    from mine_agent.data.suggesting import as_toml, doubts
    from mine_agent.errors import DataError
    from mine_agent.rows.data import suggestion_rows

    shelf, opened = _shelf(home)
    data = shelf.get(name)
    if forget:
        shelf.keep_mapping(name, None)
        note(f"{name} is used as it is")
        return
    if file is None and campaign is None:
        print_json({"mapping": data.mapping.text if data.mapping else None})
        return
    if file is not None:
        try:
            mapping = read_mapping(file)
        except FileNotFoundError:
            raise DataError(f"{file} does not exist; expected a TOML file with a mapping") from None
    else:
        suggestions = suggested_mapping(connect_and_read(opened.path), data, campaign or "")
        text = as_toml(suggestions)
        _show_mapping(suggestion_rows(suggestions), form, all_of_them=all_)
        for sentence in doubts(suggestions):
            warn(sentence)
        mapping = parse_mapping(text, source="the suggestion")
    if not yes and can_be_asked() and not typer.confirm("Keep this mapping?", err=True):
        note("nothing was kept")
        raise typer.Exit(1)
    shelf.keep_mapping(name, mapping)
    note(f"kept; see it with: mine-agent data map {name}, or edit data/{name}.mapping.toml in the home")


@app.command()
@command
def remove(name: Name, home: HomeOption = None) -> None:
    """Forget a data set. The data themselves stay; submissions already made go on."""
    _shelf(home)[0].remove(name)
    note(f"data set {name} is forgotten; the data are untouched")


def _shelf(home: Path | None) -> tuple[DataShelf, Any]:
    from mine_agent.cli.connect import home_path
    from mine_agent.home import Home

    opened = Home.open(home_path(home))
    return opened.data(), opened


def _look(
    shelf: DataShelf,
    name: str,
    location: str,
    kind: str | None,
    options: list[str] | None,
    decimal: str | None,
    unusable: Fraction,
) -> tuple[DataSet, TableSeen]:
    with progress() as shown:
        task = shown.add_task("reading", total=None)
        return shelf.look(
            name,
            location,
            kind=kind,
            options=read_options(options or []),
            decimal=decimal,
            unusable=unusable,
            progress=lambda rows: shown.update(task, description=f"reading: {rows} rows"),
        )


def _show(data: DataSet, seen: TableSeen, *, all_of_them: bool) -> None:
    from mine_agent.rows.data import column_rows

    samples = sys.stdout.isatty()  # values are for the owner's eyes, not for a file or a pipe
    rows = column_rows(seen, samples=samples)
    shown = rows if all_of_them else rows[:FEW]
    headings = {key: COLUMN_HEADINGS[key] for key in COLUMN_HEADINGS if samples or key != "samples"}
    print_rows(
        shown,
        {key: heading for key, heading in headings.items() if key != "remark"},
        form=Format.TABLE,
        title=f"{data.name}: {data.rows} rows, {len(data.names)} columns",
        cut="samples",
    )
    if len(shown) < len(rows):
        note(f"and {len(rows) - len(shown)} more columns; --all shows them")
    for row in rows:
        if row["remark"]:
            note(f"{row['name']}: {row['remark']}")
    for remark in [*seen.remarks, *(f"{count} x {what} left out" for what, count in seen.left_out.items())]:
        note(remark)
    if seen.faults:
        note(f"{seen.faults} rows cannot be used: {seen.first_fault}")
    if len(seen.names) > len(seen.columns):
        note(f"{len(seen.names) - len(seen.columns)} more columns are named, but were not looked at")


def _show_mapping(rows: list[dict[str, Any]], form: Format, *, all_of_them: bool) -> None:
    if form is Format.JSON:
        print_json(rows)
        return
    shown, more = mapping_rows(rows, all_of_them=all_of_them)
    print_rows(shown, {"field": "field", "column": "your column", "changed": "changed"}, form=form)
    if more:
        note(f"and {more} more, about which nothing is guessed; --all shows them")


def _show_fits(fits: list[dict[str, Any]]) -> None:
    print_rows(
        fits,
        {"campaign": "campaign", "title": "title", "fits": "fits", "why_not": "why not"},
        form=Format.TABLE,
        title="Open campaigns",
        show={"campaign": short_id},
        empty="no campaign is open",
    )


def _show_way_to_map(name: str, fits: list[dict[str, Any]]) -> None:
    lacking = next((fit for fit in fits if fit["missing"]), None)
    if lacking is not None:
        way = f"mine-agent data map {name} --campaign {short_id(lacking['campaign'])}"
        note(f"if your columns have other names, {way} suggests what is what")
