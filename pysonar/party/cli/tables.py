"""Listings and records as people read them: on a terminal as wide as it is, in a pipe 80 columns or as many
as COLUMNS says, and nowhere with a word or a number broken in two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

from rich import markup
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from pysonar.files.text import shown

Show = Mapping[str, Callable[[Any], str]]
GAP = 2
UNLIMITED = 1_000_000
LEAST_ROOM = 20  # columns in which a text of several lines is still read with ease


def escape(text: str) -> str:
    """Text for the terminal as it is: no markup, and nothing that moves the cursor or turns the line around.

    Much of what is shown was written by strangers: specs, reasons, what a node says.
    """
    return markup.escape(shown(text, lines=True))


def table(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    title: str | None = None,
    show: Show | None = None,
) -> Table:
    """A table of rows; also for live displays."""
    made = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for key, heading in columns.items():
        numeric = bool(rows) and all(isinstance(row.get(key), int | float | None) for row in rows)
        made.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        made.add_row(*(escape(cell(key, row.get(key), show)) for key in columns))
    return made


def print_table(
    console: Console,
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    title: str | None = None,
    show: Show | None = None,
) -> None:
    """The table where it fits, if need be with its last column on several lines; where it does not, each row
    as a record of its own.
    """
    made = table(rows, columns, show=show, title=title)
    unfolded = console.options.update(width=UNLIMITED, max_width=UNLIMITED)
    wide = console.measure(made, options=unfolded).maximum
    if wide > console.width and rows:
        last, heading = list(columns.items())[-1]
        texts = [cell(last, row.get(last), show) for row in rows]
        room = console.width - wide + max(map(cell_len, (heading, *texts)))
        longest_word = max((cell_len(word) for text in (heading, *texts) for word in text.split()), default=0)
        if room >= max(LEAST_ROOM, longest_word):
            made.columns[-1].width = room
            wide = console.width
    if wide <= console.width:
        console.print(made)
        return
    if title:
        console.print(escape(title))
    for place, row in enumerate(rows):
        if place:
            console.print()
        print_pairs(console, {heading: cell(key, row.get(key), show) for key, heading in columns.items()})


def print_pairs(console: Console, pairs: Mapping[str, str], *, title: str | None = None) -> None:
    """Labels and values in two columns. A value that is too long for its column is wrapped between words, or,
    where it has none (an id, a path), put on a line of its own.
    """
    if title:
        console.print(escape(title))
    left = max((cell_len(label) for label in pairs), default=0) + GAP
    for label, value in pairs.items():
        name = f"[bold]{escape(label)}[/bold]" + " " * (left - cell_len(label))
        room = console.width - left
        longest_word = max((cell_len(word) for word in value.split()), default=0)
        if longest_word > room:
            console.print(f"[bold]{escape(label)}[/bold]")
            console.print(f"{' ' * GAP}{escape(value)}", soft_wrap=True)
            continue
        for place, line in enumerate(_wrapped(value, room)):
            console.print(f"{name if place == 0 else ' ' * left}{escape(line)}", soft_wrap=True)


def cell(key: str, value: Any, show: Show | None) -> str:
    """A value as text; None is a dash."""
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


def _wrapped(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for part in text.split("\n"):
        line = ""
        for word in part.split(" "):
            longer = f"{line} {word}" if line else word
            if line and cell_len(longer) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines
