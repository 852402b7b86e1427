"""Real Kubo daemons, as the tests of the Python stores have them, and Mine.js to ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mine.mine_commands import is_built
from tests.mine_js.alike.asking import Ask, asking
from tests.store.conftest import ipfs_binary, swarm

__all__ = ["ipfs_binary", "swarm"]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """`ask({"store": setting, "do": method, ...})`: see `store.mjs`."""
    if not is_built():
        pytest.skip("Mine.js is not built: make build/stamps/mine-js")
    with asking("../../stores/store.mjs") as answered:
        yield answered
