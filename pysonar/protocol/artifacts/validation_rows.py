"""The sealed validation records as rows that are judged with, and which of them guide the search for a step.

Which ones follows from the 32 random bytes inside the seal, which nobody but the scientist and Capsule, and
later the auditor, can know: whoever sends gradients cannot aim at the rows that pay.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from openmined_syft.judging.judged_rows import JudgedRows
from openmined_syft.models import ModelFamily
from openmined_syft.schemes import scheme_named
from pysonar.protocol.artifacts.sealed_input import SealedInput
from pysonar.protocol.artifacts.spec.spec import Spec


def guiding(salt: bytes, rows: int, count: int) -> NDArray[np.bool_] | None:
    """Which of the rows guide, (rows,): the `count` that have the smallest numbers, where row i has the i-th
    64-bit little-endian word of SHAKE-256("openmined/validation_split/1/" salt), the earlier one of equals;
    None for a count of 0.
    """
    if not count:
        return None
    stream = hashlib.shake_256(b"openmined/validation_split/1/" + salt).digest(8 * rows)
    chosen = np.zeros(rows, np.bool_)
    chosen[np.argsort(np.frombuffer(stream, "<u8"), kind="stable")[:count]] = True
    return chosen


def judged_rows(
    spec: Spec, family: ModelFamily, sealed: SealedInput, records: pa.Table | None = None
) -> JudgedRows:
    """The opened records as the spec wants them judged with. `records`: those in it, if read already.

    Raises:
        ArtifactError: no records, another number of them, or they do not fit the schema.
    """
    validation = spec.validation
    table = sealed.records(spec.schema, rows=validation.rows) if records is None else records
    return JudgedRows(
        family,
        scheme_named(spec.scheme),
        spec.metric,
        spec.schema.encode(table),
        spec.schema.encode_labels(table),
        guiding(sealed.salt, validation.rows, validation.guiding_rows),
    )
