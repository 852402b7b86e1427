"""The budget over time as one SVG: a step line of epsilon, and the owner's limit. With words for those who do
not see it, and nothing that a browser would have to run or fetch.
"""

from __future__ import annotations

from mine_agent.privacy.report import LedgerReport
from pysonar.party.cli import drawing

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
        drawing.line(across(first), up(0), across(last), up(0), "black"),
        drawing.line(across(first), up(0), across(first), up(top), "black"),
        drawing.text(_LEFT - 6, up(0), "0", "end"),
        drawing.text(_LEFT, _TOP - 12, "epsilon", "start"),
        drawing.text(across(first), HEIGHT - 14, drawing.day(first), "start"),
        drawing.text(across(last), HEIGHT - 14, drawing.day(last), "end"),
    ]
    if limit is not None:
        parts.append(drawing.line(across(first), up(limit), across(last), up(limit), "#b00020", dashed=True))
        parts.append(drawing.text(_LEFT - 6, up(limit), f"{limit:g}", "end"))
    parts.append(drawing.steps(path, "#00529b"))
    parts.append(drawing.text(across(last), up(totals[-1]) - 6, f"{totals[-1]:.3g}", "end"))
    title = f"Privacy spent by this mine: {said}"
    description = (
        f"A step line from {drawing.day(first)} to {drawing.day(last)}, {len(rows)} entries,"
        f" delta {report.summary()['delta']:g}."
    )
    return drawing.picture(WIDTH, HEIGHT, title, description, parts)
