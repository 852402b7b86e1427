"""A thousand records, and a PostgreSQL server of the tests' own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pysonar.protocol.schema import (
    Schema,
    boolean_field,
    category_field,
    class_label,
    input_schema,
    integer_field,
    number_field,
    output_schema,
)
from tests.postgres_server import Postgres, postgres_bin

RECORDS = 1000
INPUT, OUTPUT = (
    input_schema(
        {
            "height": number_field((0, 250), center=170, scale=25),
            "age": integer_field((0, 120), center=40, scale=20),
            "member": boolean_field(),
            "colour": category_field(["red", "green", "blue"]),
        }
    ),
    output_schema("kind", class_label(["a", "b"])),
)
SCHEMA = Schema(INPUT, OUTPUT)


def made_records(count: int = RECORDS, seed: int = 1) -> pa.Table:
    """Records with numbers of many digits, so that any rounding on the way shows."""
    random = np.random.default_rng(seed)
    return pa.table(
        {
            "height": random.normal(170, 25, count),
            "age": random.integers(0, 120, count),
            "member": random.random(count) < 0.5,
            "colour": random.choice(["red", "green", "blue"], count).tolist(),
            "kind": random.choice(["a", "b"], count).tolist(),
        }
    )


@pytest.fixture(scope="session")
def records() -> pa.Table:
    """The thousand records."""
    return made_records()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real server with one table, `people`, of the thousand records."""
    programs = postgres_bin()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="openmined-postgres-"))  # pytest's own folders are closed to others
    server = Postgres(folder, programs)
    yield server
    server.stop()
    shutil.rmtree(folder)
