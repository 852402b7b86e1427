"""Two versions of the contract beside each other: one client serves both, each home one, and none a third."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from pysonar.chain.contract import abi
from pysonar.chain.contract.events import CampaignCreated, CampaignDeclined, Verdicts
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Report, State, Terms, Verdict
from pysonar.chain.contract.versions import FIRST, NEWEST
from pysonar.chain.database import open_database
from pysonar.chain.errors import ContractRefusedError, WrongVersionError
from pysonar.chain.follower import Follower
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.chain.submissions import submissions
from tests.builders.terms import terms_of
from tests.conftest import Anvil
from tests.roles import Transact, as_a

SPEC, SALT, KEY, MODEL, UPDATE, RESULT = (bytes([n]) * 32 for n in range(1, 7))
# The creation code of the first version, as commit d452987 made it.
CODE = Path(__file__).with_name("sonar-1.hex")


def deploy(node: Anvil, code: str) -> str:
    sent = node.rpc(
        "eth_sendTransaction", {"from": node.rpc("eth_accounts")[0], "data": code, "gas": "0x989680"}
    )
    return str(node.receipt(sent)["contractAddress"])


@pytest.fixture
def first(node: Anvil) -> Sonar:
    """A Sonar of version 1."""
    return Sonar.open(node.web3, deploy(node, CODE.read_text().strip()))


@pytest.fixture
def terms(node: Anvil, capsule: KeyfileSigner) -> Terms:
    return terms_of(
        capsule.address, node.now(), spec=SPEC, bounty=1000, target=800_000, min_gain=5_000, stake=70, fee=3,
        max_pending=2, max_start=100_000,
    )  # fmt: skip


def test_the_client_knows_the_version_that_it_meets(node: Anvil, sonar: Sonar, first: Sonar) -> None:
    assert (first.version, Sonar.open(node.web3, sonar.address).version) == (FIRST, NEWEST)
    assert Sonar.open(node.web3, first.address, version=FIRST).version == FIRST


def test_another_version_than_the_expected_is_refused(node: Anvil, sonar: Sonar, first: Sonar) -> None:
    for met, expected in ((sonar, FIRST), (first, NEWEST)):
        with pytest.raises(WrongVersionError, match=f"version {expected} was expected"):
            Sonar.open(node.web3, met.address, version=expected)


def test_a_version_that_is_not_known_is_refused(
    node: Anvil, sonar: Sonar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sonar, "_own_version", lambda _sonar: 3)
    with pytest.raises(WrongVersionError, match="this program knows 1 and 2; install a release that knows 3"):
        Sonar.open(node.web3, sonar.address)


def test_no_event_of_one_version_is_another_of_the_other() -> None:
    for version in (FIRST, NEWEST):
        names = {item["name"] for item in abi.raw_abi(version) if item["type"] == "event"}
        assert len(names) == 12
    assert len(abi.events()) == 24 - 6  # those that did not change are one


def test_one_client_runs_the_same_campaign_on_both_versions(
    node: Anvil, sonar: Sonar, first: Sonar, terms: Terms, transact: Transact, tmp_path: Path,
    scientist: KeyfileSigner, capsule: KeyfileSigner, miner: KeyfileSigner, stranger: KeyfileSigner,
) -> None:  # fmt: skip
    """What agents do, in order; then the move is over: the first has run out, the second goes on."""
    told = {}
    for contract in (first, sonar):
        calls = contract.calls
        (created,) = transact(node, scientist, calls.create_campaign(terms, SALT))
        assert isinstance(created.event, CampaignCreated)
        own = created.event.id
        known = contract.campaign(own)
        assert known.terms == (replace(terms, max_start=795_000) if contract is first else terms)
        transact(node, capsule, calls.open_campaign(own, KEY, MODEL, 0))
        for update in (UPDATE, RESULT):
            transact(node, miner, calls.submit(own, update, miner.address, 73))
        transact(node, capsule, calls.report(own, [
            Report(miner.address, UPDATE, Verdict.NO_GAIN),
            Report(miner.address, RESULT, Verdict.IMPROVED, 800_000, MODEL),
        ]))  # fmt: skip
        transact(node, capsule, calls.deliver(own, RESULT))
        transact(node, stranger, calls.settle(own))
        for who in (miner, capsule):
            transact(node, who, calls.claim(own, who.address))
        assert contract.campaign(own).state is State.SETTLED
        assert node.balance(contract.address) == 0

        database = open_database(
            tmp_path / f"{contract.version}.sqlite",
            chain_id=contract.chain_id, genesis=rpc.genesis(node.web3), contract=contract.address, tables=[],
        )  # fmt: skip
        follower = Follower(database, node.web3, contract, confirmations=0)
        follower.poll()
        verdicts = [pair for entry in follower.history(Verdicts) for pair in entry.event.each()]
        assert verdicts == [(0, Verdict.NO_GAIN), (1, Verdict.IMPROVED)]
        folded = submissions(follower.history(campaign=own)).values()
        told[contract.version] = [(one.index, one.miner, one.verdict, one.payout) for one in folded]
    assert told[FIRST] == told[NEWEST]


def test_declining_and_reclaiming_work_on_both_versions(
    node: Anvil, sonar: Sonar, first: Sonar, terms: Terms, transact: Transact,
    scientist: KeyfileSigner, capsule: KeyfileSigner, miner: KeyfileSigner, stranger: KeyfileSigner,
) -> None:  # fmt: skip
    for contract in (first, sonar):
        calls = contract.calls
        transact(node, scientist, calls.create_campaign(terms, SALT))
        own = contract.campaign_id(scientist.address, SPEC, SALT)
        (declined,) = transact(node, capsule, calls.decline(own, "zu spät"))
        assert as_a(CampaignDeclined, declined.event).reason == "zu spät"
        transact(node, scientist, calls.claim(own, scientist.address, stranger.address))

        transact(node, scientist, calls.create_campaign(terms, KEY))
        own = contract.campaign_id(scientist.address, SPEC, KEY)
        transact(node, capsule, calls.open_campaign(own, KEY, MODEL, 0))
        transact(node, miner, calls.submit(own, UPDATE, miner.address, 73))
        if contract is first:
            node.advance_to(terms.review_until)
            with pytest.raises(ContractRefusedError, match="no such submission of the caller"):
                transact(node, stranger, calls.reclaim(own, 0, UPDATE, miner.address))
            transact(node, miner, calls.reclaim(own, 0, UPDATE, miner.address))
            assert contract.claimable(own, miner.address) == 73
            terms = replace(terms, submit_until=node.now() + 3600, review_until=node.now() + 7200)
        else:
            node.advance_to(terms.review_until)
            transact(node, stranger, calls.reclaim(own, 0, UPDATE, miner.address))
            transact(node, stranger, calls.claim(own, miner.address))
            assert contract.owed(own, miner.address) == 0


def test_stored_verdicts_of_earlier_releases_are_still_understood(
    node: Anvil, first: Sonar, tmp_path: Path
) -> None:
    """A home of the first version keeps its events when the program under it is renewed."""
    path = tmp_path / "old.sqlite"

    def opened() -> sqlite3.Connection:
        return open_database(
            path, chain_id=first.chain_id, genesis=rpc.genesis(node.web3), contract=first.address, tables=[]
        )

    database = opened()
    Follower(database, node.web3, first, confirmations=0)
    fields = {"id": "0x" + SPEC.hex(), "index": 7, "miner": "0x" + "11" * 20, "verdict": 2}
    database.execute(
        "insert into event (block_hash, log_index, block_number, transaction_hash, name, campaign, fields)"
        " values (?, 0, 1, ?, 'Reported', ?, ?)",
        (KEY, MODEL, SPEC, json.dumps(fields)),
    )
    database.execute("drop index event_miner")
    database.execute("drop index event_queue")
    database.execute("update migration set step = 2 where room = 'follower'")
    database.close()

    (entry,) = Follower(opened(), node.web3, first, confirmations=0).history(Verdicts)
    assert entry.event == Verdicts(SPEC, 7, (Verdict.NO_GAIN,))
