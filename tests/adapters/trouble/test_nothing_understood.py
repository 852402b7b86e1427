"""What cannot be understood, of every kind of data: named, with what would be right, and nothing is kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from mine_agent.data.adapters import kinds
from mine_agent.data.adapters.collections import images, mail, texts, x_archive
from mine_agent.data.adapters.databases import rows, sqlite
from mine_agent.data.adapters.tables import json_lines
from mine_agent.data.datasets import DataShelf
from openmined_syft.errors import OpenMinedError
from pysonar.tables import text_files

from ..collecting import (
    as_image_files,
    as_maildir,
    as_mbox,
    as_text_files,
    as_x_archive,
    made_images,
    made_texts,
)
from ..conftest import made_records
from ..writing import FILES, Told

SECRET = "postgresql://miner:hunter2@127.0.0.1:1/clinic"


def file_of(name: str, content: bytes) -> Callable[[Path], Told]:
    def make(folder: Path) -> Told:
        (folder / name).write_bytes(content)
        return str(folder / name), {}

    return make


def cut(kind: str) -> Callable[[Path], Told]:
    """A file of a thousand records without its last quarter."""

    def make(folder: Path) -> Told:
        location, options = FILES[kind](made_records(), folder)
        content = Path(location).read_bytes()
        Path(location).write_bytes(content[: len(content) * 3 // 4])
        return location, options

    return make


def folder_of(name: str, *others: str) -> Callable[[Path], Told]:
    def make(folder: Path) -> Told:
        (folder / name).mkdir()
        for other in others:
            (folder / name / other).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / other).write_bytes(b"nothing of the kind")
        return str(folder / name), {}

    return make


def empty_maildir(folder: Path) -> Told:
    for part in ("cur", "new", "tmp"):
        (folder / "letters" / part).mkdir(parents=True)
    return str(folder / "letters"), {}


def connected(location: str, connection: str) -> Callable[[Path], Told]:
    def make(_: Path) -> Told:
        os.environ["OPENMINED_TEST_NOWHERE"] = connection
        return location, {"connection_env": "OPENMINED_TEST_NOWHERE", "table": "t"}

    return make


def at(location: str) -> Callable[[Path], Told]:
    return lambda _: (location, {})


UNREADABLE: list[tuple[str, Callable[[Path], Told], str]] = [
    # kind, what its owner points at, what is said of it
    ("arrow", cut("arrow file"), "people.arrow: not an Arrow file, or a damaged one"),
    ("arrow", cut("arrow stream"), "people.arrows: "),
    ("arrow", file_of("a.arrow", b""), "a.arrow: not an Arrow file"),
    ("csv", file_of("a.csv", bytes(range(256)) * 20), "a.csv: not a table in text, but binary data"),
    ("csv", file_of("a.csv", "a,b\n1,2\n".encode("utf-16")[:-1]), "a.csv: after line 1: not UTF-16 text"),
    ("csv", file_of("a.csv", b"# exported\n# by hand\n"), "the file is empty; a header line is expected"),
    ("csv", file_of("a.csv", b"sep=;\n"), "a.csv: "),
    ("csv", file_of("a.csv", b"\x1f\x8b\x08" + bytes(99)), "compressed with gzip; decompress it first"),
    ("csv", file_of("a.tsv", b"a\tb\n1\t2\t3\n"), "a.tsv: row 2 has 3 cells; 2 are expected"),
    ("csv", file_of("a.csv", b"a;b\n1;2\n1;2;3\n"), "a.csv: row 3 has 3 cells; 2 are expected"),
    ("csv", folder_of("empty"), "empty: a folder that holds no images, text files"),
    ("images", folder_of("pictures", "a.pdf"), "pictures: there are no images in this folder (.png, .jpg"),
    ("images", folder_of("pictures", "a.png"), "(a.png) is not an image that can be read"),
    ("jsonl", file_of("a.jsonl", b'{"a": 1\n{"b": \n'), "a.jsonl: no line is a JSON object"),
    ("jsonl", file_of("a.jsonl", '{"a": 1}\n'.encode("utf-16")), "a.jsonl: no line is a JSON object"),
    ("mail", file_of("a.mbox", b"Dear all"), "a.mbox: not an mbox file; its first line begins with 'From '"),
    ("mail", file_of("a.mbox", b""), "a.mbox: the file is empty"),
    ("mail", folder_of("letters", "inbox/1"), "not a maildir; it has no folders cur and new"),
    ("mail", empty_maildir, "letters: there is no record in it"),
    ("parquet", cut("parquet"), "people.parquet: not a Parquet file, or one that is encrypted"),
    ("parquet", file_of("a.parquet", b"a,b\n1,2\n"), "a.parquet: not a Parquet file"),
    ("parquet", folder_of("parts", "_SUCCESS"), "parts: no Parquet file is in this folder (.parquet, .pq)"),
    ("parquet", folder_of("parts", "b/c.parquet"), "b/c.parquet: not a Parquet file, or one that is"),
    ("parquet", at("/nowhere/at/all/*.parquet"), "/nowhere/at/all: not a folder; give the path of a folder"),
    ("postgres", connected("postgresql:clinic", SECRET), "postgresql:clinic: PostgreSQL refuses"),
    ("postgres", connected("postgresql:clinic", "host and port"), "no answer; see that it runs, and that"),
    ("python", at("python:no.such:records"), "no such function; expected python:package.module:function"),
    ("sql", connected("sql:clinic", SECRET.replace("postgresql", "oracle")), "no driver for this database"),
    ("sql", connected("sql:clinic", "sqlite:////nowhere/at/all.sqlite"), "see the connection and the query"),
    ("sql", connected("sql:clinic", "hunter2"), "sql:clinic: the database refuses or went away"),
    ("sqlite", cut("sqlite"), "people.sqlite: SQLite says: database disk image is malformed"),
    ("sqlite", file_of("a.sqlite", b"not a database"), "a.sqlite: not an SQLite database"),
    ("texts", folder_of("notes", "a.pdf"), "notes: there are no texts in this folder (.txt, .md, .text)"),
    ("x-archive", folder_of("x", "data/like.js"), "x: no data/tweets.js; unpack the whole archive"),
    ("x-archive", folder_of("x", "data/tweets.js"), "not a list of posts; download the archive again"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "made", "says"), UNREADABLE, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_cannot_be_understood_is_named_and_not_kept(
    kind: str, made: Callable[[Path], Told], says: str, tmp_path: Path
) -> None:
    location, options = made(tmp_path)
    shelf = DataShelf(tmp_path / "shelf")
    good = shelf.add("good", FILES["csv"](made_records(3), tmp_path)[0], replace=False)
    named = None if kind == "csv" else kind  # what nothing else takes is taken for CSV
    with pytest.raises(OpenMinedError) as refused:
        shelf.add("bad", location, replace=False, kind=named, options=options)
    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert shelf.all() == [good]


def test_no_kind_of_data_is_without_what_it_cannot_understand() -> None:
    assert {kind for kind, _, _ in UNREADABLE} == set(kinds())


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind not in ("postgres", "python", "sql")])
def test_a_link_that_leads_to_itself_is_named_for_what_it_is(kind: str, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(
        OpenMinedError, match="loop: a link that leads to itself or to nothing; give the path"
    ):
        DataShelf(tmp_path / "shelf").add("bad", loop, replace=False, kind=kind)


@pytest.mark.parametrize("write", [as_image_files, as_text_files, as_maildir, as_x_archive])
def test_a_folder_that_links_to_itself_ends_and_counts_nothing_twice(
    write: Callable[[pa.Table, Path], Told], tmp_path: Path
) -> None:
    records = (made_images() if write is as_image_files else made_texts()).slice(0, 3)
    location, options = write(records, tmp_path)
    for folder in [path for path in Path(location).rglob("*") if path.is_dir()]:
        (folder / "again").symlink_to(location, target_is_directory=True)
        (folder / "around").symlink_to(folder / "around")
    data = DataShelf(tmp_path / "shelf").add("looped", location, replace=False, options=options)
    assert data.rows == 3


LONG = 5000


def long_cell(kind: str) -> Callable[[Path], Told]:
    """Three records, the second of them much longer than the others."""
    return lambda folder: FILES[kind](pa.table({"a": [1, 2, 3], "b": ["x", "y" * LONG, "z"]}), folder)


def long_text(write: Callable[[pa.Table, Path], Told]) -> Callable[[Path], Told]:
    records = made_texts().slice(0, 3).to_pylist()
    records[1]["text"] = "long " * (LONG // 5) + "\n"
    return lambda folder: write(pa.Table.from_pylist(records), folder)


TOO_LONG: list[tuple[str, Callable[[Path], Told], str]] = [
    ("csv", long_cell("csv"), "people.csv: line 3 is longer than 2000 characters"),
    ("csv", long_cell("tsv"), "people.tsv: line 3 is longer than 2000 characters"),
    ("jsonl", long_cell("json lines"), "people.jsonl: line 2 is longer than 2000 bytes"),
    ("sqlite", long_cell("sqlite"), "people.sqlite: row 2 is longer than 2000 characters"),
    ("sql", long_cell("sql"), "sql:people: row 2 is longer than 2000 characters; leave the long column out"),
    ("mail", long_text(as_mbox), "people.mbox: row 2 is a message of more than 2000 bytes"),
    ("mail", long_text(as_maildir), "mail: row 2 is a message of more than 2000 bytes"),
    ("texts", long_text(as_text_files), "texts: row 2 (0001.txt) is longer than 2000 bytes"),
    ("x-archive", long_text(as_x_archive), "tweets.js: larger than 2000 bytes"),
]  # fmt: skip


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits so small that a test can go beyond them."""
    for room in (text_files, json_lines, rows, sqlite):
        monkeypatch.setattr(room, "LONGEST_LINE", 2000)
    for collection in (mail, texts):
        monkeypatch.setattr(collection, "LARGEST", 2000)
    monkeypatch.setattr(x_archive, "LARGEST_PART", 2000)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("kind", "made", "says"), TOO_LONG, ids=[f"{kind}-{says}" for kind, _, says in TOO_LONG]
)
def test_a_row_too_long_is_named_before_it_fills_the_memory(
    kind: str, made: Callable[[Path], Told], says: str, tmp_path: Path
) -> None:
    location, options = made(tmp_path)
    shelf = DataShelf(tmp_path / "shelf")
    with pytest.raises(OpenMinedError) as refused:
        shelf.add("long", location, replace=False, kind=kind, options=options)
    assert says in str(refused.value).replace(str(tmp_path) + "/", "")
    assert shelf.all() == []


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("kind", ["parquet", "arrow file", "arrow stream", "pandas"])
def test_a_long_row_of_columns_that_lie_apart_is_read_as_any_other(kind: str, tmp_path: Path) -> None:
    """A library cuts these into cells; nothing is held but the columns that are asked for."""
    location, options = long_cell(kind)(tmp_path)
    assert DataShelf(tmp_path / "shelf").add("long", location, replace=False, options=options).rows == 3


def test_long_texts_come_in_batches_of_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_BYTES", 10_000)
    monkeypatch.setattr(json_lines, "_BYTES", 10_000)
    from mine_agent.data.adapters import adapter_for

    table = pa.table({"b": ["y" * LONG] * 9})
    for kind in ("sqlite", "sql", "json lines"):
        (tmp_path / kind).mkdir()
        location, options = FILES[kind](table, tmp_path / kind)
        batches = list(adapter_for(location).source(location, options).batches(["b"]))
        assert [len(batch.rows) for batch in batches if len(batch.rows)] == [2, 2, 2, 2, 1], kind
        assert [row for batch in batches for row in batch.rows] == list(range(1, 10))


def test_an_arrow_file_whose_texts_lead_outside_of_it_ends_no_process(tmp_path: Path) -> None:
    location, _ = FILES["arrow stream"](pa.table({"a": ["one", "two", "three"]}), tmp_path)
    content = Path(location).read_bytes()
    offsets = b"".join(number.to_bytes(4, "little") for number in (0, 3, 6, 11))
    assert content.count(offsets) == 1
    Path(location).write_bytes(content.replace(offsets, offsets[:4] + (2**30).to_bytes(4, "little") * 3))
    with pytest.raises(OpenMinedError, match=r"people\.arrows: column 'a' is damaged after row 0"):
        DataShelf(tmp_path / "shelf").add("bad", location, replace=False)


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
def test_an_mbox_gives_the_same_messages_in_whatever_pieces_it_is_read(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "_PIECE", size)
    monkeypatch.setattr(mail, "LARGEST", 600)
    location, _ = as_mbox(made_texts().slice(0, 4), tmp_path)
    path, long = Path(location), b"From x\nSubject: long\n\n" + b"Not From x\n" * 100 + b"\n"
    last = b"From x\r\nSubject: last\r\n\r\nbye\r\n\r\n"
    path.write_bytes(long + path.read_bytes() + long + last + long)
    (batch,) = mail.MailAdapter().source(location, {}).batches(["text"])
    texts = [record["text"] for record in batch.records.to_pylist()]
    assert texts == [*made_texts().slice(0, 4).column("text").to_pylist(), "bye\r\n"]
    assert [fault.row for fault in batch.faults] == [1, 6, 8]


@pytest.mark.usefixtures("short")
def test_a_cell_far_too_long_is_not_even_handed_out_by_sqlite(tmp_path: Path) -> None:
    location, _ = FILES["sqlite"](pa.table({"b": ["y" * 4 * LONG]}), tmp_path)
    with pytest.raises(OpenMinedError, match=r"people\.sqlite: SQLite says: string or blob too big"):
        DataShelf(tmp_path / "shelf").add("long", location, replace=False)


def test_images_that_unpack_to_a_monstrous_size_refuse_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MOST_PIXELS", 63)
    location, options = as_image_files(made_images().slice(0, 3), tmp_path)
    shelf = DataShelf(tmp_path / "shelf")
    with pytest.raises(
        OpenMinedError, match=r"row 1 \(0000\.png\) has 8 x 8 pixels; at most 63 are unpacked"
    ):
        shelf.add("bombs", location, replace=False, options=options)
    assert shelf.all() == []
