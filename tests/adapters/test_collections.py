"""Images, texts, mail and archives as records: what they hold, and that one bad file is one bad record."""

from __future__ import annotations

import email.policy
import json
import mailbox
import struct
import zlib
from email.message import EmailMessage
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mine_agent.data.adapters import adapter_for, adapter_named
from mine_agent.data.adapters.collections import mail
from mine_agent.data.adapters.collections.images import MOST_PIXELS
from mine_agent.errors import DataError
from pysonar.protocol.schema import FileFormatError
from pysonar.tables import Batch, Source
from tests.roles import as_a


def read(source: Source, *columns: str) -> tuple[list[dict[str, object]], list[str]]:
    """Records and faults."""
    batches: list[Batch] = list(source.batches(columns or source.columns()))
    records = [record for batch in batches for record in batch.records.to_pylist()]
    return records, [f"row {fault.row} {fault.problem}" for batch in batches for fault in batch.faults]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two labels, three images of one grey each."""
    folder = tmp_path / "pictures"
    for name, grey in (("dark/a.png", 0), ("dark/b.jpg", 40), ("light/c.gif", 255)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (30, 20), grey).save(path)
    return folder


def test_an_image_is_a_record_of_pixels_labelled_by_its_folder(pictures: Path) -> None:
    adapter = adapter_for(str(pictures))
    assert adapter.kind == "images"
    source = adapter.source(str(pictures), {"size": "3x2"})
    assert source.columns() == [
        *(f"pixel_{row}_{column}" for row in range(2) for column in range(3)),
        "label",
    ]
    records, faults = read(source, "label", "pixel_1_2")
    assert not faults
    assert [record["label"] for record in records] == ["dark", "dark", "light"]
    np.testing.assert_allclose([as_a(int, record["pixel_1_2"]) for record in records], [0, 40, 255], atol=2)


def test_a_bad_image_is_one_fault_and_not_the_end(pictures: Path) -> None:
    (pictures / "dark" / "b2.png").write_bytes(b"no image")
    records, faults = read(adapter_for(str(pictures)).source(str(pictures), {}), "label")
    assert len(records) == 3
    assert faults == ["row 3 (b2.png) is not an image that can be read (UnidentifiedImageError)"]


def test_an_image_that_would_unpack_to_a_monstrous_size_is_not_unpacked(pictures: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    side = 20_000
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    (pictures / "light" / "z.png").write_bytes(bomb + chunk(b"IEND", b""))
    records, faults = read(adapter_for(str(pictures)).source(str(pictures), {}), "label")
    assert len(records) == 3
    assert len(faults) == 1
    assert str(MOST_PIXELS) in faults[0] or "DecompressionBomb" in faults[0]


def test_links_are_not_followed_so_a_loop_ends(pictures: Path) -> None:
    (pictures / "dark" / "loop").symlink_to(pictures, target_is_directory=True)
    (pictures / "dark" / "again.png").symlink_to(pictures / "light" / "c.gif")
    records, faults = read(adapter_for(str(pictures)).source(str(pictures), {}), "label")
    assert (len(records), faults) == (3, [])


@pytest.mark.parametrize("size", ["8", "0x8", "65x1", "axb"])
def test_a_size_that_is_none(size: str, pictures: Path) -> None:
    with pytest.raises(DataError, match="size is"):
        adapter_named("images").source(str(pictures), {"size": size})


def test_a_text_file_is_a_record_of_text_and_lengths(tmp_path: Path) -> None:
    for name, content in (("good/1.txt", "Grüße aus Köln".encode("cp1252")), ("bad/2.md", b"no\nnews")):
        path = tmp_path / "texts" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    (tmp_path / "texts" / "bad" / "empty.txt").touch()
    adapter = adapter_for(str(tmp_path / "texts"))
    assert adapter.kind == "texts"
    records, faults = read(adapter.source(str(tmp_path / "texts"), {}))
    assert records == [
        {"text": "no\nnews", "label": "bad", "characters": 7, "words": 2},
        {"text": "Grüße aus Köln", "label": "good", "characters": 14, "words": 3},
    ]
    assert faults == ["row 2 (empty.txt) is not a text that can be read"]


def a_message(subject: str, body: str, *, attachment: bool = False) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", subject
    message["Date"] = "Thu, 26 Nov 2026 19:30:00 +0100"
    message["X-Gmail-Labels"] = "Inbox"
    message.set_content(body)
    if attachment:
        message.add_attachment(b"123", maintype="application", subtype="pdf", filename="a.pdf")
    return message


@pytest.mark.parametrize("layout", ["mbox", "maildir"])
def test_a_message_is_a_record_in_both_layouts(layout: str, tmp_path: Path) -> None:
    path = tmp_path / ("mail.mbox" if layout == "mbox" else "mail")
    box = mailbox.mbox(path) if layout == "mbox" else mailbox.Maildir(path)
    messages = [
        a_message("Grüße", "From here\nFrom there\n"),
        a_message("two", "a b c\n", attachment=True),
    ]
    for message in messages:
        box.add(message)
    box.close()
    adapter = adapter_for(str(path))
    assert adapter.kind == "mail"
    records, faults = read(adapter.source(str(path), {}))
    assert not faults
    by_subject = {str(record["subject"]): record for record in records}
    assert set(by_subject) == {"Grüße", "two"}
    two = by_subject["two"]
    assert (two["words"], two["attachments"], two["hour"], two["weekday"]) == (3, 1, 19, 3)
    assert (two["sender"], two["label"], two["date"]) == (
        "a@example.org",
        "Inbox",
        "2026-11-26T19:30:00+01:00",
    )
    assert by_subject["Grüße"]["words"] == 4


@pytest.mark.parametrize(
    "headers",
    [
        b"From: Ann Lee <ann@example.org>\nTo: b@example.org, c@example.org\nSubject: plain",
        b'From: "Lee, Ann" <ann@example.org>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= "x" (y)',
        b"From: ann@example.org (Ann)\nSubject: a long\n one, folded\nX-Gmail-Labels: Inbox,\n Films",
        b"From: ann@example.org\nSubject: caf\xc3\xa9\nDate: Thu, 26 Nov 2026 19:30:00 +0100 (CET)",
        b'Content-Type: TEXT/Plain; charset="UTF-8"; format=flowed\nContent-Transfer-Encoding: 8bit',
        b"Content-Type: text/plain; charset=ISO-8859-1\nContent-Transfer-Encoding: quoted-printable",
        b'Content-Disposition: attachment; filename="a.txt"\nContent-Type: text/plain',
        b"Content-Type: multipart/mixed\nSubject: no parts",
    ],
)
def test_headers_are_what_the_library_makes_of_them(
    headers: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.mbox"
    path.write_bytes(b"From x\n" + headers + b"\n\nna\xc3\xafve =41 text\n")
    found = read(adapter_named("mail").source(str(path), {}))
    monkeypatch.setattr(mail, "_POLICY", email.policy.default)
    assert found == read(adapter_named("mail").source(str(path), {}))


def test_a_file_that_is_no_mbox_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.mbox"
    path.write_bytes(b"Dear all")
    with pytest.raises(FileFormatError, match="not an mbox file"):
        read(adapter_named("mail").source(str(path), {}))


def x_archive(folder: Path, *parts: object) -> Path:
    (folder / "data").mkdir(parents=True)
    for number, part in enumerate(parts):
        name = "tweets.js" if number == 0 else f"tweets-part{number}.js"
        (folder / "data" / name).write_text(f"window.YTD.tweets.part{number} = {json.dumps(part)}")
    return folder


def test_an_archive_of_x_is_read_in_all_its_parts(tmp_path: Path) -> None:
    post = {
        "full_text": "hello #world",
        "created_at": "Thu Nov 26 07:30:00 +0000 2026",
        "lang": "en",
        "favorite_count": "7",
        "retweet_count": "0",
        "entities": {"hashtags": [{"text": "world"}], "user_mentions": [], "urls": []},
    }
    reply = {"full_text": "yes", "in_reply_to_user_id": "1", "favorite_count": "many"}
    folder = x_archive(tmp_path / "x", [{"tweet": post}], [{"tweet": reply}, {"tweet": {}}, 7])
    adapter = adapter_for(str(folder))
    assert adapter.kind == "x-archive"
    records, faults = read(
        adapter.source(str(folder), {}), "words", "favorites", "hashtags", "reply", "weekday", "hour"
    )
    assert records == [
        {"words": 2, "favorites": 7, "hashtags": 1, "reply": False, "weekday": 3, "hour": 7},
        {"words": 1, "favorites": None, "hashtags": 0, "reply": True, "weekday": None, "hour": None},
    ]
    assert faults == ["row 3 (tweets-part1.js) is not a post", "row 4 (tweets-part1.js) is not a post"]


def test_a_hashtag_is_a_label_and_not_in_the_text_that_it_is_to_be_told_from(tmp_path: Path) -> None:
    def post(text: str, *tags: object) -> dict[str, object]:
        return {"tweet": {"full_text": text, "entities": {"hashtags": list(tags)}}}

    folder = x_archive(
        tmp_path / "x",
        [
            post("#Rain again, #rainbow later #RAIN", {"text": "Rain"}),
            post("no sign", {"text": ""}, 7, {"words": "x"}),
            post("\uff03caf\u00e9 (#a.b)", {"text": "Caf\u00c9"}, {"text": "a.b"}),
        ],
    )
    records, _ = read(adapter_for(str(folder)).source(str(folder), {}), "text_without_hashtags", "hashtag")
    assert records == [
        {"text_without_hashtags": "  again, #rainbow later  ", "hashtag": "rain"},
        {"text_without_hashtags": "no sign", "hashtag": None},
        {"text_without_hashtags": "  ( )", "hashtag": "caf\u00e9"},
    ]


@pytest.mark.parametrize(
    "content",
    [b"", b"window.YTD = {", b"window.YTD.tweets.part0 = [1, 2", b"[" * 100_000],
    ids=["empty", "no list", "cut", "deep"],
)
def test_a_damaged_archive_is_named(content: bytes, tmp_path: Path) -> None:
    folder = x_archive(tmp_path / "x", [])
    (folder / "data" / "tweets.js").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"tweets\.js: not a list of posts"):
        read(adapter_named("x-archive").source(str(folder), {}))


@pytest.mark.parametrize("kind", ["images", "texts", "x-archive"])
def test_a_folder_that_is_not_there_is_named(kind: str, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="not a folder"):
        adapter_named(kind).source(str(tmp_path / "none"), {})
