"""RESULTS.md and the plot. Says beside every ratio how it was scaled and what the peer protects in
addition.
"""

import platform
from datetime import UTC, datetime
from pathlib import Path

import matplotlib

from benchmarks.measure import Row
from openmined_syft.paillier.estimate import estimate, measure
from openmined_syft.paillier.kernels import describe_kernels, load_kernel

matplotlib.use("Agg")
from matplotlib import pyplot as plt

MODELS = ((10, 1), (30, 1), (64, 10), (256, 10), (784, 10))
KEYS = (2048, 3072)

WHERE = Path(__file__).with_name("where-the-time-goes.md")
TEXTS = Path(__file__).with_name("texts.md")
_TEXTS = """Three mines with 3,000 reviews each and exact gradients, without privacy, from which a campaign
learns until none gains any more, in plain numbers, which Capsule's are equal to; beside it a ridge
regression in the clear on all 9,000. Written by `python -m benchmarks.texts`."""


def _time(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def _ratio(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _verdict(row: Row) -> str:
    if row.target is None:
        return ""
    if row.ratio >= row.target:
        return f"{_ratio(row.target)}: met"
    return f"{_ratio(row.target)}: missed, {row.ratio / row.target:.0%} of it"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def write_report(rows: list[Row], path: Path) -> str:
    """The whole report, written to `path` and returned."""
    lines = [
        "# Measured",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, Python {platform.python_version()}. "
        "Written by `make bench`. One row, one process: we and the peer run in it by turns or one after the "
        "other. Medians of processor seconds, one thread. "
        "A ratio of 10 means ten times as fast as the peer.",
        "",
        "| what | kernel | ours | peer | peer takes | ratio | target |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        lines.append(
            f"| {row.name} | {row.kernel} | {_time(row.ours)} | {row.peer} | {_time(row.theirs)} | "
            f"x{_ratio(row.ratio)} | {_verdict(row)} |"
        )
    lines += ["", "![ratios](ratios.png)", "", "## Beside every ratio", ""]
    lines += [f"* **{row.name}** against {row.peer}: {row.note}." for row in _first_of_each(rows)]
    lines += ["", "## Texts: accuracy on 2,000 film reviews that nobody learned from", "", _TEXTS, ""]
    lines += [TEXTS.read_text().rstrip()]
    lines += ["", "## Where the time goes", "", WHERE.read_text().rstrip()]
    lines += ["", "## Kernels", ""]
    lines += [f"* {s.name}: {'usable' if s.usable else s.reason}" for s in describe_kernels()]
    lines += _expected()
    text = "\n".join(lines) + "\n"
    path.write_text(text)
    return text


def _first_of_each(rows: list[Row]) -> list[Row]:
    seen: dict[tuple[str, str], Row] = {}
    for row in rows:
        seen.setdefault((row.name, row.peer), row)
    return list(seen.values())


def _expected() -> list[str]:
    lines = [
        "",
        "## Expected run times on this machine",
        "",
        "From unit costs measured now (`openmined-syft estimate`), one thread; a visit costs the same for "
        "any number of rows and steps.",
        "",
        "| kernel | key | model | Capsule encrypts | visit | Capsule decrypts | down | up |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for state in describe_kernels():
        if not state.usable or state.name == "python":
            continue
        for bits in KEYS:
            costs = measure(bits, kernel=load_kernel(state.name))
            for features, classes in MODELS:
                e = estimate(features, classes, costs)
                lines.append(
                    f"| {state.name} | {bits} | {features} x {classes} | {_time(e.encrypt_seconds)} | "
                    f"{_time(e.visit_seconds)} | {_time(e.decrypt_seconds)} | {e.model_bytes / 1e3:.0f} kB | "
                    f"{e.gradient_bytes / 1e3:.0f} kB |"
                )
    return lines


def draw(rows: list[Row], path: Path) -> None:
    """Ratios as bars on a logarithmic scale, targets as marks."""
    figure, axes = plt.subplots(figsize=(10, 0.42 * len(rows) + 1.2))
    labels = [f"{row.name} ({row.kernel}) / {row.peer}" for row in rows]
    colours = ["tab:orange" if row.kernel == "ifma" else "tab:blue" for row in rows]
    axes.barh(range(len(rows)), [row.ratio for row in rows], color=colours)
    for place, row in enumerate(rows):
        if row.target is not None:
            axes.plot([row.target], [place], "k|", markersize=14)
    axes.set_yticks(range(len(rows)), labels, fontsize=7)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.axvline(1, color="grey", linewidth=0.8)
    axes.set_xlabel("times as fast as the peer; | is the target")
    figure.tight_layout()
    figure.savefig(path, dpi=110, bbox_inches="tight")
