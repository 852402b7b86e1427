"""What is left of a live campaign, rehearsed on a fork of its chain: the finish, the time-out, the move to a
new version of Sonar. Each rehearsal starts from the same live campaign and leaves the live chain untouched.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from pysonar.chain.contract.deployment import read_deployment
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Report, State, Terms, Verdict
from pysonar.chain.errors import WrongVersionError
from tests.contracts.parties import Contract
from tests.contracts.sonar_desk import Report as ReportWords
from tests.fork.conftest import Fork, LiveChain

pytestmark = pytest.mark.slow  # starts anvil and Ape several times

EVERYBODY = ("miner", "second_miner", "third_miner", "scientist", "capsule")
OPEN, SETTLED = 2, 3


def digest(text: str) -> bytes:
    return bytes(keccak(text=text))


def gain(fork: Fork, role: str, name: str, accuracy: int) -> ReportWords:
    """The report IMPROVED of a submission."""
    return (fork.live.addresses[role], digest(name), 1, accuracy, digest(f"model of {name}"))


def claim_all(fork: Fork, sonar: Contract, campaign: bytes) -> dict[str, int]:
    """Everybody takes what they are owed, to a new account each; who took how much."""
    taken = {}
    for role in EVERYBODY:
        amount = sonar.claimable(campaign, fork.role(role))
        if amount == 0:
            continue
        receiver = fork.accounts.generate_test_account().address
        sonar.claim(campaign, fork.role(role), receiver, sender=fork.role(role))
        assert fork.chain.provider.get_balance(receiver) == amount
        taken[role] = amount
    return taken


def test_the_fork_begins_with_the_live_campaign(fork: Fork) -> None:
    sonar = fork.sonar()

    record = sonar.campaign(fork.live.campaign)

    assert fork.chain.chain_id == fork.live.chain_id
    assert record.state == OPEN
    assert (record.submitted, record.evaluated, record.best) == (3, 1, 500_000)
    assert sonar.balance == fork.live.anvil.balance(fork.live.sonar.address)


def test_finish(fork: Fork) -> None:
    sonar, campaign, terms = fork.sonar(), fork.live.campaign, fork.live.terms

    sonar.report(campaign, [gain(fork, "second_miner", "second", 950_000)], sender=fork.role("capsule"))
    sonar.reclaim(campaign, 2, digest("third"), fork.role("third_miner"), sender=fork.role("third_miner"))
    sonar.deliver(campaign, digest("result"), sender=fork.role("capsule"))
    sonar.settle(campaign, sender=fork.role("stranger"))
    taken = claim_all(fork, sonar, campaign)

    first = terms.bounty * 400_000 // 900_000
    both = terms.bounty * 800_000 // 900_000
    assert taken == {
        "miner": first + terms.stake,
        "second_miner": both - first + terms.stake,
        "third_miner": terms.stake + terms.fee,
        "scientist": terms.bounty - both,
        "capsule": 2 * terms.fee,
    }
    assert sonar.balance == 0
    assert bytes(sonar.campaign(campaign).result) == digest("result")


def test_finish_is_refused_before_the_queue_is_worked_off(fork: Fork) -> None:
    sonar, campaign = fork.sonar(), fork.live.campaign

    fork.after(fork.live.terms.submit_until)

    fork.refuses(
        lambda: sonar.deliver(campaign, digest("result"), sender=fork.role("capsule")),
        "campaign is not finished",
    )


def test_timeout(fork: Fork) -> None:
    sonar, campaign, terms = fork.sonar(), fork.live.campaign, fork.live.terms
    late = digest("late")

    fork.after(terms.submit_until)
    fork.refuses(
        lambda: sonar.submit(
            campaign, late, fork.role("miner"), value=terms.stake + terms.fee, sender=fork.role("miner")
        ),
        "time to submit is over",
    )
    fork.chain.pending_timestamp = terms.submit_until + 60  # within the turn since the last report
    fork.refuses(lambda: sonar.settle(campaign, sender=fork.role("stranger")), "campaign is not finished")

    fork.after(terms.review_until)
    fork.refuses(
        lambda: sonar.report(
            campaign, [gain(fork, "second_miner", "second", 900_000)], sender=fork.role("capsule")
        ),
        "time to review is over",
    )
    sonar.settle(campaign, sender=fork.role("stranger"))
    sonar.reclaim(campaign, 1, digest("second"), fork.role("second_miner"), sender=fork.role("second_miner"))
    sonar.reclaim(campaign, 2, digest("third"), fork.role("third_miner"), sender=fork.role("third_miner"))
    taken = claim_all(fork, sonar, campaign)

    first = terms.bounty * 400_000 // 900_000
    assert taken == {
        "miner": first + terms.stake,
        "second_miner": terms.stake + terms.fee,
        "third_miner": terms.stake + terms.fee,
        "scientist": terms.bounty - first + terms.fee,  # without a result the fee comes back
    }
    assert sonar.balance == 0
    # The silent capsule may still deliver what it has; it moves no money.
    sonar.deliver(campaign, digest("late result"), sender=fork.role("capsule"))
    assert sonar.balance == 0


def test_upgrade_to_a_new_version(fork: Fork, later_terms: Terms, tmp_path: Path) -> None:
    old, campaign = fork.sonar(), fork.live.campaign
    held = old.balance

    # The new version is a second Sonar, deployed by the script; the old manifest makes room for it.
    assert "already deployed" in fork.deploy(fork.live.manifest.parent)
    fork.deploy(tmp_path)
    new = fork.sonar(read_deployment(tmp_path / fork.live.manifest.name).address)
    assert new.address != old.address

    # A campaign opens there, while the old one goes on where it is.
    terms = replace(later_terms, submit_until=later_terms.submit_until + 10)
    scientist, capsule = fork.role("scientist"), fork.role("capsule")
    new.create_campaign(terms.as_abi(), digest("salt"), value=terms.bounty, sender=scientist)
    later = bytes(new.campaign_id(scientist, terms.spec, digest("salt")))
    new.open_campaign(later, digest("key"), digest("model"), 0, sender=capsule)
    assert later != bytes(old.campaign_id(scientist, terms.spec, digest("salt")))
    assert (old.campaign(later).state, new.campaign(campaign).state) == (0, 0)
    assert (old.balance, new.balance) == (held, terms.bounty)

    # Neither can be used with the other's campaign.
    head = [gain(fork, "second_miner", "second", 900_000)]
    fork.refuses(lambda: new.report(campaign, head, sender=capsule), "campaign is not open")

    # Both run out, each on its own money.
    old.report(campaign, head, sender=capsule)
    old.reclaim(campaign, 2, digest("third"), fork.role("third_miner"), sender=fork.role("third_miner"))
    old.deliver(campaign, digest("result"), sender=capsule)
    old.settle(campaign, sender=fork.role("stranger"))
    taken = claim_all(fork, old, campaign)
    assert sum(taken.values()) == held
    assert (old.balance, new.balance) == (0, terms.bounty)
    price = terms.stake + terms.fee
    new.submit(later, digest("only"), fork.role("miner"), value=price, sender=fork.role("miner"))
    new.report(later, [gain(fork, "miner", "only", terms.target)], sender=capsule)
    new.deliver(later, digest("result"), sender=capsule)
    new.settle(later, sender=fork.role("stranger"))
    assert claim_all(fork, new, later) == {"miner": terms.bounty + terms.stake, "capsule": terms.fee}
    assert new.balance == 0
    assert old.campaign(campaign).state == new.campaign(later).state == SETTLED


def test_move_from_version_1_to_version_2(fork: Fork, later_terms: Terms) -> None:
    """One client serves both, each by its own version, until the campaign on the first has run out."""
    live = fork.live
    old, new = fork.client(live.first), fork.client(live.sonar)
    with pytest.raises(WrongVersionError):
        Sonar.open(fork.chain.provider.web3, live.first.address, version=new.version)
    with pytest.raises(WrongVersionError):
        Sonar.open(fork.chain.provider.web3, live.sonar.address, version=old.version)

    # A campaign opens on the new one.
    scientist = live.addresses["scientist"]
    fork.send("scientist", new.calls.create_campaign(later_terms, digest("salt")))
    later = new.campaign_id(scientist, later_terms.spec, digest("salt"))
    fork.send("capsule", new.calls.open_campaign(later, digest("key"), digest("model"), 0))

    # The old one goes on beside it, and is served to its end.
    second, third = live.addresses["second_miner"], live.addresses["third_miner"]
    report = Report(second, digest("second"), Verdict.IMPROVED, 950_000, digest("model 2"))
    for contract, campaign in ((old, live.first_campaign), (new, live.campaign)):
        calls = contract.calls
        fork.send("capsule", calls.report(campaign, [report]))
        fork.send("third_miner", calls.reclaim(campaign, 2, digest("third"), third))
        fork.send("capsule", calls.deliver(campaign, digest("result")))
        fork.send("stranger", calls.settle(campaign))
        for role in EVERYBODY:
            fork.send(role, calls.claim(campaign, live.addresses[role]))
        record = contract.campaign(campaign)
        assert (record.state, record.best, record.delivered) == (State.SETTLED, 900_000, True)
    balance = fork.chain.provider.get_balance
    assert (balance(old.address), balance(new.address)) == (0, later_terms.bounty)


def test_a_transaction_on_the_live_chain_would_be_noticed(live: LiveChain) -> None:
    kept = live.anvil.rpc("evm_snapshot")
    before = live.fingerprint()
    sender, receiver, *_ = live.anvil.rpc("eth_accounts")

    live.anvil.receipt(
        live.anvil.rpc("eth_sendTransaction", {"from": sender, "to": receiver, "value": "0x1"})
    )

    after = live.fingerprint()
    live.anvil.rpc("evm_revert", kept)
    assert all(now != then for now, then in zip(after[:3], before[:3], strict=True))
    assert live.fingerprint() == before
