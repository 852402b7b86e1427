"""Every size, each in a process of its own, and the page: `make bench-capsule` (hours at the full sizes).

    python -m benchmarks.capsule --bits 2048 --inputs 64 --open 1 100 --submissions 100 --growth 1000

A run replaces the figures of its own sizes in benchmarks/capsule.json and leaves the others; the page is
written from that file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.capsule.page import page

FOLDER = Path(__file__).resolve().parents[1]
FIGURES, PAGE = FOLDER / "capsule.json", FOLDER / "CAPSULE.md"
CLASSES, CHEAP = 10, (4, 3, 2048)
PARTS = 10


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line; the defaults are the full run."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.capsule",
        description=str(__doc__),
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--bits", nargs="*", type=int, default=[2048, 3072], help="key sizes")
    parser.add_argument("--inputs", nargs="*", type=int, default=[64, 784], help="inputs, without the bias")
    parser.add_argument("--open", nargs="*", type=int, default=[1, 100, 1_000], help="open campaigns in all")
    parser.add_argument("--submissions", type=int, default=100, help="without a gain, for each size")
    parser.add_argument(
        "--growth", type=int, default=10_000, help="missed submissions in one campaign; 0: none"
    )
    parser.add_argument("--repeats", type=int, default=3, help="processes for each size; their median counts")
    parser.add_argument("--figures", type=Path, default=FIGURES, help="where the figures are kept, as JSON")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page that is written")
    return parser.parse_args(arguments)


def measured(kind: str, *numbers: int) -> dict[str, Any]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.capsule.measure", kind, *map(str, numbers)]
    done = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def machine() -> str:
    """What it was measured on."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    where = models[0] if models else platform.machine()
    return f"{where}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main(arguments: list[str] | None = None) -> None:
    """Measure what was asked for; each figure is kept, and the page written, as soon as it is there."""
    asked = options(arguments)
    kept: dict[str, Any] = json.loads(asked.figures.read_text()) if asked.figures.exists() else {}

    def keep(name: str, found: object) -> None:
        kept[name] = found
        kept["machine"], kept["date"] = machine(), datetime.now(UTC).date().isoformat()
        asked.figures.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        asked.page.write_text(page(kept), encoding="utf-8")
        print(name, flush=True)

    if asked.growth:
        keep("growth", measured("growth", *CHEAP, asked.growth, PARTS))
    for bits in asked.bits:
        for inputs in asked.inputs:
            for count in asked.open:
                numbers = (inputs, CLASSES, bits, count - 1, asked.submissions)
                found = [measured("judging", *numbers) for _ in range(asked.repeats)]
                keep(f"judging {inputs + 1}x{CLASSES} {bits} {count}", found)


if __name__ == "__main__":
    main()
