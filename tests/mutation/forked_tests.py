"""The tests of Sonar, collected once; each mutant then gets a fork of this process to run them in.

To start Python, pytest and titanoboa takes longer than to kill most mutants. A fork finds everything imported
and collected, compiles the mutant in memory, and runs the tests from the most promising on until one fails.
"""

import gc
import json
import os
import resource
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperDeployer
from hypothesis import HealthCheck, settings
from vyper.compiler import CompilerData
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings
from vyper.exceptions import VyperException
from vyper.ir import compile_ir

from tests.mutation.mutants import Mutant

ROOT = Path(__file__).parents[2]
SONAR = "contracts/Sonar.vy"
KILLED, HUNG, SURVIVED = "killed", "killed by hanging", "survived"
UNCHANGED, NO_CODE = "same code", "does not compile"
# A mutant may take this many times the seconds that the unchanged contract takes for all tests.
PATIENCE = 4


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: the test that failed, if one did, and the seconds it took."""

    mutant: Mutant
    outcome: str
    test: str
    seconds: float


def compiled(folder: Path) -> CompilerData:
    """Sonar as compiled from a folder that holds `contracts/`.

    Raises:
        VyperException: it does not compile.
    """
    bundle = FilesystemInputBundle([folder])
    with bundle.search_path(folder):
        data = CompilerData(bundle.load_file(SONAR), bundle, settings=Settings(evm_version="cancun"))
    data.bytecode, data.bytecode_runtime  # noqa: B018  (lazy: compiles)
    return data


def write_tree(folder: Path, mutant: Mutant | None) -> None:
    """The contracts, with the mutant's file in place of its original."""
    for source in (ROOT / "contracts").rglob("*.vy*"):
        copy = folder / source.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
    if mutant is not None:
        (folder / mutant.path).write_text(mutant.source, encoding="utf-8")


class ForkedTests:
    """A pytest plugin: in place of running what was collected, it runs `work` with itself."""

    def __init__(
        self, jobs: int, nearest: Callable[[Mutant], str], work: Callable[["ForkedTests"], None]
    ) -> None:
        self.jobs, self.nearest, self.work = jobs, nearest, work
        self.kills: Counter[str] = Counter()
        self.runtime = b""
        self.limit = 3600
        self.items: list[pytest.Item] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Everything is collected: prepare what all forks share, and begin."""
        if session.testsfailed:
            raise session.Interrupted("the tests cannot be collected")
        from tests.contracts import boa_stage

        self.items = session.items
        self.runtime = compiled(ROOT).bytecode_runtime
        for mock in sorted((ROOT / "contracts/mocks").rglob("[A-Z]*.vy")):
            boa_stage.source(mock.stem)
        gc.collect()
        gc.freeze()
        self.work(self)
        return True

    def unchanged(self) -> Fate:
        """The contract as it is: all tests must pass, and tell how long a mutant may take."""
        nobody = Mutant(SONAR, 0, "", "", "", (ROOT / SONAR).read_text(encoding="utf-8"))
        fate = next(self.fates([nobody], keep_unchanged=True))
        self.limit = max(30, round(PATIENCE * fate.seconds))
        return fate

    def fates(self, mutants: list[Mutant], *, keep_unchanged: bool = False) -> Iterator[Fate]:
        """What becomes of each, in the order in which that is known."""
        waiting = list(mutants)
        running: dict[int, tuple[Mutant, int]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.jobs:
                    mutant = waiting.pop(0)
                    pid, answer = self.fork(mutant, keep_unchanged)
                    running[pid] = (mutant, answer)
                pid, status, used = os.wait4(-1, 0)
                if pid in running:
                    mutant, answer = running.pop(pid)
                    yield self.judge(mutant, answer, status, used.ru_utime + used.ru_stime)
        finally:
            for pid in running:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def judge(self, mutant: Mutant, answer: int, status: int, seconds: float) -> Fate:
        """Read a finished fork's answer."""
        with os.fdopen(answer) as pipe:
            text = pipe.read()
        if os.WIFSIGNALED(status):
            return Fate(mutant, HUNG, "", seconds)
        said = json.loads(text)
        if said["outcome"] == "error":
            raise RuntimeError(f"{mutant}\n{said['test']}")
        if said["outcome"] == KILLED:
            self.kills[said["test"]] += 1
        return Fate(mutant, said["outcome"], said["test"], seconds)

    def fork(self, mutant: Mutant, keep_unchanged: bool) -> tuple[int, int]:
        """Start the trial of one mutant; its process and where it will answer."""
        receiver, sender = os.pipe()
        pid = os.fork()
        if pid:
            os.close(sender)
            return pid, receiver
        try:
            os.close(receiver)
            gc.disable()
            resource.setrlimit(resource.RLIMIT_CPU, (self.limit, self.limit))
            signal.alarm(20 * self.limit)  # in case it waits for ever without computing
            try:
                said = self.trial(mutant, keep_unchanged)
            except BaseException:  # noqa: BLE001  (told to the parent, which raises)
                said = {"outcome": "error", "test": traceback.format_exc()}
            os.write(sender, json.dumps(said).encode())
        finally:
            os._exit(0)

    def trial(self, mutant: Mutant, keep_unchanged: bool) -> dict[str, str]:
        """In the fork: compile, compare, run tests until one fails."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_tree(folder, mutant)
            try:
                data = compiled(folder)
            except VyperException:
                return {"outcome": NO_CODE, "test": ""}
            if data.bytecode_runtime == self.runtime and not keep_unchanged:
                return {"outcome": UNCHANGED, "test": ""}
            os.chdir(folder)
            use_instead(data)
            failed = self.first_failure(mutant)
            os.chdir(ROOT)
        return {"outcome": KILLED if failed else SURVIVED, "test": failed}

    def first_failure(self, mutant: Mutant) -> str:
        """The first test that fails; empty if none does. The state machine comes last: it takes longest."""
        nearest = f"test_sonar_{self.nearest(mutant)}"

        def order(item: pytest.Item) -> tuple[bool, bool, int]:
            return ("stateful" in item.path.parts, item.path.stem != nearest, -self.kills[item.nodeid])

        items = sorted(self.items, key=order)
        session = items[0].session
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return item.nodeid
        return ""


def use_instead(data: CompilerData) -> None:
    """Let titanoboa load these bytes for Sonar, and the mocks that were compiled before the fork."""
    from tests.contracts import boa_stage

    data.source_map = compile_ir.assembly_to_evm(data.assembly_runtime)[1]
    sonar = VyperDeployer(data, filename=SONAR)
    load_partial = boa.load_partial

    def prepared(path: str, *arguments: object, **options: object) -> VyperDeployer:
        if path == SONAR:
            return sonar
        if path.startswith("contracts/mocks/"):
            return boa_stage.source(Path(path).stem)
        return load_partial(path, *arguments, **options)

    boa.interpret.disable_cache()
    boa.load_partial = prepared
    boa.load = lambda path, *arguments, **options: prepared(path).deploy(*arguments, **options)


def collect(pages: list[Path], plugin: ForkedTests) -> int:
    """Run pytest on the pages with the plugin; its exit code, and its output only where that is not 0."""
    settings.register_profile(
        "mutation", deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    settings.load_profile("mutation")
    options = ["-q", "-s", "--no-header", "-p", "no:ape_test", "-c", str(ROOT / "pyproject.toml")]
    selected = ["-k", "not foundry_too and not many_random", *map(str, pages)]
    with tempfile.TemporaryFile() as output:
        kept = os.dup(1)
        os.dup2(output.fileno(), 1)
        try:
            code = int(pytest.main([*options, "--rootdir", str(ROOT), *selected], plugins=[plugin]))
        finally:
            sys.stdout.flush()  # else what waits there would be printed before the answer
            os.dup2(kept, 1)
            os.close(kept)
        if code:
            output.seek(0)
            print(output.read().decode())
    return code
