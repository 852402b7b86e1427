"""What the mine asks its owner, and when: only where somebody sees the question and can answer it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mine_agent.home import Home
from pysonar.chain.contract.sonar import Sonar
from tests.conftest import Anvil
from tests.mine.mine_commands import CHOSEN, MineCommand, line_of

FLOWERS = "size,kind\n5.1,setosa\n7.0,versicolor\n"
SECONDS = 60


@pytest.fixture
def home(mine_agent: MineCommand, node: Anvil, sonar: Sonar, tmp_path: Path) -> Path:
    """A home with the data set `flowers`."""
    made = tmp_path / "home"
    place = ["--rpc", node.url, "--contract", sonar.address, "--store", f"embedded:{tmp_path / 'store'}"]
    assert mine_agent("init", "--home", made, *place).exit_code == 0
    (tmp_path / "flowers.csv").write_text(FLOWERS)
    (tmp_path / "flowers.toml").write_text('[length]\ncolumn = "size"\n')
    assert mine_agent("data", "add", "flowers", tmp_path / "flowers.csv", "--home", made).exit_code == 0
    return made


def in_terminal(arguments: list[object], *, typed: bytes, shown: bool) -> tuple[int, str]:
    """The command with a terminal that a person types on; `shown`: the person sees standard error there,
    otherwise the program that started it keeps both outputs to itself. Its exit code and standard error.
    """
    terminal, theirs = os.openpty()
    try:
        os.write(terminal, typed)
        done = subprocess.run(
            [*line_of(CHOSEN), *map(str, arguments)],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs if shown else subprocess.PIPE,
            timeout=SECONDS,
        )
        said = os.read(terminal, 1 << 16) if shown else done.stderr
        return done.returncode, said.decode()
    finally:
        os.close(terminal)
        os.close(theirs)


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 1), (b"\n", 1), (b"\x04", 1), (b"y\n", 0)])
def test_a_mapping_is_kept_when_its_owner_says_yes(
    home: Path, tmp_path: Path, answer: bytes, code: int
) -> None:
    line: list[object] = ["data", "map", "flowers", "--file", tmp_path / "flowers.toml", "--home", home]
    ended, said = in_terminal(line, typed=answer, shown=True)
    assert "Keep this mapping? [y/N]:" in said
    assert ended == code, said
    assert (Home.open(home).data().get("flowers").mapping is not None) == (code == 0)


def test_a_question_that_nobody_sees_is_not_asked(home: Path, tmp_path: Path) -> None:
    """A demo or a script in a terminal hands its input on, but reads the output itself."""
    for line in (
        ["data", "add", "again", tmp_path / "flowers.csv", "--home", home],
        ["data", "map", "flowers", "--file", tmp_path / "flowers.toml", "--home", home],
    ):
        ended, said = in_terminal(line, typed=b"", shown=False)
        assert (ended, "[y/N]" in said) == (0, False), said
    shelf = Home.open(home).data()
    assert shelf.get("again").rows == 2
    assert shelf.get("flowers").mapping is not None
