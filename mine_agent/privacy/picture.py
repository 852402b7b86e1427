"""The budget over time as one SVG: a step line of epsilon, and the owner's limit. With words for those who do
not see it, and nothing that a browser would have to run or fetch.
"""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from mine_agent.privacy.report import LedgerReport

WIDTH, HEIGHT = 720, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 30, 40


def picture(report: LedgerReport) -> str:
    """The drawing, a whole file."""
    rows = report.rows()
    limit = None if report.budget is None else report.budget.epsilon
    totals = [float(row["total_epsilon"]) for row in rows]
    top = max([limit or 0.0, *totals, 1e-9]) * 1.1
    first, last = int(rows[0]["time"]), max(int(rows[-1]["time"]), int(rows[0]["time"]) + 1)

    def across(time: int) -> float:
        return _LEFT + (time - first) / (last - first) * (WIDTH - _LEFT - _RIGHT)

    def up(epsilon: float) -> float:
        return HEIGHT - _BOTTOM - epsilon / top * (HEIGHT - _TOP - _BOTTOM)

    path = f"M {across(first):.1f} {up(0):.1f}"
    for row, total in zip(rows, totals, strict=True):
        path += f" H {across(int(row['time'])):.1f} V {up(total):.1f}"
    path += f" H {across(last):.1f}"
    said = f"epsilon {totals[-1]:.3g}" + ("" if limit is None else f" of {limit:g}")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' aria-labelledby="title desc" font-family="sans-serif" font-size="12">',
        f'<title id="title">Privacy spent by this mine: {escape(said)}</title>',
        f'<desc id="desc">A step line from {_day(first)} to {_day(last)}, {len(rows)} entries,'
        f" delta {report.summary()['delta']:g}.</desc>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _line(across(first), up(0), across(last), up(0), "black"),
        _line(across(first), up(0), across(first), up(top), "black"),
        _text(_LEFT - 6, up(0), "0", "end"),
        _text(_LEFT, _TOP - 12, "epsilon", "start"),
        _text(across(first), HEIGHT - 14, _day(first), "start"),
        _text(across(last), HEIGHT - 14, _day(last), "end"),
    ]
    if limit is not None:
        parts.append(_line(across(first), up(limit), across(last), up(limit), "#b00020", dashed=True))
        parts.append(_text(_LEFT - 6, up(limit), f"{limit:g}", "end"))
    parts.append(f'<path d="{path}" fill="none" stroke="#00529b" stroke-width="2"/>')
    parts.append(_text(across(last), up(totals[-1]) - 6, f"{totals[-1]:.3g}", "end"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(x: float, y: float, to_x: float, to_y: float, colour: str, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}"{dash}/>'


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _day(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M")
