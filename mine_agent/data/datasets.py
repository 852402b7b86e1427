"""The miner's own data: which sources this mine may use, by name, place and digest. Rows are never kept.

Data are registered where they lie and not copied: a second copy of private rows would outlive the first one
when its owner deletes it, and the digest already makes sure that what is trained on is what was registered. A
file that changed is refused until its owner adds it again; a database changes, so its digest is taken anew
before each use. What is kept (`data/NAME.json`) is the place, the digest, the number of rows and the columns'
names and kinds, but no value and no secret.

Not here: what the values are in the types of a campaign (see `pysonar.tables` and `matching`).
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from mine_agent.data.adapters import adapter_for, adapter_named
from mine_agent.data.adapters.interface import check_options
from mine_agent.data.mapping import FieldMapping, MappedSource, mapped_names, mapped_notations, read_mapping
from mine_agent.errors import DataChangedError, DataError, UnknownDataError
from pysonar.files.secret_file import replace_secret_file
from pysonar.protocol.schema import SchemaError
from pysonar.tables import UNUSABLE, Source
from pysonar.tables.numbers import COMMA, CURRENCIES, POINT, UNDECIDED, Notation, Notations
from pysonar.tables.understanding import TableSeen, understand

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_FORMAT = "openmined/mine-data-set/2"
_IDENTITY = b"openmined/registration/1\0"


@dataclass(frozen=True)
class Column:
    """A column's name, kind and number of values that are not there, as they were at registration.

    `odd_row` is the first row with a value that is not a number, in a column that has numbers, too.
    `notation` is how its texts write numbers, from then on; None in registrations of earlier releases.
    """

    name: str
    kind: str
    missing: int
    odd_row: int | None = None
    notation: Notation | None = None


@dataclass(frozen=True)
class DataSet:
    """Registered data.

    Attributes:
        kind, location, options: which adapter opens it, where, and how.
        digest: SHA-256 of what decides the records.
        live: whether it may change; see `Adapter.live`.
        columns: the first columns, as they were looked at; names: all of them.
        decimal: the owner's word on the decimal mark; unusable: share of records that may be left out.
        mapping: how campaigns' fields are made of the columns; the digest is of the data seen through it.
        registration: a secret drawn each time the owner registers the data: a digest that includes it says
            nothing of the rows.
    """

    name: str
    kind: str
    location: str
    digest: bytes
    rows: int
    columns: tuple[Column, ...]
    names: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    live: bool = False
    decimal: str | None = None
    unusable: Fraction = UNUSABLE
    registration: str = ""
    mapping: FieldMapping | None = None

    def column_names(self) -> tuple[str, ...]:
        """All of them, in order; mapped fields under the campaigns' names for them."""
        return self.names if self.mapping is None else tuple(mapped_names(self.names, self.mapping))

    def settled(self) -> Notations | None:
        """How the owner's columns write numbers, as it was settled when they registered the data; None: it
        was not, by an earlier release. Columns that were not looked at are read where nothing is to decide.
        """
        if any(column.notation is None for column in self.columns):
            return None
        unseen = Notation(self.decimal or UNDECIDED)
        seen = {column.name: column.notation for column in self.columns if column.notation is not None}
        return {name: seen.get(name, unseen) for name in self.names}

    def written(self) -> Notations | None:
        """How the fields that the data are seen as write numbers; None as of `settled`."""
        settled = self.settled()
        return settled if settled is None or self.mapping is None else mapped_notations(settled, self.mapping)

    def settled_unseen(self) -> DataSet:
        """The data with numbers settled whose owner registered them with an earlier release, without a look
        at them: under a budget one record must not decide what others are read as.
        """
        plain = Notation(self.decimal or POINT)
        columns = (replace(column, notation=column.notation or plain) for column in self.columns)
        return replace(self, columns=tuple(columns))

    def identity(self, *, budgeted: bool) -> bytes:
        """What tells whether a mine has trained on them already, 32 bytes. Under a budget, data registered
        anew are others, changed or not: so is their release, and if a mine submitted again only what has
        changed, everybody would see that it has.
        """
        if not budgeted:
            return self.digest
        return hashlib.sha256(_IDENTITY + self.registration.encode() + self.digest).digest()

    def renewed(self) -> DataSet:
        """The same data as they are now: a live source's digest taken anew. DataChangedError if what is not
        live has changed, or is gone.
        """
        try:
            digest = self._source().digest()
        except (SchemaError, DataError) as error:
            raise DataChangedError(
                f"data set {self.name!r}: {error}; put it back, or `mine-agent data remove {self.name}`"
            ) from None
        if digest != self.digest and not self.live:
            raise DataChangedError(
                f"data set {self.name!r}: {self.location} is not what was registered"
                f" (SHA-256 {self.digest.hex()}); to use it as it is:"
                f" mine-agent data add {self.name} {self.location} --replace"
            )
        return self if digest == self.digest else replace(self, digest=digest)

    @contextmanager
    def opened(self) -> Iterator[Source]:
        """The source, if it still is what was registered, and the promise that it was so to the end.

        Raises DataChangedError: it is another one, at the beginning or at the end; what was made of it must
        not be used.
        """
        before = self.renewed()
        if before.digest != self.digest:
            raise DataChangedError(f"data set {self.name!r} changed just now; it is looked at again")
        try:
            yield self._source()
        except (SchemaError, DataError):
            self._check_same()  # what changed meanwhile is first of all changed, whatever it then looked like
            raise
        self._check_same()

    def _check_same(self) -> None:
        if self.renewed().digest != self.digest:
            raise DataChangedError(f"data set {self.name!r} changed while it was read; it is read again")

    def _source(self) -> Source:
        source = adapter_named(self.kind).source(self.location, self.options)
        return (
            source
            if self.mapping is None
            else MappedSource(source, self.mapping, self.settled(), self.decimal)
        )


class DataShelf:
    """The registered data sets of one mine, a file for each under `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def look(
        self,
        name: str,
        location: str | Path,
        *,
        kind: str | None = None,
        options: Mapping[str, str] | None = None,
        decimal: str | None = None,
        unusable: Fraction = UNUSABLE,
        progress: Callable[[int], None] = lambda _: None,
    ) -> tuple[DataSet, TableSeen]:
        """Look through the data at `location`, without registering them. Raises DataError, SchemaError."""
        if not _NAME.fullmatch(name):
            raise DataError(
                f"{name!r} is not a name for data; use 1 to 64 of a-z, 0-9, '-' and '_',"
                " starting with a letter or digit"
            )
        if decimal not in (None, ".", ","):
            raise DataError(f"the decimal mark is {decimal!r}; expected '.' or ','")
        place = _place(location)
        adapter = adapter_named(kind) if kind else adapter_for(place)
        chosen = dict(options or {})
        check_options(adapter, chosen)
        source = adapter.source(place, chosen)
        seen = understand(source, decimal=decimal, progress=progress)
        if not seen.rows:
            none = (
                "no record follows the header line" if adapter.kind == "csv" else "there is no record in it"
            )
            what = seen.first_fault or none
            raise DataError(f"{source.name}: {what}")
        if seen.faults > unusable * (seen.rows + seen.faults):
            raise DataError(
                f"{source.name}: {seen.first_fault} ({seen.faults} such rows of {seen.rows + seen.faults};"
                f" at most {float(100 * unusable):.4g} % of them may be left out)"
            )
        decimal = decimal or _seen_decimal(seen)
        columns = tuple(
            Column(column.name, column.kind, column.missing, column.odd_row, column.notation)
            for column in seen.columns
        )
        made = DataSet(
            name, adapter.kind, place, source.digest(), seen.rows, columns, tuple(seen.names), chosen,
            adapter.live, decimal, unusable, secrets.token_hex(16),
        )  # fmt: skip
        return made, seen

    def keep(self, data: DataSet, *, replace: bool) -> None:
        """Register data that were looked at. DataError if the name is taken and `replace` is not said."""
        self.require_free(data.name, replace=replace)
        replace_secret_file(self._file(data.name), _to_json(data).encode())

    def require_free(self, name: str, *, replace: bool) -> None:
        """Raises DataError if the name is taken and `replace` is not said."""
        if _NAME.fullmatch(name) and self._file(name).exists() and not replace:
            raise DataError(f"data set {name!r} is registered already; give --replace to register it anew")

    def add(self, name: str, location: str | Path, *, replace: bool, **how: Any) -> DataSet:
        """Look through the data at `location` and register them as `name`; `how` as of `look`."""
        self.require_free(name, replace=replace)
        data, _ = self.look(name, location, **how)
        self.keep(data, replace=replace)
        return data

    def seen(self, data: DataSet) -> TableSeen:
        """What the columns of registered data hold, as the owner calls them."""
        source = adapter_named(data.kind).source(data.location, data.options)
        return understand(source, decimal=data.decimal)

    def keep_mapping(self, name: str, mapping: FieldMapping | None) -> DataSet:
        """Let the data set `name` be seen through `mapping` from now on; None: as it is. UnknownDataError."""
        self.get(name)
        if mapping is None:
            self._mapping_file(name).unlink(missing_ok=True)
        else:
            replace_secret_file(self._mapping_file(name), mapping.text.encode())
        return self.get(name)

    def remove(self, name: str) -> None:
        """Forget `name`; the data themselves stay. Raises UnknownDataError."""
        self.get(name)
        self._file(name).unlink()
        self._mapping_file(name).unlink(missing_ok=True)

    def get(self, name: str) -> DataSet:
        """Raises UnknownDataError, DataError."""
        if not _NAME.fullmatch(name) or not self._file(name).is_file():
            known = ", ".join(data.name for data in self.all()) or "none"
            raise UnknownDataError(f"no data set {name!r} is registered (registered: {known})")
        return self._read(self._file(name))

    def all(self) -> list[DataSet]:
        """All data sets in the order of their names. Raises DataError if a registration is damaged."""
        if not self._folder.is_dir():
            return []
        return [self._read(file) for file in sorted(self._folder.glob("*.json"))]

    def _read(self, file: Path) -> DataSet:
        return self.mapped(_from_json(file))

    def mapped(self, data: DataSet) -> DataSet:
        """The data set seen through the mapping that its name has, if it has one. Raises DataError."""
        place = self._mapping_file(data.name)
        try:
            mapping = read_mapping(place)
        except FileNotFoundError:
            return data
        return replace(data, mapping=mapping, digest=mapping.digest(data.digest))

    def _mapping_file(self, name: str) -> Path:
        return self._folder / f"{name}.mapping.toml"

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _seen_decimal(seen: TableSeen) -> str | None:
    """ "," if that is what all numbers speak for: then it is registered, and no longer asked of the data."""
    numbers = [column for column in seen.columns if column.kind in ("integer", "number")]
    commas = [column for column in numbers if column.conversions["decimal comma"]]
    plain = [column for column in numbers if column.kind == "number" and column.notation.mark == POINT]
    return "," if commas and not plain else None


def _place(location: str | Path) -> str:
    """A path made absolute; other locations (with a scheme, as sqlite:...) as they are. Raises DataError."""
    text = str(location)
    if not text.isprintable():
        raise DataError(f"{text!r} is not a place of data: it has characters that cannot be seen")
    if isinstance(location, Path) or not re.match(r"[a-z][a-z0-9+]+:", text):
        try:
            return str(Path(text).expanduser().absolute())
        except RuntimeError:
            raise DataError(f"{text} begins with ~ and names a user without a home directory") from None
    return text


def _to_json(data: DataSet) -> str:
    document = {
        "format": _FORMAT,
        "name": data.name,
        "kind": data.kind,
        "location": data.location,
        "options": dict(data.options),
        "live": data.live,
        "decimal": data.decimal,
        "unusable": str(data.unusable),
        "sha256": data.digest.hex(),
        "registration": data.registration,
        "rows": data.rows,
        "names": list(data.names),
        "columns": [_column_to_json(column) for column in data.columns],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _column_to_json(column: Column) -> dict[str, Any]:
    plain = {"name": column.name, "kind": column.kind, "missing": column.missing, "odd_row": column.odd_row}
    if column.notation is None:
        return plain
    return plain | {"mark": column.notation.mark, "currency": column.notation.currency}


def _column_from_json(entry: dict[str, Any]) -> Column:
    """Raises ValueError, KeyError, TypeError."""
    plain = {key: value for key, value in entry.items() if key not in ("mark", "currency")}
    if "mark" not in entry:  # of an earlier release
        return Column(**plain)
    notation = Notation(entry["mark"], entry["currency"])
    if notation.mark not in (POINT, COMMA, UNDECIDED) or notation.currency not in (None, *CURRENCIES):
        raise ValueError
    return Column(**plain, notation=notation)


def _from_json(file: Path) -> DataSet:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["format"] != _FORMAT or document["name"] != file.stem:
            raise ValueError
        return DataSet(
            name=document["name"],
            kind=document["kind"],
            location=document["location"],
            digest=bytes.fromhex(document["sha256"]),
            rows=int(document["rows"]),
            columns=tuple(map(_column_from_json, document["columns"])),
            names=tuple(document["names"]),
            options=dict(document["options"]),
            live=bool(document["live"]),
            decimal=document["decimal"],
            unusable=Fraction(document["unusable"]),
            registration=document["registration"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(
            f"{file} is not a registration of a data set; delete it and add the data set again"
        ) from None
