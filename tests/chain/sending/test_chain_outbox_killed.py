"""Real processes killed with SIGKILL around a broadcast: one transaction lands, and it is the stored one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.database import open_database
from pysonar.chain.node import rpc
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Status
from pysonar.chain.sending.signer import KeyfileSigner
from tests.conftest import Anvil

FIRST = Deed(Action.OTHER, None, "register 1")

# The child meddles with its signer and its node, never with the outbox: the code under test is the real one.
CHILD = """
import sys
from pathlib import Path
from dying import DyingNode, DyingSigner
from pysonar.chain.node.handle import Node, NodeHandle
from pysonar.chain.node import rpc
from pysonar.chain.database import open_database
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.chain.contract.sonar import Sonar

url, address, path, key, point, count = sys.argv[1:]

web3 = NodeHandle(DyingNode(url, point))
sonar = Sonar(web3, address)
database = open_database(Path(path), chain_id=1337, genesis=rpc.genesis(web3), contract=address)
signer = DyingSigner(KeyfileSigner.from_key(bytes.fromhex(key)), point)
outbox = Outbox(database, web3, signer, chain_id=1337, confirmations=0)
print("ready", flush=True)
for number in range(1, int(count) + 1):
    deed = Deed(Action.OTHER, None, f"register {number}")
    outbox.send(sonar.calls.register_capsule(number.to_bytes(32, "big")), deed)
    outbox.pump()
"""


class Runs:
    """Children on one database, and what the chain shows afterwards."""

    def __init__(self, folder: Path, node: Anvil, sonar: Sonar, signer: KeyfileSigner, key: bytes) -> None:
        self.path, self.node, self.sonar, self.signer, self.key = (
            folder / "a.sqlite",
            node,
            sonar,
            signer,
            key,
        )

    def start(self, point: str, count: int) -> subprocess.Popen[bytes]:
        arguments = [self.node.url, self.sonar.address, str(self.path), self.key.hex(), point, str(count)]
        command = [sys.executable, "-c", CHILD, *arguments]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}  # of `dying`
        return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)

    def outbox(self) -> Outbox:
        web3 = self.node.web3
        database = open_database(
            self.path, chain_id=1337, genesis=rpc.genesis(web3), contract=self.sonar.address
        )
        return Outbox(database, web3, self.signer, chain_id=1337, confirmations=0, poll_seconds=0.01)

    def landed(self) -> list[int]:
        logs = rpc.logs(self.node.web3, self.sonar.address, 0, rpc.block_number(self.node.web3))
        return [int.from_bytes(log.data, "big") for log in logs]


@pytest.fixture
def runs(
    tmp_path: Path, node: Anvil, sonar: Sonar, capsule: KeyfileSigner, role_keys: Mapping[str, bytes]
) -> Runs:
    """Children of the capsule's account."""
    return Runs(tmp_path, node, sonar, capsule, role_keys["capsule"])


@pytest.mark.parametrize(
    ("point", "stored", "mined"),
    [
        ("before the store", False, False),
        ("before the broadcast", True, False),
        ("after the broadcast", True, True),
    ],
)
def test_killed_at_a_named_point(runs: Runs, point: str, stored: bool, mined: bool) -> None:
    with runs.start(point, 1) as child:
        child.wait(60)
    assert child.returncode == -signal.SIGKILL
    outbox = runs.outbox()
    before = outbox.find(FIRST)
    assert ((before is not None), (runs.landed() == [1])) == (stored, mined)

    call = runs.sonar.calls.register_capsule((1).to_bytes(32, "big"))
    after = outbox.send(call, FIRST)  # what the restarted agent does
    assert before is None or after.hashes == before.hashes  # the same bytes
    receipt = outbox.wait(FIRST, timeout=60)
    assert receipt.transaction_hash == after.hashes[0]
    assert runs.landed() == [1]
    assert rpc.nonce(runs.node.web3, runs.signer.address) == 1


def test_pumping_alone_sends_what_was_stored(runs: Runs) -> None:
    with runs.start("before the broadcast", 1) as child:
        child.wait(60)
    outbox = runs.outbox()
    outbox.pump()
    assert outbox.wait(FIRST, timeout=60).succeeded
    assert runs.landed() == [1]


def test_a_new_transaction_does_not_take_the_nonce_of_a_stored_one(runs: Runs) -> None:
    with runs.start("before the broadcast", 1) as child:
        child.wait(60)
    outbox = runs.outbox()
    another = Deed(Action.OTHER, None, "another")
    assert outbox.send(runs.sonar.calls.register_capsule(bytes([2]) * 32), another).nonce == 1
    outbox.wait(another, timeout=60)
    assert runs.landed() == [1, int.from_bytes(bytes([2]) * 32, "big")]


def test_killed_at_any_moment(runs: Runs) -> None:
    chooser = random.Random(7)
    for _ in range(4):
        with runs.start("never", 40) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            time.sleep(chooser.random() / 3)
            child.kill()
    with runs.start("never", 40) as child:
        assert child.wait(60) == 0
    outbox = runs.outbox()
    for pending in outbox.history():
        outbox.wait(pending.deed, 30)  # the last one may be mined after the child's last look
    assert runs.landed() == list(range(1, 41))
    assert {pending.status for pending in outbox.history()} == {Status.CONFIRMED}
    assert rpc.nonce(runs.node.web3, runs.signer.address) == 40


def test_two_processes_with_one_database_share_its_nonces(runs: Runs) -> None:
    with runs.start("never", 15) as first, runs.start("never", 15) as second:
        assert (first.wait(60), second.wait(60)) == (0, 0)
    outbox = runs.outbox()
    for pending in outbox.history():
        outbox.wait(pending.deed, 30)
    assert runs.landed() == list(range(1, 16))
