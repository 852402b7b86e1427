"""Claiming from many campaigns of which one refuses, and the earnings over time: exact to the wei."""

from __future__ import annotations

import csv
import io
import signal
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Unpack

import pytest
from eth_utils.crypto import keccak

from mine_agent.campaigns.earnings import earnings
from mine_agent.campaigns.income import Entry, entries, picture, times_of
from mine_agent.connection import Connection
from mine_agent.home import Home
from mine_agent.rows.earnings import earnings_rows
from mine_agent.work import submit
from mine_agent.work.claim_all import claim_everything
from pysonar.chain.address import ZERO_ADDRESS
from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.events import Claimed
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Report, Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.store import cid_of
from tests.builders.terms import ETHER, TermsChanges
from tests.conftest import Anvil
from tests.mine.mine_commands import CHOSEN, SECONDS, MineCommand, line_of
from tests.roles import Transact

HONEST, REFUSES = 0, 1


@dataclass(frozen=True)
class TrapToken:
    """A token whose mood is the test's to set: `token(REFUSES)`."""

    node: Anvil
    owner: KeyfileSigner
    transact: Transact
    address: str

    def __call__(self, mood: int) -> None:
        self.call("turn(uint256)", mood)

    def call(self, function: str, *words: int) -> None:
        data = keccak(text=function)[:4] + b"".join(word.to_bytes(32, "big") for word in words)
        self.transact(self.node, self.owner, Call(self.address, data, 0, function))


@pytest.fixture
def token(
    node: Anvil, sonar: Sonar, deploy: Callable[..., str], scientist: KeyfileSigner, transact: Transact
) -> TrapToken:
    """Of which the scientist has plenty."""
    made = TrapToken(node, scientist, transact, deploy(node, "contracts/mocks/tokens/TrapToken.vy"))
    made.call("mint(address,uint256)", int(scientist.address, 16), 10**24)
    made.call("approve(address,uint256)", int(sonar.address, 16), 10**24)
    return made


@pytest.fixture
def earned(
    connection: Connection,
    outbox: Outbox,
    node: Anvil,
    sonar: Sonar,
    capsule: KeyfileSigner,
    stranger: KeyfileSigner,
    transact: Transact,
    open_bare_campaign: Callable[..., bytes],
) -> Callable[..., bytes]:
    """`earned(**terms) -> id`: a settled campaign in which the miner has gained a tenth of the bounty."""

    def make(**terms: Unpack[TermsChanges]) -> bytes:
        campaign: bytes = open_bare_campaign(start=0, target=1_000_000, **terms)
        record = sonar.campaign(campaign)
        submission = connection.journal.add(
            campaign, data="d", data_digest=b"\x77" * 32, base_version=0, base_model=b"\x33" * 32,
            update=cid_of(campaign).digest, value=record.terms.stake + record.terms.fee, sealed=campaign,
            now=1000,
        )  # fmt: skip
        submit.send(submission, record, store=connection.store, outbox=outbox, sonar=sonar)
        for pending in outbox.unfinished():
            outbox.wait(pending.deed, 30)
        one = Report(outbox.account, submission.update, Verdict.IMPROVED, 100_000, b"\x44" * 32)
        transact(node, capsule, sonar.calls.report(campaign, [one]))
        node.advance_to(sonar.campaign(campaign).terms.review_until)
        transact(node, stranger, sonar.calls.settle(campaign))
        connection.follower.poll()
        return campaign

    return make


def test_a_token_that_refuses_stops_no_other_claim_and_is_named(
    connection: Connection, outbox: Outbox, earned: Callable[..., bytes], token: TrapToken, node: Anvil
) -> None:
    in_tokens = earned(asset=token.address, bounty=1000, stake=0, fee=0)
    written = {row["campaign"]: (row["asset"], row["decimals"]) for row in earnings_rows(connection)}
    assert written["0x" + in_tokens.hex()] == (token.address, connection.asset(token.address).decimals)
    in_ether = earned(salt=b"\x01" * 32)
    token(REFUSES)
    run = claim_everything(connection, outbox)
    assert [(claim.campaign, claim.amount) for claim in run.claims] == [(in_ether, ETHER + ETHER // 100)]
    (refused,) = run.unclaimed
    assert refused.campaign == in_tokens
    assert refused.why
    token(HONEST)
    again = claim_everything(connection, outbox)
    assert [(claim.campaign, claim.amount) for claim in again.claims] == [(in_tokens, 100)]
    assert again.unclaimed == []


def test_what_was_claimed_is_shown_in_each_campaigns_own_unit(
    connection: Connection,
    home: Home,
    earned: Callable[..., bytes],
    token: TrapToken,
    mine_agent: MineCommand,
) -> None:
    earned(asset=token.address, bounty=40_000_000_000, stake=0, fee=0)
    earned(salt=b"\x01" * 32)
    told = mine_agent("claim", "--home", home.path)
    assert told.exit_code == 0, told.output
    unit = (
        f"units of {token.address[:8]}...{token.address[-4:]}"  # this token says neither symbol nor decimals
    )
    assert f"4000000000 {unit}" in told.output.replace("\n", " ")
    assert "1.01 ETH" in told.output
    assert "gwei in all" not in told.output
    (total,) = [line for line in told.stderr.splitlines() if "in all" in line]
    assert f"4000000000 {unit} and 1.01 ETH" in total or f"1.01 ETH and 4000000000 {unit}" in total


@pytest.mark.slow
def test_a_claim_that_is_killed_halfway_is_ended_by_the_next_and_paid_once(
    connection: Connection, home: Home, earned: Callable[..., bytes], node: Anvil, mine_agent: MineCommand
) -> None:
    campaigns = [earned(), earned(salt=b"\x01" * 32)]
    node.set_automine(False)
    with subprocess.Popen([*line_of(CHOSEN), "claim", "--home", str(home.path)]) as claiming:
        end = time.monotonic() + SECONDS
        while (
            rpc.nonce(connection.web3, home.address, "pending") < rpc.nonce(connection.web3, home.address) + 2
        ):
            assert claiming.poll() is None, "it ended before it had sent anything"
            assert time.monotonic() < end, "it sent nothing"
            time.sleep(0.05)
        claiming.kill()
    assert claiming.returncode == -signal.SIGKILL
    node.set_automine(True)
    node.mine()
    told = mine_agent("claim", "--home", home.path)
    assert told.exit_code == 0, told.output
    connection.follower.poll()
    for campaign in campaigns:
        assert connection.sonar.claimable(campaign, home.address) == 0
        (paid,) = [entry.event for entry in connection.follower.history(Claimed, campaign=campaign)]
        assert paid.amount == ETHER + ETHER // 100


def test_one_campaign_can_be_claimed_alone_and_a_refusal_ends_with_1(
    connection: Connection,
    home: Home,
    earned: Callable[..., bytes],
    token: TrapToken,
    mine_agent: MineCommand,
) -> None:
    in_tokens = earned(asset=token.address, bounty=1000, stake=0, fee=0)
    in_ether = earned(salt=b"\x01" * 32)
    token(REFUSES)
    refused = mine_agent("claim", in_tokens.hex(), "--home", home.path)
    assert refused.exit_code == 1
    assert f"campaign 0x{in_tokens.hex()[:8]} was not claimed" in refused.stderr
    assert connection.sonar.claimable(in_ether, connection.address) > 0
    assert mine_agent("claim", "--all", "--home", home.path).exit_code == 1
    assert connection.sonar.claimable(in_ether, connection.address) == 0
    assert mine_agent("claim", in_ether.hex(), "--all", "--home", home.path).exit_code == 2
    assert mine_agent("claim", "0xffffff", "--home", home.path).exit_code == 1


def test_the_picture_and_the_table_come_to_the_same_sum(
    connection: Connection,
    outbox: Outbox,
    home: Home,
    earned: Callable[..., bytes],
    mine_agent: MineCommand,
    tmp_path: Path,
) -> None:
    campaigns = [earned(), earned(salt=b"\x01" * 32)]
    claim_everything(connection, outbox)
    connection.follower.poll()
    changes = entries(connection)
    books = [earnings(connection, campaign) for campaign in campaigns]
    assert sum(entry.amount for entry in changes) == sum(book.net for book in books)
    assert {entry.what for entry in changes} == {"payout", "fee", "gas"}
    assert [entry.block for entry in changes] == sorted(entry.block for entry in changes)
    assert all(entry.asset == ZERO_ADDRESS for entry in changes)
    picture = tmp_path / "earnings.svg"
    told = mine_agent("earnings", "--plot", picture, "--format", "csv", "--home", home.path)
    assert told.exit_code == 0, told.output
    root = ET.fromstring(picture.read_text())  # noqa: S314 - our own file
    words = "".join(root.itertext())
    assert "Earned by this mine: 1.9" in words
    assert "2 ETH of payouts less" in words
    rows = list(csv.DictReader(io.StringIO(told.stdout)))
    assert [int(row["net"]) for row in rows] == [book.net for book in books]
    assert all(int(row["gas"]) > 0 and row["improved"] == "1" for row in rows)
    total = mine_agent("earnings", "--home", home.path).stderr
    assert "in all: 2 ETH promised, " in total.replace("\n", " ")
    assert " of gas" in total


@pytest.mark.parametrize("gone", [False, True])
def test_the_picture_is_over_time_and_its_labels_can_be_read(
    connection: Connection, outbox: Outbox, earned: Callable[..., bytes], gone: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The first payment is the gas of a submission, a hair below nothing: its label is not that of nothing. A
    node that has the blocks no longer gives no times: then it is over blocks.
    """
    earned()
    claim_everything(connection, outbox)
    connection.follower.poll()
    changes = entries(connection)
    at = {entry.block: entry.block for entry in changes} if gone else times_of(connection, blocks_of(changes))
    if gone:
        monkeypatch.setattr(rpc, "blocks", lambda web3, numbers: [None for _ in numbers])
    root = ET.fromstring(picture(connection, changes))  # noqa: S314 - our own picture
    (path,) = [part.get("d", "") for part in root if part.tag.endswith("path")]
    steps = [float(place.split()[0]) for place in path.split(" H ")[1:]]
    first, last = at[changes[0].block], at[changes[-1].block]
    assert last - first > (3 if gone else 3600)
    assert steps == [
        pytest.approx(110 + 590 * (at[e.block] - first) / (last - first), abs=0.1) for e in changes
    ]
    heights = sorted(float(part.get("y", 0)) for part in root if part.get("x") == "104.0")
    assert all(below - above >= 12 for above, below in pairwise(heights))
    assert ("block " + str(changes[0].block) in [part.text for part in root]) == gone


def blocks_of(changes: list[Entry]) -> list[int]:
    """Where each was."""
    return [entry.block for entry in changes]


def test_the_picture_of_a_mine_that_earned_nothing_is_a_picture(
    home: Home, mine_agent: MineCommand, tmp_path: Path
) -> None:
    picture = tmp_path / "earnings.svg"
    assert mine_agent("earnings", "--plot", picture, "--home", home.path).exit_code == 0
    assert "Earned by this mine: 0" in picture.read_text()
