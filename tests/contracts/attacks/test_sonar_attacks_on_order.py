"""Attacks on the order of things: calls too early, too late, twice, or racing each other."""

from tests.contracts.sonar_desk import DAY, NO_ONE, digest, reverts


def test_attack_early_delivery(desk, sonar, capsule, stranger):
    """A capsule cannot end a campaign before its time, nor with judgements outstanding."""
    ident = desk.opened()
    desk.improved(ident, "a", 500_000)
    with reverts("sonar: campaign is not finished"):
        sonar.deliver(ident, digest("result"), sender=capsule)
    with reverts("sonar: campaign is not finished"):
        sonar.settle(ident, sender=capsule)


def test_attack_late_delivery(desk, sonar, capsule, scientist, miner, stranger):
    """A result after the settlement changes nothing that anybody is owed."""
    ident = desk.opened()
    desk.improved(ident, "a", 500_000)
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=stranger)
    sonar.claim(ident, miner, miner, sender=miner)
    sonar.deliver(ident, digest("result"), sender=capsule)
    with reverts("sonar: nothing to settle"):
        sonar.settle(ident, sender=capsule)
    with reverts("sonar: nothing to claim"):
        sonar.claim(ident, capsule, capsule, sender=capsule)
    sonar.claim(ident, scientist, scientist, sender=scientist)
    assert sonar.balance == 0


def test_attack_settle_racing_a_report(desk, sonar, capsule, scientist, stranger):
    """Nobody can settle away a report that would still be taken, in whatever order they land."""
    ident = desk.opened()
    desk.at(desk.terms[ident].submit_until - 1)
    desk.submit(ident, "a")
    for time in (desk.terms[ident].submit_until, desk.terms[ident].review_until - 2):
        desk.at(time)
        with reverts("sonar: campaign is not finished"):
            sonar.settle(ident, sender=scientist)
    desk.at(desk.terms[ident].review_until - 1)
    desk.report(ident, desk.gain("a", 500_000))
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=scientist)
    assert sonar.campaign(ident).paid == desk.usual.bounty * 4 // 9


def test_attack_report_racing_a_settlement(desk, sonar, stranger):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.at(desk.terms[ident].review_until)
    with reverts("sonar: time to review is over"):
        desk.report(ident, desk.gain("a", 500_000))
    sonar.settle(ident, sender=stranger)
    with reverts("sonar: campaign is not open"):
        desk.report(ident, desk.gain("a", 500_000))


def test_attack_campaign_far_in_the_future(desk, chain):
    """Money cannot be locked for longer than a year and thirty days."""
    far = {"submit_until": 2**34, "review_until": 2**34 + DAY}
    with reverts("sonar: time to submit is too long"):
        desk.requested(**far)
    with reverts("sonar: time to review is too long"):
        desk.requested(review_until=desk.usual.submit_until + 30 * DAY + 1)


def test_attack_id_after_a_re_org(desk, sonar, chain, scientist, stranger, miner):
    """A submission pending across a re-org cannot land on another campaign: ids are not counted."""
    before = chain.snapshot()
    wanted = desk.opened()
    chain.restore(before)
    # The re-org: a stranger's campaign comes first, under any salt; the scientist's is not there yet.
    sonar.create_campaign(desk.usual.tuple(), digest("salt 1"), value=desk.usual.bounty, sender=stranger)
    with reverts("sonar: campaign is not open"):
        sonar.submit(wanted, digest("a"), miner, value=desk.price(wanted), sender=miner)
    assert sonar.campaign(wanted).owner == NO_ONE


def test_attack_oracle_out_of_order(desk, sonar, rival_miner):
    """A capsule cannot let a friend's submission overtake."""
    ident = desk.opened()
    desk.submit(ident, "first")
    desk.submit(ident, "friend", rival_miner)
    with reverts("sonar: not the head of the queue"):
        desk.report(ident, desk.gain("friend", 500_000, rival_miner), desk.no_gain("first"))
    assert sonar.campaign(ident).evaluated == 0


def test_attack_double_report(desk, sonar, miner):
    ident = desk.opened()
    desk.improved(ident, "a", 500_000)
    before = sonar.owed(ident, miner)
    with reverts("sonar: not the head of the queue"):
        desk.report(ident, desk.gain("a", 600_000))
    assert sonar.owed(ident, miner) == before
