"""`mine-agent policy show | diff | save`: the owner's rules, and what others would change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    acting,
    command,
    note,
    print_json,
    print_rows,
)
from pysonar.party.process import can_be_asked
from pysonar.party.wording import short_id

if TYPE_CHECKING:
    from mine_agent.campaigns.decisions.policy_changes import PolicyChange

app = typer.Typer(help="See, try and change the rules of this mine.", no_args_is_help=True)
NewRules = Annotated[
    Path, typer.Argument(help="A file as policy.toml, with other rules.", metavar="NEW.toml")
]


@app.command()
@command
def show(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """Print policy.toml as it is; as JSON also each rule with what it may be and what it means."""
    from mine_agent.cli.connect import home_path
    from mine_agent.home import Home
    from mine_agent.rows.policy import policy_record
    from pysonar.party.cli.output import out

    text = Home.open(home_path(home)).policy().text
    if form is Format.JSON:
        print_json(policy_record(text))
        return
    out().write(text)


@app.command()
@command
def diff(
    new: NewRules,
    everything: Annotated[
        bool, typer.Option("--all", help="List the campaigns that nothing changes for, too.")
    ] = False,
    home: HomeOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Say what other rules would change, over all open campaigns and your data, before they are saved.

    Nothing is saved and nothing is sent.
    """
    from mine_agent.campaigns.decisions.policy_changes import changes_under
    from mine_agent.cli.connect import connect_and_read, home_path

    connection = connect_and_read(home_path(home))
    _show_changes(changes_under(connection, _read(new)), everything=everything, form=form)


@app.command()
@acting
def save(
    new: NewRules,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, for programs.")] = False,
    home: HomeOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Put other rules in place of policy.toml, after showing what they change.

    In a terminal you are asked first. A running mine follows them from its next round on.
    """
    from mine_agent.campaigns.decisions.policy_changes import changes_under
    from mine_agent.cli.connect import connect_and_read, home_path

    connection, text = connect_and_read(home_path(home)), _read(new)
    _show_changes(changes_under(connection, text), everything=False, form=form)
    if not yes and can_be_asked() and not typer.confirm("Save these rules?", err=True):
        note("nothing was saved")
        raise typer.Exit(1)
    connection.home.save_policy(text)
    note(f"saved to {connection.home.policy_file}")


def _read(path: Path) -> str:
    from pysonar.files.flat_toml import BadSettingsFileError, NoSettingsError
    from pysonar.files.text import UnreadableFileError, read_text

    try:
        return read_text(path, most_bytes=256 * 1024)
    except FileNotFoundError:
        raise NoSettingsError(str(path)) from None
    except UnreadableFileError as error:
        raise BadSettingsFileError(str(path), error.why) from None


def _show_changes(changes: list[PolicyChange], *, everything: bool, form: Format) -> None:
    from mine_agent.rows.policy import change_row

    shown = [change_row(change) for change in changes if change.changes or everything]
    print_rows(
        shown,
        {
            "campaign": "campaign",
            "title": "title",
            "data": "data",
            "joins_before": "joins now",
            "why_before": "why",
            "joins_after": "would join",
            "why_after": "why then",
        },
        form=form,
        show={"campaign": short_id},
        empty=f"nothing changes for the {len(changes)} open campaigns and data sets",
    )
