"""The queue is a ring: places are used again and not cleared, and no old entry is taken for a new one."""

from __future__ import annotations

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.contracts.parties import Chain, Contract
from tests.contracts.sonar_desk import NOTHING, digest, place, reverts


def entry(miner: object, update: bytes) -> bytes:
    return keccak(encode(["address", "bytes32"], [str(miner), update]))


# Ten seconds each: of the larger ones the quick run takes the one whose ring is a power of two.
@pytest.mark.parametrize(
    "most", [1, 2, 3, 4, pytest.param(5, marks=pytest.mark.slow), pytest.param(7, marks=pytest.mark.slow), 8]
)
def test_what_waits_never_overlaps_however_often_the_ring_goes_round(desk, sonar, miner, rival_miner, most):
    ident = desk.opened(max_pending=most)
    waiting: list[int] = []
    for number in range(3 * most + 5):
        who = miner if number % 3 else rival_miner
        if len(waiting) == most:
            with reverts("sonar: queue is full"):
                desk.submit(ident, "one too many")
            oldest = waiting.pop(0)
            desk.report(ident, desk.no_gain(f"u{oldest}", miner if oldest % 3 else rival_miner))
        desk.submit(ident, f"u{number}", who)
        waiting.append(number)
        for index in range(number + 2):
            expected = entry(miner if index % 3 else rival_miner, digest(f"u{index}"))
            assert bytes(sonar.queued(ident, index)) == (expected if index in waiting else NOTHING)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_judged_entry_that_still_lies_in_its_place_is_not_judged_again(desk, sonar, miner, most):
    """Its place comes up again after 1, 2 or 4 more; nothing was submitted there yet."""
    ident = desk.opened(max_pending=most)
    ring = 1 << (most - 1).bit_length()
    for _ in range(ring):
        desk.submit(ident, "a")
        desk.report(ident, desk.no_gain("a"))
    with reverts("sonar: not the head of the queue"):
        desk.report(ident, desk.no_gain("a"))
    desk.submit(ident, "a")
    with reverts("sonar: not the head of the queue"):
        desk.report(ident, desk.no_gain("a"), desk.no_gain("a"))
    desk.report(ident, desk.no_gain("a"))
    assert sonar.campaign(ident).evaluated == ring + 1


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_judged_entry_that_still_lies_in_its_place_cannot_be_reclaimed(desk, sonar, miner, most):
    ident = desk.opened(max_pending=most)
    ring = 1 << (most - 1).bit_length()
    for _ in range(ring):
        desk.submit(ident, "a")
        desk.report(ident, desk.no_gain("a"))
    desk.at(desk.terms[ident].review_until)
    for index in (0, ring - 1, ring, 2 * ring, 2**24, 2**24 + ring, 2**255):
        with reverts("sonar: no such submission"):
            sonar.reclaim(ident, index, digest("a"), miner, sender=miner)


def test_a_submission_a_lap_later_cannot_be_reclaimed_for_an_earlier_index(desk, sonar, miner):
    """Both indices have one place; only the later one waits."""
    ident = desk.opened(max_pending=2)
    for name in ("a", "b"):
        desk.submit(ident, name)
        desk.report(ident, desk.no_gain(name))
    desk.submit(ident, "c")
    desk.at(desk.terms[ident].review_until)
    for index in (0, 4):
        with reverts("sonar: no such submission"):
            sonar.reclaim(ident, index, digest("c"), miner, sender=miner)
    sonar.reclaim(ident, 2, digest("c"), miner, sender=miner)
    for index in (0, 2, 4):
        with reverts("sonar: no such submission"):
            sonar.reclaim(ident, index, digest("c"), miner, sender=miner)


def skip_to(chain: Chain, sonar: Contract, ident: bytes, count: int) -> None:
    """As if so many had been submitted and judged: nobody waits for 16,777,215 submissions."""
    hot = place(0, ident)
    word = int.from_bytes(bytes(chain.provider.get_storage(sonar.address, hot)))
    chain.provider.set_storage(sonar.address, hot, (word + (count << 65) + (count << 109)).to_bytes(32))


@pytest.mark.parametrize("most", [3, 2**24 - 1])
def test_the_last_submissions_of_all_are_judged_and_reclaimed_as_any(desk, sonar, chain, miner, most):
    ident = desk.opened(max_pending=most)
    skip_to(chain, sonar, ident, 2**24 - 4)
    for name in ("a", "b", "c"):
        desk.submit(ident, name)
    with reverts():  # the queue of three is full, or the counter
        desk.submit(ident, "d")
    desk.report(ident, desk.no_gain("a"))
    with reverts("sonar: too many submissions"):
        desk.submit(ident, "d")
    desk.report(ident, desk.gain("b", 900_000))
    sonar.reclaim(ident, 2**24 - 2, digest("c"), miner, sender=miner)
    assert sonar.campaign(ident).evaluated == 2**24 - 2
    assert bytes(sonar.queued(ident, 2**24 - 2)) == NOTHING
