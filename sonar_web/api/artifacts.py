"""Artifacts: those that the chain names are handed out; new ones are taken from this service's own pages.

What comes out was verified by hash; it is for scripts to read, never shown by a browser as a page of ours.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from pysonar.protocol.cid import Cid, CidError
from pysonar.store import errors as store_errors
from pysonar.store.interface import Reader as StoreReader
from pysonar.store.interface import Store
from sonar_web import queries
from sonar_web.api import shapes
from sonar_web.api.limits import AtOnce
from sonar_web.api.reading import Reader
from sonar_web.api.routes import Index
from sonar_web.errors import (
    BadQueryError,
    BusyError,
    ForbiddenError,
    StoreAwayError,
    TooLargeError,
    UnknownError,
)

router = APIRouter(prefix="/api/v1/artifacts")

MOST_BYTES = 64 << 20
OWNER = "sonar-web"
_OCTETS = "application/octet-stream"


@router.get("/{cid}", response_class=Response, responses={200: {"content": {_OCTETS: {}}}})
def artifact(request: Request, index: Index, cid: str) -> Response:
    """The bytes of an artifact that the chain names."""
    wanted = _named(index, cid)
    store: StoreReader | None = request.app.state.store
    if store is None:
        raise StoreAwayError("this service has no store; start it with --store")
    try:
        content = store.get(wanted, max_bytes=MOST_BYTES)
    except store_errors.TooLargeError:
        raise TooLargeError(MOST_BYTES) from None
    except store_errors.StoreError as error:
        raise StoreAwayError(f"{cid} cannot be fetched from the store now: {error}") from None
    return Response(
        content,
        media_type=_OCTETS,
        headers={
            "content-disposition": f'attachment; filename="{wanted}"',
            "cache-control": "public, max-age=31536000, immutable",
        },
    )


@router.post(
    "",
    status_code=201,
    responses={413: {"model": shapes.Refusal, "description": "larger than this service carries"}},
    openapi_extra={"requestBody": {"required": True, "content": {_OCTETS: {}}}},
)
async def put(request: Request) -> shapes.Stored:
    """Keep an artifact, for the page on which campaigns are created."""
    taker: Store | None = request.app.state.taker
    if taker is None:
        raise ForbiddenError(
            "this service takes no artifacts; start it on a loopback address, or with --take-artifacts"
        )
    origin = request.headers.get("origin")
    if origin is None or origin.split("://")[-1] != request.headers.get("host"):
        raise ForbiddenError("only this service's own pages may put artifacts into the store")
    if request.headers.get("content-type") != _OCTETS:
        raise BadQueryError("content-type", request.headers.get("content-type", ""), _OCTETS)
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:20]) > MOST_BYTES:
        raise TooLargeError(MOST_BYTES)
    uploads: AtOnce = request.app.state.serving.uploads
    address = request.client.host if request.client else ""
    if not uploads.enter(address):
        raise BusyError("uploads")
    try:
        content = bytearray()
        async for piece in request.stream():
            content += piece
            if len(content) > MOST_BYTES:
                raise TooLargeError(MOST_BYTES)
        if not content:
            raise BadQueryError("body", "", "an artifact's bytes")
        cid = await run_in_threadpool(taker.put_pinned, bytes(content), OWNER)
    except store_errors.StoreError as error:
        raise StoreAwayError(f"the store does not take it now: {error}") from None
    finally:
        uploads.leave(address)
    return shapes.Stored(cid=str(cid), bytes=len(content))


def _named(index: Reader, cid: str) -> Cid:
    try:
        wanted = Cid.parse(cid)
    except CidError:
        raise BadQueryError("cid", cid, "a CID of version 0, Qm and 44 characters more") from None
    with index.snapshot() as (database, _):
        if not queries.is_named(database, wanted.digest):
            raise UnknownError("artifact", cid)
    return wanted
