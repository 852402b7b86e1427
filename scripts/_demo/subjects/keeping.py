"""Labelled texts as their owners keep them: a CSV file, an mbox file, a maildir, an archive of X."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Labelled:
    """A text and its label."""

    text: str
    label: str


def write_csv(path: Path, rows: Sequence[Labelled], *, text: str, label: str) -> Path:
    """A table with the columns `text` and `label`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([text, label])
        writer.writerows([row.text, row.label] for row in rows)
    return path


def write_mbox(path: Path, rows: Sequence[Labelled]) -> Path:
    """A mail box as one file; the labels are those of Gmail."""
    began = b"From friend@example.org Wed Nov 25 12:00:00 2026\n"
    path.write_bytes(b"".join(began + _message(row).replace(b"\nFrom ", b"\n>From ") + b"\n" for row in rows))
    return path


def write_maildir(path: Path, rows: Sequence[Labelled]) -> Path:
    """A mail box as a folder with a file for each message."""
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True)
    for number, row in enumerate(rows):
        (path / "cur" / f"{number:06}.demo:2,S").write_bytes(_message(row))
    return path


def write_x_archive(folder: Path, rows: Sequence[Labelled]) -> Path:
    """An unpacked archive of X; the label is each post's hashtag."""
    (folder / "data").mkdir(parents=True)
    posts = [
        {
            "tweet": {
                "id_str": str(number),
                "created_at": f"Wed Nov {1 + number % 25:02} 12:00:00 +0000 2026",
                "full_text": f"{row.text} #{row.label}" if row.label else row.text,
                "favorite_count": "0",
                "retweet_count": "0",
                "lang": "en",
                "entities": {
                    "hashtags": [{"text": row.label, "indices": ["0", "0"]}] if row.label else [],
                    "user_mentions": [],
                    "urls": [],
                },
            }
        }
        for number, row in enumerate(rows)
    ]
    text = "window.YTD.tweets.part0 = " + json.dumps(posts, ensure_ascii=False)
    (folder / "data" / "tweets.js").write_text(text, encoding="utf-8")
    return folder


def _message(row: Labelled) -> bytes:
    """A message as it arrives, with lines of its own length."""
    text = f"""From: friend@example.org
To: owner@example.org
Date: Wed, 25 Nov 2026 12:00:00 +0000
Subject: A film that I saw
X-Gmail-Labels: {row.label}
MIME-Version: 1.0
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 8bit

{row.text}
"""
    return text.encode()
