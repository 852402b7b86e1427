"""What a campaign's records look like, and how they become numbers: the same for scientist, Capsule and
mines.

A campaign has an input schema and an output schema: JSON Schema 2020-12 documents in a small profile, with
one keyword of our own, `openmined`, for what JSON Schema cannot say. `pysonar.protocol.schema.field`
describes the profile.
"""

from pysonar.protocol.schema.errors import (
    BadValueError,
    FileFormatError,
    MissingColumnError,
    ProfileError,
    SchemaError,
)
from pysonar.protocol.schema.field import (
    boolean_field,
    category_field,
    class_label,
    input_schema,
    integer_field,
    number_field,
    number_label,
    output_schema,
)
from pysonar.protocol.schema.schema import Schema
from pysonar.protocol.schema.text import text_field

__all__ = [
    "BadValueError",
    "FileFormatError",
    "MissingColumnError",
    "ProfileError",
    "Schema",
    "SchemaError",
    "boolean_field",
    "category_field",
    "class_label",
    "input_schema",
    "integer_field",
    "number_field",
    "number_label",
    "output_schema",
    "text_field",
]
