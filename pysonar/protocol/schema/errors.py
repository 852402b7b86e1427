"""What can be wrong with a schema, a table or a file of records."""

from __future__ import annotations

from openmined_syft.errors import OpenMinedError


def shorten(value: object, most: int = 60) -> str:
    """`repr` of a value, cut to `most` characters; long bytes are only counted."""
    if isinstance(value, bytes | bytearray) and len(value) > 32:
        return f"<{len(value)} bytes>"
    text = repr(value)
    return text if len(text) <= most else text[: most - 3] + "..."


class SchemaError(OpenMinedError):
    """Base of everything that can be wrong with a schema or with records."""


class ProfileError(SchemaError):
    """A schema document is outside the profile.

    Attributes:
        path: where in the document, as `properties.age.openmined.clip`.
        value: what stands there, shortened.
        expected: what would have been right.
    """

    def __init__(self, path: str, value: object, expected: str) -> None:
        self.path, self.value, self.expected = path, shorten(value), expected
        super().__init__(f"{path or 'the schema'} is {self.value}; {expected} is expected")

    def within(self, document: str) -> ProfileError:
        """The same error, its path starting with the name of the document."""
        error = ProfileError(f"{document}.{self.path}".rstrip("."), None, self.expected)
        error.value = self.value
        error.args = (f"{error.path} is {self.value}; {self.expected} is expected",)
        return error


class MissingColumnError(SchemaError):
    """Records lack columns that the schema requires.

    Attributes:
        columns: their names, in schema order.
    """

    def __init__(self, columns: list[str], source: str = "the records") -> None:
        self.columns, self.source = columns, source
        super().__init__(f"{source}: no column {', '.join(repr(name) for name in columns)}")


class BadValueError(SchemaError):
    """One value of the records is missing or does not fit its field.

    Attributes:
        source: file name, or "the records".
        row: as its source counts: in a file as a spreadsheet does (the header is row 1), else from 1.
        column, value, expected: where it is, what it is (shortened), what would have been right.
        more: how many other records are at fault, in words; may be empty.
    """

    def __init__(
        self, source: str, row: int, column: str, value: object, expected: str, *, more: str = ""
    ) -> None:
        self.source, self.row, self.column = source, row, column
        self.value, self.expected, self.more = shorten(value), expected, more
        shown = "missing" if value is None else self.value
        where = f"{source}: row {row}, column {column!r}"
        super().__init__(f"{where} is {shown}; {expected} is expected{f' ({more})' if more else ''}")


class FileFormatError(SchemaError):
    """A file of records cannot be read as a table at all."""
