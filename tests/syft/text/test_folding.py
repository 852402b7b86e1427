"""The frozen table: what a word is, the same on every machine."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmined_syft.features.text.folding import frozen_folding
from tests.syft.text.unicode_table import UNICODE, assigned, folded, is_letter, is_symbol

FOLDING = frozen_folding()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cat, sat!", ["the", "cat", "sat"]),
        ("STRASSE Stra\u00dfe", ["strasse", "strasse"]),
        ("\uff26\uff55\uff4c\uff4c \u2460 \ufb01ne", ["full", "1", "fine"]),
        ("it's #Tag @me 3.5", ["it", "s", "tag", "me", "3", "5"]),
        ("\U0001f600\U0001f600ok \u2764\ufe0f", ["\U0001f600", "\U0001f600", "ok", "\u2764"]),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", ["\u0939\u093f\u0928\u094d\u0926\u0940"]),
        ("\ud55c\uad6d\uc5b4 \u6771\u4eac", ["\ud55c\uad6d\uc5b4", "\u6771\u4eac"]),
        ("soft\u00adhyphen zero\u200bwidth", ["softhyphen", "zero", "width"]),
        ("", []),
        ("\u2026 --- \ue000 \U0003fffe", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert FOLDING.words(text) == words


def test_a_letter_and_its_accent_are_the_same_however_they_are_written() -> None:
    assert FOLDING.words("caf\u00e9") == FOLDING.words("CAFE\u0301")


def test_the_table_is_what_its_unicode_says_of_every_code_point() -> None:
    """On another Unicode the code points that are in it, too, must be folded alike: it promises that."""
    version = unicodedata.unidata_version
    same = version == UNICODE
    assert same or tuple(map(int, version.split("."))) > tuple(map(int, UNICODE.split(".")))
    matched = 0
    for point in assigned():
        words = FOLDING.words(chr(point))
        if same or words:
            assert words == "".join(map(placed, folded(point))).split(), hex(point)
            matched += bool(words)
    assert matched > 140_000


def placed(character: str) -> str:
    point = ord(character)
    return character if is_letter(point) else f" {character} " if is_symbol(point) else " "


@given(st.text())
def test_what_was_folded_stays_as_it_is(text: str) -> None:
    words = FOLDING.words(text)
    assert FOLDING.words(" ".join(words)) == words
