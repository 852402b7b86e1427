"""The accuracy of a delivered model, measured anew for the scientist, in ppm."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from pysonar.protocol.artifacts import MAX_BYTES, SealedInput
from pysonar.protocol.artifacts.validation_rows import judged_rows
from pysonar.protocol.openpgp import SecretKey
from pysonar.scientist.campaign import estimator_of
from pysonar.scientist.connection import Connection
from pysonar.scientist.errors import OtherRecordsError
from pysonar.scientist.result.delivery import Delivery
from pysonar.tables import read_csv


def final_score(connection: Connection, key: SecretKey, delivery: Delivery, validation: Path) -> int:
    """On the records in the file `validation`; where the spec splits them, on those that are paid for: the
    salt that says which is inside the sealed records, which the scientist's key opens as Capsule's does.

    Raises:
        OtherRecordsError: the spec splits its records, and the file holds others.
        OpenMinedError: the records cannot be read, or the sealed ones are not in the store or do not open.
    """
    spec, record = delivery.spec, delivery.record
    if not spec.validation.guiding_rows:
        return round(estimator_of(delivery).score(validation) * 1_000_000)
    cid = spec.validation.sealed
    opened = SealedInput.open(
        connection.store.get(cid, max_bytes=MAX_BYTES["sealed_input"]),
        key,
        chain_id=connection.sonar.chain_id,
        contract=connection.sonar.address,
        scientist=record.owner,
        digest=spec.validation.digest,
        cid=cid,
    )
    table = read_csv(validation, spec.schema, limit=Fraction(0))
    records = opened.records(spec.schema, rows=spec.validation.rows)
    if not records.equals(spec.schema.select(table)):
        raise OtherRecordsError(validation, table.num_rows, spec.validation.rows)
    return judged_rows(spec, spec.family_for(record.id), opened, records).score(delivery.result.weights)
