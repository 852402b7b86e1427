"""Does a test fail for every small mistake in the contract? Prints the mistakes that none notices.

Each mutant of `contracts/` is compiled and run against the tests of `tests/contracts` on titanoboa, and what
survives them against a short run of the state machine. A survivor is an error unless `survivors.json` gives
the reason why it is no mistake. All of it takes about an hour, so parts can be chosen:

    python tests/mutation/mutate_sonar.py [--every N] [--offset K] [--only contracts/Sonar.vy] [--lines A-B]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mutants import Mutant, mutants
from vyper.cli.vyper_compile import compile_files
from vyper.exceptions import VyperException

ROOT = Path(__file__).parents[2]
SOURCES = ["contracts/Sonar.vy", "contracts/modules/slots.vy", "contracts/modules/tokens.vy"]
REASONS = Path(__file__).parent / "survivors.json"
STEPS = "600"
PAGES = [
    *("slots", "open", "submit", "report", "payout", "reclaim", "end", "claim"),
    *("create", "tokens", "attacks"),
]
# Which tests most likely notice a mistake in a function: they run first.
NEAREST = {
    **dict.fromkeys(["register_capsule", "create_campaign", "_check", "_id", "campaign"], "create"),
    **dict.fromkeys(["cancel", "decline", "open_campaign", "_call_off"], "open"),
    **dict.fromkeys(["submit", "queued", "_entry"], "submit"),
    **dict.fromkeys(["report", "_paid"], "report"),
    **dict.fromkeys(["deliver", "settle", "_finished", "_owe"], "end"),
    **dict.fromkeys(["claim", "claimable", "owed", "_due"], "claim"),
    **dict.fromkeys(["_take", "_give"], "tokens"),
    "reclaim": "reclaim",
}


def compiles(folder: Path) -> bool:
    try:
        compile_files([folder / "contracts/Sonar.vy"], ["bytecode_runtime"], paths=[str(folder)])
    except VyperException:
        return False
    return True


def passes(folder: Path, *pages: str) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:ape_test"]
    command += ["-p", "no:boa_test", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), *pages]
    environment = {**os.environ, "SONAR_STAGE": "titanoboa", "SONAR_STEPS": STEPS}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=900)
    if done.returncode not in (0, 1):
        raise SystemExit(f"pytest itself failed:\n{done.stdout.decode()}{done.stderr.decode()}")
    return done.returncode == 0


def enclosing_function(mutant: Mutant) -> str:
    above = mutant.source.splitlines()[: mutant.line]
    names = [line.split("(")[0].removeprefix("def ") for line in above if line.startswith("def ")]
    return names[-1] if names else ""


def survives(mutant: Mutant, folder: Path) -> bool | None:
    """Whether no test fails; None if it does not compile."""
    shutil.rmtree(folder / "contracts", ignore_errors=True)
    shutil.copytree(ROOT / "contracts", folder / "contracts")
    (folder / mutant.path).write_text(mutant.source, encoding="utf-8")
    if not compiles(folder):
        return None
    nearest = NEAREST.get(enclosing_function(mutant), "slots")
    names = [nearest, *(name for name in PAGES if name != nearest)]
    pages = [str(ROOT / f"tests/contracts/test_sonar_{name}.py") for name in names]
    return passes(folder, *pages) and passes(folder, str(ROOT / "tests/stateful"), "-k", "behind")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="try each N-th mutant only")
    parser.add_argument("--offset", type=int, default=0, help="begin with the K-th of them")
    parser.add_argument("--only", choices=SOURCES, help="mutate one file")
    parser.add_argument("--lines", default="1-100000", help="mutate these lines, such as 200-300")
    chosen = parser.parse_args()
    first, last = map(int, chosen.lines.split("-"))
    reasons: dict[str, str] = json.loads(REASONS.read_text(encoding="utf-8"))
    paths = [chosen.only] if chosen.only else SOURCES
    every = [m for path in paths for m in mutants(path, (ROOT / path).read_text(encoding="utf-8"))]
    every = [m for m in every if first <= m.line <= last][chosen.offset :: chosen.every]
    counts = {"killed": 0, "does not compile": 0, "survived with a reason": 0, "SURVIVED": 0}
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for mutant in every:
            survived = survives(mutant, Path(folder))
            reason = reasons.get(f"{mutant.before.strip()}  ->  {mutant.after.strip()}")
            fate = {None: "does not compile", False: "killed"}.get(survived, "SURVIVED")
            if fate == "SURVIVED" and reason:
                fate = "survived with a reason"
            counts[fate] += 1
            if fate.startswith(("S", "survived")):
                print(f"{fate}: {mutant}{f' ({reason})' if reason else ''}", flush=True)
    print(f"{len(every)} mutants in {time.monotonic() - began:.0f} s: {counts}")
    return 1 if counts["SURVIVED"] else 0


if __name__ == "__main__":
    sys.exit(main())
