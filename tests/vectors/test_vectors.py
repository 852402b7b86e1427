"""The vectors are what this implementation gives: whatever moves one of them moves the protocol."""

from __future__ import annotations

import json

import pytest

from tests.vectors.files import FILES, FOLDER, as_text


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_vectors_says_what_this_implementation_does(name):
    made = as_text(FILES[name]())
    stored = (FOLDER / name).read_text(encoding="utf-8")
    assert json.loads(made) == json.loads(stored), f"vectors/{name} has moved; see docs/protocol.md"


def test_every_file_of_vectors_is_made_by_something():
    assert {path.name for path in FOLDER.glob("*.json")} == set(FILES)
