"""Where Sonar calls out (ether to an account, a token's functions, the burn): with every gas limit the whole
happens or nothing, and as many bytes as the other side may answer cost Sonar nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.contracts.parties import Account, Contract, Project, Receipt
from tests.contracts.sonar_desk import BURN, NO_ONE, STAGE, Desk, digest, reverts

RICHES = 10**24
CHUNK = 12_000_000
"""Gas that the tries of one call of the sweep may take together."""
FINE = 1 if STAGE == "foundry" else 40
"""Titanoboa, on which mutants are tried, takes a hundred times as long for a try."""
EVERY = bool(os.environ.get("SONAR_EVERY_GAS"))
"""Try each single gas limit, which takes two minutes: a window of limits narrower than a step, in which half
of a call happens, would be found so. There is none.
"""
# Run-time code of who is paid: it keeps books in storage; it answers with 64 KiB; it refuses with 64 KiB.
KEEPS_BOOKS, LOUD, SHOUTS = "5f54340160005500", "620100005ff3", "620100005ffd"


@pytest.fixture
def issue(
    project: Project, deployer: Account, sonar: Contract, scientist: Account, miner: Account
) -> Callable[[str], Contract]:
    """Deploy a mock token; scientist and miner have plenty and have approved Sonar."""

    def deploy(name: str) -> Contract:
        token = deployer.deploy(getattr(project, name))
        for account in (scientist, miner):
            token.mint(account, RICHES, sender=deployer)
            token.approve(sonar, RICHES, sender=account)
        return token

    return deploy


@pytest.fixture
def finished(desk: Desk, sonar: Contract, capsule: Account) -> Callable[..., bytes]:
    """A campaign that is delivered and not settled, with one stake to burn and one payout; its id."""

    def bring(asset: str, miner: Account | None = None) -> bytes:
        ident = desk.opened(asset=asset)
        desk.submit(ident, "a")
        desk.submit(ident, "b", miner)
        desk.report(ident, desk.no_gain("a", verdict=3), desk.gain("b", 900_000, miner))
        sonar.deliver(ident, digest("result"), sender=capsule)
        return ident

    return bring


def first_enough(
    sweeper: Contract,
    asked: Contract,
    target: Contract,
    call: bytes,
    ident: bytes,
    asset: str,
    account: Account | str,
    due: int,
    *,
    least: int,
    most: int,
    step: int,
) -> int:
    """The first gas limit with which the call does the whole thing. The sweep reverts if one does another."""
    at = least
    while at < most:
        tries = max(1, min((most - at) // step + 1, CHUNK // (at + max(12_000, 1_000 * step))))
        until = min(most, at + tries * step)
        found = sweeper.sweep.call(target, call, ident, asset, account, due, at, until, step, sender=asked)
        if found < until:
            return int(found)
        at = until
    raise AssertionError(f"{most} gas are not enough")


@pytest.mark.parametrize("receiver", ["plain", "keeps books", "token"])
def test_a_claim_pays_all_or_does_nothing_with_every_gas_limit(
    desk, sonar, chain, project, issue, finished, miner, stranger, receiver
):
    """In steps of 7 gas up to what is enough, and beyond that of every size (EIP-150 keeps a 64th back)."""
    asset = str(issue("PlainToken")) if receiver == "token" else NO_ONE
    ident = finished(asset)
    sonar.settle(ident, sender=stranger)
    if receiver == "keeps books":
        chain.provider.set_code(miner.address, bytes.fromhex(KEEPS_BOOKS))
    sweeper, call = stranger.deploy(project.GasSweep), sonar.claim.encode_input(ident, miner, miner)
    due = sonar.claimable(ident, miner)
    assert due > 0
    about = (sweeper, stranger, sonar, call, ident, asset, miner, due)
    step = 1 if EVERY else 7 * FINE
    least = first_enough(*about, least=0, most=150_000, step=step)
    for more in (*range(1, 600, 13 * FINE), 2_300, 9_000, 35_000, 100_000):
        assert first_enough(*about, least=least + more, most=least + more + 1, step=1) == least + more
    exact = first_enough(*about, least=max(0, least - step + 1), most=least + 1, step=1)
    assert least - step < exact <= least
    assert sonar.owed(ident, miner) == due  # nothing of all this stays: the sweep was only asked


@pytest.mark.parametrize("asset", ["ether", "token"])
def test_a_settlement_burns_the_stake_or_does_nothing_with_every_gas_limit(
    desk, sonar, project, issue, finished, stranger, asset
):
    """Whoever settles cannot have the burn fail for want of gas, and the rest go through."""
    address = str(issue("PlainToken")) if asset == "token" else NO_ONE
    ident = finished(address)
    sweeper, call = stranger.deploy(project.GasSweep), sonar.settle.encode_input(ident)
    about = (sweeper, stranger, sonar, call, ident, address, BURN, desk.usual.stake)
    step = 1 if EVERY else (11 if asset == "ether" else 101) * FINE
    least = first_enough(*about, least=0, most=500_000, step=step)
    for more in (*range(1, 2_000, 37 * FINE), 9_000, 100_000):
        assert first_enough(*about, least=least + more, most=least + more + 1, step=1) == least + more
    sonar.settle(ident, sender=stranger)
    assert sonar.owed(ident, BURN) == 0


def test_the_sweep_notices_a_call_that_moves_another_amount(desk, sonar, project, finished, miner, stranger):
    ident = finished(NO_ONE)
    sonar.settle(ident, sender=stranger)
    due, call = sonar.claimable(ident, miner), sonar.claim.encode_input(ident, miner, miner)
    sweeper = stranger.deploy(project.GasSweep)
    for wrong in (due - 1, due + 1):
        with reverts("sweep: Sonar holds another amount"):
            sweeper.sweep.call(sonar, call, ident, NO_ONE, miner, wrong, 100_000, 100_001, 1, sender=stranger)


@pytest.mark.parametrize("code", [LOUD, SHOUTS])
def test_a_receiver_s_64_kib_cost_sonar_nothing(desk, sonar, chain, finished, miner, stranger, code):
    ident = finished(NO_ONE)
    sonar.settle(ident, sender=stranger)
    due = sonar.claimable(ident, miner)
    chain.provider.set_code(miner.address, bytes.fromhex(code))
    held = sonar.balance
    if code == SHOUTS:
        with reverts("sonar: receiver refused"):
            sonar.claim(ident, miner, miner, sender=stranger)
        assert (sonar.balance, sonar.claimable(ident, miner)) == (held, due)
        return
    used = sonar.claim(ident, miner, miner, sender=stranger).gas_used
    assert sonar.balance == held - due
    filling = 3 * 2_048 + 2_048**2 // 512  # what the receiver pays for its memory, once
    assert used < 60_000 + filling + 1_000


def test_a_token_s_16_kib_cost_sonar_nothing_wherever_it_answers(
    desk, sonar, project, issue, deployer, scientist, capsule, miner, stranger
):
    """Each act on a quiet and on a loud token: the difference is what the token pays for its own memory."""
    token = issue("LoudToken")
    used: dict[str, list[int]] = {}

    def note(name: str, receipt: Receipt) -> None:
        used.setdefault(name, []).append(receipt.gas_used)

    for mood in (0, 0, 1):  # the first pass only warms what later passes find written
        token.turn(mood, sender=deployer)
        ident = desk.opened(asset=str(token))
        note("submit", desk.submission(ident, "a"))
        desk.submission(ident, "b")
        desk.report(ident, desk.no_gain("a", verdict=3), desk.gain("b", 900_000))
        sonar.deliver(ident, digest("result"), sender=capsule)
        note("settle", sonar.settle(ident, sender=stranger))
        assert sonar.owed(ident, BURN) == 0
        note("claim", sonar.claim(ident, miner, miner, sender=miner))
        note("alone", token.transfer(stranger, 1, sender=miner))
        for account in (scientist, capsule):
            if sonar.claimable(ident, account):
                sonar.claim(ident, account, account, sender=account)
    loudness = {name: gas[2] - gas[1] for name, gas in used.items()}
    assert loudness["alone"] > 4_000
    for name in ("submit", "claim", "settle"):  # three answers each: balance, transfer, balance
        assert abs(loudness[name] - 3 * loudness["alone"]) < 1_000, (name, loudness)


def test_a_token_that_refuses_with_16_kib_holds_up_no_settlement_and_takes_nothing(
    desk, sonar, issue, finished, deployer, miner, stranger
):
    token = issue("LoudToken")
    ident = finished(str(token))
    token.turn(2, sender=deployer)
    sonar.settle(ident, sender=stranger)
    assert sonar.owed(ident, BURN) == desk.usual.stake
    due = sonar.claimable(ident, miner)
    with reverts():
        sonar.claim(ident, miner, miner, sender=miner)
    assert sonar.claimable(ident, miner) == due
    token.turn(1, sender=deployer)
    sonar.claim(ident, miner, miner, sender=miner)
    sonar.claim(ident, BURN, BURN, sender=stranger)
    assert sonar.owed(ident, BURN) == sonar.owed(ident, miner) == 0


def test_a_permit_that_shouts_leaves_it_to_the_approval(desk, sonar, issue, miner):
    token = issue("LoudToken")
    ident = desk.opened(asset=str(token))
    nonsense = (2**255, 27, digest("r"), digest("s"))
    sonar.submit_with_permit(ident, digest("a"), miner, nonsense, sender=miner)
    assert sonar.campaign(ident).submitted == 1
