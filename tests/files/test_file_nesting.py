"""How deeply JSON is nested is found without reading it, and as a plain reader finds it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.files.nesting import nested_deeper


def depth(document: str) -> int:
    """Character by character, in and out of texts."""
    deepest = at = 0
    in_text = escaped = False
    for character in document:
        if escaped:
            escaped = False
        elif in_text:
            escaped = character == "\\"
            in_text = character != '"'
        elif character == '"':
            in_text = True
        elif character in "[{":
            at += 1
            deepest = max(deepest, at)
        elif character in "]}":
            at -= 1
    return deepest


JSON = st.recursive(
    st.none() | st.integers() | st.text('[]{}\\"ab\n\u20ac'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('[{"\\}]a'), inner),
)


@given(JSON, st.booleans())
def test_brackets_in_texts_do_not_count(value: object, in_ascii: bool) -> None:
    document = json.dumps(value, ensure_ascii=in_ascii)
    deepest = depth(document)
    assert not nested_deeper(document.encode(), deepest)
    assert deepest == 0 or nested_deeper(document.encode(), deepest - 1)


@pytest.mark.parametrize("before", ["", '"', '"\\', '{"[": "]", "a": ', '["\\"", '])
def test_what_is_no_json_is_as_deep_as_its_brackets(before: str) -> None:
    assert nested_deeper((before + "[" * 100).encode(), 64)
