"""A Foundry project that holds the compiled Sonar as bytes, for halmos to reason about.

The bytes are what Vyper makes of a source tree. Their storage slots and the places of the packed fields go
along as constants, read from that same tree, so that the proofs follow the contract when its layout moves.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
EVM_VERSION = "cancun"
FOUNDRY = """[profile.default]
src = "src"
test = "test"
out = "out"
solc = "{solc}"
evm_version = "cancun"
ast = true
offline = true
optimizer = false
"""


def make_project(folder: Path, tree: Path, tools: Path) -> None:
    """Write the project for the Sonar of a source tree, and compile it.

    Args:
        folder: of the project; emptied first.
        tree: holds `contracts/`.
        tools: where ci/forge/install put forge and solc.

    Raises:
        ValueError: tests/prove/checks/ISonar.sol does not match the contract's functions.
        subprocess.CalledProcessError: a compiler refused.
    """
    runtime, layout, methods = _vyper(tree)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "src").mkdir(parents=True)
    (folder / "test").mkdir()
    for source in (HERE / "checks").glob("*.sol"):
        shutil.copy(source, folder / "test" / source.name)
    (folder / "test" / "SonarCode.sol").write_text(_library(runtime, layout, tree))
    (folder / "foundry.toml").write_text(FOUNDRY.format(solc=tools / "bin" / "solc"))
    # The same options as halmos uses: it then finds everything compiled.
    options = ["--ast", "--root", str(folder), "--extra-output", "storageLayout", "metadata"]
    subprocess.run([str(tools / "bin" / "forge"), "build", *options], check=True, capture_output=True)
    _check_selectors(folder, methods)


def _vyper(tree: Path) -> tuple[str, dict[str, dict[str, int]], dict[str, str]]:
    command = [sys.executable, "-m", "vyper", "-p", str(tree), "--evm-version", EVM_VERSION]
    formats = "bytecode_runtime,layout,method_identifiers"
    done = subprocess.run(
        [*command, "-f", formats, "contracts/Sonar.vy"], cwd=tree, check=True, capture_output=True, text=True
    )
    runtime, layout, methods = done.stdout.strip().split("\n")
    return runtime.removeprefix("0x"), json.loads(layout)["storage_layout"], json.loads(methods)


def _library(runtime: str, layout: dict[str, dict[str, int]], tree: Path) -> str:
    """The Solidity library SonarCode."""
    constants = {f"{name.strip('_').upper()}_SLOT": entry["slot"] for name, entry in layout.items()}
    words = _words_of("Record", (tree / "contracts/Sonar.vy").read_text())
    constants |= {f"RECORD_{name.upper()}": place for place, name in enumerate(words)}
    slots = (tree / "contracts/modules/slots.vy").read_text()
    constants |= {
        name: int(value)
        for name, value in re.findall(r"^([A-Z]\w*): constant\(uint256\) = (\d+) *(?:#.*)?$", slots, re.M)
    }
    lines = [f"    uint256 internal constant {name} = {value};" for name, value in constants.items()]
    return "\n".join(
        [
            "// SPDX-License-Identifier: GPL-3.0-or-later",
            "pragma solidity 0.8.30;",
            "library SonarCode {",
            *lines,
            f'    bytes internal constant RUNTIME = hex"{runtime}";',
            "}",
            "",
        ]
    )


def _words_of(struct: str, source: str) -> list[str]:
    """The members of a struct in their order in storage; those of a struct inside it in place of it."""
    body = re.search(rf"^struct {struct}:\n((?:    .*\n)+)", source, re.M)
    if body is None:
        raise ValueError(
            f"contracts/Sonar.vy has no `struct {struct}`: the proofs read its members by their order"
        )
    words: list[str] = []
    for name, kind in re.findall(r"^    (\w+): *(\w+)", body[1], re.M):
        words += _words_of(kind, source) if f"\nstruct {kind}:" in source else [name]
    return words


def _check_selectors(folder: Path, methods: dict[str, str]) -> None:
    built = json.loads((folder / "out/ISonar.sol/ISonar.json").read_text())["methodIdentifiers"]
    ours = {(name.split("(")[0], int(selector, 16)) for name, selector in built.items()}
    theirs = {(name.split("(")[0], int(selector, 16)) for name, selector in methods.items()}
    if ours != theirs:
        raise ValueError(
            f"tests/prove/checks/ISonar.sol does not match the contract: {sorted(ours ^ theirs)}"
        )
