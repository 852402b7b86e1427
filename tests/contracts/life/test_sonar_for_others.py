"""Relayers and employers: anybody may submit, reclaim and claim for a miner, who alone is ever paid."""

from __future__ import annotations

import pytest

from tests.contracts.parties import Account, Receipt
from tests.contracts.sonar_desk import NO_ONE, Desk, digest, reverts


def submit_for(desk: Desk, ident: bytes, name: str, payer: Account, miner: Account) -> Receipt:
    return desk.sonar.submit(ident, digest(name), miner, value=desk.price(ident), sender=payer)


def test_anybody_can_submit_for_a_miner(desk, sonar, miner, stranger):
    ident = desk.opened()
    before = miner.balance
    (event,) = submit_for(desk, ident, "a", stranger, miner).events
    assert event.event_arguments["miner"] == miner
    desk.report(ident, desk.gain("a", 500_000))
    assert sonar.owed(ident, miner) == sonar.campaign(ident).paid + desk.usual.stake
    assert sonar.owed(ident, stranger) == 0
    assert miner.balance == before


@pytest.mark.parametrize(("who", "reason"), [(NO_ONE, "miner is empty"), ("sonar", "miner is Sonar")])
def test_nobody_can_submit_for_nobody_or_for_sonar(desk, sonar, stranger, who, reason):
    """What they would be owed could never leave."""
    ident = desk.opened()
    with reverts(f"sonar: {reason}"):
        submit_for(desk, ident, "a", stranger, sonar if who == "sonar" else who)


def test_anybody_can_have_a_miner_paid(desk, sonar, miner, stranger):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.report(ident, desk.no_gain("a"))
    before = miner.balance
    (event,) = sonar.claim(ident, miner, miner, sender=stranger).events
    assert event.event_arguments == {
        "id": ident,
        "account": miner,
        "to": miner,
        "amount": desk.usual.stake,
    }
    assert miner.balance - before == desk.usual.stake


def test_only_the_account_itself_sends_its_claim_elsewhere(desk, sonar, miner, stranger):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.report(ident, desk.no_gain("a"))
    for receiver in (stranger, sonar, NO_ONE):
        with reverts():
            sonar.claim(ident, miner, receiver, sender=stranger)
    sonar.claim(ident, miner, stranger, sender=miner)


def test_attack_garbage_in_the_name_of_another(desk, sonar, miner, stranger):
    """It costs whoever sends it the stake, and the named miner nothing: not even a place in the queue."""
    ident = desk.opened(max_pending=2)
    submit_for(desk, ident, "garbage", stranger, miner)
    desk.submit(ident, "honest")
    desk.report(ident, desk.no_gain("garbage", verdict=3), desk.gain("honest", 500_000))
    assert sonar.owed(ident, miner) == sonar.campaign(ident).paid + desk.usual.stake
    assert sonar.owed(ident, stranger) == 0


def test_attack_a_copied_submission_in_the_name_of_its_miner(desk, sonar, miner, stranger):
    """Whoever copies a pending submission for its own miner only pays for it: first come, first judged."""
    ident = desk.opened()
    submit_for(desk, ident, "a", stranger, miner)
    desk.submit(ident, "a")
    desk.report(ident, desk.gain("a", 500_000), desk.no_gain("a"))
    assert sonar.owed(ident, miner) == sonar.campaign(ident).paid + 2 * desk.usual.stake


def test_attack_a_forced_claim_moves_nothing_but_to_its_owner(desk, sonar, project, stranger):
    """A contract that refuses ether cannot be made to lose it: it still names another account."""
    refuser = stranger.deploy(project.RefusingMiner)
    ident = desk.opened()
    submit_for(desk, ident, "a", stranger, refuser)
    desk.report(ident, desk.no_gain("a", refuser))
    with reverts("sonar: receiver refused"):
        sonar.claim(ident, refuser, refuser, sender=stranger)
    assert sonar.owed(ident, refuser) == desk.usual.stake
    data = sonar.claim.encode_input(ident, refuser, stranger)
    refuser.perform(sonar, data, sender=stranger)
    assert sonar.owed(ident, refuser) == 0


def test_a_capsule_can_be_a_miner_of_its_own_campaign(desk, sonar, capsule, scientist, stranger):
    """Nothing on chain forbids it: who names a capsule trusts it with the whole bounty."""
    ident = desk.opened(start=0, gap_basis=True)
    submit_for(desk, ident, "own", capsule, capsule)
    desk.report(ident, desk.gain("own", 900_000, capsule))
    sonar.deliver(ident, digest("rubbish"), sender=capsule)
    sonar.settle(ident, sender=capsule)
    assert sonar.claimable(ident, capsule) == desk.usual.bounty + desk.price(ident)
    assert sonar.owed(ident, scientist) == 0
