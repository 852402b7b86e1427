"""Forfeited stakes leave at settlement, whatever lives at the burn address and whatever the token does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

import pytest

from tests.contracts.parties import Account, Contract, Project, Receipt
from tests.contracts.sonar_desk import BURN, ETHER, NO_ONE, Desk, TermsChanges, digest, reverts

# What might one day live at the burn address: run-time code.
TAKES, REFUSES, HUNGRY, LOUD = "00", "5f5ffd", "5b5f56", "621000005ff3"


@pytest.fixture
def forfeited(desk: Desk, sonar: Contract, capsule: Account) -> Callable[..., bytes]:
    """A campaign that is finished and delivered, with one stake to burn; its id."""

    def bring(**changes: Unpack[TermsChanges]) -> bytes:
        ident = desk.opened(**changes)
        desk.submit(ident, "a")
        desk.submit(ident, "b")
        desk.report(ident, desk.no_gain("a", verdict=3), desk.gain("b", 900_000))
        sonar.deliver(ident, digest("result"), sender=capsule)
        return ident

    return bring


def names(receipt: Receipt) -> list[str]:
    return [event.event_name for event in receipt.events]


def test_ether_reaches_a_burn_address_that_takes_it(sonar, chain, forfeited, stranger):
    chain.provider.set_code(BURN, bytes.fromhex(TAKES))
    ident, before = forfeited(), chain.provider.get_balance(BURN)
    receipt = sonar.settle(ident, sender=stranger)
    assert names(receipt) == ["Settled", "Claimed"]
    assert chain.provider.get_balance(BURN) - before == receipt.events[0].event_arguments["burned"] > 0
    assert sonar.owed(ident, BURN) == 0


@pytest.mark.parametrize("code", [REFUSES, HUNGRY, LOUD])
def test_a_hostile_burn_address_holds_up_no_settlement(
    desk, sonar, chain, forfeited, stranger, miner, capsule, scientist, code
):
    """It gets the 2,300 gas that come with ether, and no say. What it refuses waits for it."""
    chain.provider.set_code(BURN, bytes.fromhex(code))
    ident, before = forfeited(), chain.provider.get_balance(BURN)
    receipt = sonar.settle(ident, sender=stranger)
    assert names(receipt) == ["Settled"]
    assert chain.provider.get_balance(BURN) == before
    assert sonar.claimable(ident, BURN) == sonar.owed(ident, BURN) == desk.usual.stake
    for account in (miner, capsule, scientist):
        sonar.claim(ident, account, account, sender=account)
    assert sonar.balance == desk.usual.stake
    chain.provider.set_code(BURN, bytes.fromhex(TAKES))
    (event,) = sonar.claim(ident, BURN, BURN, sender=stranger).events
    assert event.event_arguments == {
        "id": ident,
        "account": BURN,
        "to": BURN,
        "amount": desk.usual.stake,
    }
    assert sonar.balance == 0


def test_what_waits_for_the_burn_address_goes_nowhere_else(sonar, chain, forfeited, stranger):
    chain.provider.set_code(BURN, bytes.fromhex(REFUSES))
    ident = forfeited()
    sonar.settle(ident, sender=stranger)
    with reverts("sonar: receiver is not the account"):
        sonar.claim(ident, BURN, stranger, sender=stranger)
    with reverts("sonar: receiver refused"):
        sonar.claim(ident, BURN, BURN, sender=stranger)


@pytest.fixture
def token(
    project: Project, deployer: Account, sonar: Contract, scientist: Account, miner: Account
) -> Callable[[str], Contract]:
    """Deploy a mock token; everybody has plenty and has approved Sonar."""

    def issue(name: str) -> Contract:
        issued = deployer.deploy(getattr(project, name))
        for account in (scientist, miner):
            issued.mint(account, 1_000 * ETHER, sender=deployer)
            issued.approve(sonar, 1_000 * ETHER, sender=account)
        return issued

    return issue


def test_forfeited_tokens_leave_at_settlement(desk, sonar, token, forfeited, stranger):
    issued = token("PlainToken")
    ident = forfeited(asset=str(issued))
    receipt = sonar.settle(ident, sender=stranger)
    assert names(receipt) == ["Settled", "Claimed"]
    assert issued.balanceOf(BURN) == desk.usual.stake
    assert sonar.owed(ident, BURN) == 0


@pytest.mark.parametrize(
    ("name", "spoil", "mend"),
    [
        ("FalseToken", ("refuse", True), ("refuse", False)),
        ("PausingToken", ("pause", True), ("pause", False)),
        ("PausingToken", ("block_receiver", BURN), ("block_receiver", NO_ONE)),
        ("ChargingToken", ("charge", 0, 1), ("charge", 0, 0)),
        ("TrapToken", ("turn", 1), ("turn", 0)),
        ("TrapToken", ("turn", 2), ("turn", 0)),
        ("MoodyToken", ("spoil", 3, b""), ("spoil", 0, b"")),
        ("MoodyToken", ("spoil", 3, b"\xff" * 32), ("spoil", 0, b"")),
    ],
    ids=str,
)
def test_a_hostile_token_holds_up_no_settlement(
    desk, sonar, token, forfeited, deployer, stranger, name, spoil, mend
):
    """Whatever it did on the way is undone: the stake waits for the burn address, and nobody else pays."""
    issued = token(name)
    ident = forfeited(asset=str(issued))
    held = getattr(issued, "held" if name == "MoodyToken" else "balanceOf")
    before = held(sonar)
    getattr(issued, spoil[0])(*spoil[1:], sender=deployer)
    assert names(sonar.settle(ident, sender=stranger)) == ["Settled"]
    assert (held(sonar), held(BURN)) == (before, 0)
    assert sonar.owed(ident, BURN) == desk.usual.stake
    getattr(issued, mend[0])(*mend[1:], sender=deployer)
    sonar.claim(ident, BURN, BURN, sender=stranger)
    assert held(BURN) == desk.usual.stake


def test_nobody_but_sonar_burns(sonar, token, forfeited, deployer, scientist, stranger, project):
    issued = token("PlainToken")
    forfeited(asset=str(issued))
    puppet = stranger.deploy(project.WalletMiner)
    for caller in (stranger, scientist, deployer):
        with reverts("sonar: caller is not Sonar"):
            sonar.burn(issued, 1, sender=caller)
    with reverts("sonar: caller is not Sonar"):
        puppet.perform(sonar, sonar.burn.encode_input(issued, 1), sender=stranger)


@pytest.mark.parametrize("call", ["burn", "settle", "claim"])
def test_a_token_that_is_burned_cannot_re_enter(desk, sonar, token, forfeited, deployer, stranger, call):
    issued = token("ReentrantToken")
    ident = forfeited(asset=str(issued))
    arguments = {"burn": (issued, 1), "settle": (ident,), "claim": (ident, BURN, BURN)}[call]
    issued.arm(sonar, getattr(sonar, call).encode_input(*arguments), sender=deployer)
    before = issued.balanceOf(sonar)
    assert names(sonar.settle(ident, sender=stranger)) == ["Settled"]
    assert (issued.balanceOf(sonar), sonar.owed(ident, BURN)) == (before, desk.usual.stake)


def test_ether_that_was_forced_in_is_nobodys(
    desk, sonar, chain, forfeited, stranger, miner, capsule, scientist
):
    """A contract cannot refuse all ether. What nobody sent is in no account, and stays."""
    chain.provider.set_balance(str(sonar.address), 7)
    ident = forfeited()
    sonar.settle(ident, sender=stranger)
    for account in (miner, capsule, scientist):
        sonar.claim(ident, account, account, sender=account)
        with reverts("sonar: nothing to claim"):
            sonar.claim(ident, account, account, sender=account)
    assert sonar.balance == 7


def test_tokens_that_were_given_to_sonar_are_nobodys(
    desk, sonar, token, forfeited, deployer, stranger, miner
):
    issued = token("PlainToken")
    issued.mint(sonar, 7, sender=deployer)
    ident = forfeited(asset=str(issued))
    sonar.settle(ident, sender=stranger)
    for account in (miner, desk.capsule, desk.scientist):
        sonar.claim(ident, account, account, sender=account)
    assert issued.balanceOf(sonar) == 7


@pytest.mark.parametrize("gas", [150_000, 200_000, 240_000, 280_000, 300_000])
def test_a_settlement_without_the_gas_to_burn_is_refused_whole(
    desk, sonar, chain, token, forfeited, stranger, gas
):
    """Nobody can have the burn fail, and the stake left behind, by offering too little."""
    issued = token("PlainToken")
    ident = forfeited(asset=str(issued))
    try:
        sonar.settle(ident, sender=stranger, gas=gas)
    except Exception:  # noqa: BLE001 - of either stage: refused, or out of gas
        assert sonar.campaign(ident).state == 2
    else:
        assert (sonar.owed(ident, BURN), issued.balanceOf(BURN)) == (0, desk.usual.stake)


def test_whoever_settles_cannot_offer_a_token_less_gas_than_it_may_use(
    desk, sonar, chain, token, forfeited, deployer, stranger
):
    """With the least gas limit that settles, the token is offered as much as with plenty."""
    issued = token("TrapToken")
    ident = forfeited(asset=str(issued))
    issued.turn(4, sender=deployer)

    def offered(gas: int) -> int:
        """What the token was offered; 0 if the settlement was refused. All of it is undone."""
        before = chain.snapshot()
        try:
            sonar.settle(ident, sender=stranger, gas=gas)
            return int(issued.gas_offered())
        except Exception:  # noqa: BLE001 - of either stage: refused, or out of gas
            return 0
        finally:
            chain.restore(before)

    plenty = offered(2_000_000)
    assert 180_000 < plenty < 200_000
    refused, least = 100_000, 350_000
    assert offered(least)
    while least - refused > 1:
        middle = (least + refused) // 2
        refused, least = (refused, middle) if offered(middle) else (middle, least)
    assert offered(least) == plenty
