"""Other databases through SQLAlchemy: PostgreSQL's real server by another driver, and DuckDB's files."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from mine_agent.data.adapters import adapter_named
from mine_agent.data.adapters.databases.sql import SqlTable, _row
from mine_agent.errors import DataChangedError, DataError
from pysonar.tables import Source
from tests.postgres_server import Postgres
from tests.roles import dense

from .conftest import INPUT, OUTPUT, RECORDS, SCHEMA, made_records
from .registering import encodings, gradients, gradients_of, registered
from .writing import Told, as_postgres

VARIABLE = "OPENMINED_TEST_OTHER_SQL"
IN_ORDER = {"connection_env": VARIABLE, "query": "select * from people order by place"}
PEOPLE: Told = ("sql:people", IN_ORDER)


@pytest.fixture
def in_postgresql(postgres: Postgres, records: pa.Table, monkeypatch: pytest.MonkeyPatch) -> str:
    """The records in the server; SQLAlchemy's address of it."""
    as_postgres(records, postgres.url, VARIABLE)
    address = postgres.url.replace("postgresql://", "postgresql+psycopg://")
    monkeypatch.setenv(VARIABLE, address)
    return address


@pytest.fixture
def in_duckdb(records: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The records in a file of DuckDB's, in types of its own."""
    path = tmp_path / "people.duckdb"
    with duckdb.connect(str(path)) as database:
        database.register("records", records)
        database.execute(
            "create table people as select row_number() over () as place, height, age::hugeint as age,"
            " member, colour::enum('red', 'green', 'blue') as colour, kind from records"
        )
    monkeypatch.setenv(VARIABLE, f"duckdb:///{path}")
    return path


@pytest.mark.parametrize("dialect", ["in_postgresql", "in_duckdb"])
def test_a_thousand_records_are_the_same_bits_through_other_databases(
    dialect: str, records: pa.Table, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    request.getfixturevalue(dialect)
    data = registered(PEOPLE, tmp_path)
    assert data.rows == RECORDS
    assert encodings(data, SCHEMA) == (
        dense(SCHEMA.encode(records)).tobytes(),
        SCHEMA.encode_labels(records).tobytes(),
    )
    assert gradients(data, (INPUT, OUTPUT)) == gradients_of(records, (INPUT, OUTPUT))
    assert data.renewed() == data
    written = "".join(path.read_text() for path in (tmp_path / "shelf").iterdir())
    assert "only" not in written
    assert "duckdb:" not in written


def test_postgresql_refuses_what_writes(in_postgresql: str) -> None:
    sneaky = "with gone as (delete from people returning place) select * from gone"
    with pytest.raises(DataError, match="refuses or went away") as refused:
        list(SqlTable("people", in_postgresql, sneaky).rows())
    assert "only" not in str(refused.value)


@pytest.mark.parametrize("dialect", ["in_postgresql", "in_duckdb"])
def test_a_connection_can_write_nothing(dialect: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(dialect)
    table = SqlTable("people", os.environ[VARIABLE], "select place from people")
    with pytest.raises(DataError, match="refuses or went away"), table._open() as connection:
        connection.exec_driver_sql("delete from people")
    assert sum(map(len, table.rows())) == RECORDS


def slow(address: str) -> SqlTable:
    """Rows so long and slow that most of them are still at the server when it dies."""
    return SqlTable(
        "people",
        address,
        "select *, repeat('x', 200000) as pad, pg_sleep(0.001) is null as slept from people",
    )


def test_a_server_that_goes_away_in_the_middle_is_named_with_the_row(
    in_postgresql: str, postgres: Postgres, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = registered(PEOPLE, tmp_path)
    reading = slow(in_postgresql).batches(["age", "pad"])
    try:
        first = next(reading).records.num_rows
        assert 0 < first < RECORDS // 2
        postgres.stop()
        with pytest.raises(DataError, match=r"^people: the database went away after row \d+ \(") as lost:
            list(reading)
        assert first <= int(str(lost.value).split("after row ")[1].split(" ")[0]) < RECORDS
        with pytest.raises(DataChangedError, match="refuses or went away"):
            data.renewed()
        assert "only" not in str(lost.value) + caplog.text
    finally:
        postgres.start()
    assert data.renewed() == data


def older_in_postgresql(postgres: Postgres) -> None:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres.url) as connection:
        with connection.cursor() as cursor:
            cursor.execute("update people set age = age + 1 where place = 7")
        connection.commit()


def test_a_table_that_changes_between_two_batches_is_read_as_it_was_and_not_used(
    in_postgresql: str, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All batches are of one moment; that it is over is noticed at the end."""
    monkeypatch.setattr("mine_agent.data.adapters.databases.rows.MOST_ROWS", 100)
    data = registered(PEOPLE, tmp_path)
    ages: list[int] = []
    with pytest.raises(DataChangedError, match="while it was read"), data.opened() as source:  # noqa: PT012
        for number, batch in enumerate(source.batches(["age"])):
            ages += batch.records.column(0).to_pylist()
            if number == 0:
                older_in_postgresql(postgres)
    assert ages == made_records().column("age").to_pylist()
    assert data.renewed().digest != data.digest


def test_duckdbs_file_that_changed_is_other_data(in_duckdb: Path, tmp_path: Path) -> None:
    data = registered(PEOPLE, tmp_path)
    with duckdb.connect(str(in_duckdb)) as database:
        database.execute("update people set age = age + 1 where place = 7")
    assert data.renewed().digest != data.digest


@pytest.mark.parametrize("dialect", ["in_postgresql", "in_duckdb"])
def test_colons_and_percent_signs_of_a_query_are_the_owners(
    dialect: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(dialect)
    query = "select '12:30' as at, ' :name' as word from people where colour like 'r%d' or colour like '%:x'"
    source: Source = adapter_named("sql").source("sql:people", {"connection_env": VARIABLE, "query": query})
    (batch,) = source.batches(["word", "at"])
    assert batch.records.to_pylist()[0] == {"word": " :name", "at": "12:30"}
    assert 0 < batch.records.num_rows < RECORDS


def test_bytes_that_a_driver_gives_as_views_of_memory_are_the_same_at_each_reading(in_duckdb: Path) -> None:
    table = SqlTable("people", os.environ[VARIABLE], "select '\\xAA\\x01'::blob as seal from people limit 2")
    assert [row for rows in table.rows() for row in rows] == [(b"\xaa\x01",)] * 2
    assert _row((memoryview(b"\xaa"), 1)) == (b"\xaa", 1)
