"""What mine_js/README.md shows is run: its commands, and its program."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from pysonar.chain.contract.deployment import Deployment
from pysonar.chain.contract.sonar import Sonar
from tests.conftest import Anvil
from tests.mine.mine_commands import MINE_JS, NODE, ROOT, is_built

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_built(), reason="Mine.js is not built: make build/stamps/mine-js"),
]
README = (ROOT / "mine_js" / "README.md").read_text()


def snippet(language: str) -> str:
    """The first block of the page in that language."""
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_commands_and_the_program_of_the_page_work(tmp_path: Path, node: Anvil, sonar: Sonar) -> None:
    manifest = Deployment(
        1337, sonar.address, 0, "0x00", "0.4.3", "cancun", "00", "00", {}, sonar.version
    ).write(tmp_path)
    (tmp_path / "flowers.csv").write_text("size,kind\n" + "1.5,a\n2.5,b\n" * 20)
    page = snippet("sh")
    for shown, here in (
        ("make build/stamps/mine-js\n", ""),  # it is built
        ("deployments/1337.json", str(manifest)),
        ("http://127.0.0.1:8545", node.url),
        ("$PWD/build/nodejs", str(ROOT / "build" / "nodejs")),
        ("mine_js/dist/bin.js", str(MINE_JS)),
        ("bin.js run --home mine", "bin.js run --once --home mine"),  # on the page it goes on for ever
    ):
        assert shown in page, shown
        page = page.replace(shown, here)
    # The account of `init` has no ether yet, and the doctor says so.
    page = page.replace("doctor --home mine", "doctor --home mine || true")
    told = subprocess.run(
        ["bash", "-euxc", page], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "flowers" in told.stdout + told.stderr

    program = snippet("ts").replace("/path/to/home", str(tmp_path / "mine"))
    assert '"@openmined/mine"' in program
    path = tmp_path / "program.ts"
    path.write_text(program.replace("@openmined/mine", str(MINE_JS.parent / "index.js")))
    environment = os.environ | {"OPENMINED_PASSPHRASE": "only for trying it out"}
    done = subprocess.run(
        [str(NODE), "--disable-warning=ExperimentalWarning", str(path)],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
