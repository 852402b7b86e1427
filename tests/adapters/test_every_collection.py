"""A thousand texts and a thousand images are the same numbers, to the last bit, whatever they are kept in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mine_agent.data.adapters import kinds
from pysonar.protocol.schema import (
    Schema,
    class_label,
    input_schema,
    integer_field,
    number_field,
    output_schema,
    text_field,
)
from tests.postgres_server import Postgres

from .collecting import COLLECTIONS, LABELS, as_image_files, made_images, made_texts
from .conftest import RECORDS
from .registering import encodings, gradients, gradients_of, registered
from .writing import FILES, as_postgres

LABEL = output_schema("label", class_label(list(LABELS)))
TEXT = {"text": text_field(64, words=2)}
LENGTHS = {"characters": integer_field((0, 500)), "words": integer_field((0, 50), scale=7)}
OF_TEXTS = input_schema(TEXT | LENGTHS), LABEL
OF_POSTS = input_schema(TEXT), LABEL
"""A post is as long as it is with its hashtag."""
OF_IMAGES = (
    input_schema({name: number_field((0, 255), scale=255) for name in made_images().column_names[:-1]}),
    LABEL,
)
TEXTS, POSTS, IMAGES = Schema(*OF_TEXTS), Schema(*OF_POSTS), Schema(*OF_IMAGES)
TABLES = [kind for kind in FILES if kind != "messy csv"]  # whose columns are those of the thousand people
CONNECTION = "OPENMINED_TEST_POSTGRES"


def bits(records: pa.Table, schema: Schema) -> tuple[bytes, bytes]:
    """What the records are without any adapter."""
    return np.asarray(schema.encode(records)).tobytes(), schema.encode_labels(records).tobytes()


@pytest.fixture(scope="module")
def texts() -> pa.Table:
    """The thousand texts."""
    return made_texts()


@pytest.fixture(scope="module")
def images() -> pa.Table:
    """The thousand images."""
    return made_images()


@pytest.mark.parametrize("kind", COLLECTIONS)
def test_a_thousand_texts_are_the_same_bits_through_every_collection(
    kind: str, texts: pa.Table, tmp_path: Path
) -> None:
    written, mapping = COLLECTIONS[kind]
    data = registered(written(texts, tmp_path), tmp_path, mapping=mapping)
    assert data.rows == RECORDS
    asked = OF_POSTS if kind == "x-archive" else OF_TEXTS
    assert encodings(data, Schema(*asked)) == bits(texts, Schema(*asked))
    assert gradients(data, asked) == gradients_of(texts, asked)


@pytest.mark.parametrize("kind", TABLES)
def test_the_same_texts_as_rows_of_a_table_are_the_same_bits(
    kind: str, texts: pa.Table, tmp_path: Path
) -> None:
    assert encodings(registered(FILES[kind](texts, tmp_path), tmp_path), TEXTS) == bits(texts, TEXTS)


def test_a_thousand_images_are_the_bits_of_their_pixels(images: pa.Table, tmp_path: Path) -> None:
    data = registered(as_image_files(images, tmp_path), tmp_path)
    assert data.rows == RECORDS
    assert encodings(data, IMAGES) == bits(images, IMAGES)
    assert gradients(data, OF_IMAGES) == gradients_of(images, OF_IMAGES)


@pytest.mark.parametrize("kind", TABLES)
def test_the_same_pixels_as_rows_of_a_table_are_the_same_bits(
    kind: str, images: pa.Table, tmp_path: Path
) -> None:
    assert encodings(registered(FILES[kind](images, tmp_path), tmp_path), IMAGES) == bits(images, IMAGES)


def test_texts_and_pixels_in_postgresql_are_the_same_bits(
    postgres: Postgres, texts: pa.Table, images: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONNECTION, postgres.url)
    for records, schema in ((texts, TEXTS), (images, IMAGES)):
        location, _ = as_postgres(records, postgres.url, CONNECTION)
        told = location, {"connection_env": CONNECTION, "query": "select * from people order by place"}
        assert encodings(registered(told, tmp_path), schema) == bits(records, schema)


def test_no_kind_of_data_is_without_its_thousand_records(
    texts: pa.Table, images: pa.Table, tmp_path: Path
) -> None:
    """A kind that is added to the registry needs a writer here."""
    writers = [write for write, _ in COLLECTIONS.values()] + [FILES[kind] for kind in TABLES]
    seen = {registered(as_image_files(images.slice(0, 3), tmp_path), tmp_path).kind}
    for at, write in enumerate(writers):
        (folder := tmp_path / str(at)).mkdir()
        seen.add(registered(write(texts.slice(0, 3), folder), folder).kind)
    assert seen | {"postgres"} == set(kinds())
