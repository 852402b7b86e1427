"""The shared looks of the command lines, and amounts as people write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from openmined_syft.errors import OpenMinedError
from pysonar.chain.errors import NodeDownError
from pysonar.party.cli.console import (
    Format,
    FormatOption,
    amount_option,
    command,
    note,
    print_error,
    print_event,
    print_record,
    print_rows,
    warn,
)
from pysonar.party.wording import short
from pysonar.protocol.amounts import (
    AmountError,
    format_ppm,
    format_seconds,
    format_wei,
    parse_ppm,
    parse_seconds,
    parse_wei,
)
from pysonar.protocol.artifacts import ArtifactError

app = typer.Typer()


class RefusedError(OpenMinedError):
    """A refusal without an exit code of its own."""


@app.command()
@command
def work(
    how: str,
    form: FormatOption = Format.TABLE,
    fee: Annotated[str, amount_option("--fee", help="an amount")] = "0 wei",
) -> None:
    """A command that ends as it is told."""
    match how:
        case "list":
            rows = [{"name": "[bold]a", "fee": parse_wei(fee), "note": None}]
            print_rows(
                rows, {"name": "Name", "fee": "Fee", "note": "Note"}, form=form, show={"fee": format_wei}
            )
        case "nothing":
            print_rows([], {"name": "Name"}, form=form)
        case "record":
            print_record({"name": "a", "id": b"\x01"}, {"name": "Name", "id": "Id"}, form=form)
        case "stream":
            print_event({"block": 1}, "block 1", form=form)
        case "refused":
            raise RefusedError("the thing is 3, expected 4")
        case "down":
            raise NodeDownError("http://127.0.0.1:1", "test")
        case "fault":
            raise RuntimeError("a secret in a text")
        case "disk":
            Path("/dev/null/home").mkdir()
        case "usage":
            raise typer.BadParameter("give one of two")
        case "interrupt":
            raise KeyboardInterrupt


runner = CliRunner()


def run(*arguments: str) -> Result:
    return runner.invoke(app, list(arguments))


def test_a_listing_as_table_and_as_json() -> None:
    table = run("list", "--fee", "1 gwei")
    assert table.exit_code == 0
    assert "[bold]a" in table.stdout
    assert "1 gwei" in table.stdout
    assert "—" in table.stdout
    listed = run("list", "--fee", "1 gwei", "--format", "json")
    assert json.loads(listed.stdout) == [{"name": "[bold]a", "fee": 10**9, "note": None}]


def test_an_empty_listing_is_still_json() -> None:
    assert json.loads(run("nothing", "--format", "json").stdout) == []
    assert run("nothing").stdout == ""
    assert "nothing to list" in run("nothing").stderr


def test_a_record_and_a_stream() -> None:
    assert json.loads(run("record", "--format", "json").stdout) == {"name": "a", "id": "0x01"}
    assert "0x01" in run("record").stdout
    assert json.loads(run("stream", "--format", "json").stdout) == {"block": 1}
    assert run("stream").stdout == "block 1\n"


@pytest.mark.parametrize(
    ("how", "code"), [("refused", 1), ("down", 3), ("fault", 1), ("disk", 1), ("interrupt", 130)]
)
def test_exit_codes_without_traceback(how: str, code: int) -> None:
    result = run(how)
    assert result.exit_code == code
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_our_errors_speak_and_foreign_ones_are_only_placed() -> None:
    assert run("refused").stderr == "error: the thing is 3, expected 4\n"
    fault = run("fault").stderr
    assert "RuntimeError at test_console.py:" in fault
    assert "secret" not in fault


def test_what_the_disk_refuses_is_named_and_is_no_fault_of_the_program() -> None:
    assert run("disk").stderr == "error: /dev/null/home: Not a directory\n"


def test_a_bad_amount_is_a_usage_error_that_says_what_is_right() -> None:
    for amount in ("10", "-1 ETH", "ETH", "1 ETH 2"):
        result = run("list", "--fee", amount)
        assert result.exit_code == 2
        assert "such as" in result.stderr


def test_a_usage_error_found_inside_a_command_is_one_too() -> None:
    result = run("usage")
    assert result.exit_code == 2
    assert "give one of two" in result.stderr


def test_short_keeps_both_ends() -> None:
    assert short("0x" + "a" * 38 + "bc") == "0xaaaaaa…aaaabc"
    assert short("0x1234") == "0x1234"


@pytest.mark.parametrize(
    ("text", "wei"),
    [
        ("10 ETH", 10**19),
        ("1gwei", 10**9),
        ("25 wei", 25),
        ("0", 0),
        ("0.000000000000000001 eth", 1),
        ("1.5 Gwei", 15 * 10**8),
    ],
)
def test_wei(text: str, wei: int) -> None:
    assert parse_wei(text) == wei


@pytest.mark.parametrize(
    "text", ["", "1", "ETH", "1,5 ETH", "1e3 wei", "0.5 wei", "0.0000000000000000001 ETH", "-1 wei", "٣ wei"]
)
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(AmountError, match="expected an amount with its unit"):
        parse_wei(text)


@pytest.mark.parametrize(
    ("text", "ppm"), [("90 %", 900_000), ("0.0001%", 1), ("100%", 10**6), ("900000 ppm", 900_000), ("0", 0)]
)
def test_ppm(text: str, ppm: int) -> None:
    assert parse_ppm(text) == ppm


@pytest.mark.parametrize("text", ["0.9", "90", "100.0001 %", "1000001 ppm", "0.00001 %", "-1 %"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(AmountError):
        parse_ppm(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30d", 2_592_000), ("1h30m", 5400), ("90 s", 90), ("2min", 120), ("1D", 86_400)]
)
def test_seconds(text: str, seconds: int) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "1y", "h", "1.5h", "-1h", "1h!"])
def test_what_is_no_span_of_time(text: str) -> None:
    with pytest.raises(AmountError):
        parse_seconds(text)


@given(st.integers(0, 10**30))
def test_what_is_shown_is_read_as_the_same(amount: int) -> None:
    assert parse_wei(format_wei(amount)) == amount
    assert parse_ppm(format_ppm(amount % 1_000_001)) == amount % 1_000_001


def test_amounts_are_shown_short() -> None:
    assert [format_wei(wei) for wei in (0, 25, 15 * 10**8, 10**19, 10**18 + 1, -(10**18))] == [
        "0 wei", "25 wei", "1.5 gwei", "10 ETH", "1.000000000000000001 ETH", "-1 ETH",
    ]  # fmt: skip
    assert [format_ppm(ppm) for ppm in (0, 1, 25_000, 10**6)] == ["0 %", "0.0001 %", "2.5 %", "100 %"]
    assert [format_seconds(s) for s in (-1, 0, 59.9, 5400, 90_061)] == ["0s", "0s", "59s", "1h 30m", "1d 1h"]


@pytest.mark.parametrize("sign", ["\x1b", "\x9b", "\x07", "\r", "\u202e", "\u2066"], ids=ascii)
def test_what_strangers_wrote_does_not_reach_the_terminal_as_a_command(
    sign: str, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = f"title{sign}[2Jgone"
    print_event({}, evil, form=Format.TABLE)
    print_rows([{"title": evil}], {"title": "Title"}, form=Format.TABLE)
    print_record({"title": evil}, {"title": "Title"}, form=Format.TABLE)
    print_error(ArtifactError("spec", f"input_schema.{sign}[2J", 1, "no such keyword"))
    warn(evil)
    note(evil)
    shown = "".join(capsys.readouterr())
    assert sign not in shown
    assert shown.count("\ufffd[2J") == 6
