"""The questions that can be asked, each one function."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from pysonar.chain.address import ZERO_ADDRESS
from sonar_web import queries
from sonar_web.api import shapes
from sonar_web.api.reading import Reader, address, campaign_id
from sonar_web.errors import BadQueryError, UnknownError

router = APIRouter(prefix="/api/v1")

After = Annotated[str | None, Query(description="`next` of the page before", max_length=512)]
Limit = Annotated[int, Query(ge=1, le=queries.MOST_ROWS)]
Search = Annotated[
    str | None,
    Query(description="words of a title, an address, or the beginning of an id", max_length=100),
]
Account = Annotated[str | None, Query(max_length=64)]


def reader(request: Request) -> Reader:
    """The service's reader."""
    found: Reader = request.app.state.reader
    return found


Index = Annotated[Reader, Depends(reader)]


def _page(index: Reader, table: str, shape: Any, **asked: Any) -> dict[str, Any]:
    with index.snapshot() as (database, tip):
        found = queries.page(database, table, **asked)
        return index.envelope(tip, next=found.next, data=[shape(row) for row in found.rows])


@router.get("/campaigns")
def campaigns(
    index: Index,
    state: str | None = None,
    owner: Account = None,
    capsule: Account = None,
    search: Search = None,
    limit: Limit = 50,
    after: After = None,
) -> shapes.Answer[list[shapes.Campaign]]:
    """Campaigns, the newest first."""
    where: dict[str, Any] = {}
    if state is not None:
        if state not in queries.STATES:
            raise BadQueryError("state", state, f"one of {', '.join(queries.STATES)}")
        where["state"] = state
    for name, value in (("owner", owner), ("capsule", capsule)):
        if value is not None:
            where[name] = address(name, value)
    found = _page(index, "campaign", shapes.campaign, where=where, search=search, limit=limit, after=after)
    return shapes.Answer[list[shapes.Campaign]](**found)


@router.get("/campaigns/{campaign}")
def campaign(index: Index, campaign: str) -> shapes.Answer[shapes.Campaign]:
    """One campaign."""
    wanted = campaign_id(campaign)
    with index.snapshot() as (database, tip):
        row = queries.one(database, "campaign", "campaign", campaign, id=wanted)
        return shapes.Answer[shapes.Campaign](**index.envelope(tip, data=shapes.campaign(row)))


@router.get("/campaigns/{campaign}/submissions")
def submissions(
    index: Index, campaign: str, limit: Limit = 100, after: After = None
) -> shapes.Answer[list[shapes.Submission]]:
    """A campaign's submissions, in the order of its queue."""
    where = {"campaign": campaign_id(campaign)}
    found = _page(index, "submission", shapes.submission, where=where, limit=limit, after=after)
    return shapes.Answer[list[shapes.Submission]](**found)


@router.get("/campaigns/{campaign}/versions")
def versions(index: Index, campaign: str) -> shapes.Answer[list[shapes.Submission]]:
    """The submissions that improved a campaign's model, in the order of its versions."""
    wanted = campaign_id(campaign)
    with index.snapshot() as (database, tip):
        queries.one(database, "campaign", "campaign", campaign, id=wanted)
        found = [shapes.submission(row) for row in queries.versions(database, wanted)]
        return shapes.Answer[list[shapes.Submission]](**index.envelope(tip, data=found))


@router.get("/miners")
def miners(
    index: Index, asset: Account = None, limit: Limit = 50, after: After = None
) -> shapes.Answer[list[shapes.Miner]]:
    """Miners by what they earned in an asset (ether, if none is given), the most first."""
    where = {"asset": ZERO_ADDRESS if asset is None else address("asset", asset)}
    found = _page(index, "miner", shapes.miner, where=where, limit=limit, after=after)
    return shapes.Answer[list[shapes.Miner]](**found)


@router.get("/miners/{miner}/submissions")
def submissions_of_miner(
    index: Index, miner: str, limit: Limit = 100, after: After = None
) -> shapes.Answer[list[shapes.Submission]]:
    """A miner's submissions, the newest first."""
    where = {"miner": address("miner", miner)}
    order = "submission_of_miner"
    found = _page(index, "submission", shapes.submission, order=order, where=where, limit=limit, after=after)
    return shapes.Answer[list[shapes.Submission]](**found)


@router.get("/capsules")
def capsules(index: Index, limit: Limit = 50, after: After = None) -> shapes.Answer[list[shapes.Capsule]]:
    """Capsules and their records."""
    found = _page(index, "capsule", shapes.capsule, limit=limit, after=after)
    return shapes.Answer[list[shapes.Capsule]](**found)


@router.get("/capsules/{capsule}")
def capsule(index: Index, capsule: str) -> shapes.Answer[shapes.Capsule]:
    """One Capsule's record."""
    wanted = address("capsule", capsule)
    with index.snapshot() as (database, tip):
        row = queries.one(database, "capsule", "Capsule", capsule, address=wanted)
        return shapes.Answer[shapes.Capsule](**index.envelope(tip, data=shapes.capsule(row)))


@router.get("/certificates")
def certificates(index: Index) -> shapes.Answer[list[shapes.Certificate]]:
    """The Capsules that can be named by a campaign, with their certificates."""
    with index.snapshot() as (database, tip):
        found = [
            shapes.Certificate(address=address, certificate=shapes.address_of(digest))
            for address, digest in sorted(queries.certificates(database).items())
        ]
        return shapes.Answer[list[shapes.Certificate]](**index.envelope(tip, data=found))


@router.get("/days")
def days(index: Index, limit: Limit = 100, after: After = None) -> shapes.Answer[list[shapes.Day]]:
    """Totals per day (UTC) and asset, the newest first."""
    found = _page(index, "day", shapes.day, limit=limit, after=after)
    return shapes.Answer[list[shapes.Day]](**found)


@router.get("/gas")
def gas(index: Index, limit: Limit = 100, after: After = None) -> shapes.Answer[list[shapes.GasDay]]:
    """Gas per day (UTC) and kind of call, the newest first."""
    found = _page(index, "gas_day", shapes.gas_day, limit=limit, after=after)
    return shapes.Answer[list[shapes.GasDay]](**found)


@router.get("/tokens")
def tokens(index: Index, limit: Limit = 500, after: After = None) -> shapes.Answer[list[shapes.Token]]:
    """How the tokens of campaigns are counted."""
    found = _page(index, "token", shapes.token, limit=limit, after=after)
    return shapes.Answer[list[shapes.Token]](**found)


@router.get("/tokens/{token}")
def token(request: Request, index: Index, token: str) -> shapes.Answer[shapes.Token]:
    """How one token is counted, whether or not a campaign is paid in it."""
    wanted = address("token", token)
    with index.snapshot() as (database, tip):
        row = queries.find(database, "token", address=wanted)
    if row is None:
        symbol, decimals = request.app.state.ask_token(wanted)
        if symbol is None:
            raise UnknownError("token", wanted)
        row = {"address": wanted, "symbol": symbol, "decimals": decimals}
    return shapes.Answer[shapes.Token](**index.envelope(tip, data=shapes.token(row)))
