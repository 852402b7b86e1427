"""TOML and JSON that people write, read strictly: what has two meanings is refused by name, never guessed.

The canonical JSON of artifacts is another matter (`pysonar.protocol.canonical`).
"""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path
from typing import Any

from pysonar.files.nesting import MOST_DEPTH, nested_deeper
from pysonar.files.text import UnreadableFileError, normal, read_text


def read_document(path: Path, *, most_bytes: int) -> dict[str, Any]:
    """The keys and values of a file: JSON if its name ends in .json, else TOML.

    Raises:
        FileNotFoundError: there is none.
        UnreadableFileError: it is not text, not a document of that kind, or it has a key twice, more than
            `MOST_DEPTH` levels of brackets, or a number that is infinite or none (NaN).
    """
    text = read_text(path, most_bytes=most_bytes)
    return parse_json(text, str(path)) if path.suffix.lower() == ".json" else parse_toml(text, str(path))


def normalised(value: Any) -> Any:
    """The same with every text and key in the one form that equal words share (`normal`)."""
    if isinstance(value, str):
        return normal(value)
    if isinstance(value, list):
        return [normalised(item) for item in value]
    if isinstance(value, dict):
        return {normal(key): normalised(item) for key, item in value.items()}
    return value


def parse_json(text: str, source: str) -> dict[str, Any]:
    """The object of a JSON text; errors as `read_document`."""

    def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in pairs:
            if key in made:
                raise UnreadableFileError(source, f"the key {key!r} appears twice; remove one of the two")
            made[key] = value
        return made

    if nested_deeper(text.encode("utf-8", "surrogatepass"), MOST_DEPTH):
        raise _too_deep(source)
    try:
        found = json.loads(text, object_pairs_hook=each_key_once)
    except json.JSONDecodeError as error:
        raise UnreadableFileError(
            source, f"it is not JSON (line {error.lineno}, column {error.colno})"
        ) from None
    except ValueError:  # the interpreter refuses to read more than some 4,000 digits
        raise UnreadableFileError(source, "it holds a number with thousands of digits") from None
    return _document(found, source, "JSON")


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """The keys and values of a TOML text; errors as `read_document`."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = str(error).rpartition("(")[2].rstrip(")")
        twice = "a key appears twice" if "overwrite" in str(error) or "twice" in str(error) else "not TOML"
        raise UnreadableFileError(source, f"{twice} ({place})") from None
    except RecursionError:
        raise _too_deep(source) from None
    except ValueError:
        raise UnreadableFileError(source, "it holds a number with thousands of digits") from None
    return _document(found, source, "TOML")


def _document(found: Any, source: str, kind: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise UnreadableFileError(source, f"it is {kind}, but not keys and values")
    waiting = [(found, "", 1)]
    while waiting:
        value, key, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise _too_deep(source)
        if isinstance(value, dict):
            within = f"{key}." if key else ""
            waiting += [(inner, f"{within}{name}", depth + 1) for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(inner, f"{key}[{place}]", depth + 1) for place, inner in enumerate(value)]
        elif isinstance(value, float) and not math.isfinite(value):
            raise UnreadableFileError(source, f"{key} is {value}; a finite number is expected")
    return found


def _too_deep(source: str) -> UnreadableFileError:
    return UnreadableFileError(source, f"it has more than {MOST_DEPTH} levels of brackets")
