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
LEAST_CUT = 12  # columns of a text that is cut short


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
        made.add_column(heading, justify="right" if _numeric(rows, key) else "left", overflow="fold")
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
    cut: str | None = None,
) -> None:
    """The table where it fits, if need be without columns that hold nothing and with its widest texts on
    several lines; where it does not, each row as a record of its own, without what the row lacks.

    `cut`: a column whose texts may end in "…" where room is scarce, since they only illustrate.
    """
    width = _width(console, rows, columns, title, show)
    if width > console.width and rows:
        columns = {
            key: heading for key, heading in columns.items() if any(row.get(key) is not None for row in rows)
        }
        width = _width(console, rows, columns, title, show)
    made = table(rows, columns, show=show, title=title)
    if width > console.width and rows:
        texts = {
            key: [heading, *(cell(key, row.get(key), show) for row in rows)]
            for key, heading in columns.items()
        }
        numeric = {key for key in columns if _numeric(rows, key)}
        narrow = _narrowed(texts, numeric, width - console.width, cut)
        if narrow is not None:
            for column, key in zip(made.columns, columns, strict=True):
                column.width = narrow[key]
                if key == cut:
                    column.overflow, column.no_wrap = "ellipsis", True
            width = console.width
    if width <= console.width:
        console.print(made)
        return
    if title:
        console.print(escape(title))
    for place, row in enumerate(rows):
        if place:
            console.print()
        held = {key: heading for key, heading in columns.items() if row.get(key) is not None}
        print_pairs(console, {heading: cell(key, row[key], show) for key, heading in held.items()})


def _numeric(rows: Sequence[Mapping[str, Any]], key: str) -> bool:
    return bool(rows) and all(isinstance(row.get(key), int | float | None) for row in rows)


def _width(
    console: Console,
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    title: str | None,
    show: Show | None,
) -> int:
    unfolded = console.options.update(width=UNLIMITED, max_width=UNLIMITED)
    return console.measure(table(rows, columns, show=show, title=title), options=unfolded).maximum


def _narrowed(
    texts: Mapping[str, Sequence[str]], numeric: set[str], excess: int, cut: str | None
) -> dict[str, int] | None:
    """Widths of columns that are `excess` narrower in all: the widest give first, none below what is read
    with ease or below its longest word, and numbers stay whole. None if there is not so much to give.
    """
    widths = {key: max(_widths(lines)) for key, lines in texts.items()}
    least = dict(widths)
    for key in texts.keys() - numeric:
        words = LEAST_CUT if key == cut else max(LEAST_ROOM, *_widths(" ".join(texts[key]).split()))
        least[key] = min(widths[key], words)
    if sum(widths.values()) - sum(least.values()) < excess:
        return None
    if cut is not None and cut in widths:
        given = min(excess, widths[cut] - least[cut])
        widths[cut] -= given
        excess -= given
    for _ in range(excess):
        widest = max((key for key in widths if widths[key] > least[key]), key=lambda key: widths[key])
        widths[widest] -= 1
    return widths


def _widths(texts: Sequence[str]) -> list[int]:
    return [cell_len(line) for text in texts for line in text.split("\n")] or [0]


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
