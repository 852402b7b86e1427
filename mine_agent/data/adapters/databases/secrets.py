"""Where the connection of a database comes from: the environment, or a file that only its owner can read.

Never from the command line, which other users of the machine see, and never from the registration: that names
the variable or the file, not what is in it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mine_agent.errors import DataError
from pysonar.files.secret_file import require_private
from pysonar.files.text import UnreadableFileError, read_text

MOST_BYTES = 64 * 1024
OPTIONS = {
    "connection_env": "name of the environment variable with the connection, or",
    "connection_file": "path of a file with it, readable by you alone (mode 0600)",
}


def connection_of(options: Mapping[str, str], *, what: str, example: str) -> str:
    """The connection text.

    Raises:
        DataError: neither or both are named, or the variable is empty.
        NotPrivateError: others can read the file.
    """
    variable, file = options.get("connection_env"), options.get("connection_file")
    if (variable is None) == (file is None):
        raise DataError(
            f"{what}: name where the connection is, with --set connection_env=VARIABLE or"
            f" --set connection_file=PATH; it looks like {example}"
        )
    if variable is not None:
        text = os.environ.get(variable, "").strip()
        if not text:
            raise DataError(f"{what}: the environment variable {variable} is not set; expected {example}")
        return text
    assert file is not None  # noqa: S101 - one of the two is given
    path = Path(file).expanduser()
    try:
        require_private(path)
        return read_text(path, most_bytes=MOST_BYTES).strip()
    except (OSError, UnreadableFileError):
        raise DataError(f"{what}: {path} cannot be read; expected a file with {example}") from None


def refuse_secret(location: str, *, scheme: str) -> None:
    """Raises DataError for a location that may hold a password: it would be written down and shown."""
    rest = location.partition(":")[2]
    if "@" in rest or "/" in rest or "=" in rest:
        raise DataError(
            f"the place of a database is {scheme}:NAME, a name of your own; the connection itself, which may"
            " hold a password, belongs into --set connection_env=VARIABLE or connection_file=PATH"
        )
