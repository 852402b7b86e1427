"""Files that a command was asked to write: what stood there before goes, and that is said."""

from __future__ import annotations

from pathlib import Path

from pysonar.party.cli.console import note


def say_if_replaced(path: Path) -> None:
    """Called before a file is written to `path`."""
    if path.exists():
        note(f"{path} already existed and is replaced")


def write_text(path: Path, text: str) -> None:
    """Write a text of the user's choice of place."""
    say_if_replaced(path)
    path.write_text(text, encoding="utf-8")
