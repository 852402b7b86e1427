"""Nonces that nobody has, below what waits: filled where they are few; where they are many, what waits has
gone astray and is given up.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.errors import NonceAstrayError
from pysonar.chain.node import rpc
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.chain.sending.fees import FeePolicy
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Status
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.chain.sending.watching import astray
from pysonar.chain.sending.watching.nonces import MOST_WAITING
from tests.chain.sending.outboxes import from_elsewhere, landed, register, registration, send_and_see_mined
from tests.conftest import Anvil
from tests.meddling import Meddling
from tests.roles import there

DEED = registration()


def test_fillers_are_told_and_no_more_than_the_gap_is_filled(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], capsule: KeyfileSigner
) -> None:
    node.set_automine(False)
    for nonce in range(2):
        rpc.send_raw(node.web3, from_elsewhere(capsule, nonce))
    outbox = make(gap_seconds=0.0)
    assert outbox.send(register(sonar), DEED).nonce == 2
    node.rpc("anvil_dropAllTransactions")
    told = []
    for _ in range(6):
        outbox.pump()
        told += outbox.notices()
        node.mine()
    assert outbox.wait(DEED, timeout=60).succeeded
    assert [text.split(" was left open")[0].split(" of account")[0] for text in told] == [
        "nonce 0",
        "nonce 1",
    ]
    assert "wei of gas" in told[0]
    assert rpc.nonce(node.web3, capsule.address) == 3


@pytest.mark.parametrize(("gap", "filled"), [(MOST_WAITING, True), (MOST_WAITING + 1, False)])
def test_a_gap_that_only_a_wrong_number_can_make_is_told_and_not_paid_for(
    node: Anvil,
    sonar: Sonar,
    make: Callable[..., Outbox],
    monkeypatch: pytest.MonkeyPatch,
    gap: int,
    filled: bool,
) -> None:
    """As a database of the first release may hold it."""
    outbox = make(gap_seconds=0.0)
    send_with_nonce(outbox, sonar, gap, monkeypatch)
    for _ in range(3):
        outbox.pump()
    told = outbox.notices()
    assert (outbox.find(fill(0)) is not None) is filled
    assert len(told) >= 1
    assert ("given up" in told[0]) is not filled
    if not filled:
        assert len(told) == 1
        assert outbox.send(register(sonar, 2), registration(2)).nonce == 0  # the account still works


def send_with_nonce(outbox: Outbox, sonar: Sonar, nonce: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deed as it was sent after a node had said a wrong number."""
    with monkeypatch.context() as wrong:
        wrong.setattr("pysonar.chain.sending.outbox.next_at_node", lambda *_: nonce)
        assert outbox.send(register(sonar), DEED).nonce == nonce


@pytest.mark.parametrize("nonce", [MOST_WAITING + 1, 10**9])
def test_what_waits_with_a_nonce_that_leads_nowhere_is_sent_again_and_lands_once(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], monkeypatch: pytest.MonkeyPatch, nonce: int
) -> None:
    outbox = make(gap_seconds=0.0)
    send_with_nonce(outbox, sonar, nonce, monkeypatch)
    outbox.pump()
    with pytest.raises(NonceAstrayError, match=f"nonce {nonce} leads nowhere: the account's next one is 0"):
        outbox.wait(DEED)
    outbox = make(gap_seconds=0.0)  # a restart changes nothing
    assert there(outbox.ensure(DEED, lambda: register(sonar))).nonce == 0
    assert outbox.wait(DEED).succeeded
    for number in range(2, 70):  # up to the wrong nonce, and beyond
        outbox.send(register(sonar, number), registration(number))
    for _ in range(5):
        outbox.pump()
        node.mine()
    assert sorted(landed(node, sonar)) == list(range(1, 70))
    assert outbox.unfinished() == []
    assert outbox.notices() == []


def test_what_may_land_after_all_is_not_given_up(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node keeps the transaction, and takes no other in its place; later it does."""
    outbox = make(gap_seconds=0.0)
    send_with_nonce(outbox, sonar, MOST_WAITING + 1, monkeypatch)
    refusing = Meddling(node.url, lambda method, _: REFUSED if method == "eth_sendRawTransaction" else None)
    stuck = make(refusing, gap_seconds=0.0)
    for _ in range(3):
        stuck.pump()
    (told,) = stuck.notices()
    assert "too many to fill, and the node takes no transfer in its place: no replacements here" in told
    assert stuck.get(DEED).status is Status.WAITING
    outbox.pump()
    assert outbox.get(DEED).given_up


REFUSED = {"error": {"code": -32000, "message": "no replacements here"}}


def test_a_node_that_is_behind_makes_nothing_look_astray(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was mined here before is above the number that it gives now."""
    outbox = make(gap_seconds=0.0)
    send_and_see_mined(node, outbox, register(sonar, 2), registration(2))
    outbox.pump()
    node.set_automine(False)
    monkeypatch.setattr(astray, "MOST_WAITING", 0)
    outbox.send(register(sonar), DEED)
    behind = Meddling(
        node.url, lambda method, _: {"result": "0x0"} if method == "eth_getTransactionCount" else None
    )
    late = make(behind, gap_seconds=0.0)
    for _ in range(3):
        late.pump()
    assert late.get(DEED).status is Status.WAITING
    assert late.notices() == []


def fill(nonce: int) -> Deed:
    """The deed of filling that nonce."""
    return Deed(Action.FILL, None, str(nonce))


def test_a_filler_dearer_than_the_cap_is_told_and_ends_no_round(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], capsule: KeyfileSigner
) -> None:
    node.set_automine(False)
    rpc.send_raw(node.web3, from_elsewhere(capsule, 0))
    make().send(register(sonar), DEED)
    node.rpc("anvil_dropAllTransactions")
    poor = make(gap_seconds=0.0, policy=FeePolicy(max_fee=1))
    poor.pump()
    poor.pump()
    assert [text for text in poor.notices() if "is not filled" in text]
    assert poor.find(fill(0)) is None


# --- clocks


def test_a_version_signed_under_a_clock_that_ran_ahead_is_replaced_at_once(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    node.set_automine(False)
    now = time.time()
    outbox = make()
    monkeypatch.setattr(time, "time", lambda: now + 7200)
    outbox.send(register(sonar), DEED)
    monkeypatch.setattr(time, "time", lambda: now)
    outbox.pump()
    assert len(outbox.get(DEED).hashes) == 2
    outbox.pump()  # and the new one then waits its time
    assert len(outbox.get(DEED).hashes) == 2


def test_a_clock_that_steps_back_at_each_look_breaks_no_bump(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    node.set_automine(False)
    outbox = make(policy=FeePolicy(bump_after=0.0))
    outbox.send(register(sonar), DEED)
    now = [time.time()]

    def back() -> float:
        now[0] -= 3600
        return now[0]

    monkeypatch.setattr(time, "time", back)
    for _ in range(4):
        outbox.pump()
    offers = [attempt.fees.tip for attempt in outbox.records.attempts(outbox.get(DEED).number)]
    assert len(offers) == 5
    assert offers == sorted(set(offers))
