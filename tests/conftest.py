"""A real chain for every room's tests: one anvil per session with Sonar deployed, put back after each test.

Fixtures only. Names keep clear of Ape's own fixtures (`accounts`, `chain`, `networks`, `project`); nothing
heavy is imported before a test asks for it.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.json_types import Json, JsonObject

if TYPE_CHECKING:
    from pysonar.chain.contract.calls import Call
    from pysonar.chain.contract.events import LoggedEvent
    from pysonar.chain.contract.sonar import Sonar
    from pysonar.chain.node.handle import Node
    from pysonar.chain.sending.signer import KeyfileSigner, Signer

from tests.builders.terms import ETHER
from tests.faulty_node import FaultyNode
from tests.node_characters import HABITS

ROOT = Path(__file__).parent.parent
CHAIN_ID = 1337
STATES_IN_MEMORY = 100_000
"""Blocks whose state anvil keeps. Past its own 500 (reverts count too) it moves states to disk without the
contracts' code, and a fork to such a block leaves accounts to which every call succeeds and does nothing.
"""
ROLES = ("scientist", "miner", "capsule", "stranger", "second_miner", "third_miner")

# On a busy machine examples are slow to draw and to try; that says nothing about the code. The same examples
# are drawn everywhere and each time; `pytest --hypothesis-profile=explore` draws others.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("explore"), derandomize=True, database=None)
if settings.get_current_profile_name() != "mutation":  # of `make mutate`
    settings.load_profile("same")


class Anvil:
    """One anvil process on a free port. Blocks are mined with each transaction unless told otherwise."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        from pysonar.chain.node.connect import connect

        self.process = process
        self.url = url
        self.web3: Node = connect(url, expected_chain_id=CHAIN_ID)

    @classmethod
    def start(cls, *options: str) -> Anvil:
        """Start one; further options as on anvil's command line."""
        binary = shutil.which("anvil") or shutil.which("anvil", path=str(ROOT / "build" / "node" / "bin"))
        if binary is None:
            pytest.fail("no anvil: neither on PATH nor in build/node/bin; `make` installs it there")
        with tempfile.NamedTemporaryFile(prefix="anvil-", suffix=".log") as log:
            command = [binary, "--port", "0", "--chain-id", str(CHAIN_ID), "--hardfork", "cancun"]
            command += ["--prune-history", str(STATES_IN_MEMORY), *options]
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
            until = time.monotonic() + 30
            while time.monotonic() < until and process.poll() is None:
                found = re.search(rb"Listening on (127\.0\.0\.1:\d+)", Path(log.name).read_bytes())
                if found:
                    return cls(process, f"http://{found[1].decode()}")
                time.sleep(0.02)
            process.kill()
            process.wait()
            raise RuntimeError(f"anvil did not start: {Path(log.name).read_text()[-2000:]}")

    def rpc(self, method: str, *params: Json) -> Json:
        """One JSON-RPC request, its result."""
        from pysonar.chain.node import rpc

        return rpc.call(self.web3, method, *params)

    def mine(self, blocks: int = 1) -> None:
        """Mine that many blocks."""
        self.rpc("anvil_mine", hex(blocks))

    def advance(self, seconds: int) -> None:
        """Move the chain's clock on and mine one block."""
        self.rpc("evm_increaseTime", seconds)
        self.rpc("evm_mine")

    def advance_to(self, timestamp: int) -> None:
        """Mine one block with exactly that time."""
        self.rpc("evm_setNextBlockTimestamp", timestamp)
        self.rpc("evm_mine")

    def now(self) -> int:
        """The time of the newest block."""
        from pysonar.chain.node import rpc

        return rpc.latest(self.web3).timestamp

    def let_mine(self) -> None:
        """Wait for what is about to be mined by itself: a block that is being made is not stopped by dropping
        its transactions, and would land in the next test. What no block takes is not waited for.
        """
        until = time.monotonic() + 5
        while self.rpc("anvil_getAutomine") and time.monotonic() < until:
            if int(self.rpc("txpool_status")["pending"], 16) == 0:
                break
            time.sleep(0.01)

    def set_automine(self, on: bool) -> None:
        """Whether each transaction gets its block at once. A block that is under way is waited for: it would
        take what is sent next as well.
        """
        if not on:
            self.let_mine()
        self.rpc("evm_setAutomine", on)

    def receipt(self, transaction_hash: str) -> JsonObject:
        """The receipt of a transaction sent to this chain.

        Where mining is by hand a block is mined for it; else it comes by itself, on a busy machine somewhat
        later than the answer, and a block mined too many would upset whoever counts them.
        """
        if not self.rpc("anvil_getAutomine"):
            self.mine()
        until = time.monotonic() + 30
        found: JsonObject | None = None
        while found is None and time.monotonic() < until:
            found = self.rpc("eth_getTransactionReceipt", transaction_hash)
            time.sleep(0 if found else 0.01)
        assert found is not None, f"{transaction_hash} was not mined"
        return found

    def reorg(self, depth: int) -> None:
        """Replace the newest `depth` blocks by others without their transactions."""
        self.rpc("anvil_reorg", depth, [])

    def fund(self, address: str, wei: int = 1000 * ETHER) -> None:
        """Set the account's balance."""
        self.rpc("anvil_setBalance", address, hex(wei))

    def balance(self, address: str) -> int:
        """Wei held now."""
        from pysonar.chain.node import rpc

        return rpc.balance(self.web3, address)

    def stop(self) -> None:
        """End the process (as a crash would: at once)."""
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def start_anvil() -> Iterator[Callable[..., Anvil]]:
    """`start_anvil(*options) -> Anvil`: chains of one's own, ended with the session."""
    started: list[Anvil] = []

    def start(*options: str) -> Anvil:
        started.append(Anvil.start(*options))
        return started[-1]

    yield start
    for anvil in started:
        anvil.stop()


def compiled(contract: str) -> bytes:
    """Bytecode as the installed compiler makes it, kept under build/ by the digest of all contracts."""
    sources = sorted((ROOT / "contracts").rglob("*.vy*"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    kept = ROOT / "build" / "test-cache" / f"{Path(contract).stem}-{digest[:32]}.hex"
    if not kept.exists():
        vyper = Path(sys.executable).with_name("vyper")
        command = [str(vyper), "-p", str(ROOT), "--evm-version", "cancun", "-f", "bytecode", contract]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.with_suffix(f".{os.getpid()}").write_text(done.stdout.strip())
        kept.with_suffix(f".{os.getpid()}").replace(kept)
    return bytes.fromhex(kept.read_text().removeprefix("0x"))


@pytest.fixture(scope="session")
def deploy() -> Callable[..., str]:
    """`deploy(anvil, "contracts/Sonar.vy") -> address`: paid by one of anvil's own accounts."""

    def deployed(anvil: Anvil, contract: str) -> str:
        from eth_utils.address import to_checksum_address

        (payer, *_) = anvil.rpc("eth_accounts")
        request = {"from": payer, "data": "0x" + compiled(contract).hex()}
        receipt = anvil.receipt(anvil.rpc("eth_sendTransaction", request))
        assert receipt["status"] == "0x1"
        return str(to_checksum_address(receipt["contractAddress"]))

    return deployed


@pytest.fixture(scope="session")
def deploy_sonar(deploy: Callable[..., str]) -> Callable[[Anvil], str]:
    """`deploy_sonar(anvil) -> address`: a fresh Sonar."""
    return lambda anvil: deploy(anvil, "contracts/Sonar.vy")


@pytest.fixture(scope="session")
def role_keys() -> Mapping[str, bytes]:
    """Private keys by role, the same in every run. For tests only."""
    return {role: hashlib.sha256(f"openmined test {role}".encode()).digest() for role in ROLES}


@pytest.fixture(scope="session")
def fund_roles(role_keys: Mapping[str, bytes]) -> Callable[[Anvil], None]:
    """`fund_roles(anvil)`: 1,000 ETH for every role's account."""

    def fund(anvil: Anvil) -> None:
        for role in ROLES:
            anvil.fund(_signer(role_keys, role).address)

    return fund


@pytest.fixture(scope="session")
def shared_node(
    start_anvil: Callable[..., Anvil],
    deploy_sonar: Callable[[Anvil], str],
    fund_roles: Callable[[Anvil], None],
) -> tuple[Anvil, str]:
    """The session's anvil and its Sonar. Tests take `node` and `sonar` instead."""
    anvil = start_anvil()
    fund_roles(anvil)
    return anvil, deploy_sonar(anvil)


@pytest.fixture
def node(shared_node: tuple[Anvil, str]) -> Iterator[Anvil]:
    """A chain with Sonar, funded roles and nothing else; whatever the test does is undone afterwards, time
    too.
    """
    anvil, _ = shared_node
    before = anvil.rpc("evm_snapshot")
    yield anvil
    if anvil.process.poll() is None:
        anvil.let_mine()
        anvil.rpc("anvil_dropAllTransactions")
        anvil.set_automine(True)
        anvil.rpc("evm_revert", before)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest --node-habit=lagging tests/oracle`: the parties of any test behind a node with that habit."""
    parser.addoption("--node-habit", choices=sorted(HABITS), help="what the agents' node does wrong")


@pytest.fixture
def node_url(node: Anvil, request: pytest.FixtureRequest) -> Iterator[str]:
    """The node that the parties of a test are given: the honest one, unless the test or the command line
    names a habit of `faulty_node.HABITS` (`@pytest.mark.parametrize("node_url", [...], indirect=True)`).
    """
    name = getattr(request, "param", None) or request.config.getoption("--node-habit")
    if name is None:
        yield node.url
        return
    with FaultyNode(node.url, seed=1) as proxy:
        HABITS[name](proxy)
        yield proxy.url


@pytest.fixture
def faulty(node: Anvil) -> Iterator[FaultyNode]:
    """A node in front of `node`, with the bad habits that the test gives it; honest at first."""
    with FaultyNode(node.url) as proxy:
        yield proxy


@pytest.fixture
def sonar(node: Anvil, shared_node: tuple[Anvil, str]) -> Sonar:
    """The client of the Sonar on `node`."""
    from pysonar.chain.contract.sonar import Sonar

    return Sonar(node.web3, shared_node[1])


@pytest.fixture
def scientist(node: Anvil, role_keys: Mapping[str, bytes]) -> KeyfileSigner:
    """Opens campaigns."""
    return _signer(role_keys, "scientist")


@pytest.fixture
def miner(node: Anvil, role_keys: Mapping[str, bytes]) -> KeyfileSigner:
    """Submits."""
    return _signer(role_keys, "miner")


@pytest.fixture
def second_miner(node: Anvil, role_keys: Mapping[str, bytes]) -> KeyfileSigner:
    """Submits too."""
    return _signer(role_keys, "second_miner")


@pytest.fixture
def third_miner(node: Anvil, role_keys: Mapping[str, bytes]) -> KeyfileSigner:
    """Submits as well."""
    return _signer(role_keys, "third_miner")


@pytest.fixture
def capsule(node: Anvil, role_keys: Mapping[str, bytes]) -> KeyfileSigner:
    """The campaign's judge."""
    return _signer(role_keys, "capsule")


@pytest.fixture
def stranger(node: Anvil, role_keys: Mapping[str, bytes]) -> KeyfileSigner:
    """Has no part in any campaign."""
    return _signer(role_keys, "stranger")


@pytest.fixture
def seeded_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operating system's randomness from a seed: what a test says of many draws is true in every run."""
    monkeypatch.setattr(os, "urandom", random.Random("noise").randbytes)


@pytest.fixture
def without_tenseal() -> Callable[[], AbstractContextManager[None]]:
    """`with without_tenseal(): ...`: as on a machine without the extra 'nn'."""
    from openmined_syft.ckks import seal

    @contextmanager
    def away() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "tenseal.sealapi", None)
            seal.seal.cache_clear()
            yield

    return away


def sent(anvil: Anvil, signer: Signer, call: Call) -> tuple[LoggedEvent, ...]:
    """Sign, send and mine one call, without the outbox; its events. ContractRefusedError if it is refused."""
    from pysonar.chain.contract.events import decode_log
    from pysonar.chain.contract.sonar import simulate
    from pysonar.chain.node import answers, rpc

    simulate(anvil.web3, call, signer.address)
    transaction = {
        "type": 2,
        "chainId": CHAIN_ID,
        "nonce": rpc.nonce(anvil.web3, signer.address, "pending"),
        "to": call.to,
        "value": call.value,
        "data": call.data,
        "gas": 5_000_000,
        "maxFeePerGas": 100 * 10**9,
        "maxPriorityFeePerGas": 10**9,
    }
    receipt = anvil.receipt(anvil.rpc("eth_sendRawTransaction", "0x" + signer.sign(transaction).hex()))
    assert receipt["status"] == "0x1", f"{call.label} reverted"
    logs = answers.receipt(receipt).logs
    return tuple(decode_log(log) for log in logs if log.address == call.to.lower())


@pytest.fixture(scope="session")
def transact() -> Callable[..., tuple[LoggedEvent, ...]]:
    """`transact(anvil, signer, call) -> events`: see `sent`."""
    return sent


def _signer(keys: Mapping[str, bytes], role: str) -> KeyfileSigner:
    from pysonar.chain.sending.signer import KeyfileSigner

    return KeyfileSigner.from_key(keys[role])
