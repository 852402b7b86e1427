"""Data that Mine.js leaves to mine-agent are refused by their kind, and never taken for another one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from mine_agent.data.adapters.registry import adapter_for
from mine_agent.data.datasets import DataShelf
from pysonar.protocol.schema.errors import FileFormatError
from tests.mine.mine_commands import is_built
from tests.mine_js.alike.asking import Ask, asking

pytestmark = pytest.mark.skipif(not is_built(), reason="Mine.js is not built: make build/stamps/mine-js")
TABLE = pa.table({"a": list(range(5000)), "kind": ["x"] * 5000})


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Mine.js, asked what it sees in data."""
    with asking("look.mjs") as answer:
        yield answer


def mail_box(folder: Path) -> Path:
    path = folder / "letters"  # no ending tells
    path.write_text("From me\nSubject: a letter\n\nwords\n")
    return path


def mail_folder(folder: Path) -> Path:
    for part in ("cur", "new"):
        (folder / "mail" / part).mkdir(parents=True)
    (folder / "mail" / "cur" / "1.txt").write_text("Subject: a letter\n\nwords\n")
    return folder / "mail"


def images(folder: Path) -> Path:
    (folder / "pictures" / "cat").mkdir(parents=True)
    (folder / "pictures" / "cat" / "1.PNG").write_bytes(b"\x89PNG")
    return folder / "pictures"


def archive(folder: Path) -> Path:
    (folder / "archive" / "data").mkdir(parents=True)
    (folder / "archive" / "data" / "tweets-part1.js").write_text("window.YTD.tweets.part1 = []")
    return folder / "archive"


@pytest.mark.parametrize(
    ("make", "kind"),
    [(mail_box, "mail"), (mail_folder, "mail"), (images, "images"), (archive, "x-archive")],
    ids=["mail box", "mail folder", "images", "archive"],
)
def test_what_mine_js_does_not_read_is_refused_by_the_kind_that_mine_agent_reads_it_as(
    ask: Ask, tmp_path: Path, make: Callable[[Path], Path], kind: str
) -> None:
    location = make(tmp_path)
    assert adapter_for(str(location)).kind == kind
    told = ask({"home": str(tmp_path), "location": str(location)})
    assert told["error"] == "NotInMineJsError"
    assert told["says"].endswith(f"run mine-agent for data of kind '{kind}'")
    assert "arrow, csv, jsonl, parquet, sqlite, texts" in told["says"]


@pytest.mark.parametrize("place", ["*.parquet", "?.parquet", "", "no/such/*.parquet", "a.parq*.parquet"])
def test_parquet_files_that_are_none_or_differ_are_refused_in_the_same_words(
    place: str, ask: Ask, tmp_path: Path
) -> None:
    pq.write_table(pa.table({"größe": [1], "n": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"n": [1], "m": [1]}), tmp_path / "b.parquet")
    with pytest.raises(FileFormatError) as error:
        DataShelf(tmp_path / "data").add("parts", tmp_path / place, replace=False)
    told = ask({"home": str(tmp_path), "location": str(tmp_path / place)})
    assert (told["error"], told["says"]) == ("FileFormatError", str(error.value))


def test_other_places_are_refused_with_what_would_work(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    told = ask({"home": str(tmp_path), "location": str(tmp_path / "nothing")})
    assert "a folder that holds no text files or Parquet files; give the path of" in told["says"]
    told = ask({"home": str(tmp_path), "location": "postgresql://localhost/records"})
    assert told["error"] == "NotInMineJsError"
    pyarrow.feather.write_feather(TABLE, tmp_path / "packed.feather", compression="lz4")
    told = ask({"home": str(tmp_path), "location": str(tmp_path / "packed.feather")})
    assert "compressed with LZ4, which Mine.js does not read; write it with zstd" in told["says"]


def test_packed_pages_that_are_damaged_are_refused_whatever_they_lead_to(ask: Ask, tmp_path: Path) -> None:
    path, chance = tmp_path / "packed.parquet", random.Random(4)
    numbers = pa.table({"a": [place % 700 for place in range(5000)]})
    pq.write_table(numbers, path, compression="lz4", use_dictionary=False)
    whole = path.read_bytes()
    refused = 0
    for _ in range(80):
        torn = bytearray(whole)
        first = chance.randrange(60, len(whole) // 2)
        torn[first : first + 8] = chance.randbytes(8)
        path.write_bytes(torn)
        told = ask({"home": str(tmp_path), "location": str(path)})
        try:
            pq.read_table(path)
        except (OSError, pa.ArrowException):
            refused += 1
            assert "damaged after row" in told["says"]
    assert refused > 10


def test_a_packed_page_that_lacks_a_byte_is_not_filled_up_with_zeros(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "packed.parquet"
    pq.write_table(pa.table({"a": [0] * 5000}), path, compression="lz4", use_dictionary=False)
    torn = bytearray(path.read_bytes())
    end = torn.index(b"\xff" * 20)
    while torn[end] == 255:
        end += 1
    torn[end] -= 1  # the length of the one run that all zeros are
    path.write_bytes(torn)
    with pytest.raises(OSError, match="ompress"):
        pq.read_table(path)
    told = ask({"home": str(tmp_path), "location": str(path)})
    assert "damaged after row 0; write the file anew" in told["says"]
