"""The few strokes that pictures are made of: SVG with words for those who do not see it, and
nothing that a browser would have to run or fetch.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape


def picture(width: int, height: int, title: str, description: str, parts: Sequence[str]) -> str:
    """A whole file."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        ' aria-labelledby="title desc" font-family="sans-serif" font-size="12">'
    )
    return (
        "\n".join(
            [
                head,
                f'<title id="title">{escape(title)}</title>',
                f'<desc id="desc">{escape(description)}</desc>',
                f'<rect width="{width}" height="{height}" fill="white"/>',
                *parts,
                "</svg>",
            ]
        )
        + "\n"
    )


def line(x: float, y: float, to_x: float, to_y: float, colour: str, *, dashed: bool = False) -> str:
    """A straight one."""
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}"{dash}/>'


def bar(left: float, top: float, width: float, height: float, colour: str) -> str:
    """A filled rectangle."""
    place = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{colour}"/>'


def text(x: float, y: float, words: str, anchor: str) -> str:
    """Words; `anchor` is start, middle or end."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def steps(path: str, colour: str) -> str:
    """A line along a path of M, H and V."""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def day(time: int) -> str:
    """Seconds since 1970 as a date with hours and minutes, UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M")
