"""The notebooks of the three roles, cell by cell, on one chain: a model is trained, delivered and paid."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.json_types import JsonObject

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
PRELUDE = """
import subprocess, sys, time
from pathlib import Path
def _shell(line):
    subprocess.run(line, shell=True, check=True)
def _wait_for_the_end(name):
    Path(f"build/iris/{name}.ready").touch()
    while not Path("build/iris/end").exists():
        time.sleep(0.2)
"""


def cells(notebook: Path) -> list[JsonObject]:
    """Its cells of code."""
    found = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def script_of(notebook: Path, port: str) -> str:
    """The cells as one program; those tagged "stop" run when everything else is over."""
    parts, ended = [PRELUDE], False
    for cell in cells(notebook):
        if "stop" in cell["metadata"].get("tags", ()) and not ended:
            parts.append(f"_wait_for_the_end({notebook.stem!r})")
            ended = True
        source = "".join(cell["source"]).replace("8545", port)
        parts.append(re.sub(r"^!(.*)$", lambda line: f"_shell(f{line[1]!r})", source, flags=re.MULTILINE))
    return "\n".join(parts)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_what_it_printed(notebook: Path) -> None:
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells(notebook))
    compile(script_of(notebook, "8545"), notebook.name, "exec")


@pytest.mark.slow
def test_the_notebooks_of_all_roles_run_side_by_side(checkout: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    setup = re.findall(r"```sh\n(.*?)```", README.split("\n## Walkthroughs\n")[1], re.DOTALL)[0]
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("OPENMINED_", "APE_", "PYTEST_", "VIRTUAL_ENV"))
    } | {
        "PATH": f"{checkout}/.venv/bin:{checkout}/build/node/bin:{os.environ['PATH']}",
        "APE_DATA_FOLDER": f"{checkout}/build/ape",
    }
    (checkout / "build/iris").mkdir(parents=True, exist_ok=True)
    (checkout / "setup.sh").write_text("set -euo pipefail\n" + setup.replace("8545", port))
    compiled = ROOT / ".build"
    if compiled.is_dir():  # the contract need not be compiled anew
        shutil.copytree(compiled, checkout / ".build", dirs_exist_ok=True)
    running: dict[str, subprocess.Popen[bytes]] = {}

    def begin(name: str, command: list[str]) -> subprocess.Popen[bytes]:
        log = (checkout / f"{name}.out").open("wb")
        running[name] = subprocess.Popen(
            command, cwd=checkout, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        return running[name]

    def notebook(name: str) -> subprocess.Popen[bytes]:
        file = checkout / f"{name}.py"
        file.write_text(script_of(ROOT / f"docs/notebooks/{name}.ipynb", port))
        return begin(name, [sys.executable, str(file)])

    def logs() -> str:
        return "".join(f"--- {name}\n{(checkout / f'{name}.out').read_text()}" for name in running)

    try:
        assert begin("setup", ["bash", "setup.sh"]).wait(600) == 0, logs()
        capsule = notebook("capsule")
        ready, until = checkout / "build/iris/capsule.ready", time.monotonic() + 300
        while not ready.exists() and capsule.poll() is None and time.monotonic() < until:
            time.sleep(0.2)
        assert ready.exists(), logs()
        scientist, mine = notebook("scientist"), notebook("mine")
        assert scientist.wait(600) == 0, logs()
        (checkout / "build/iris/end").touch()
        assert (mine.wait(60), capsule.wait(60)) == (0, 0), logs()
        assert (checkout / "build/iris/notebook.safetensors").exists()
        assert "promised" in (checkout / "mine.out").read_text()
    finally:
        for process in running.values():  # with all that it left running
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
