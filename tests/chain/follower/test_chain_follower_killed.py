"""A following process that is killed: nothing is lost, and nothing is handled twice."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.database import open_database
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from tests.conftest import Anvil
from tests.roles import Transact

CHILD = """
import sys
from pathlib import Path
from pysonar.chain.node import rpc
from pysonar.chain.node.connect import connect
from pysonar.chain.database import open_database, transaction
from pysonar.chain.migrations import Tables
from pysonar.chain.follower import Follower
from pysonar.chain.contract.sonar import Sonar

url, address, path = sys.argv[1:]
web3 = connect(url)
sonar = Sonar(web3, address)
database = open_database(
    Path(path), chain_id=1337, genesis=rpc.genesis(web3), contract=address,
    tables=[Tables("seen", (("create table seen (certificate blob, times integer)",),))],
)
follower = Follower(database, web3, sonar, confirmations=0)
print("ready", flush=True)
while True:
    follower.poll()
    for stored in follower.unhandled():
        with transaction(database):
            database.execute("insert into seen values (?, 1)", (stored.event.certificate,))
            follower.mark_handled(stored)
"""


def test_a_killed_process_loses_nothing_and_handles_nothing_twice(
    tmp_path: Path, node: Anvil, sonar: Sonar, capsule: KeyfileSigner, transact: Transact
) -> None:
    def register() -> bytes:
        certificate = (len(sent) + 1).to_bytes(32, "big")
        transact(node, capsule, sonar.calls.register_capsule(certificate))
        return certificate

    path = tmp_path / "agent.sqlite"
    command = [sys.executable, "-c", CHILD, node.url, sonar.address, str(path)]
    chooser = random.Random(1)
    sent: list[bytes] = []
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            for _ in range(6):
                sent.append(register())
            time.sleep(chooser.random() / 20)
            child.kill()
        sent.append(register())  # while it is down
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        genesis = rpc.genesis(node.web3)
        database = open_database(path, chain_id=1337, genesis=genesis, contract=sonar.address)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            tables = database.execute("select count(*) from sqlite_master where name = 'seen'").fetchone()[0]
            if tables and database.execute("select count(*) from seen").fetchone()[0] >= len(sent):
                break
            time.sleep(0.05)
        child.kill()
    assert [
        row["certificate"] for row in database.execute("select certificate from seen order by rowid")
    ] == sent
