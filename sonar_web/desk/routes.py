"""Advice for everybody; the account for browsers that were let in."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from openmined_syft.errors import OpenMinedError
from pysonar.files.nesting import shallow_json
from pysonar.party.browser_sessions import Sessions
from pysonar.protocol.cid import Cid
from sonar_web import queries
from sonar_web.api.reading import Reader, address
from sonar_web.api.routes import Index
from sonar_web.api.shapes import Refusal
from sonar_web.desk.account import Account
from sonar_web.desk.advice import Advice, AskedFor, Guards, advise, usual_guards
from sonar_web.errors import (
    BadQueryError,
    ForbiddenError,
    NoSessionError,
    StoreAwayError,
    TooLargeError,
    UsedLinkError,
    WebError,
)

MOST_BYTES = 1 << 20
MOST_ROWS = 1 << 40
UNREACHABLE = 3
"""The exit code of errors that pass when a node or a store is there again."""
M = TypeVar("M", bound=BaseModel)


class SaidByAccountError(WebError):
    """An error of the account's in its own words."""

    def __init__(self, error: OpenMinedError) -> None:
        super().__init__(str(error))
        self.status = 503 if getattr(error, "exit_code", 1) == UNREACHABLE else 400  # type: ignore[misc]


class LetIn(BaseModel):
    """What a link says."""

    token: str = Field(max_length=200)


class Words(BaseModel):
    """A question to a wallet."""

    method: str = Field(max_length=60)
    params: list[Any] = Field(default=[], max_length=4)


def advice_router() -> APIRouter:
    """`POST /api/v1/advice` and `GET /api/v1/advice/guards`."""
    router = APIRouter(prefix="/api/v1/advice")
    schema = {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": AskedFor.model_json_schema()}},
        }
    }

    @router.post("", openapi_extra=schema, responses={413: {"model": Refusal, "description": "too large"}})
    async def advice(request: Request, index: Index) -> Advice:
        """What speaks against a campaign that is not created yet, and what a mine's visit takes."""
        asked = await _body(request, AskedFor)
        return await run_in_threadpool(_advised, request, index, asked)

    @router.get("/guards")
    def guards(
        rows: Annotated[int, Query(ge=1, le=MOST_ROWS)],
        target: Annotated[int, Query(ge=1, le=1_000_000)],
        bounty: Annotated[str, Query(pattern=r"^\d{1,40}$")],
        in_ether: bool = True,
    ) -> Guards:
        """What keeps luck from being paid: which records only guide, the smallest paid gain, and the fee."""
        return usual_guards(rows, target, int(bounty), in_ether=in_ether)

    return router


def account_router(account: Account, sessions: Sessions) -> APIRouter:
    """`POST /api/v1/account`, for pages of this machine."""
    router = APIRouter(prefix="/api/v1/account", include_in_schema=False)

    @router.post("/session")
    async def session(request: Request) -> dict[str, str]:
        _require_own_page(request)
        key = sessions.open((await _body(request, LetIn)).token)
        if key is None:
            raise UsedLinkError
        await run_in_threadpool(sessions.announce_next)
        return {"key": key}

    @router.post("")
    async def ask(request: Request) -> dict[str, Any]:
        _require_own_page(request)
        if not sessions.lets_in(request.headers.get("authorization", "")):
            raise NoSessionError
        words = await _body(request, Words)
        try:
            return {"result": await run_in_threadpool(account.answer, words.method, words.params)}
        except WebError:
            raise
        except OpenMinedError as error:
            raise SaidByAccountError(error) from None

    return router


def _advised(request: Request, index: Reader, asked: AskedFor) -> Advice:
    store = request.app.state.store
    if store is None:
        raise StoreAwayError("this service has no store; start it with --store")
    capsule = address("capsule", asked.capsule)
    with index.snapshot() as (database, _):
        digest = queries.certificates(database).get(capsule)
    try:
        return advise(asked, None if digest is None else Cid.from_bytes32(digest), store)
    except OpenMinedError as error:
        raise StoreAwayError(f"the Capsule's certificate cannot be fetched now: {error}") from None


def _require_own_page(request: Request) -> None:
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    if origin != f"http://{request.headers.get('host')}" or site != "same-origin":
        raise ForbiddenError("only this service's own pages may use the account")


async def _body(request: Request, shape: type[M]) -> M:
    if request.headers.get("content-type") != "application/json":
        raise BadQueryError("content-type", request.headers.get("content-type", ""), "application/json")
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MOST_BYTES:
            raise TooLargeError(MOST_BYTES)
    try:
        return shape.model_validate(shallow_json(bytes(content)))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise BadQueryError(where, str(first.get("input"))[:80], str(first["msg"])) from None
    except ValueError:
        raise BadQueryError("the body", content[:40].decode(errors="replace"), "JSON") from None
