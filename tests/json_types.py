"""What the tests read and write as JSON or TOML."""

from __future__ import annotations

from typing import Any

JsonObject = dict[str, Any]
"""An object as a file or an answer holds it: what is behind a key only who asked for it knows."""
