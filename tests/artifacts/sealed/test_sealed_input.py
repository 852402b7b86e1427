"""Sealed input: for Capsule only, for one owner on one chain, exactly what the spec committed to."""

import hashlib
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pytest

from pysonar.protocol.artifacts import (
    ArtifactError,
    MalformedError,
    OversizedError,
    SealedInput,
    WrongBindingError,
    WrongDigestError,
)
from pysonar.protocol.artifacts import sealed_input as module
from pysonar.protocol.artifacts.parts import limits as artifact_limits
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import NotForThisKeyError, seal
from pysonar.protocol.schema import BadValueError, MissingColumnError

NAME = Cid(b"\x44" * 32)


def opening(place, sealed, **changes):
    """The arguments Capsule opens it with, from chain and spec."""
    arguments = {
        "chain_id": place.chain_id,
        "contract": place.contract,
        "scientist": place.scientist,
        "digest": sealed.salted_digest(),
    }
    return {**arguments, **changes}


def stream(table, **options):
    sink = pa.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema, options=pyarrow.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


@pytest.fixture(scope="module")
def blob(sealed_records, capsule):
    return sealed_records.seal(capsule.certificate)


@pytest.fixture
def weights(place):
    return SealedInput.of_weights(
        [[0.5, -2.0], [1.0, 0.0]], chain_id=place.chain_id, contract=place.contract, scientist=place.scientist
    )


class TestOpening:
    def test_capsule_gets_the_records(self, blob, sealed_records, capsule, place, schema, records):
        opened = SealedInput.open(blob, capsule, **opening(place, sealed_records))
        table = opened.records(schema, rows=3)
        np.testing.assert_array_equal(schema.encode(table), schema.encode(records))
        np.testing.assert_array_equal(schema.encode_labels(table), [2, 0, 1])

    def test_nobody_else_does(self, blob, sealed_records, stranger, place):
        with pytest.raises(NotForThisKeyError):
            SealedInput.open(blob, stranger, **opening(place, sealed_records))

    @pytest.mark.parametrize(
        ("field", "value"),
        [("chain_id", 1), ("contract", "0x" + "99" * 20), ("scientist", "0x" + "99" * 20)],
    )
    def test_another_chain_contract_or_owner(self, blob, sealed_records, capsule, place, field, value):
        with pytest.raises(WrongBindingError, match=str(NAME)) as caught:
            SealedInput.open(blob, capsule, **opening(place, sealed_records, **{field: value}), cid=NAME)
        assert (caught.value.field, caught.value.expected) == (field, str(value))
        assert caught.value.value == str(getattr(sealed_records, field))

    def test_wrong_salted_digest(self, blob, sealed_records, capsule, place):
        with pytest.raises(WrongDigestError, match=str(NAME)):
            SealedInput.open(blob, capsule, **opening(place, sealed_records, digest=bytes(32)), cid=NAME)

    def test_a_set_of_the_same_records_has_another_digest(self, place, schema, records, sealed_records):
        again = SealedInput.of_records(
            records, schema, chain_id=place.chain_id, contract=place.contract, scientist=place.scientist
        )
        assert again.payload == sealed_records.payload
        assert again.salted_digest() != sealed_records.salted_digest()

    def test_the_digest_covers_everything(self, sealed_records, place):
        digests = {
            replace(sealed_records, **change).salted_digest()
            for change in (
                {},
                {"chain_id": 1},
                {"contract": place.stranger},
                {"scientist": place.stranger},
                {"salt": bytes(32)},
                {"payload_kind": "weights"},
                {"payload": sealed_records.payload + b"\0"},
            )
        }
        assert len(digests) == 7

    def test_the_digest_is_sha256_of_what_is_sealed(self, sealed_records):
        assert sealed_records.salted_digest() == hashlib.sha256(sealed_records.to_bytes()).digest()

    def test_the_blob_holds_no_plaintext(self, blob, sealed_records):
        inside = sealed_records.to_bytes()
        for start in range(0, len(inside) - 16, 8):
            piece = inside[start : start + 16]
            if len(set(piece)) > 4:
                assert piece not in blob

    def test_extra_columns_never_get_inside(self, sealed_records):
        assert b"PLAINTEXT-NOTE" not in sealed_records.to_bytes()
        assert b"secret_notes" not in sealed_records.to_bytes()

    def test_oversized_is_refused_unopened(self, capsule, place, sealed_records, monkeypatch):
        monkeypatch.setitem(artifact_limits.MAX_BYTES, "sealed_input", 100)
        with pytest.raises(OversizedError, match="at most 100 bytes"):
            SealedInput.open(bytes(101), capsule, **opening(place, sealed_records))

    def test_something_else_sealed_to_capsule(self, capsule, place, sealed_records):
        with pytest.raises(MalformedError, match=str(NAME)):
            SealedInput.open(
                seal(b"junk", [capsule.certificate]), capsule, **opening(place, sealed_records), cid=NAME
            )


class TestRecords:
    def test_number_of_rows(self, sealed_records, schema):
        for rows in (2, 4):
            with pytest.raises(ArtifactError, match=f"3 records; {rows} records"):
                sealed_records.records(schema, rows=rows)

    def test_a_table_that_does_not_fit_is_not_sealed(self, place, schema, records):
        where = {"chain_id": place.chain_id, "contract": place.contract, "scientist": place.scientist}
        with pytest.raises(MissingColumnError, match="'colour'"):
            SealedInput.of_records(records.drop_columns(["colour"]), schema, **where)
        with pytest.raises(BadValueError, match="row 1"):
            SealedInput.of_records(records.set_column(0, "height", pa.array(["x"] * 3)), schema, **where)
        with pytest.raises(ArtifactError, match="at least one record"):
            SealedInput.of_records(records.slice(0, 0), schema, **where)

    def test_records_of_another_schema_are_named_without_their_values(self, sealed_records, schema):
        other = pa.table({"height": [1.0], "colour": ["SECRET"], "kind": ["a"]})
        with pytest.raises(ArtifactError, match="row 1, column 'colour'") as caught:
            replace(sealed_records, payload=stream(other)).records(schema, rows=1)
        assert "SECRET" not in str(caught.value)
        with pytest.raises(ArtifactError, match="without column 'colour'"):
            replace(sealed_records, payload=stream(other.drop_columns(["colour"]))).records(schema, rows=1)

    @pytest.mark.parametrize("compression", ["lz4", "zstd"])
    def test_compressed_batches_are_refused_unread(self, sealed_records, schema, compression):
        table = pa.table({"height": np.zeros(1_000_000), "colour": ["red"] * 1_000_000})
        payload = stream(table, compression=compression)
        with pytest.raises(MalformedError, match="compressed"):
            replace(sealed_records, payload=payload).records(schema, rows=1_000_000)

    def test_other_streams_are_refused(self, sealed_records, schema):
        table = pa.table({"height": [1.0], "colour": ["red"], "kind": ["a"]})
        sink = pa.BufferOutputStream()
        with pyarrow.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
            writer.write_table(table)
        two_batches = bytes(sink.getvalue())
        sink = pa.BufferOutputStream()
        with pyarrow.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        file_format = bytes(sink.getvalue())
        no_batch = stream(table.slice(0, 0))
        dictionary = stream(table.set_column(1, "colour", table["colour"].dictionary_encode()))
        for payload in (
            two_batches,
            file_format,
            no_batch,
            dictionary,
            b"x",
            bytes(100),
            stream(table)[:-60],
        ):
            with pytest.raises(ArtifactError):
                replace(sealed_records, payload=payload).records(schema, rows=1)

    @pytest.mark.parametrize(
        "column",
        [
            pa.array([b"1"]),
            pa.array([[1.0]]),
            pa.array([{"a": 1}]),
            pa.array([1], pa.int8()),
            pa.nulls(1),
            pa.array([None], pa.float64()),
        ],
    )
    def test_other_column_types_and_gaps_are_refused(self, sealed_records, schema, column):
        payload = stream(pa.table({"height": column, "colour": ["red"], "kind": ["a"]}))
        with pytest.raises(ArtifactError, match=r"payload\.height"):
            replace(sealed_records, payload=payload).records(schema, rows=1)


class TestWeights:
    def test_round_trip(self, weights, capsule, place):
        opened = SealedInput.open(weights.seal(capsule.certificate), capsule, **opening(place, weights))
        np.testing.assert_array_equal(
            opened.weights(shape=(2, 2), weight_bound=2.0), [[0.5, -2.0], [1.0, 0.0]]
        )

    def test_bound_and_shape(self, weights):
        with pytest.raises(ArtifactError, match=r"weights of at most 1\.99"):
            weights.weights(shape=(2, 2), weight_bound=1.99)
        with pytest.raises(ArtifactError, match=r"of shape \(2, 2\); shape \(4, 1\)"):
            weights.weights(shape=(4, 1), weight_bound=2.0)

    @pytest.mark.parametrize("wrong", [[[float("nan")]], [[float("inf")]], [], [1.0], [[]], [["x"]], None])
    def test_no_weights(self, place, wrong):
        with pytest.raises(ArtifactError, match="payload"):
            SealedInput.of_weights(wrong, chain_id=1, contract=place.contract, scientist=place.scientist)

    def test_records_are_no_weights_and_weights_no_records(self, weights, sealed_records, schema):
        with pytest.raises(MalformedError, match="payload_kind"):
            weights.records(schema, rows=2)
        with pytest.raises(MalformedError, match="payload_kind"):
            sealed_records.weights(shape=(2, 2), weight_bound=1)

    def test_other_safetensors_are_refused(self, weights):
        from safetensors.numpy import save

        matrix = np.ones((2, 2))
        for payload in (
            save({"weights": matrix.astype(np.float32)}),
            save({"other": matrix}),
            save({"weights": matrix, "more": matrix}),
            save({"weights": matrix}, metadata={"note": "x"}),
            save({"weights": np.ones(4)}),
            save({"weights": np.full((2, 2), np.nan)}),
            save({"weights": matrix})[:-1],
            save({"weights": matrix}) + b"\0",
            b"\xff" * 64,
        ):
            with pytest.raises(ArtifactError, match="payload"):
                replace(weights, payload=payload).weights(shape=(2, 2), weight_bound=9)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chain_id", 0),
        ("chain_id", 2**63),
        ("chain_id", True),
        ("contract", "0x" + "00" * 20),
        ("contract", "0x1234"),
        ("contract", None),
        ("scientist", "somebody"),
        ("payload_kind", "pickle"),
        ("payload", b""),
        ("salt", bytes(31)),
    ],
)
def test_fields_at_their_bounds(sealed_records, field, value):
    with pytest.raises(ArtifactError) as caught:
        replace(sealed_records, **{field: value})
    assert (caught.value.kind, caught.value.field) == ("sealed_input", field)


def test_payload_limit(sealed_records, monkeypatch):
    monkeypatch.setattr(module, "_MOST", 3 * 1024)
    assert replace(sealed_records, payload=bytes(2 * 1024)).to_bytes()
    with pytest.raises(OversizedError, match="payload"):
        replace(sealed_records, payload=bytes(2 * 1024 + 1))
