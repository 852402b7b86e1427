"""Which branches of Sonar do the tests take? Counted on the bytecode: every conditional jump, both ways.

titanoboa's own coverage plugin cannot tell: it takes the body of an `if` for run when only its condition was,
and never sees one that was skipped. So the jumps in its traces are counted here, over the tests of
`tests/contracts`. A branch never taken is an error unless `untaken.json` says why nothing can take it; so is
a reason for branches that were all taken.

    python -m tests.contracts.cover.cover_sonar [--format json]
"""

import argparse
import contextlib
import itertools
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

os.environ["SONAR_STAGE"] = "titanoboa"

import boa
import pytest
from boa.environment import Env
from vyper import ast as vy_ast

FromVyper: TypeAlias = Any
"""Of the compiler, or of titanoboa: their classes say nothing of their types."""
ROOT = Path(__file__).parents[3]
REASONS = Path(__file__).parent / "untaken.json"
# Their subject is not what calls do, or they need a node.
LEFT_OUT = {"test_sonar_abi", "test_sonar_covered", "test_sonar_gas", "test_sonar_spec"}
WRITTEN = {"assert", "if", "ifexp", "boolop"}
JUMPI, PUSH1, PUSH32 = 0x57, 0x60, 0x7F


@dataclass(frozen=True)
class Branch:
    """One conditional jump in one direction, and the source that it comes from."""

    path: str
    line: int
    function: str
    what: str
    source: str
    jumps: bool

    @property
    def name(self) -> str:
        """How untaken.json calls it: no line, for lines move."""
        return f"{self.path}: {self.function}: {self.what}: {self.source}"


class Jumps:
    """Collects, as a pytest plugin, which way every conditional jump of Sonar went."""

    def __init__(self) -> None:
        self.runtime = b""
        self.pairs: set[tuple[int, int]] = set()
        self.data: FromVyper = None

    def pytest_sessionstart(self) -> None:
        """Watch every call that titanoboa executes."""
        # The usual cache names the files of whichever checkout compiled them first.
        boa.interpret.set_cache_dir(str(ROOT / "build/titanoboa"))
        sonar = boa.load_partial("contracts/Sonar.vy").compiler_data
        self.data, self.runtime = sonar, sonar.bytecode_runtime
        Env._coverage_enabled = True
        Env._trace_computation = self.watch(Env._lookup_contract_fast)

    def watch(self, look_up: FromVyper) -> FromVyper:
        def trace(env: FromVyper, computation: FromVyper, contract: FromVyper = None) -> None:
            if contract is not None and contract.compiler_data.bytecode_runtime == self.runtime:
                steps = computation.code._trace
                self.pairs.update(itertools.pairwise(steps))
            for child in computation.children:
                if child.msg.code_address != b"":
                    trace(env, child, look_up(env, child.msg.code_address))

        return trace


def conditional_jumps(code: bytes) -> Iterator[int]:
    """Where they are."""
    place = 0
    while place < len(code):
        if code[place] == JUMPI:
            yield place
        place += code[place] - PUSH1 + 2 if PUSH1 <= code[place] <= PUSH32 else 1


def branches(data: FromVyper) -> Iterator[tuple[tuple[int, int], Branch]]:
    """Every branch, with the pair of places in the bytecode that tells that it was taken."""
    code = data.bytecode_runtime
    nodes, made = data.source_map["pc_raw_ast_map"], data.source_map["error_map"]
    for place in conditional_jumps(code):
        node, what = nodes.get(place), made.get(place, "")
        if node is not None and (not what or what.startswith("user ")):
            what = type(node).__name__.lower()
        node = node or neighbour(nodes, place)
        path, function = source_of(node)
        source = node.node_source_code.strip().splitlines()[0]
        target = int.from_bytes(code[place - 2 : place])  # PUSH2 target JUMPI
        for jumps in (True, False):
            branch = Branch(path, node.lineno, function, what or "made by the compiler", source, jumps)
            yield (place, target if jumps else place + 1), branch


def neighbour(nodes: dict[int, FromVyper], place: int) -> FromVyper:
    """The source before a place that has none; after it where that before is another function's."""
    before = next((nodes[at] for at in range(place, 0, -1) if at in nodes), None)
    if before is None or isinstance(before, vy_ast.FunctionDef):
        return nodes[next(at for at in itertools.count(place) if at in nodes)]
    return before


def source_of(node: FromVyper) -> tuple[str, str]:
    """Path and function."""
    function = node if isinstance(node, vy_ast.FunctionDef) else node.get_ancestor(vy_ast.FunctionDef)
    path = Path(node.module_node.resolved_path).relative_to(ROOT).as_posix()
    return path, function.name if function else ""


def tally(every: list[Branch], untaken: list[Branch]) -> str:
    return f"{len(every) - len(untaken)} of {len(every)} taken"


def main() -> int:
    """Exit code 0 if every branch is taken or explained, 1 if not, 2 if the tests fail."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--format", choices=["text", "json"], default="text")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    jumps = Jumps()
    pages = [
        str(page) for page in sorted(ROOT.glob("tests/contracts/**/test_*.py")) if page.stem not in LEFT_OUT
    ]
    with contextlib.redirect_stdout(sys.stderr):
        if pytest.main(["-q", "-p", "no:ape_test", *pages], plugins=[jumps]):
            return 2
    reasons: dict[str, str] = json.loads(REASONS.read_text(encoding="utf-8"))
    every = dict(branches(jumps.data))
    untaken = [branch for pair, branch in every.items() if pair not in jumps.pairs]
    unexplained = [branch for branch in untaken if branch.name not in reasons]
    needless = sorted(set(reasons) - {branch.name for branch in untaken})
    parts = {
        title: tally(
            *(
                [branch for branch in some if (branch.what in WRITTEN) == written]
                for some in (every.values(), untaken)
            )
        )
        for title, written in (("written in the source", True), ("made by the compiler", False))
    }
    report = {
        "branches": parts,
        "untaken": [asdict(branch) | {"reason": reasons.get(branch.name)} for branch in untaken],
        "needless_reasons": needless,
    }
    if arguments.format == "json":
        print(json.dumps(report, indent=2))
    else:
        for branch in unexplained:
            print(f"never {'jumps' if branch.jumps else 'goes on'}: line {branch.line} of {branch.name}")
        for name in needless:
            print(f"needless reason: {name}")
        for title, text in parts.items():
            print(f"branches {title}: {text}")
        print(f"untaken and explained in {REASONS.name}: {len(untaken) - len(unexplained)}")
    return 1 if unexplained or needless else 0


if __name__ == "__main__":
    sys.exit(main())
