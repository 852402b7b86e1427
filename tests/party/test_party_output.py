"""Output on every terminal, in every pipe, on a full disk: readable, whole, and never the end of the work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest
from rich.console import Console

from pysonar.party.cli.output import showable
from pysonar.party.cli.tables import print_pairs, print_table

PROGRAM = """
import sys, typer
from pathlib import Path
from pysonar.party.cli.console import *
from pysonar.party.cli.console import App
app = App(name="work", help="A command line of the tests — with a dash.")
ROWS = [{"campaign": "0x" + "ab" * 32, "title": "Größe \u2026 数", "note": None} for _ in range(3)]
LABELS = {"campaign": "campaign", "title": "title", "note": "note"}
@app.command()
@command
def listing(form: FormatOption = Format.TABLE) -> None:
    "List."
    print_rows(ROWS, LABELS, form=form)
@app.command()
@command
def tell() -> None:
    "A line of a log."
    print_event({"event": "told"}, "word " * 60 + "end", form=Format.TABLE)
    note("word " * 60 + "end")
@app.command()
@acting
def send(log: Path, form: FormatOption = Format.TABLE) -> None:
    "Send."
    print_event({"event": "before"}, "before", form=form)
    log.write_text("sent")
    print_record(ROWS[0], LABELS, form=form)
    print_event({"event": "after"}, "Größe \u2026 数", form=form)
app()
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A command line with a command that only prints and one that sends."""
    path = tmp_path / "work.py"
    path.write_text(PROGRAM)
    return path


def run(
    program: Path,
    *arguments: object,
    encoding: str = "utf-8",
    columns: str = "",
    stdout: int | IO[bytes] = subprocess.PIPE,
) -> tuple[int, str, str]:
    environment = os.environ | {"PYTHONIOENCODING": encoding, "COLUMNS": columns}
    done = subprocess.run(
        [sys.executable, str(program), *map(str, arguments)],
        env=environment, check=False, stdout=stdout, stderr=subprocess.PIPE,
    )  # fmt: skip
    said = [
        text if isinstance(text, str) else (text or b"").decode(encoding)
        for text in (done.stdout, done.stderr)
    ]
    return done.returncode, said[0], said[1]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "ascii"])
def test_every_encoding_gets_what_it_can_show(program: Path, tmp_path: Path, encoding: str) -> None:
    for command in (("listing",), ("send", tmp_path / "log"), ("--help",)):
        code, out, err = run(program, *command, encoding=encoding)
        assert (code, err) == (0, ""), command
    code, out, _ = run(program, "listing", "--format", "json", encoding=encoding)
    assert code == 0
    assert json.loads(out)[0]["title"] == "Größe … 数"  # JSON loses nothing in any encoding


@pytest.mark.parametrize("form", ["table", "json"])
def test_what_was_sent_is_no_failed_command_on_a_full_disk(program: Path, tmp_path: Path, form: str) -> None:
    with Path("/dev/full").open("wb") as full:
        code, _, err = run(
            program, "send", tmp_path / "log", "--format", form,
            stdout=full,
        )  # fmt: skip
        assert code == 0, err
        assert (tmp_path / "log").read_text() == "sent"
        assert "some output could not be written (No space left on device); what was sent is sent" in err
        code, _, err = run(program, "listing", "--format", form, stdout=full)
    assert code == 1
    assert "error: the output cannot be written: No space left on device" in err
    assert "Traceback" not in err


def test_nobody_reads_any_more(program: Path, tmp_path: Path) -> None:
    for command, code in ((("listing",), 0), (("send", tmp_path / "log"), 0)):
        read, write = os.pipe()
        os.close(read)
        found, _, err = run(program, *command, stdout=write)
        os.close(write)
        assert found == code, err
        assert "Traceback" not in err
    assert (tmp_path / "log").read_text() == "sent"


def test_without_any_standard_output_or_error_the_work_is_done(program: Path, tmp_path: Path) -> None:
    command = f'"{sys.executable}" "{program}" send "{tmp_path / "log"}" >&- 2>&-'
    assert subprocess.run(["sh", "-c", command], check=False).returncode == 0
    assert (tmp_path / "log").read_text() == "sent"


def test_a_pipe_has_80_columns_or_as_many_as_it_is_given_and_breaks_no_id(program: Path) -> None:
    campaign = "0x" + "ab" * 32
    for columns in ("", "wide", "0", "80"):
        _, out, _ = run(program, "listing", columns=columns)
        assert max(map(len, out.splitlines())) <= 80
        assert [line.count(campaign) for line in out.splitlines()].count(1) == 3
    _, out, _ = run(program, "listing", columns="120")
    assert [line.count(campaign) for line in out.splitlines()] == [0, 1, 1, 1]


@pytest.mark.parametrize("columns", ["20", "80"])
def test_a_line_of_a_log_stays_one_line_however_narrow_the_console(program: Path, columns: str) -> None:
    environment = os.environ | {"COLUMNS": columns}
    done = subprocess.run(
        [sys.executable, str(program), "tell"], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == done.stderr == "word " * 60 + "end\n"


def test_version_and_completion_are_there(program: Path) -> None:
    code, out, _ = run(program, "--version")
    assert (code, out.strip()) == (0, "0.1.0")
    assert "--show-completion" in run(program, "--help")[1]


def printed(width: int, rows: list[dict[str, object]]) -> str:
    console = Console(width=width, record=True, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    print_table(console, rows, {"campaign": "campaign", "phase": "phase", "left": "left"})
    return console.export_text()


def test_a_table_that_fits_is_a_table_and_one_that_does_not_breaks_no_word() -> None:
    rows: list[dict[str, object]] = [
        {"campaign": "0x" + "ab" * 32, "phase": "waits for Capsule", "left": "3d 4h"},
        {"campaign": "0x" + "cd" * 32, "phase": "open", "left": None},
    ]
    wide, narrow = printed(120, rows), printed(80, rows)
    assert len(wide.splitlines()) == 3
    assert "0x" + "ab" * 32 in narrow
    assert "waits for Capsule" in narrow
    assert max(len(line.rstrip()) for line in narrow.splitlines()) <= 80


def test_only_the_last_column_has_several_lines_as_long_as_there_is_room_for_its_words() -> None:
    rows: list[dict[str, object]] = [
        {"campaign": "0x1234", "phase": "open", "left": "it lacks this and that " * 5}
    ]
    lines = [line.rstrip() for line in printed(60, rows).splitlines()]
    assert lines[0].split() == ["campaign", "phase", "left"]
    assert lines[1].startswith("0x1234    open   it lacks this")
    assert all(len(line) <= 60 for line in lines)
    assert " ".join(" ".join(lines[1:]).split()) == "0x1234 open " + ("it lacks this and that " * 5).strip()
    assert printed(30, rows).splitlines()[0].split() == ["campaign", "0x1234"]
    rows[0]["left"] = "x" * 50
    assert printed(60, rows).splitlines()[0].split() == ["campaign", "0x1234"]


def test_where_room_is_scarce_empty_columns_go_and_several_long_ones_share_it() -> None:
    console = Console(width=80, record=True, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    rows = [
        {"at": 1_764_158_400, "title": "a title of some words " * 2, "why": "some reason " * 4, "note": None}
    ]
    show = {"at": lambda _: "2025-11-26 12:00:00 UTC"}
    print_table(console, rows, {"at": "at", "note": "note", "title": "title", "why": "why"}, show=show)
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    assert lines[0].split() == ["at", "title", "why"]
    assert all(len(line) <= 80 for line in lines)
    assert lines[1].startswith("2025-11-26 12:00:00 UTC  a title"), "a number is not put on two lines"
    assert 2 < len(lines) < 6


def test_what_only_illustrates_is_cut_before_anything_is_wrapped() -> None:
    console = Console(width=60, record=True, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    rows = [{"name": "casing of the pump", "samples": "steel, cast iron, bronze, brass, something else"}]
    print_table(console, rows, {"name": "name", "samples": "for instance"}, cut="samples")
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    assert lines[1].startswith("casing of the pump  steel, cast iron")
    assert (len(lines), lines[1][-1], len(lines[1])) == (2, "…", 60)


def test_a_record_leaves_out_what_it_lacks() -> None:
    rows: list[dict[str, object]] = [{"campaign": "0x" + "ab" * 32, "phase": "open for long", "left": None}]
    rows.append({**rows[0], "left": "3d"})
    lines = [line.rstrip() for line in printed(40, rows).splitlines()]
    assert [line.split()[0] for line in lines if line and line[0] != " "] == [
        "campaign", "phase", "campaign", "phase", "left",
    ]  # fmt: skip


def test_a_long_text_is_wrapped_between_words_and_a_long_id_has_its_own_line() -> None:
    console = Console(width=60, record=True, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    print_pairs(console, {"Id": "0x" + "ab" * 28, "About": "some words that go on " * 5, "Path": "/x" * 40})
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    assert lines[0] == "Id"
    assert lines[1] == "  0x" + "ab" * 28
    assert lines[2].startswith("About  some words")
    assert all(len(line) <= 60 for line in lines[:-1])
    assert lines[-1] == "  " + "/x" * 40


def test_an_unknown_encoding_is_taken_for_the_poorest() -> None:
    assert showable("a…ü", "no such codec") == "a...?"
