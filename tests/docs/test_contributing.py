"""What CONTRIBUTING.md shows is tried: its commands are targets, its examples are run."""

from __future__ import annotations

import json
import re
import sys
import tomllib
import types
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mine_agent.data.adapters import registry
from mine_agent.data.datasets import DataShelf
from mine_agent.errors import DataError
from mine_agent.home import Home
from mine_agent.rules.policy_file import FirstAnswers
from pysonar.party.cli.console import App
from pysonar.party.home.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    """The page's blocks of that language, without the indentation of the list they stand in."""
    return [
        "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))
        for indent, named, body in BLOCK.findall(PAGE)
        if named == language
    ]


def as_module(name: str, program: str, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = types.ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(program, f"CONTRIBUTING.md: {name}", "exec"), module.__dict__)  # noqa: S102
    return module


def test_every_make_command_is_a_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = re.findall(r"`make ([a-z- ]+)`|^make ([a-z-]+)", PAGE, re.MULTILINE)
    asked = {target for words in named for target in " ".join(words).split()}
    assert len(asked) >= 10
    assert asked <= targets


def test_the_adapter_shown_reads_data_and_names_what_it_cannot_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (program,) = (block for block in blocks("python") if "Adapter:" in block)
    ((kind, value),) = tomllib.loads(blocks("toml")[0])["project"]["entry-points"][
        "openmined.adapters"
    ].items()
    as_module(value.split(":")[0], program, monkeypatch)
    entry = EntryPoint(kind, value, "openmined.adapters")
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    place = tmp_path / "people.fwf"
    place.write_text(
        "height age member colour kind\n182.5  41  true   red    a\n160.25 30  false  blue   b\n"
    )
    shelf = DataShelf(tmp_path / "shelf")
    widths = {"widths": "7,4,7,7,5"}
    assert registry.adapter_for(str(place)).kind == "fixed-width"
    data = shelf.add("people", place, replace=False, options=widths)
    assert data.rows == 2
    for bad in ({}, {"widths": "7,x"}, {"width": "7"}):
        with pytest.raises(DataError, match="width"):
            shelf.add("bad", place, replace=False, options=bad)
    place.write_text("")
    with pytest.raises(DataError, match="empty"):
        shelf.add("bad", place, replace=False, options=widths)


def test_the_command_shown_prints_a_table_and_json_and_refuses_as_all_commands_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = "0x" + "11" * 20
    settings = Settings(
        rpc="http://127.0.0.1:1",
        chain_id=1,
        contract=nobody,
        store=f"embedded:{tmp_path}/store",
        account=nobody,
    )
    home = Home.create(tmp_path / "home", settings, FirstAnswers())
    (program,) = (block for block in blocks("python") if "@command" in block)
    app = App(name="mine-agent", help="One command.")
    app.command()(as_module("mine_agent.cli.where", program, monkeypatch).where)
    shown = CliRunner().invoke(app, ["where", "--home", str(home.path)])
    assert (shown.exit_code, home.address in shown.stdout) == (0, True)
    printed = CliRunner().invoke(app, ["where", "--home", str(home.path), "--format", "json"])
    assert json.loads(printed.stdout) == {"home": str(home.path), "account": home.address}
    assert CliRunner().invoke(app, ["where", "--home", str(home.path / "nowhere")]).exit_code == 1
