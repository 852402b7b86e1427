"""The archive that X (Twitter) hands out to its users: `data/tweets.js` and its parts, as a folder.

Each file is a line of JavaScript, `window.YTD.tweets.part0 = [...]`; all numbers in it are texts.

`hashtag` is a post's first one, in small letters and without its sign: a label. A model that is to name it
must not read it, so `text_without_hashtags` is there, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, ClassVar

from mine_agent.data.adapters.collections.documents import Document, batches_of
from mine_agent.data.adapters.collections.folders import digest_of_folder, require_folder
from mine_agent.data.adapters.strangers_json import parse_strangers_json
from pysonar.protocol.schema.errors import FileFormatError
from pysonar.tables.source import Batch
from pysonar.tables.text_files import open_binary

LARGEST_PART = 1 << 29  # bytes; X cuts an archive into parts of about 100 MB
_MOST_DIGITS = 18  # of a count
_NAMES = ("tweets.js", "tweet.js", "tweets-part*.js", "tweet-part*.js")
_COLUMNS = (
    "date", "text", "text_without_hashtags", "hashtag", "language", "favorites", "retweets", "reply",
    "hashtags", "mentions", "links", "characters", "words", "hour", "weekday",
)  # fmt: skip


class XArchive:
    """One unpacked archive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = folder.name

    def columns(self) -> list[str]:
        """Text, counts and time of each post; `weekday` 0 for Monday, `hour` in UTC."""
        return list(_COLUMNS)

    def remarks(self) -> list[str]:
        """Its parts."""
        return [f"an archive of X in {len(parts_of(self._folder))} parts"]

    def digest(self) -> bytes:
        """SHA-256 of names and bytes of the parts."""
        return digest_of_folder(self._folder, iter(parts_of(self._folder)))

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The posts, in the archive's order."""
        return batches_of(self._documents(), columns, self.columns(), self.name)

    def _documents(self) -> Iterator[Document | str]:
        parts = parts_of(self._folder)
        if not parts:
            raise FileFormatError(f"{self.name}: no data/tweets.js; unpack the whole archive")
        for path in parts:
            for entry in _posts(path):
                post = entry.get("tweet", entry) if isinstance(entry, dict) else None
                made = _document(post) if isinstance(post, dict) else None
                yield made if made is not None else f"({path.name}) is not a post"


def parts_of(folder: Path) -> list[Path]:
    """The files with posts: in `data/`, or in the folder itself as older archives have them."""
    places = [folder / "data", folder]
    found = [path for place in places for name in _NAMES for path in sorted(place.glob(name))]
    return [path for path in found if path.is_file() and not path.is_symlink()]


def _posts(path: Path) -> list[Any]:
    with open_binary(path) as file:
        content = file.read(LARGEST_PART + 1)
    if len(content) > LARGEST_PART:
        raise FileFormatError(f"{path.name}: larger than {LARGEST_PART} bytes")
    start = content.find(b"[")
    try:
        posts = parse_strangers_json(content[start:].rstrip(b"; \r\n\t"))
    except ValueError:
        raise FileFormatError(f"{path.name}: not a list of posts; download the archive again") from None
    if start < 0 or not isinstance(posts, list):
        raise FileFormatError(f"{path.name}: not a list of posts; download the archive again")
    return posts


def _document(post: Mapping[str, Any]) -> Document | None:
    text = post.get("full_text", post.get("text"))
    if not isinstance(text, str):
        return None
    entities = post.get("entities")
    entities = entities if isinstance(entities, dict) else {}
    date = _date(post.get("created_at"))
    tags = _hashtags(entities.get("hashtags"))
    values = {
        "date": date.isoformat() if date else None,
        "text": text,
        "text_without_hashtags": _without(text, tags),
        "hashtag": tags[0].casefold() if tags else None,
        "language": post.get("lang"),
        "favorites": _number(post.get("favorite_count")),
        "retweets": _number(post.get("retweet_count")),
        "reply": post.get("in_reply_to_status_id") is not None or post.get("in_reply_to_user_id") is not None,
        "hashtags": _length(entities.get("hashtags")),
        "mentions": _length(entities.get("user_mentions")),
        "links": _length(entities.get("urls")),
        "hour": date.hour if date else None,
        "weekday": date.weekday() if date else None,
    }
    return Document(values, text)


def _date(value: object) -> Any:
    """`Wed Nov 26 12:00:00 +0000 2026`, the year last."""
    parts = str(value).split()
    if len(parts) != 6:
        return None
    try:
        return parsedate_to_datetime(f"{parts[0]}, {parts[2]} {parts[1]} {parts[5]} {parts[3]} {parts[4]}")
    except (ValueError, TypeError):
        return None


def _number(value: object) -> int | None:
    digits = str(value) if isinstance(value, int | str) else ""
    return int(digits) if digits.isdecimal() and len(digits) <= _MOST_DIGITS else None


def _hashtags(entries: object) -> list[str]:
    """The post's hashtags, without their sign."""
    listed = entries if isinstance(entries, list) else []
    found = [entry.get("text") for entry in listed if isinstance(entry, dict)]
    return [tag for tag in found if isinstance(tag, str) and tag]


def _without(text: str, tags: Sequence[str]) -> str:
    """The text without its hashtags, whatever their capitals."""
    if not tags:
        return text
    named = "|".join(map(re.escape, tags))
    return re.sub(rf"[#\uff03](?:{named})(?!\w)", " ", text, flags=re.IGNORECASE)


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0


class XArchiveAdapter:
    """An unpacked archive of X (Twitter)."""

    kind: ClassVar[str] = "x-archive"
    live: ClassVar[bool] = False
    options: ClassVar[Mapping[str, str]] = {}

    def takes(self, location: str) -> bool:
        """A folder with data/tweets.js."""
        path = Path(location)
        return path.is_dir() and bool(parts_of(path))

    def source(self, location: str, options: Mapping[str, str]) -> XArchive:  # noqa: ARG002
        """The folder at a path."""
        require_folder(Path(location), "an unpacked archive of X")
        return XArchive(Path(location))
