"""Whole tables as files: CSV or Parquet, streamed, so that a table larger than memory is no problem."""

from __future__ import annotations

import contextlib
import csv
import io
import threading
import time
import typing
from collections.abc import Callable, Iterator
from queue import Empty, Full, Queue
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from sonar_web import queries
from sonar_web.api import shapes
from sonar_web.api.limits import AtOnce
from sonar_web.api.reading import Reader
from sonar_web.api.routes import Index
from sonar_web.errors import BusyError, UnknownError

router = APIRouter(prefix="/api/v1/export")

T = TypeVar("T")
Shape = Callable[[dict[str, Any]], BaseModel]

ROWS_AT_ONCE = 10_000
MOST_SECONDS = 1_800.0
"""An export keeps a snapshot open, so that the database cannot clean up behind it."""
SECONDS_STALLED = 60.0
TABLES: dict[str, tuple[str, Shape, type[BaseModel]]] = {
    "campaigns": ("campaign", shapes.campaign, shapes.Campaign),
    "miners": ("miner", shapes.miner, shapes.Miner),
    "capsules": ("capsule", shapes.capsule, shapes.Capsule),
    "days": ("day", shapes.day, shapes.Day),
    "gas": ("gas_day", shapes.gas_day, shapes.GasDay),
}


_CSV, _PARQUET = "text/csv", "application/vnd.apache.parquet"


@router.get("/{table}.csv", response_class=StreamingResponse, responses={200: {"content": {_CSV: {}}}})
def as_csv(request: Request, index: Index, table: str) -> StreamingResponse:
    """A whole table as CSV."""
    source, shape, model = _source(table)
    name = f'attachment; filename="{table}.csv"'
    return StreamingResponse(
        _in_one_thread(lambda: _csv(index, source, shape, model), _place(request)),
        media_type=_CSV,
        headers={"content-disposition": name},
    )


@router.get(
    "/{table}.parquet", response_class=StreamingResponse, responses={200: {"content": {_PARQUET: {}}}}
)
def as_parquet(request: Request, index: Index, table: str) -> StreamingResponse:
    """A whole table as Parquet."""
    source, shape, model = _source(table)
    name = f'attachment; filename="{table}.parquet"'
    return StreamingResponse(
        _in_one_thread(lambda: _parquet(index, source, shape, model), _place(request)),
        media_type=_PARQUET,
        headers={"content-disposition": name},
    )


def _place(request: Request) -> Callable[[], None]:
    """Take a place; what gives it back. BusyError if there is none."""
    exports: AtOnce = request.app.state.serving.exports
    address = request.client.host if request.client else ""
    if not exports.enter(address):
        raise BusyError("exports")
    return lambda: exports.leave(address)


def _source(table: str) -> tuple[str, Shape, type[BaseModel]]:
    if table not in TABLES:
        raise UnknownError("table", table)
    return TABLES[table]


def _flat(row: BaseModel) -> dict[str, Any]:
    found: dict[str, Any] = row.model_dump()
    terms: dict[str, Any] = found.pop("terms", {})
    return found | terms


def _chunks(index: Reader, table: str, shape: Shape) -> Iterator[list[dict[str, Any]]]:
    with index.snapshot() as (database, _):
        chunk: list[dict[str, Any]] = []
        for row in queries.every(database, table):
            chunk.append(_flat(shape(row)))
            if len(chunk) == ROWS_AT_ONCE:
                yield chunk
                chunk = []
        if chunk:
            yield chunk


def _csv(index: Reader, table: str, shape: Shape, model: type[BaseModel]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.DictWriter(text, _schema(model).names, lineterminator="\r\n")
    writer.writeheader()
    for chunk in _chunks(index, table, shape):
        writer.writerows({name: _plain(value) for name, value in row.items()} for row in chunk)
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def _plain(value: Any) -> Any:
    """A text that a spreadsheet does not take for a formula: a decliner writes the reason."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")) else value


def _parquet(index: Reader, table: str, shape: Shape, model: type[BaseModel]) -> Iterator[bytes]:
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, _schema(model)) as writer:
        for chunk in _chunks(index, table, shape):
            writer.write_table(pa.Table.from_pylist(chunk, schema=writer.schema))
            yield _taken(sink)
    yield _taken(sink)


def _schema(model: type[BaseModel]) -> pa.Schema:
    """The columns of a shape, its terms among them, in the order of `_flat`."""
    fields = [(name, field.annotation) for name, field in model.model_fields.items() if name != "terms"]
    if "terms" in model.model_fields:
        fields += [(name, field.annotation) for name, field in shapes.Terms.model_fields.items()]
    return pa.schema([(name, _arrow_type(annotation)) for name, annotation in fields])


def _arrow_type(annotation: Any) -> pa.DataType:
    kinds = set(typing.get_args(annotation)) or {annotation}
    for kind, arrow in ((bool, pa.bool_()), (int, pa.int64()), (float, pa.float64())):
        if kind in kinds:
            return arrow
    return pa.string()


def _taken(sink: io.BytesIO) -> bytes:
    found = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return found


def _in_one_thread(chunks: Callable[[], Iterator[T]], leave: Callable[[], None]) -> Iterator[T]:
    """The chunks, all made by one thread: a connection may not change threads, and a server that streams
    asks for each chunk from another. `leave` is called when the thread ends, also if nobody takes a chunk.
    """
    queue: Queue[T | BaseException | None] = Queue(maxsize=2)
    ended = threading.Event()
    until = time.monotonic() + MOST_SECONDS

    def put(item: T | BaseException | None) -> bool:
        last = min(until, time.monotonic() + SECONDS_STALLED)
        while not ended.is_set() and time.monotonic() < last:
            with contextlib.suppress(Full):
                queue.put(item, timeout=0.2)
                return True
        return False

    def work() -> None:
        try:
            if all(map(put, chunks())):
                put(None)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that asks
            put(error)
        finally:
            ended.set()
            leave()

    threading.Thread(target=work, daemon=True).start()

    def taken() -> Iterator[T]:
        try:
            while True:
                try:
                    item = queue.get(timeout=0.2)
                except Empty:
                    if ended.is_set() and queue.empty():
                        raise BusyError("slow readers") from None  # the rest is lost: the answer breaks off
                    continue
                if item is None:
                    return
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            ended.set()

    return taken()
