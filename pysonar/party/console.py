"""What the three command lines share in looks: tables or JSON, errors, exit codes, amounts as options,
progress.

Results go to standard output, everything else to standard error. With `--format json` standard output is one
JSON document and nothing more. Amounts in JSON are decimal strings of wei: JSON numbers lose digits beyond
2**53.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
from rich import markup
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from openmined_syft.errors import OpenMinedError
from pysonar.party.process import leave_no_core_dump
from pysonar.protocol.amounts import AmountError, parse_ppm, parse_seconds, parse_wei

P = ParamSpec("P")
R = TypeVar("R")

DEBUG_VARIABLE = "OPENMINED_DEBUG"

# The base of typer.BadParameter and its like: typer brings a click of its own, whose classes differ.
USAGE_ERRORS: tuple[type[Exception], ...] = tuple(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


class ExitCode(IntEnum):
    """What a command ends with."""

    OK = 0
    FAILED = 1  # refused or failed
    USAGE = 2  # the command line itself
    UNREACHABLE = 3  # chain or store cannot be reached


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


def _wei(text: str) -> int:
    return _as_option(parse_wei, text)


def _ppm(text: str) -> int:
    return _as_option(parse_ppm, text)


def _seconds(text: str) -> int:
    return _as_option(parse_seconds, text)


def _as_option(parse: Callable[[str], int], text: str) -> int:
    if isinstance(text, int):  # a default that is already parsed
        return text
    try:
        return parse(text)
    except AmountError as error:
        raise typer.BadParameter(str(error)) from None


# Options with the same name, meaning and help text in all three command lines.
FormatOption = Annotated[
    Format, typer.Option("--format", help="A table for people, or one JSON document for programs.")
]
HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Directory of settings, keys and records.", show_default=False)
]
PassphraseFileOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="File with the passphrase; else the variable OPENMINED_PASSPHRASE, else asked for.",
        show_default=False,
    ),
]
wei_option = functools.partial(typer.Option, parser=_wei, metavar="AMOUNT")
ppm_option = functools.partial(typer.Option, parser=_ppm, metavar="PERCENT")
seconds_option = functools.partial(typer.Option, parser=_seconds, metavar="DURATION")


def escape(text: str) -> str:
    """Text for the terminal as it is: no markup, and no signs that move the cursor or turn the line around.

    Much of what is shown was written by strangers: specs, reasons, what a node says.
    """
    return markup.escape("".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text))


def output() -> Console:
    """Standard output, looked up anew each time so that tests may redirect it."""
    return Console(file=sys.stdout, soft_wrap=False)


def messages() -> Console:
    """Standard error."""
    return Console(file=sys.stderr, soft_wrap=True)


def print_rows(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    form: Format,
    title: str | None = None,
    show: Mapping[str, Callable[[Any], str]] | None = None,
    empty: str = "nothing to list",
) -> None:
    """A listing. `columns`: key -> heading (the table's choice; JSON has every key); `show`: key -> text of
    a value in the table. None is a dash.
    """
    if form is Format.JSON:
        print_json(list(rows))
        return
    if not rows:
        messages().print(empty, style="dim")
        return
    output().print(table(rows, columns, title=title, show=show))


def table(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    title: str | None = None,
    show: Mapping[str, Callable[[Any], str]] | None = None,
) -> Table:
    """The table that `print_rows` prints, for live displays."""
    made = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for key, heading in columns.items():
        numeric = bool(rows) and all(isinstance(row.get(key), int | float | None) for row in rows)
        made.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        made.add_row(*(escape(_shown(key, row.get(key), show)) for key in columns))
    return made


def print_record(
    record: Mapping[str, Any],
    labels: Mapping[str, str],
    *,
    form: Format,
    title: str | None = None,
    show: Mapping[str, Callable[[Any], str]] | None = None,
) -> None:
    """One thing, as two columns of label and value, or as one JSON object."""
    if form is Format.JSON:
        print_json(record)
        return
    made = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False)
    made.add_column(style="bold")
    made.add_column(overflow="fold")
    for key, label in labels.items():
        made.add_row(label, escape(_shown(key, record.get(key), show)))
    output().print(made)


def print_json(value: Any) -> None:
    """One JSON document on standard output; see the module's note on amounts."""
    sys.stdout.write(json.dumps(value, default=_jsonable, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_event(event: Mapping[str, Any], text: str, *, form: Format) -> None:
    """One line of a stream that goes on (watch, run): text, or one JSON object per line."""
    if form is Format.JSON:
        sys.stdout.write(json.dumps(event, default=_jsonable, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    else:
        output().print(escape(text), highlight=False)


def note(text: str) -> None:
    """A remark for people, on standard error."""
    messages().print(escape(text), style="dim", highlight=False)


def warn(text: str) -> None:
    """Something to look at, on standard error."""
    messages().print(f"[yellow]warning:[/yellow] {escape(text)}", highlight=False)


def print_error(error: BaseException) -> None:
    """The error's own words, on standard error, without a traceback."""
    messages().print(f"[red]error:[/red] {escape(str(error))}", highlight=False)


def exit_code_of(error: OpenMinedError) -> ExitCode:
    """The class's `exit_code` if it has one, else FAILED."""
    return ExitCode(getattr(error, "exit_code", ExitCode.FAILED))


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator under `@app.command()`: our errors become a line on standard error and an exit code; an
    error that is not ours is named as a fault of the program by its place only, since its text may hold
    anything.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        leave_no_core_dump()
        try:
            return function(*args, **_expanded(kwargs))
        except OpenMinedError as error:
            print_error(error)
            raise typer.Exit(int(exit_code_of(error))) from None
        except KeyboardInterrupt:
            note("interrupted; nothing is lost, run the same command again")
            raise typer.Exit(130) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(int(ExitCode.OK)) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:  # the last border before the user
            if isinstance(error, USAGE_ERRORS) or os.environ.get(DEBUG_VARIABLE):
                raise
            messages().print(
                f"[red]error:[/red] a fault in the program: {type(error).__name__} at {_place(error)}; "
                f"please report it ({DEBUG_VARIABLE}=1 shows the full trace)",
                highlight=False,
            )
            raise typer.Exit(int(ExitCode.FAILED)) from None

    return run


def _expanded(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a command with `~` in every path meaning what it means to a shell: in `--home=~/x` the
    shell leaves it alone.
    """
    try:
        return {
            name: value.expanduser() if isinstance(value, Path) else value
            for name, value in arguments.items()
        }
    except RuntimeError:
        raise typer.BadParameter("a path begins with ~ and names a user without a home directory") from None


def progress() -> Progress:
    """A progress display on standard error with time spent and time left; invisible where that is no
    terminal.
    """
    shown = messages()
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=shown,
        transient=True,
        disable=not shown.is_terminal,
    )


def format_time(timestamp: int) -> str:
    """Seconds since 1970 as UTC, "2026-11-22 12:03:00"."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S")


def short(text: str, keep: int = 6) -> str:
    """A long hex or CID text by its two ends."""
    return text if len(text) <= 2 * keep + 3 else f"{text[: keep + 2]}…{text[-keep:]}"


def _shown(key: str, value: Any, show: Mapping[str, Callable[[Any], str]] | None) -> str:
    if value is None:
        return "—"
    if show and key in show:
        return show[key](value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return str(value)


def _jsonable(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
