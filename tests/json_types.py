"""What the tests read and write as JSON or TOML."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = Any
"""Whatever JSON can say; a test says what it finds there by what it asserts."""

JsonObject = dict[str, Json]
"""An object as a file or an answer holds it: what is behind a key only who asked for it knows."""
