"""Prove what can be proved of the compiled Sonar, and show that each proof can fail: `make prove`.

halmos runs the bytecode on symbols in place of values: a check that passes holds for all of them. Three kinds
of outcome are demanded: every `check_` passes with no loop cut short; every `reach_` has a counterexample (it
can happen, so the checks beside it are not empty); and with each fault of sabotage.py put in, its check
fails.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from foundry_project import make_project
from sabotage import FAULTS, Fault, sabotaged

from tests.json_types import JsonObject

ROOT = Path(__file__).parent.parent.parent
BUILD = ROOT / "build" / "prove"
TOOLS = BUILD / "tools"
HALMOS = BUILD / "venv" / "bin"
CONTRACTS = ("OnlyCapsule", "Induction", "Payout", "ConcreteTerms", "Claim", "Settlement")
SECONDS_PER_QUERY = 120
SECONDS_PER_RUN = 600
PASSED, COUNTEREXAMPLE = 0, 1
OUTCOMES = {PASSED: "holds", COUNTEREXAMPLE: "counterexample", 2: "time-out", 3: "stuck", 4: "always reverts"}


def halmos(project: Path, contract: str, checks: str, *options: str) -> list[JsonObject]:
    """Run halmos on one contract of checks; its results.

    Raises:
        RuntimeError: it wrote none.
    """
    output = project / "results.json"
    output.unlink(missing_ok=True)
    command = [str(HALMOS / "halmos"), "--root", str(project), "--contract", contract, "--function", checks]
    command += ["--storage-layout", "generic", "--solver-timeout-assertion", f"{SECONDS_PER_QUERY}s"]
    command += ["--no-status", "--json-output", str(output), *options]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_PER_RUN,
    )
    if not output.exists():
        raise RuntimeError(
            f"halmos gave no results for {contract}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
    (results,) = json.loads(output.read_text())["test_results"].values()
    return sorted(results, key=lambda result: str(result["name"]))


def judge(contract: str, result: JsonObject) -> JsonObject:
    """One line of the report: what came out, and whether it is what was demanded."""
    name = str(result["name"]).partition("(")[0]
    outcome = OUTCOMES.get(result["exitcode"], "failed")
    if result["num_bounded_loops"]:
        outcome = "a loop was cut short"
    demanded = OUTCOMES[COUNTEREXAMPLE if name.startswith("reach_") else PASSED]
    paths, seconds = result["num_paths"][0], result["time"][0]
    line = {"check": f"{contract}.{name}", "outcome": outcome, "paths": paths, "seconds": round(seconds, 1)}
    return line | {"as_demanded": outcome == demanded}


def show(line: JsonObject) -> None:
    """Print one line of the report."""
    sign = "ok  " if line["as_demanded"] else "FAIL"
    details = f"{line['paths']:>4} paths {line['seconds']:>6} s" if "paths" in line else ""
    print(f"{sign} {line['check']:60} {line['outcome']:16} {details}", flush=True)


def prove(only: str) -> list[JsonObject]:
    """Every check on the contract as it is."""
    project = BUILD / "project"
    make_project(project, ROOT, TOOLS)
    lines = []
    for contract in CONTRACTS:
        if only in contract:
            results = halmos(project, contract, "check_")
            if (project / "test" / f"{contract}.t.sol").read_text().count("function reach_"):
                results += halmos(project, contract, "reach_", "--early-exit")
            for result in results:
                lines.append(judge(contract, result))
                show(lines[-1])
    return lines


def prove_integers() -> JsonObject:
    """What is left to whole numbers."""
    program = str(Path(__file__).with_name("integers.py"))
    done = subprocess.run([str(HALMOS / "python"), program], capture_output=True, text=True, check=False)
    print(done.stdout + done.stderr, end="", flush=True)
    good = done.returncode == 0
    return {"check": "integers", "outcome": OUTCOMES[PASSED] if good else "failed", "as_demanded": good}


def break_once(fault: Fault) -> JsonObject:
    """One fault put in: its check must find a counterexample."""
    folder = BUILD / "sabotage"
    project = BUILD / "sabotaged-project"
    make_project(project, sabotaged(ROOT, fault, folder), TOOLS)
    results = halmos(project, fault.contract, f"{fault.check}\\(", "--early-exit")
    outcome = OUTCOMES.get(results[0]["exitcode"], "failed")
    line = {
        "check": f"fault: {fault.name}",
        "outcome": outcome,
        "noticed_by": f"{fault.contract}.{fault.check}",
    }
    return line | {"as_demanded": outcome == OUTCOMES[COUNTEREXAMPLE]}


def main() -> int:
    """Exit code 0 if all came out as demanded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="contracts of checks whose name contains this")
    parser.add_argument("--no-sabotage", action="store_true", help="leave the faults out")
    arguments = parser.parse_args()
    # forge and its solc, the solvers, and node (which may be the virtual environment's own).
    folders = [str(TOOLS / "bin"), str(HALMOS), str(Path(sys.executable).parent)]
    os.environ["PATH"] = os.pathsep.join([*folders, os.environ["PATH"]])
    os.environ["NODE_PATH"] = str(TOOLS / "node_modules")
    begun = time.monotonic()
    lines = prove(arguments.only)
    lines.append(prove_integers())
    show(lines[-1])
    for fault in () if arguments.no_sabotage else FAULTS:
        if arguments.only in fault.contract:
            lines.append(break_once(fault))
            show(lines[-1])
    shutil.rmtree(BUILD / "sabotage", ignore_errors=True)
    shutil.rmtree(BUILD / "sabotaged-project", ignore_errors=True)
    report = {"seconds": round(time.monotonic() - begun), "lines": lines}
    (BUILD / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    failed = [line["check"] for line in lines if not line["as_demanded"]]
    print(f"{len(lines) - len(failed)} of {len(lines)} as demanded, in {report['seconds']} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
