"""A checkout may lie anywhere: `make` and the scripts of ci/ work in a folder whose path has spaces, brackets
or an apostrophe, and letters of other alphabets.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = sorted(set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M)))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make` and the scripts of ci/ read, where people keep such things."""
    folder = tmp_path_factory.mktemp("my projects (2026)") / "Größe & co's"
    shutil.copytree(ROOT / "ci", folder / "ci")
    for name in ("Makefile", "pyproject.toml", *(path.name for path in ROOT.glob("requirements*"))):
        shutil.copy(ROOT / name, folder / name)
    casefold = "openmined_syft/features/text/unicode_14.json"  # which Mine.js is built with
    for name in ("web/package-lock.json", "mine_js/package-lock.json", casefold, *locks_of_benchmarks()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def locks_of_benchmarks() -> list[str]:
    return [str(path.relative_to(ROOT)) for path in (ROOT / "benchmarks").glob("*.lock")]


def run(checkout: Path, *command: str, path: str | None = None) -> str:
    """What the command prints, in that folder, if it ends well."""
    environment = os.environ | ({} if path is None else {"PATH": path})
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_command_of_make_names_the_folder_as_one_word(checkout: Path) -> None:
    assert {"setup", "demo", "test", "screenshots", "chaos", "lint"} <= set(TARGETS)
    printed = run(checkout, "make", "--no-print-directory", "-n", *TARGETS)  # by make itself, with MAKEFLAGS
    for line in printed.replace("\\\n", " ").splitlines():
        if str(checkout) in line:
            named = [word for word in shlex.split(line) if str(checkout) in word]
            assert len(named) == line.count(str(checkout)), line


def test_python_anvil_and_kubo_are_found_from_there(checkout: Path) -> None:
    programs = checkout / "my programs"
    programs.mkdir()
    for name in ("anvil", "ipfs"):
        program = programs / name
        program.write_text("#!/bin/sh\necho 'version 1'\n")
        program.chmod(0o755)
    on_path = f"{programs}:{os.environ['PATH']}"

    python = run(checkout, "ci/find-python", path=on_path).strip()
    assert run(checkout, python, "-c", "import sys; print(sys.version_info >= (3, 11))") == "True\n"
    run(checkout, "ci/install-anvil", sys.executable, path=on_path)
    assert run(checkout, "build/node/bin/anvil", "--version") == "version 1\n"
    assert run(checkout, "ci/kubo/build", path=on_path).strip() == str(programs / "ipfs")
    assert (checkout / "build" / "kubo").is_dir()
