"""A simulated campaign as one SVG: accuracy and money by evaluation, and how many mines earned how much."""

from __future__ import annotations

from pysonar.party.cli import drawing
from pysonar.protocol.amounts import format_ppm
from pysonar.scientist.planning.simulation import Simulation

WIDTH, HEIGHT = 720, 560
_LEFT, _RIGHT, _TOP, _MIDDLE, _BARS = 60, 60, 40, 300, 340
_BOTTOM = 40
_BLUE, _GREEN, _RED = "#00529b", "#1a7f37", "#b00020"


def picture(done: Simulation) -> str:
    """The drawing, a whole file."""
    show, climb, paid = done.plan.asset.show, done.climb, sum(done.earned)
    last, right = max(1, climb.evaluations), WIDTH - _RIGHT
    target = done.plan.target

    def across(evaluation: int) -> float:
        return _LEFT + evaluation / last * (right - _LEFT)

    def up(share: float) -> float:
        return _MIDDLE - share * (_MIDDLE - _TOP)

    accuracy, money, total = f"M {_LEFT} {up(climb.start / 1e6):.1f}", f"M {_LEFT} {up(0):.1f}", 0
    for gain, earned in zip(climb.gains, done.earned, strict=True):
        total += earned
        at = across(gain.evaluation + 1)
        accuracy += f" H {at:.1f} V {up(gain.after / 1e6):.1f}"
        money += f" H {at:.1f} V {up(total / done.plan.bounty):.1f}"
    parts = [
        drawing.line(_LEFT, up(0), right, up(0), "black"),
        drawing.line(_LEFT, up(0), _LEFT, up(1), "black"),
        drawing.line(_LEFT, up(target / 1e6), right, up(target / 1e6), _RED, dashed=True),
        drawing.text(_LEFT - 6, up(target / 1e6), "target", "end"),
        drawing.text(_LEFT - 6, up(0), "0", "end"),
        drawing.text(_LEFT - 6, up(1), "100 %", "end"),
        drawing.text(right, up(0) + 18, f"{climb.evaluations} evaluations", "end"),
        drawing.steps(f"{accuracy} H {right}", _BLUE),
        drawing.steps(f"{money} H {right}", _GREEN),
        drawing.text(_LEFT + 8, _TOP - 14, f"blue: accuracy, {format_ppm(climb.best)} at the end", "start"),
        drawing.text(right, _TOP - 14, f"green: share of the bounty paid, {show(paid)}", "end"),
        *_bars(done),
    ]
    title = f"{done.mines} mines: {format_ppm(climb.start)} to {format_ppm(climb.best)}, {show(paid)} paid"
    bins = "; ".join(f"{entry['mines']} up to {show(int(entry['up_to']))}" for entry in done.histogram)
    share = done.free_riders_share
    riders = f" {done.free_riders} free riders earned {share or 0:.1%} of it." if done.free_riders else ""
    described = (
        f"Accuracy and payouts over {climb.evaluations} evaluations. Mines by what they earned: {bins}."
        f"{riders} About {done.days():.1f} days, one submission after the other."
    )
    return drawing.picture(WIDTH, HEIGHT, title, described, parts)


def _bars(done: Simulation) -> list[str]:
    """A bar for each entry of the histogram, by the share of the mines."""
    parts = [drawing.text(_LEFT, _BARS, "mines by what they earned", "start")]
    bins = done.histogram
    floor, width = HEIGHT - _BOTTOM, (WIDTH - _LEFT - _RIGHT) / len(bins)
    for place, entry in enumerate(bins):
        left, height = _LEFT + place * width, int(entry["mines"]) / done.mines * (floor - _BARS - 30)
        parts.append(drawing.bar(left + 4, floor - height, width - 8, height, _GREEN if place else "#888888"))
        parts.append(drawing.text(left + width / 2, floor - height - 6, str(entry["mines"]), "middle"))
        label = "nothing" if not place else f"to {int(entry['up_to']) / 10**done.plan.asset.decimals:.3g}"
        parts.append(drawing.text(left + width / 2, floor + 18, label, "middle"))
    return parts
