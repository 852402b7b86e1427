"""The two mines beside each other, by turns: a digits visit under Paillier, start-up, and a large CSV file.

    python -m benchmarks.studies.mines              # needs Mine.js: make build/stamps/mine-js

Times are CPU seconds unless said, medians of five turns (one for each CSV), so that a busy machine matters
less; memory is the largest
resident size of a process.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from openmined_syft.affine import AffineMap
from openmined_syft.models import build_family
from openmined_syft.schemes import scheme_named
from pysonar.protocol.artifacts import ModelArtifact, PublicKeyArtifact

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / "build" / "nodejs" / "bin" / "node"
PROGRAM = ROOT / "mine_js" / "dist" / "bin.js"
FLAGS = PROGRAM.read_text().partition("\n")[0].split()[3:]  # as its first line has them
LINES = {
    "mine-agent": [sys.executable, "-c", "from mine_agent.cli import app; app()"],
    "mine-agent-js": [str(NODE), *FLAGS, str(PROGRAM)],
}
TURNS = 5
SHAPE = (65, 10)
ROWS = (100_000, 1_000_000)


def visits() -> dict[str, list[float]]:
    """Seconds of each visit: the digits' 65 x 10 weights under a key of 2,048 bits."""
    random = np.random.default_rng(1)
    scheme, family = scheme_named("paillier"), build_family("one_vs_rest", SHAPE[0] - 1, SHAPE[1], {})
    key = scheme.generate(2048)
    public = scheme.public_half(key, family)
    model = scheme.encrypt(random.uniform(-1, 1, SHAPE), key, family, version=0, weight_bound=4.0)
    step = random.normal(size=(SHAPE[0], SHAPE[0])) / 1000
    visit = AffineMap(np.eye(SHAPE[0]) + step, random.normal(size=SHAPE) / 10)
    first = json.dumps(
        {
            "model": ModelArtifact(model).to_bytes().hex(),
            "key": PublicKeyArtifact(public).to_bytes().hex(),
            "A": visit.A.tolist(),
            "c": visit.c.tolist(),
        }
    )
    found: dict[str, list[float]] = {name: [] for name in LINES}
    script = Path(__file__).with_name("mines.mjs")
    with subprocess.Popen(
        [str(NODE), str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as node:
        assert node.stdin is not None
        assert node.stdout is not None
        for turn in range(TURNS + 1):  # the first one warms up
            node.stdin.write((first if turn == 0 else "") + "\n")
            node.stdin.flush()
            by_node = float(node.stdout.readline())
            began = time.process_time()
            scheme.train(model, public, visit)
            if turn:
                found["mine-agent"].append(time.process_time() - began)
                found["mine-agent-js"].append(by_node)
        node.stdin.close()
    return found


def run(line: list[str], *arguments: str) -> tuple[float, float, float]:
    """Seconds on the clock and of the processor, and megabytes, of one command."""
    began = time.monotonic()
    child = subprocess.Popen([*line, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    largest, ended = 0.0, 0
    while not ended:  # not the system's own account: that begins with what this process had
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{child.pid}/status").read_text()
            largest = max([largest, *(int(kb) / 1024 for kb in re.findall(r"VmHWM:\s+(\d+)", status))])
        time.sleep(0.005)
        ended, code, usage = os.wait4(child.pid, os.WNOHANG)
    child.returncode = os.waitstatus_to_exitcode(code)
    if child.returncode:
        raise SystemExit(f"{line[0]} {' '.join(arguments)} ended with {child.returncode}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, largest


def csv_of(rows: int, folder: Path) -> Path:
    """Two numbers, a word and a label."""
    random, path = np.random.default_rng(2), folder / f"{rows}.csv"
    with path.open("w") as file:
        file.write("width,age,colour,kind\n")
        for first in range(0, rows, 10_000):
            width, age = random.normal(size=min(10_000, rows - first)), random.integers(0, 99, 10_000)
            file.writelines(
                f"{w:.6f},{a},{'rg'[a % 2]},{'ab'[a % 3 % 2]}\n" for w, a in zip(width, age, strict=False)
            )
    return path


def home_in(folder: Path) -> Path:
    """A home without an account: enough to look at data."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    settings = home / "settings.toml"
    settings.write_text(
        f'rpc = "http://127.0.0.1:1"\nchain_id = 1337\ncontract = "0x{"1" * 40}"\n'
        f'store = "embedded:{folder}/store"\naccount = "0x{"1" * 40}"\n'
    )
    settings.chmod(0o600)
    return home


def main() -> None:
    """Print a table in Markdown."""
    print("| what | mine-agent | mine-agent-js |\n| --- | --- | --- |")
    took = visits()
    print(
        "| digits visit, 2,048 bits, CPU s |",
        " | ".join(f"{statistics.median(took[name]):.2f}" for name in LINES),
        "|",
    )
    with tempfile.TemporaryDirectory() as folder:
        home = home_in(Path(folder))
        runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in LINES}
        for _ in range(TURNS):
            for name, line in LINES.items():
                runs[name].append(run(line, "data", "list", "--home", str(home)))
        for what, place in (("start-up and `data list`, s", 0), ("the same, CPU s", 1), ("the same, MB", 2)):
            print(
                f"| {what} |",
                " | ".join(f"{statistics.median(one[place] for one in runs[name]):.2f}" for name in LINES),
                "|",
            )
        for rows in ROWS:
            path = csv_of(rows, Path(folder))
            seen = {
                name: run(line, "data", "preview", str(path), "--home", str(home))
                for name, line in LINES.items()
            }
            print(
                f"| CSV of {rows:,} rows looked through, CPU s, MB |",
                " | ".join(f"{s:.1f}, {mb:.0f}" for _, s, mb in seen.values()),
                "|",
            )


if __name__ == "__main__":
    main()
