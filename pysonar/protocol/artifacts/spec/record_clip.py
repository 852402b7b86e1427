"""The public length that a campaign's records are clipped to where a mine adds noise. It follows from the
spec alone and is the same for everybody.

A field is expected to be scaled to about one unit (that is what `center` and `scale` are for), so it counts
as 1, or as less where its own clip allows less: a record of d such fields has a length of about sqrt(d). A
feature map says for itself how long its rows are. Longer records are shortened, and keep their direction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from openmined_syft.models.family import LinearFamily
from openmined_syft.privacy import Clip
from pysonar.protocol.schema import Schema
from pysonar.protocol.schema.field import Field

LONGEST_LABEL = 3.0
"""Units of a number to predict beyond which it is clipped, unless the spec's own clip is narrower."""
_SHORTEST = 1e-6


def record_clip(schema: Schema, family: LinearFamily) -> Clip:
    """What records in this schema are clipped to for a model of this family."""
    if family.feature_map is not None:
        inputs = family.feature_map.usual_norm
    else:
        inputs = math.sqrt(_squares(schema.fields))
    targets = min(_reach(schema.label), LONGEST_LABEL) if schema.label.numeric else 1.0
    return Clip(max(inputs, _SHORTEST), max(targets, _SHORTEST))


def _squares(fields: Sequence[Field]) -> float:
    return math.fsum(min(1.0, _reach(field) ** 2) if field.numeric else 1.0 for field in fields)


def _reach(field: Field) -> float:
    """The largest absolute value that an encoded number can have."""
    low, high = field.clip
    return max(abs(low - field.center), abs(high - field.center)) / field.scale
