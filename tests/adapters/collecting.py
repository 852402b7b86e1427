"""The same thousand texts and images, written as each kind of collection that people keep such things in."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from .conftest import RECORDS
from .writing import Told

SIDE = 8
LABELS = ("ferry", "rain", "tide")
_WORDS = (
    *("the", "boat", "waits", "for", "Grüße", "Köln,", "from", "captain", '"no"', "and;", "perhaps", "—"),
    *("naïve", "☔", "1,5", "or", "'two'", "cups"),
)


def made_texts() -> pa.Table:
    """Texts of several lines, with what separators and quotes are made of, sorted by their label."""
    random = np.random.default_rng(3)
    rows = []
    for number in range(RECORDS):
        chosen = random.choice(_WORDS, int(random.integers(3, 30))).tolist()
        half = len(chosen) // 2
        text = f"{number} {' '.join(chosen[:half])}\n{' '.join(chosen[half:])}\n"
        rows.append({"text": text, "label": LABELS[number * len(LABELS) // RECORDS]})
    return pa.Table.from_pylist(
        [{**row, "characters": len(row["text"]), "words": len(row["text"].split())} for row in rows]
    )


def _documents(texts: pa.Table) -> list[tuple[int, str, str]]:
    return [(at, row["text"], row["label"]) for at, row in enumerate(texts.to_pylist())]


def as_text_files(texts: pa.Table, folder: Path) -> Told:
    for at, text, label in _documents(texts):
        path = folder / "texts" / label / f"{at:04}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return str(folder / "texts"), {}


def _message(text: str, label: str) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"], message["X-Gmail-Labels"] = "a@example.org", "a day", label
    message.set_content(text)
    return message.as_bytes()


def as_mbox(texts: pa.Table, folder: Path) -> Told:
    envelope = b"From a@example.org Thu Nov 26 19:30:00 2026\n"
    path = folder / "people.mbox"
    path.write_bytes(
        b"".join(envelope + _message(text, label) + b"\n" for _, text, label in _documents(texts))
    )
    return str(path), {}


def as_maildir(texts: pa.Table, folder: Path) -> Told:
    """The first ones seen already, the later ones new."""
    for part in ("cur", "new", "tmp"):
        (folder / "mail" / part).mkdir(parents=True)
    for at, text, label in _documents(texts):
        name = f"cur/{at:04}.x:2,S" if at < RECORDS // 2 else f"new/{at:04}.x"
        (folder / "mail" / name).write_bytes(_message(text, label))
    return str(folder / "mail"), {}


def as_x_archive(texts: pa.Table, folder: Path) -> Told:
    """In two parts; the label is a post's hashtag."""
    data = folder / "x" / "data"
    data.mkdir(parents=True)
    posts = [
        {"tweet": {"full_text": f"{text}#{label}", "entities": {"hashtags": [{"text": label}]}}}
        for _, text, label in _documents(texts)
    ]
    for name, number, part in (("tweets.js", 0, posts[:600]), ("tweets-part1.js", 1, posts[600:])):
        (data / name).write_text(f"window.YTD.tweets.part{number} = {json.dumps(part)}")
    return str(folder / "x"), {}


X_MAPPING = '[text]\ncolumn = "text_without_hashtags"\n[label]\ncolumn = "hashtag"\n'

COLLECTIONS: dict[str, tuple[Callable[[pa.Table, Path], Told], str | None]] = {
    # name: how it is written, and the mapping that its columns need
    "text files": (as_text_files, None),
    "mbox": (as_mbox, None),
    "maildir": (as_maildir, None),
    "x-archive": (as_x_archive, X_MAPPING),
}

_LOSSLESS = ("png", "bmp", "tif", "pgm", "gif")


def made_images() -> pa.Table:
    """Grey images as rows of pixels, sorted by their label."""
    pixels = np.random.default_rng(4).integers(0, 256, (RECORDS, SIDE * SIDE))
    names = [f"pixel_{row}_{column}" for row in range(SIDE) for column in range(SIDE)]
    labels = [LABELS[number * len(LABELS) // RECORDS] for number in range(RECORDS)]
    return pa.table({name: pixels[:, at] for at, name in enumerate(names)} | {"label": labels})


def as_image_files(images: pa.Table, folder: Path) -> Told:
    """In each of the formats that keep every pixel, grey and coloured ones."""
    for at, row in enumerate(images.to_pylist()):
        label = row.pop("label")
        grey = Image.fromarray(np.array(list(row.values()), dtype=np.uint8).reshape(SIDE, SIDE))
        ending = _LOSSLESS[at % len(_LOSSLESS)]
        path = folder / "images" / label / f"{at:04}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        (grey.convert("RGB") if ending == "png" else grey).save(path)
    return str(folder / "images"), {"size": f"{SIDE}x{SIDE}"}
