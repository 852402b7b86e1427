"""The same thousand records through every adapter give the same numbers, to the last bit."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mine_agent.data.adapters import adapter_for, adapter_named, kinds
from mine_agent.data.adapters.databases.postgres import PostgresTable
from mine_agent.data.matching import fit_by_values
from mine_agent.errors import DataChangedError, DataError
from openmined_syft.errors import OpenMinedError
from pysonar.tables import read_records
from tests.postgres_server import Postgres
from tests.roles import dense

from .conftest import INPUT, OUTPUT, RECORDS, SCHEMA, made_records
from .registering import encodings, gradients, gradients_of, registered
from .writing import FILES, FRAMES, Told, as_postgres


@pytest.fixture(scope="session")
def expected(records: pa.Table) -> tuple[bytes, bytes]:
    """What the records are without any adapter."""
    return dense(SCHEMA.encode(records)).tobytes(), SCHEMA.encode_labels(records).tobytes()


@pytest.fixture(scope="session")
def expected_gradients(records: pa.Table) -> tuple[bytes, bytes]:
    """What would be encrypted of them without any adapter."""
    return gradients_of(records, (INPUT, OUTPUT))


@pytest.mark.parametrize("kind", FILES)
def test_a_thousand_records_are_the_same_bits_through_every_adapter(
    kind: str,
    records: pa.Table,
    expected: tuple[bytes, bytes],
    expected_gradients: tuple[bytes, bytes],
    tmp_path: Path,
) -> None:
    data = registered(FILES[kind](records, tmp_path), tmp_path)
    assert data.rows == RECORDS
    assert encodings(data, SCHEMA) == expected
    assert gradients(data, (INPUT, OUTPUT)) == expected_gradients
    assert fit_by_values(SCHEMA, data).fits


@pytest.fixture
def people(postgres: Postgres, records: pa.Table, monkeypatch: pytest.MonkeyPatch) -> Told:
    """The records in PostgreSQL."""
    monkeypatch.setenv("OPENMINED_TEST_POSTGRES", postgres.url)
    return as_postgres(records, postgres.url, "OPENMINED_TEST_POSTGRES")


def test_a_thousand_records_are_the_same_bits_through_postgresql(
    people: Told,
    expected: tuple[bytes, bytes],
    expected_gradients: tuple[bytes, bytes],
    tmp_path: Path,
) -> None:
    location, options = people
    in_order = {"connection_env": options["connection_env"], "query": "select * from people order by place"}
    data = registered((location, in_order), tmp_path)
    assert encodings(data, SCHEMA) == expected
    assert gradients(data, (INPUT, OUTPUT)) == expected_gradients


def test_no_secret_of_a_connection_is_written_down_or_shown(
    people: Told, postgres: Postgres, tmp_path: Path
) -> None:
    data = registered(people, tmp_path)
    written = "".join(path.read_text() for path in (tmp_path / "shelf").iterdir())
    assert "only" not in written
    assert "only" not in repr(data)
    for wrong in (
        {"table": "nobody"},
        {"query": "select nothing"},
        {"query": "insert into people values (1)"},
    ):
        with pytest.raises(OpenMinedError) as caught:
            registered((people[0], {"connection_env": "OPENMINED_TEST_POSTGRES", **wrong}), tmp_path)
        assert "only" not in str(caught.value)
        assert str(postgres.port) not in str(caught.value)
    with pytest.raises(DataError, match="connection_env"):
        registered((postgres.url, {"table": "people"}), tmp_path)


def test_a_connection_file_that_others_can_read_is_refused(
    people: Told, postgres: Postgres, tmp_path: Path, expected: tuple[bytes, bytes]
) -> None:
    file = tmp_path / "connection"
    file.write_bytes(f"{postgres.url}\r\n".encode("utf-8-sig"))  # as some editors save it
    told = (people[0], {"connection_file": str(file), "table": "people"})
    file.chmod(0o644)
    with pytest.raises(OpenMinedError, match="chmod 600"):
        registered(told, tmp_path)
    file.chmod(0o600)
    assert encodings(registered(told, tmp_path), SCHEMA) == expected


def test_a_query_that_writes_is_refused_by_the_server(people: Told, tmp_path: Path) -> None:

    table = PostgresTable("clinic", os.environ["OPENMINED_TEST_POSTGRES"], "select 1 as one")
    with pytest.raises(DataError, match="only reading is allowed"), table._open() as connection:  # noqa: SIM117
        with connection.cursor() as cursor:
            cursor.execute("delete from people")


def test_a_table_that_changes_is_another_data_set_and_noticed_under_a_reading(
    people: Told, postgres: Postgres, tmp_path: Path
) -> None:
    from adbc_driver_postgresql import dbapi

    def grow_older() -> None:
        with dbapi.connect(postgres.url) as connection:
            with connection.cursor() as cursor:
                cursor.execute("update people set age = age + 1 where ctid = (select min(ctid) from people)")
            connection.commit()

    data = registered(people, tmp_path)
    assert data.renewed() == data
    with pytest.raises(DataChangedError, match="while it was read"), data.opened() as source:  # noqa: PT012
        batches = source.batches(["age"])
        next(batches)
        grow_older()
    assert data.renewed().digest != data.digest
    with pytest.raises(DataChangedError, match="changed just now"), data.opened():
        pass


def test_a_server_that_goes_away_in_the_middle_is_named_with_the_row(
    people: Told, postgres: Postgres, tmp_path: Path
) -> None:
    """Rows so long and slow that most of them are still at the server when it dies."""
    slow = "select *, repeat('x', 20000) as pad, pg_sleep(0.001) is null as slept from people"
    data = registered(people, tmp_path)
    source = adapter_named("postgres").source(
        "postgresql:clinic", {"connection_env": people[1]["connection_env"], "query": slow}
    )
    reading = source.batches(["age", "pad", "slept"])
    try:
        first = next(reading).records.num_rows
        assert 0 < first < RECORDS // 2
        postgres.stop()
        with pytest.raises(
            DataError, match=r"postgresql:clinic: the server went away after row (\d+)"
        ) as lost:
            list(reading)
        assert first <= int(str(lost.value).split("after row ")[1].split(";")[0]) < RECORDS
        with pytest.raises(DataChangedError, match="no answer; see that it runs"):
            data.renewed()
    finally:
        postgres.start()
    assert data.renewed() == data  # what was registered is still there


@pytest.mark.parametrize("kind", ["sqlite", "sql"])
def test_a_database_file_is_read_only_and_its_changes_are_noticed(
    kind: str, records: pa.Table, tmp_path: Path
) -> None:
    import sqlite3

    data = registered(FILES[kind](records, tmp_path), tmp_path)
    (path,) = tmp_path.glob("*.sqlite")
    before = path.read_bytes()
    encodings(data, SCHEMA)
    assert path.read_bytes() == before
    with sqlite3.connect(path) as database:
        database.execute("update people set age = 1 - age where rowid = 1")
    database.close()
    assert data.renewed().digest != data.digest


def test_the_only_table_of_a_database_need_not_be_named(
    records: pa.Table, expected: tuple[bytes, bytes], tmp_path: Path
) -> None:
    import sqlite3

    location, _ = FILES["sqlite"](records, tmp_path)
    assert encodings(registered((location, {}), tmp_path), SCHEMA) == expected
    with sqlite3.connect(location) as database:
        database.execute("create table visits (day text)")
    database.close()
    with pytest.raises(DataError, match="give either --set table=NAME"):
        registered((location, {}), tmp_path)


def test_other_tables_of_the_database_may_change(records: pa.Table, tmp_path: Path) -> None:
    import sqlite3

    location, options = FILES["sqlite"](records, tmp_path)
    data = registered((location, options), tmp_path)
    with sqlite3.connect(location) as database:
        database.execute("create table visits (day text)")
    database.close()
    assert data.renewed().digest == data.digest


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind not in ("sqlite", "sql", *FRAMES)])
def test_a_file_that_changed_is_refused_until_it_is_added_again(
    kind: str, records: pa.Table, tmp_path: Path
) -> None:
    data = registered(FILES[kind](records, tmp_path), tmp_path)
    FILES[kind](made_records(seed=2), tmp_path)
    with pytest.raises(DataChangedError, match="--replace"):
        data.renewed()


def test_all_kinds_can_be_named_and_a_strangers_package_can_add_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    from mine_agent.data.adapters import registry

    assert len(kinds()) >= 12
    for kind in kinds():
        assert adapter_named(kind).kind == kind
    theirs = EntryPoint("excel", "tests_adapter_of_a_stranger:Excel", "openmined.adapters")
    csv_again = EntryPoint("csv", "tests_adapter_of_a_stranger:Excel", "openmined.adapters")
    monkeypatch.setattr(registry, "entry_points", lambda group: [theirs, csv_again])
    assert "excel" in kinds()
    assert type(adapter_named("csv")).__name__ == "CsvAdapter"
    with pytest.raises(DataError, match="cannot be loaded"):
        adapter_named("excel")
    with pytest.raises(DataError, match=r"known: .*parquet"):
        adapter_named("punch cards")


@pytest.mark.parametrize("option", ["encoding", "size", "table"])
def test_an_option_of_another_kind_is_refused(option: str, records: pa.Table, tmp_path: Path) -> None:
    location, _ = FILES["parquet"](records, tmp_path)
    with pytest.raises(DataError, match=f"no option '{option}'"):
        registered((location, {option: "x"}), tmp_path)


def test_kinds_are_seen_from_endings_and_first_bytes(records: pa.Table, tmp_path: Path) -> None:
    for kind, expected_kind in (
        ("parquet", "parquet"),
        ("arrow file", "arrow"),
        ("sqlite", "sqlite"),
        ("csv", "csv"),
    ):
        location, _ = FILES[kind](records, tmp_path)
        assert adapter_for(location).kind == expected_kind
        plain = Path(location).rename(tmp_path / "without-ending")
        assert adapter_for(str(plain)).kind == expected_kind


def test_numbers_of_one_column_in_other_types_are_the_same_numbers(tmp_path: Path) -> None:
    """A count in Parquet may be an int8 here and a double there."""
    import pyarrow.parquet

    columns = {
        "height": [1, 2],
        "age": [3.0, 4.0],
        "member": [1, 0],
        "colour": ["red", "blue"],
        "kind": ["a", "b"],
    }
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(
        pa.table(columns).cast(
            pa.schema([("height", pa.int8()), ("age", pa.float32()), ("member", pa.int64()),
                       ("colour", pa.dictionary(pa.int32(), pa.string())), ("kind", pa.large_string())])
        ), path
    )  # fmt: skip
    table, _ = read_records(adapter_for(str(path)).source(str(path), {}), SCHEMA)
    np.testing.assert_array_equal(table.column("age").to_numpy(), [3, 4])
    assert table.column("member").to_pylist() == [True, False]
