"""Every function, from every state of a campaign, by every role: who may what and when, written out. A
thousand calls, so on titanoboa.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import boa
import pytest

from tests.contracts import boa_stage
from tests.contracts.parties import Account, Chain, Contract
from tests.contracts.sonar_desk import BURN, NO_ONE, Desk, digest

ALL = {"scientist", "capsule", "miner", "stranger"}
SCIENTIST, CAPSULE, MINER = {"scientist"}, {"capsule"}, {"miner"}
# The miner has a stake to claim: by itself, by anybody for it, and elsewhere by itself only.
PAYS = {"claim": MINER, "claim for the miner": ALL, "claim elsewhere": MINER}

WAITING = "waiting"


def never(desk: Desk) -> bytes:
    return digest("no campaign")


def requested(desk: Desk) -> bytes:
    return desk.requested()


def too_late_to_open(desk: Desk) -> bytes:
    ident = desk.requested()
    desk.after(desk.terms[ident].submit_until)
    return ident


def empty(desk: Desk) -> bytes:
    return desk.opened()


def waiting(desk: Desk) -> bytes:
    ident = desk.opened()
    desk.submit(ident, WAITING)
    return ident


def full(desk: Desk) -> bytes:
    ident = desk.opened(max_pending=1)
    desk.submit(ident, WAITING)
    return ident


def judged(desk: Desk) -> bytes:
    ident = desk.opened()
    desk.improved(ident, "judged", 500_000)
    return ident


def at_its_target(desk: Desk) -> bytes:
    ident = desk.opened()
    desk.submit(ident, "judged")
    desk.submit(ident, WAITING)
    desk.report(ident, desk.gain("judged", 900_000))
    return ident


def delivered(desk: Desk) -> bytes:
    ident = at_its_target(desk)
    desk.sonar.deliver(ident, digest("result"), sender=desk.capsule)
    return ident


def silent(desk: Desk) -> bytes:
    """Something has waited for all the review time and two ticks, and may still be submitted."""
    now = desk.chain.pending_timestamp
    ident = desk.opened(submit_until=now + 20_000, review_until=now + 23_600)
    desk.submit(ident, WAITING)
    desk.after(now + 5_000)
    return ident


def ended(desk: Desk) -> bytes:
    ident = judged(desk)
    desk.after(desk.terms[ident].submit_until)
    return ident


def ended_and_empty(desk: Desk) -> bytes:
    ident = empty(desk)
    desk.after(desk.terms[ident].submit_until)
    return ident


def ended_while_one_waits(desk: Desk) -> bytes:
    ident = waiting(desk)
    desk.after(desk.terms[ident].submit_until)
    return ident


def over(desk: Desk) -> bytes:
    ident = judged(desk)
    desk.after(desk.terms[ident].review_until)
    return ident


def over_while_one_waits(desk: Desk) -> bytes:
    ident = waiting(desk)
    desk.after(desk.terms[ident].review_until)
    return ident


def settled_with_a_result(desk: Desk) -> bytes:
    ident = delivered(desk)
    desk.sonar.settle(ident, sender=desk.scientist)
    return ident


def settled_without_a_result(desk: Desk) -> bytes:
    ident = over_while_one_waits(desk)
    desk.sonar.settle(ident, sender=desk.scientist)
    return ident


def cancelled(desk: Desk) -> bytes:
    ident = desk.requested()
    desk.sonar.cancel(ident, sender=desk.scientist)
    return ident


def cancelled_while_open(desk: Desk) -> bytes:
    ident = desk.opened()
    desk.sonar.cancel(ident, sender=desk.scientist)
    return ident


def claimed(desk: Desk) -> bytes:
    ident = settled_with_a_result(desk)
    index = desk.sonar.campaign(ident).submitted - 1
    desk.sonar.reclaim(ident, index, digest(WAITING), desk.miner, sender=desk.miner)
    for account in (desk.scientist, desk.capsule, desk.miner):
        if desk.sonar.claimable(ident, account):
            desk.sonar.claim(ident, account, account, sender=account)
    return ident


# What is not named is refused.
ALLOWED: list[tuple[Callable[[Desk], bytes], dict[str, set[str]]]] = [
    (never, {}),
    (requested, {"cancel": SCIENTIST, "decline": CAPSULE, "open_campaign": CAPSULE}),
    (too_late_to_open, {"cancel": SCIENTIST, "decline": CAPSULE, "settle": ALL}),
    (empty, {"cancel": SCIENTIST, "submit": ALL}),
    (waiting, {"submit": ALL, "report": CAPSULE}),
    (full, {"report": CAPSULE}),
    (judged, {"submit": ALL, **PAYS}),
    (at_its_target, {"reclaim": ALL, "deliver": CAPSULE, **PAYS}),
    (delivered, {"reclaim": ALL, "deliver": CAPSULE, "settle": ALL, **PAYS}),
    (silent, {"submit": ALL, "report": CAPSULE, "settle": ALL}),
    (ended, {"deliver": CAPSULE, **PAYS}),
    (ended_and_empty, {"cancel": SCIENTIST, "deliver": CAPSULE}),
    (ended_while_one_waits, {"report": CAPSULE}),
    (over, {"deliver": CAPSULE, "settle": ALL, **PAYS}),
    (over_while_one_waits, {"reclaim": ALL, "settle": ALL}),
    (settled_with_a_result, {**PAYS, "reclaim": ALL, "claim": ALL - {"stranger"}}),
    (settled_without_a_result, {"reclaim": ALL, "deliver": CAPSULE, "claim": SCIENTIST}),
    (cancelled, {"claim": SCIENTIST}),
    (cancelled_while_open, {"deliver": CAPSULE, "claim": SCIENTIST}),
    (claimed, {}),
]


@pytest.fixture(scope="module")
def accounts() -> Sequence[Account]:
    return boa_stage.accounts()


@pytest.fixture(scope="module")
def chain() -> Chain:
    return boa_stage.Chain()


@pytest.fixture(scope="module")
def sonar(accounts: Sequence[Account]) -> Contract:
    return accounts[5].deploy(boa_stage.Project().Sonar)


@pytest.fixture(autouse=True)
def isolation(sonar: Contract, chain: Chain) -> Iterator[None]:
    before = chain.pending_timestamp
    with boa.env.anchor():
        yield
    chain.pending_timestamp = before


def is_refused(attempt: Callable[[], object]) -> bool:
    """Whether the contract refuses a call; it must give its reason."""
    try:
        attempt()
    except Exception as error:
        if "sonar: " not in str(error):
            raise
        return True
    return False


@pytest.mark.parametrize(("bring", "allowed"), ALLOWED, ids=[bring.__name__ for bring, _ in ALLOWED])
def test_each_function_is_for_its_roles_and_states_only(
    desk, sonar, scientist, capsule, miner, stranger, bring, allowed
):
    ident = bring(desk)
    terms = desk.terms.get(ident, desk.usual)
    place = max(0, sonar.campaign(ident).submitted - 1)
    elsewhere = str(stranger)
    calls = {
        "cancel": (sonar.cancel, ident),
        "decline": (sonar.decline, ident, b"no"),
        "open_campaign": (sonar.open_campaign, ident, digest("key"), digest("model"), 100_000),
        "submit": (sonar.submit, ident, digest("new"), miner),
        "report": (sonar.report, ident, [desk.no_gain(WAITING)]),
        "reclaim": (sonar.reclaim, ident, place, digest(WAITING), miner),
        "deliver": (sonar.deliver, ident, digest("another result")),
        "settle": (sonar.settle, ident),
        "claim for the miner": (sonar.claim, ident, miner, miner),
        "claim elsewhere": (sonar.claim, ident, miner, elsewhere),
        "claim for the burn address": (sonar.claim, ident, BURN, BURN),
        "burn": (sonar.burn, NO_ONE, 1),
    }
    people = {"scientist": scientist, "capsule": capsule, "miner": miner, "stranger": stranger}
    found: dict[str, set[str]] = {}
    for role, who in people.items():
        for name, (function, *arguments) in {**calls, "claim": (sonar.claim, ident, who, who)}.items():
            value = terms.stake + terms.fee if name == "submit" else 0
            if not is_refused(partial(function.call, *arguments, sender=who, value=value)):
                found.setdefault(name, set()).add(role)
    assert found == allowed
