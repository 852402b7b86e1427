"""Text as people save it and as strangers write it: read by one function, shown by one function."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.files.documents import parse_json, parse_toml, read_document
from pysonar.files.nesting import MOST_DEPTH
from pysonar.files.text import UnreadableFileError, decode, normal, one_line, read_text, shown, spellings

TEXT = 'title = "Größe & co\'s, naïve 数"\n'
CODECS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.mark.parametrize("codec", CODECS)
def test_the_same_words_in_every_encoding_of_unicode(tmp_path: Path, codec: str) -> None:
    (tmp_path / "plan.toml").write_bytes(TEXT.encode(codec))
    assert read_text(tmp_path / "plan.toml", most_bytes=1000) == TEXT
    assert read_document(tmp_path / "plan.toml", most_bytes=1000) == {"title": "Größe & co's, naïve 数"}


@pytest.mark.parametrize("codec", CODECS)
def test_json_is_read_by_the_same_rule_as_toml(tmp_path: Path, codec: str) -> None:
    (tmp_path / "plan.JSON").write_bytes('{"title": "ä"}'.encode(codec))
    assert read_document(tmp_path / "plan.JSON", most_bytes=1000) == {"title": "ä"}


def test_latin_1_is_named_with_line_and_bytes() -> None:
    with pytest.raises(UnreadableFileError, match=r"plan\.toml: line 2 holds bytes that are not UTF-8.*0xfc"):
        decode(b"a = 1\nb = '\xfc'\n", source="plan.toml")


def test_files_that_are_too_long_missing_or_no_files(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * 11)
    assert len(read_text(tmp_path / "long", most_bytes=11)) == 11
    with pytest.raises(UnreadableFileError, match="longer than 10 bytes"):
        read_text(tmp_path / "long", most_bytes=10)
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read_text(tmp_path, most_bytes=10)
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "none", most_bytes=10)


@given(st.text(max_size=50))
def test_every_spelling_of_a_passphrase_has_the_same_normal_form(text: str) -> None:
    forms = list(spellings(text))
    assert forms[0] == normal(text)
    assert text.removeprefix("\ufeff") in forms
    assert len(forms) == len(set(forms))
    assert {normal(form) for form in spellings(normal(text))} <= {normal(text), "\ufeff" + normal(text)}
    assert unicodedata.is_normalized("NFC", forms[0])


@pytest.mark.parametrize("sign", ["\x1b", "\x9b", "\r", "\u202e", "\u2066", "\x00", "\ud800"], ids=ascii)
def test_what_strangers_write_is_shown_without_commands(sign: str) -> None:
    assert shown(f"a{sign}[2Jb") == "a\ufffd[2Jb"
    assert shown("a\n\tb") == "a  b"
    assert shown("a\n\tb", lines=True) == "a\n\tb"


def test_one_line_is_cut_where_it_gets_long() -> None:
    assert one_line("a\n\n  b", 5) == "a b"
    assert one_line("x" * 9, 9) == "x" * 9
    assert one_line("x" * 10, 9) == "x" * 6 + "..."


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"bounty": "1 ETH", "bounty": "9 ETH"}', "the key 'bounty' appears twice"),
        ('{"a": {"b": 1, "b": 1}}', "the key 'b' appears twice"),
        ('{"a": NaN}', "a is nan; a finite number"),
        ('{"fields": [{"clip": [-1, Infinity]}]}', r"fields\[0\]\.clip\[1\] is inf"),
        ('{"a": 1e999}', "a is inf"),
        ("[" * 100_000, "levels of brackets"),
        ('{"a": ' + "[" * MOST_DEPTH + "]" * MOST_DEPTH + "}", "levels of brackets"),
        ('{"a": ' + "9" * 5000 + "}", "thousands of digits"),
        ("[1]", "not keys and values"),
        ("{", "not JSON .line 1"),
    ],
    ids=range(10),
)
def test_json_with_two_meanings_or_none_is_refused_by_name(text: str, why: str) -> None:
    with pytest.raises(UnreadableFileError, match=why):
        parse_json(text, "plan.json")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = 1\na = 2\n", "a key appears twice .at line 2"),
        ("a = nan", "a is nan"),
        ("[x]\nb = [1, -inf]", r"x\.b\[1\] is -inf"),
        ("a = " + "[" * 100_000, "levels of brackets"),
        ("a = " + "9" * 5000, "thousands of digits"),
        ("a = ", "not TOML .at"),
    ],
    ids=range(6),
)
def test_toml_with_two_meanings_or_none_is_refused_by_name(text: str, why: str) -> None:
    with pytest.raises(UnreadableFileError, match=why):
        parse_toml(text, "plan.toml")


def test_as_deep_as_is_allowed_is_read() -> None:
    deep = "[" * (MOST_DEPTH - 2) + "]" * (MOST_DEPTH - 2)
    assert parse_json(f'{{"a": {deep}}}', "x") == parse_toml(f"a = {deep}", "x")


def test_brackets_are_counted_before_parsing_whatever_the_recursion_limit() -> None:
    """Libraries raise the limit for the whole process; the parser in C would then end it."""
    code = (
        "import sys; sys.setrecursionlimit(100_000)\n"
        "from pysonar.files.documents import parse_json\n"
        "from pysonar.files.text import UnreadableFileError\n"
        "try:\n    parse_json('[' * 100_000, 'plan.json')\n"
        "except UnreadableFileError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, "levels of brackets" in done.stdout) == (0, True)
