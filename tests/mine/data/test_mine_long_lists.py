"""Lists of columns and fields stay short unless all are wanted, and leave out what needs no look."""

from __future__ import annotations

from pathlib import Path

from mine_agent.cli.data.options import FEW, mapping_rows, sentences_of
from mine_agent.home import Home
from pysonar.chain.contract.sonar import Sonar
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.mine.mine_commands import MineCommand


def suggestion(field: str, **changed: object) -> JsonObject:
    sure = {"column": field, "factor": None, "round": False, "values": None, "why": "", "doubt": None}
    return {"field": field, **sure, **changed}


def test_guesses_and_fields_without_a_column_are_never_left_out() -> None:
    fields = [suggestion(f"f{place}") for place in range(40)]
    fields[30] = suggestion("f30", doubt="its name is only a little alike")
    fields[35] = suggestion("f35", column=None)
    shown, more = mapping_rows(fields, all_of_them=False)
    assert (len(shown), more) == (FEW, 40 - FEW)
    assert [row["field"] for row in shown] == [*(f"f{place}" for place in range(FEW - 2)), "f30", "f35"]
    shown, more = mapping_rows(fields, all_of_them=True)
    assert ([row["field"] for row in shown], more) == ([row["field"] for row in fields], 0)


def test_what_a_mapping_changes_is_told_in_a_few_words() -> None:
    words = "; ".join(f"w{place} = c" for place in range(5))
    given = [suggestion("a"), suggestion("b", factor=0.1, round=True), suggestion("c", values=words)]
    shown, _ = mapping_rows(given, all_of_them=False)
    assert [row["changed"] for row in shown] == [None, "x 0.1 rounded", "w0 = c; w1 = c; w2 = c and 2 more"]
    assert mapping_rows(given, all_of_them=True)[0][2]["changed"] == words


def test_a_sentence_that_is_true_of_several_campaigns_is_said_once() -> None:
    one, two, *others = [{"campaign": f"0x{digit * 64}", "changed": ["gaps"]} for digit in "abcde"]
    assert sentences_of([one, {**two, "changed": ["gaps", "commas"]}]) == [
        "0xaaaaaaaa, 0xbbbbbbbb: gaps",
        "0xbbbbbbbb: commas",
    ]
    assert sentences_of([one, two, *others]) == ["0xaaaaaaaa, 0xbbbbbbbb and 3 more: gaps"]


def test_add_and_preview_show_the_first_columns_unless_all_are_wanted(
    mine_agent: MineCommand, node: Anvil, sonar: Sonar, tmp_path: Path
) -> None:
    home, wide = tmp_path / "home", tmp_path / "wide.csv"
    place = ["--rpc", node.url, "--contract", sonar.address, "--store", f"embedded:{tmp_path / 'store'}"]
    assert mine_agent("init", "--home", home, *place).exit_code == 0
    names = [f"column_{place:02}" for place in range(FEW + 5)]
    wide.write_text(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    for command in (["preview", wide], ["add", "wide", wide]):
        told = mine_agent("data", *command, "--home", home)
        assert [name for name in names if name in told.stdout] == names[:FEW]
        assert "and 5 more columns; --all shows them" in told.stderr
        replace = ["--replace"] if command[0] == "add" else []
        told = mine_agent("data", *command, *replace, "--all", "--home", home)
        assert [name for name in names if name in told.stdout] == names
        assert "--all" not in told.stderr
    assert len(Home.open(home).data().get("wide").names) == len(names)
