"""Earnings over time: all that this mine earned and spent, in the order of the chain, exact to the wei."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mine_agent.connection import Connection
from pysonar.chain.address import ZERO_ADDRESS
from pysonar.chain.contract.types import Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.outbox_records import OutboxRecords
from pysonar.chain.submissions import submissions
from pysonar.party.cli import drawing
from pysonar.party.wording import about, short

WIDTH, HEIGHT = 720, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 110, 20, 40, 40
_LINE = 14  # so far apart are labels that can be read
_BLOCKS_AT_ONCE = 100
_BURNED = (Verdict.MALFORMED, Verdict.UNAVAILABLE)


@dataclass(frozen=True)
class Entry:
    """One change: `amount` in the smallest unit of `asset` (the zero address for ether), below 0 for what was
    spent; `what` is payout, fee, stake (a burned one) or gas.
    """

    block: int
    campaign: bytes | None
    asset: str
    amount: int
    what: str


def entries(connection: Connection) -> list[Entry]:
    """Every payout, fee, burned stake and transaction of this account, oldest first. A payout counts once it
    was announced, a stake that comes back does not count at all.
    """
    found: list[Entry] = []
    for campaign in connection.own_campaign_ids():
        terms = connection.sonar.campaign(campaign).terms
        for fate in submissions(connection.follower.history(campaign=campaign)).values():
            if fate.miner != connection.address or fate.verdict is None or fate.reported is None:
                continue
            block = fate.reported.block_number
            found.append(Entry(block, campaign, terms.asset, fate.payout, "payout"))
            found.append(Entry(block, campaign, terms.asset, -terms.fee, "fee"))
            if fate.verdict in _BURNED:
                found.append(Entry(block, campaign, terms.asset, -terms.stake, "stake"))
    for sent in OutboxRecords(connection.database, connection.address).all():
        if sent.receipt is not None:
            block = sent.receipt.block_number
            found.append(Entry(block, sent.deed.campaign, ZERO_ADDRESS, -sent.receipt.fee, "gas"))
    return sorted((entry for entry in found if entry.amount), key=lambda entry: entry.block)


def times_of(connection: Connection, numbers: Iterable[int]) -> dict[int, int]:
    """When those blocks were, in seconds since 1970; blocks that the node has no longer are left out."""
    wanted = sorted(set(numbers))
    found: dict[int, int] = {}
    for place in range(0, len(wanted), _BLOCKS_AT_ONCE):
        some = wanted[place : place + _BLOCKS_AT_ONCE]
        blocks = zip(some, rpc.blocks(connection.web3, some), strict=True)
        found |= {number: block.timestamp for number, block in blocks if block is not None}
    return found


def picture(connection: Connection, changes: list[Entry], asset: str = ZERO_ADDRESS) -> str:
    """The running total of one asset over time as an SVG, with what was earned and what was spent in words.
    Over blocks, if the node has some of them no longer.
    """
    own = [entry for entry in changes if entry.asset == asset]
    first_block, last_block = (own[0].block, own[-1].block) if own else (0, 0)
    times = times_of(connection, [first_block, *(entry.block for entry in own)])
    known = all(block in times for block in [first_block, *(entry.block for entry in own)])
    at = times if known else {entry.block: entry.block for entry in own} | {first_block: first_block}
    first, last = at[first_block], max(at[last_block], at[first_block] + 1)
    totals: list[int] = []
    for entry in own:
        totals.append((totals[-1] if totals else 0) + entry.amount)
    top, bottom = max([1, *totals]), min([0, *totals])

    def across(moment: int) -> float:
        return _LEFT + (moment - first) / (last - first) * (WIDTH - _LEFT - _RIGHT)

    def up(amount: int) -> float:
        return HEIGHT - _BOTTOM - (amount - bottom) / (top - bottom) * (HEIGHT - _TOP - _BOTTOM)

    path = f"M {across(first):.1f} {up(0):.1f}"
    for entry, total in zip(own, totals, strict=True):
        path += f" H {across(at[entry.block]):.1f} V {up(total):.1f}"
    earned = sum(entry.amount for entry in own if entry.amount > 0)
    spent = -sum(entry.amount for entry in own if entry.amount < 0)
    shown = _shown(asset)
    title = f"Earned by this mine: {shown(earned - spent)}"
    description = (
        f"A step line over {len(own)} payments from block {first_block} to block {last_block}:"
        f" {shown(earned)} of payouts less {shown(spent)} of fees, burned stakes and gas."
    )
    parts = [
        drawing.line(across(first), up(0), across(last), up(0), "black"),
        drawing.line(across(first), up(bottom), across(first), up(top), "black"),
        drawing.text(_LEFT, _TOP - 16, title, "start"),
        drawing.text(_LEFT - 6, up(0) + 4, "0", "end"),
        drawing.text(across(first), HEIGHT - 14, _when(times, first_block), "start"),
        drawing.text(across(last), HEIGHT - 14, _when(times, last_block), "end"),
        drawing.steps(path, "#00529b"),
    ]
    if max(totals, default=0) > 0:
        parts.append(drawing.text(_LEFT - 6, min(up(top), up(0) - _LINE) + 4, shown(top), "end"))
    if bottom:
        parts.append(drawing.text(_LEFT - 6, max(up(bottom), up(0) + _LINE) + 4, shown(bottom), "end"))
    return drawing.picture(WIDTH, HEIGHT, title, description, parts)


def _shown(asset: str) -> Callable[[int], str]:
    return about if asset == ZERO_ADDRESS else lambda amount: f"{amount} of {short(asset)}"


def _when(times: dict[int, int], block: int) -> str:
    """The block's time; its number alone where the node has it no longer."""
    return f"{drawing.day(times[block])} UTC" if block in times else f"block {block}"
