"""What the installed Vyper compiler makes of contracts/Sonar.vy, with the settings of ape-config.yaml."""

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import vyper

ROOT = Path(__file__).parent.parent
SOURCE = "contracts/Sonar.vy"
EVM_VERSION = "cancun"


@dataclass(frozen=True)
class Compiled:
    """One compilation of Sonar. It has no immutables: the run-time code is what the chain must hold."""

    runtime: bytes
    integrity: str
    layout: dict[str, Any]
    compiler: str = vyper.__version__
    evm_version: str = EVM_VERSION

    @property
    def runtime_sha256(self) -> str:
        return hashlib.sha256(self.runtime).hexdigest()


@cache
def compile_sonar() -> Compiled:
    """Compile Sonar from source (about a second)."""
    printed = subprocess.run(
        [
            *(sys.executable, "-m", "vyper", "-p", str(ROOT), "--evm-version", EVM_VERSION),
            *("-f", "bytecode_runtime,integrity,layout", SOURCE),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    runtime, integrity, layout = printed.strip().split("\n")
    return Compiled(bytes.fromhex(runtime.removeprefix("0x")), integrity, json.loads(layout))
