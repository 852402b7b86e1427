"""What the three command lines share in looks: tables or JSON, errors, exit codes, amounts as options.

Results go to standard output, everything else to standard error. With `--format json` standard output is one
JSON document and nothing more. Amounts in JSON are decimal strings of wei: JSON numbers lose digits beyond
2**53.
"""

from __future__ import annotations

import functools
import io
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

from openmined_syft.errors import OpenMinedError
from pysonar.files.text import one_line
from pysonar.party.cli.output import OutputLostError, give_up_on, keep_going, messages, out, output
from pysonar.party.cli.tables import Show, cell, escape, print_pairs, print_table
from pysonar.party.faults import fault
from pysonar.party.process import leave_no_core_dump
from pysonar.protocol.amounts import AmountError, parse_ppm, parse_seconds, parse_wei

P = ParamSpec("P")
R = TypeVar("R")

DEBUG_VARIABLE = "OPENMINED_DEBUG"
LONGEST_LINE = 1000

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
        help="File with the passphrase, or fd:N or keyring:SERVICE; without it the variable"
        " OPENMINED_PASSPHRASE is read, or you are asked.",
        show_default=False,
    ),
]


def _amount(text: str) -> str:
    """Ether is checked here; of a token only its decimals tell whether the amount is one."""
    if not re.fullmatch(r"\s*[0-9.]+\s*[A-Za-z][A-Za-z0-9]*\s*", text):
        _as_option(parse_wei, text)
    return text


amount_option = functools.partial(typer.Option, parser=_amount, metavar="AMOUNT")
ppm_option = functools.partial(typer.Option, parser=_ppm, metavar="PERCENT")
seconds_option = functools.partial(typer.Option, parser=_seconds, metavar="DURATION")


def print_rows(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    form: Format,
    title: str | None = None,
    show: Show | None = None,
    empty: str = "nothing to list",
    cut: str | None = None,
) -> None:
    """A listing. `columns`: key -> heading (the table's choice; JSON has every key); `show`: key -> text of
    a value in the table; `cut`: the column that may be cut short. None is a dash.
    """
    if form is Format.JSON:
        print_json(list(rows))
    elif not rows:
        messages().print(escape(empty), style="dim")
    else:
        print_table(output(), rows, columns, title=title, show=show, cut=cut)


def print_record(
    record: Mapping[str, Any],
    labels: Mapping[str, str],
    *,
    form: Format,
    title: str | None = None,
    show: Show | None = None,
) -> None:
    """One thing, as two columns of label and value, or as one JSON object."""
    if form is Format.JSON:
        print_json(record)
    else:
        pairs = {label: cell(key, record.get(key), show) for key, label in labels.items()}
        print_pairs(output(), pairs, title=title)


def print_json(value: Any) -> None:
    """One JSON document on standard output; see the module's note on amounts."""
    _print_plain(_as_json(value, indent=2))


def print_event(event: Mapping[str, Any], text: str, *, form: Format) -> None:
    """One line of a stream that goes on (watch, run): text, or one JSON object per line."""
    _print_plain(_as_json(event) if form is Format.JSON else one_line(text, LONGEST_LINE))


def note(text: str) -> None:
    """A remark for people, on standard error."""
    messages().print(escape(text), style="dim", soft_wrap=True)


def warn(text: str) -> None:
    """Something to look at, on standard error."""
    messages().print(f"[yellow]warning:[/yellow] {escape(text)}", soft_wrap=True)


def print_error(error: BaseException) -> None:
    """The error's own words, on standard error, without a traceback."""
    messages().print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)


def exit_code_of(error: OpenMinedError) -> ExitCode:
    """The class's `exit_code` if it has one, else FAILED."""
    return ExitCode(getattr(error, "exit_code", ExitCode.FAILED))


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator under `@app.command()` of a command whose result is what it prints: if that cannot be
    written, it has failed.

    Our errors become a line on standard error and an exit code; an error that is not ours is named as a fault
    of the program by its place only, since its text may hold anything.
    """
    return _command(function, acts=False)


def acting(function: Callable[P, R]) -> Callable[P, R]:
    """The same for a command that sends, makes or runs something: what is done is done, whether or not the
    words about it can be written.
    """
    return _command(function, acts=True)


def _command(function: Callable[P, R], *, acts: bool) -> Callable[P, R]:
    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        leave_no_core_dump()
        try:
            with keep_going(acts) as lost:
                try:
                    return function(*args, **_expanded(kwargs))
                finally:
                    if lost:
                        give_up_on(sys.stdout)
                        warn(f"some output could not be written ({', '.join(lost)}); what was sent is sent")
        except OpenMinedError as error:
            print_error(error)
            raise typer.Exit(int(exit_code_of(error))) from None
        except OutputLostError as error:
            give_up_on(sys.stdout)
            if error.closed:
                raise typer.Exit(int(ExitCode.OK)) from None
            messages().print(f"[red]error:[/red] the output cannot be written: {escape(error.why)}")
            raise typer.Exit(int(ExitCode.FAILED)) from None
        except KeyboardInterrupt:
            note("interrupted; nothing is lost, run the same command again")
            raise typer.Exit(130) from None
        except (typer.Exit, typer.Abort):
            raise
        except OSError as error:  # no fault of ours: the disk is full, a place cannot be written
            if os.environ.get(DEBUG_VARIABLE) or error.errno is None:
                raise
            print_error(OpenMinedError(f"{error.filename or 'the disk'}: {error.strerror}"))
            raise typer.Exit(int(ExitCode.FAILED)) from None
        except Exception as error:  # the last border before the user
            if isinstance(error, USAGE_ERRORS) or os.environ.get(DEBUG_VARIABLE):
                raise
            messages().print(
                f"[red]error:[/red] {fault(error)} ({DEBUG_VARIABLE}=1 shows the full trace)",
                soft_wrap=True,
            )
            raise typer.Exit(int(ExitCode.FAILED)) from None

    return run


class App(typer.Typer):
    """A command line: `--version`, shell completion, and help on terminals of any encoding."""

    def __init__(self, *, name: str, help: str) -> None:  # noqa: A002 - Typer's name
        super().__init__(
            name=name,
            help=help,
            no_args_is_help=True,
            pretty_exceptions_enable=False,
            rich_markup_mode="markdown",
        )
        self.callback(help=help)(_top)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        return super().__call__(*args, **kwargs)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        _print_plain(version("openmined"))
        raise typer.Exit


def _top(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    pass


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


def _print_plain(text: str) -> None:
    stream = out()
    stream.write(text + "\n")
    stream.flush()


def _as_json(value: Any, indent: int | None = None) -> str:
    unicode = out().encoding.lower().replace("_", "-").startswith("utf")
    return json.dumps(value, default=_jsonable, indent=indent, ensure_ascii=not unicode)


def _jsonable(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")
