"""`python -m benchmarks`: measure every row in a process of its own, write RESULTS.md and ratios.png.

Us and the peer of a row share that process. `--only` runs one group and prints its rows as JSON lines.
"""

import argparse
import importlib
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.measure import Row
from benchmarks.report import draw, write_report

GROUPS = {
    "paillier": "benchmarks.rows.paillier",
    "visit": "benchmarks.rows.visit",
    "limit": "benchmarks.rows.limit",
    "ahead": "benchmarks.rows.ahead",
    "rlwe": "benchmarks.rows.rlwe",
    "rlwe-large": "benchmarks.rows.rlwe_large",
    "simulation": "benchmarks.rows.simulation",
    "tenseal": "benchmarks.rows.tenseal",
    "mlp": "benchmarks.rows.mlp",
}
SIZES = {
    "paillier": (2048, 3072),
    "visit": (2048,),
    "limit": (2048,),
    "ahead": (2048,),
    "rlwe": (2048,),
    "rlwe-large": (2048,),
    "simulation": (0,),
    "tenseal": (2048, 3072),
    "mlp": (0,),
}
FOLDER = Path(__file__).parent
MEASURED = FOLDER / "results.json"
PROJECT = FOLDER.parent / ".venv" / "bin" / "python"
WHOLE = {"simulation"}
"""Groups that need the whole project, which `make bench`'s own environment does not hold."""


def run_group(name: str, bits: int) -> list[Row]:
    """All rows of a group, measured in a new process."""
    python = str(PROJECT) if name in WHOLE else sys.executable
    command = [python, "-m", "benchmarks", "--only", name, "--bits", str(bits)]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=FOLDER.parent).stdout
    return [Row(**json.loads(line)) for line in lines.splitlines() if line.startswith("{")]


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--only", choices=GROUPS)
    parser.add_argument("--bits", type=int, default=2048)
    parser.add_argument("--again", action="store_true", help="write the report from the last measurements")
    arguments = parser.parse_args()
    if arguments.only:
        for row in importlib.import_module(GROUPS[arguments.only]).rows(arguments.bits):
            print(row.as_json())
        return
    rows: list[Row] = []
    if arguments.again:
        rows = [Row(**values) for values in json.loads(MEASURED.read_text())]
    else:
        for name, sizes in SIZES.items():
            for bits in sizes:
                print(f"measuring {name}{f' at {bits} bit' if bits else ''} ...", flush=True)
                rows += run_group(name, bits)
        MEASURED.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    text = write_report(rows, FOLDER / "RESULTS.md")
    draw(rows, FOLDER / "ratios.png")
    print(text)


main()
