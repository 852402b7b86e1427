"""One named test for each theft and each lock-up that was tried: those of the 2017 contract, and newer ones.

In 2017 the payer was the judge, all models shared one uncapped pot, payment was pushed, and there was neither
a deadline nor a refund.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts.parties import Account, Contract, Project, Receipt
from tests.contracts.sonar_desk import BURN, ETHER, NO_ONE, Desk, digest, reverts


@pytest.fixture
def puppet(project: Project, stranger: Account) -> Callable:
    """Deploy a mock miner, which makes its calls through `perform`."""
    return lambda name: stranger.deploy(getattr(project, name))


@pytest.fixture
def perform(sonar: Contract, stranger: Account) -> Callable:
    """Let a mock miner call Sonar."""

    def call(puppet: Contract, function: str, *arguments: object, value: int = 0) -> Receipt:
        data = getattr(sonar, function).encode_input(*arguments)
        return puppet.perform(sonar, data, value=value, sender=stranger)

    return call


def finish(desk: Desk, ident: bytes, sender: Account) -> None:
    desk.sonar.deliver(ident, digest("result"), sender=desk.capsule)
    desk.sonar.settle(ident, sender=sender)


def test_attack_shared_pot_drain(desk, sonar, scientist, stranger, rival_miner, capsule):
    """2017: own model with a tiny gap, report error 0, be paid 11 times the bounty out of other deposits."""
    honest = desk.opened()
    mine = desk.with_terms(capsule=str(rival_miner), bounty=ETHER, target=1_000, min_gain=1, stake=0, fee=0)
    sonar.create_campaign(mine.tuple(), digest("mine"), value=ETHER, sender=stranger)
    ident = bytes(sonar.campaign_id(stranger, mine.spec, digest("mine")))
    sonar.open_campaign(ident, digest("k"), digest("m"), 0, sender=rival_miner)
    sonar.submit(ident, digest("a"), stranger, sender=stranger)
    all_of_it = (str(stranger), digest("a"), 1, 1_000_000, digest("model"))
    sonar.report(ident, [all_of_it], sender=rival_miner)
    sonar.deliver(ident, digest("result"), sender=rival_miner)
    sonar.settle(ident, sender=stranger)
    assert sonar.claimable(ident, stranger) == ETHER
    sonar.claim(ident, stranger, stranger, sender=stranger)
    assert sonar.balance == desk.terms[honest].bounty
    with reverts("sonar: nothing to claim"):
        sonar.claim(honest, stranger, stranger, sender=stranger)


def test_attack_overshoot_beyond_the_target(desk, sonar, miner):
    """2017: 42 -> 0 with target 10 paid 131 % of the bounty."""
    ident = desk.opened(start=0, target=100_000, gap_basis=True)
    receipt = desk.improved(ident, "a", 1_000_000)
    assert receipt.events[0].event_arguments["payout"] == desk.usual.bounty
    assert sonar.campaign(ident).paid == desk.usual.bounty


def test_attack_payer_as_judge(desk, sonar, scientist):
    """2017: the owner reported, or did not."""
    with reverts("sonar: the owner cannot be the capsule"):
        desk.requested(capsule=str(scientist))
    ident = desk.opened()
    desk.submit(ident, "a")
    with reverts("sonar: caller is not the capsule"):
        sonar.report(ident, [desk.no_gain("a")], sender=scientist)
    with reverts("sonar: there are submissions"):
        sonar.cancel(ident, sender=scientist)


def test_attack_copied_update(desk, sonar, miner, rival_miner):
    """2017: the copier whose copy was judged first was paid. Here the order is that of submission.

    That the copy inside its seal names another miner, Capsule checks; the contract pays the named miner only.
    """
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.submit(ident, "a", rival_miner)
    with reverts("sonar: not the head of the queue"):
        desk.report(ident, desk.gain("a", 500_000, rival_miner))
    desk.report(ident, desk.gain("a", 500_000), desk.no_gain("a", rival_miner, verdict=3))
    assert sonar.owed(ident, miner) == sonar.campaign(ident).paid + desk.usual.stake
    assert sonar.owed(ident, rival_miner) == 0


@pytest.mark.parametrize("name", ["RefusingMiner", "GasBurningMiner"])
def test_attack_refusing_receiver(desk, sonar, puppet, perform, miner, scientist, capsule, stranger, name):
    """2017: a miner that refused ether made its evaluation fail. Here it hurts only itself."""
    refuser = puppet(name)
    ident = desk.opened()
    perform(refuser, "submit", ident, digest("a"), refuser, value=desk.price(ident))
    desk.report(ident, desk.gain("a", 400_000, refuser.address))
    desk.improved(ident, "b", 900_000)
    finish(desk, ident, stranger)
    for account in (miner, capsule, scientist):
        sonar.claim(ident, account, account, sender=account)
    left = sonar.owed(ident, refuser)
    assert sonar.balance == left > 0
    with reverts():
        perform(refuser, "claim", ident, refuser, refuser)
    assert sonar.balance == sonar.owed(ident, refuser) == left
    perform(refuser, "claim", ident, refuser, stranger)
    assert sonar.balance == 0


def test_a_contract_wallet_can_be_paid(desk, sonar, puppet, perform, stranger):
    """More gas than a plain `send` leaves."""
    wallet = puppet("WalletMiner")
    ident = desk.opened()
    perform(wallet, "submit", ident, digest("a"), wallet, value=desk.price(ident))
    desk.report(ident, desk.no_gain("a", wallet.address))
    perform(wallet, "claim", ident, wallet, wallet)
    assert wallet.received() == wallet.balance == desk.usual.stake


@pytest.mark.parametrize("swallow", [False, True])
@pytest.mark.parametrize("call", ["claim", "submit", "report", "reclaim", "settle", "campaign"])
def test_attack_re_entrancy_on_claim(desk, sonar, chain, puppet, perform, stranger, call, swallow):
    """The only call out in ether but the burn. Whatever is tried in it fails, and pays nothing more."""
    attacker = puppet("ReentrantMiner")
    overdue = desk.requested()
    ident = desk.opened()
    perform(attacker, "submit", ident, digest("a"), attacker, value=desk.price(ident))
    perform(attacker, "submit", ident, digest("b"), attacker, value=desk.price(ident))
    desk.report(ident, desk.gain("a", 900_000, attacker.address))
    finish(desk, ident, stranger)
    desk.after(desk.terms[overdue].submit_until)
    arguments = {
        "claim": (ident, attacker, attacker),
        "submit": (ident, digest("c"), attacker),
        "report": (ident, [desk.no_gain("b", attacker.address)]),
        "reclaim": (ident, 1, digest("b"), attacker),
        "settle": (overdue,),
        "campaign": (ident,),
    }
    attacker.arm(sonar, getattr(sonar, call).encode_input(*arguments[call]), swallow, sender=stranger)
    due, before = sonar.claimable(ident, attacker), sonar.balance
    if not swallow:
        with reverts("sonar: receiver refused"):
            perform(attacker, "claim", ident, attacker, attacker)
        assert (sonar.claimable(ident, attacker), sonar.balance) == (due, before)
        return
    perform(attacker, "claim", ident, attacker, attacker)
    assert (sonar.claimable(ident, attacker), sonar.balance) == (0, before - due)
    assert sonar.campaign(overdue).state == 1
    # Without the lock, these would have worked:
    if call in ("reclaim", "settle"):
        perform(attacker, call, *arguments[call])


RE_ENTRIES = [
    *("register_capsule", "create_campaign", "cancel", "decline", "open_campaign", "submit", "report"),
    *("create_campaign_with_permit", "submit_with_permit", "reclaim", "deliver", "settle", "claim"),
    *("campaign", "campaign_id", "certificate", "queued", "claimable", "owed"),
]


@pytest.mark.parametrize("call", RE_ENTRIES)
def test_no_function_can_be_re_entered(desk, sonar, project, puppet, perform, scientist, stranger, call):
    """The attacker is scientist, capsule and miner: at another time each call is its good right."""
    attacker, token = puppet("ReentrantMiner"), stranger.deploy(project.PlainToken)
    token.mint(attacker, 2, sender=stranger)
    attacker.perform(token, token.approve.encode_input(sonar, 2), sender=stranger)
    own = desk.with_terms(asset=str(token), bounty=1).tuple()
    perform(attacker, "create_campaign", own, digest("own"))
    owned = bytes(sonar.campaign_id(attacker, desk.usual.spec, digest("own")))
    paying, other, ended = desk.opened(), desk.opened(), desk.opened()
    for ident in (paying, other):
        perform(attacker, "submit", ident, digest("a"), attacker, value=desk.price(ident))
        desk.report(ident, desk.no_gain("a", attacker.address))
    for name in ("b", "c"):
        perform(attacker, "submit", ended, digest(name), attacker, value=desk.price(ended))
    desk.report(ended, desk.gain("b", 900_000, attacker.address))
    sonar.deliver(ended, digest("result"), sender=desk.capsule)
    free, no_permit = desk.opened(stake=0, fee=0), (0, 27, digest("r"), digest("s"))
    asked, running, finished = (desk.requested(capsule=str(attacker)) for _ in range(3))
    for ident in (running, finished):
        perform(attacker, "open_campaign", ident, digest("key"), digest("model"), 0)
        desk.submit(ident, "d")
    perform(attacker, "report", finished, [desk.gain("d", 900_000)])
    arguments = {
        "register_capsule": (digest("certificate"),),
        "create_campaign": (own, digest("another")),
        "create_campaign_with_permit": (own, digest("a third"), no_permit),
        "submit_with_permit": (free, digest("e"), attacker, no_permit),
        "cancel": (owned,),
        "decline": (asked, b"no"),
        "open_campaign": (asked, digest("key"), digest("model"), 0),
        "submit": (free, digest("e"), attacker),
        "report": (running, [desk.no_gain("d")]),
        "reclaim": (ended, 1, digest("c"), attacker),
        "deliver": (finished, digest("result")),
        "settle": (ended,),
        "claim": (other, attacker, scientist),
        "campaign_id": (attacker, desk.usual.spec, digest("own")),
        "certificate": (attacker,),
        "queued": (running, 0),
        "claimable": (paying, attacker),
        "owed": (paying, attacker),
        "campaign": (paying,),
    }[call]
    attacker.arm(sonar, getattr(sonar, call).encode_input(*arguments), False, sender=stranger)
    with reverts("sonar: receiver refused"):
        perform(attacker, "claim", paying, attacker, attacker)
    attacker.arm(NO_ONE, b"", False, sender=stranger)
    perform(attacker, call, *arguments)
    perform(attacker, "claim", paying, attacker, attacker)


def test_attack_starved_campaign(desk, sonar, scientist, miner, capsule, stranger):
    """2017: no deadline and no refund. Here: nobody opens it; nobody judges; nobody delivers."""
    never_opened, never_judged, never_delivered = desk.requested(), desk.opened(), desk.opened()
    desk.submit(never_judged, "a")
    desk.improved(never_delivered, "b", 900_000)
    desk.at(desk.usual.review_until)
    for ident in (never_opened, never_judged, never_delivered):
        sonar.settle(ident, sender=stranger)
        sonar.claim(ident, scientist, scientist, sender=scientist)
    sonar.reclaim(never_judged, 0, digest("a"), miner, sender=miner)
    for ident in (never_judged, never_delivered):
        sonar.claim(ident, miner, miner, sender=miner)
    with reverts("sonar: nothing to claim"):
        sonar.claim(never_delivered, capsule, capsule, sender=capsule)
    assert sonar.balance == 0


def test_attack_dust(desk, sonar, miner, scientist, stranger):
    """2017: the remainders of the divisions stayed behind. Seven odd steps, an odd bounty, nothing left."""
    ident = desk.opened(start=1, bounty=10**18 + 7, target=999_983, min_gain=1, stake=0, fee=0)
    for number, accuracy in enumerate([3, 10_007, 333_337, 333_338, 700_001, 999_982, 999_983]):
        desk.improved(ident, f"update {number}", accuracy)
    finish(desk, ident, stranger)
    assert sonar.owed(ident, miner) + sonar.owed(ident, scientist) == 10**18 + 7
    for account in (miner, scientist):
        sonar.claim(ident, account, account, sender=account)
    assert sonar.balance == 0


def test_attack_stale_version(desk, sonar, miner, rival_miner):
    """2017: gradients were not tied to a version. Here one with an old base is paid only for a new gain."""
    ident = desk.opened()
    desk.submit(ident, "from version 0")
    desk.submit(ident, "also from version 0", rival_miner)
    desk.report(ident, desk.gain("from version 0", 500_000))
    with reverts("sonar: gain is under the minimum"):
        desk.report(ident, desk.gain("also from version 0", 500_000, rival_miner))
    receipt = desk.report(ident, desk.gain("also from version 0", 600_000, rival_miner))
    assert receipt.events[0].event_arguments["payout"] == desk.usual.bounty // 9
    assert sonar.campaign(ident).version == 2


def test_attack_queue_spam(desk, sonar, stranger, scientist, capsule, miner):
    """2017: submissions were free and without end. Here each costs its stake, and no more than a few wait."""
    ident = desk.opened(max_pending=3)
    spam = [f"spam {number}" for number in range(3)]
    for name in spam:
        desk.submit(ident, name, stranger)
    with reverts("sonar: queue is full"):
        desk.submit(ident, "honest")
    desk.report(ident, *[desk.no_gain(name, stranger, verdict=3) for name in spam])
    desk.improved(ident, "honest", 900_000)
    finish(desk, ident, scientist)
    assert sonar.owed(ident, stranger) == 0
    assert sonar.claimable(ident, capsule) == 4 * desk.usual.fee


def test_attack_unfetchable_submissions(desk, sonar, stranger, miner):
    """What cannot be fetched does not block the head of the queue, and costs its stake."""
    ident = desk.opened()
    desk.submit(ident, "not there", stranger)
    desk.submit(ident, "a")
    desk.report(ident, desk.no_gain("not there", stranger, verdict=4), desk.gain("a", 500_000))
    assert sonar.owed(ident, stranger) == 0
    assert sonar.claimable(ident, miner) == desk.usual.stake


def test_attack_stakes_of_unevaluated_entries(desk, sonar, miner, rival_miner, capsule, scientist, stranger):
    """They are neither burned nor anybody else's, and the capsule gets no fee for them."""
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.submit(ident, "b", rival_miner)
    desk.report(ident, desk.gain("a", 900_000))
    finish(desk, ident, stranger)
    for account in (miner, capsule, scientist):
        sonar.claim(ident, account, account, sender=account)
    assert sonar.balance == desk.price(ident)
    with reverts("sonar: no such submission"):
        sonar.reclaim(ident, 1, digest("b"), miner, sender=miner)
    sonar.reclaim(ident, 1, digest("b"), rival_miner, sender=rival_miner)
    sonar.claim(ident, rival_miner, rival_miner, sender=rival_miner)
    assert sonar.balance == 0


def test_attack_double_claim(desk, sonar, miner, stranger):
    other = desk.opened()
    ident = desk.opened()
    desk.improved(ident, "a", 900_000)
    finish(desk, ident, stranger)
    sonar.claim(ident, miner, miner, sender=miner)
    with reverts("sonar: nothing to claim"):
        sonar.claim(ident, miner, miner, sender=miner)
    assert sonar.balance >= desk.terms[other].bounty


def test_attack_report_after_settle(desk, sonar, stranger, miner):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=stranger)
    with reverts("sonar: campaign is not open"):
        desk.report(ident, desk.gain("a", 900_000))
    assert sonar.owed(ident, miner) == 0


def test_attack_re_open(desk, sonar, capsule, scientist, stranger):
    """A settled campaign cannot come to life again and be settled twice."""
    opened, cancelled = desk.opened(), desk.requested()
    sonar.cancel(cancelled, sender=scientist)
    desk.improved(opened, "a", 900_000)
    finish(desk, opened, stranger)
    for ident in (opened, cancelled):
        with reverts("sonar: campaign is not requested"):
            sonar.open_campaign(ident, digest("k"), digest("m"), 0, sender=capsule)
        with reverts("sonar: nothing to settle"):
            sonar.settle(ident, sender=stranger)


def test_attack_burned_stakes_are_nobodys_gain(desk, sonar, chain, scientist, capsule, stranger):
    """Neither scientist nor capsule earns by a harsh verdict."""
    ident = desk.opened(fee=0)
    desk.submit(ident, "a")
    desk.report(ident, desk.no_gain("a", verdict=3))
    before = chain.provider.get_balance(BURN)
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=stranger)
    assert sonar.owed(ident, scientist) == desk.usual.bounty
    assert sonar.owed(ident, capsule) == 0
    assert chain.provider.get_balance(BURN) - before == desk.usual.stake
