"""A live chain with a running campaign, and forks of it on which the rest of that campaign is rehearsed.

The live chain is an anvil of its own; Sonar comes to it by the deploy script, the campaign by the agents'
client. The forks are Ape's: `ethereum:rehearsal-fork:foundry`, on which every account may be impersonated.
After each rehearsal the live chain must be exactly what it was.
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from ape.api import AccountAPI
from ape.exceptions import ContractLogicError
from ape.managers.accounts import TestAccountManager
from ape.managers.chain import ChainManager
from ape.managers.networks import NetworkManager
from ape.managers.project import ProjectManager
from eth_utils.crypto import keccak

from pysonar.chain.contract.calls import Call, SonarCalls
from pysonar.chain.contract.deployment import read_deployment
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Report, Terms, Verdict
from pysonar.chain.contract.versions import FIRST, NEWEST
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from tests.builders.terms import terms_of
from tests.conftest import Anvil
from tests.contracts.parties import Contract
from tests.json_types import JsonObject

ROOT = Path(__file__).parent.parent.parent
DAY = 86_400
START = 100_000
FIRST_GAIN = 500_000
NETWORK = "rehearsal"


def digest(text: str) -> bytes:
    """32 bytes that stand for the CID of something."""
    return bytes(keccak(text=text))


@dataclass(frozen=True)
class LiveChain:
    """A chain that people use: Sonar in both versions, and on each a campaign with a paid, and two waiting
    submissions.
    """

    anvil: Anvil
    chain_id: int
    manifest: Path
    sonar: Sonar
    campaign: bytes
    first: Sonar
    first_campaign: bytes
    terms: Terms
    addresses: Mapping[str, str]

    def fingerprint(self) -> tuple[object, ...]:
        """What changes with any transaction: newest block, state root, and the escrow's balance."""
        newest = self.anvil.rpc("eth_getBlockByNumber", "latest", False)
        escrow = self.anvil.balance(self.sonar.address)
        return newest["number"], newest["hash"], newest["stateRoot"], escrow


@dataclass
class Fork:
    """A fork of the live chain, with Ape connected to it."""

    live: LiveChain
    chain: ChainManager
    project: ProjectManager
    accounts: TestAccountManager

    def sonar(self, address: str | None = None) -> Contract:
        """Ape's view of a Sonar on the fork; the live one if no address is given."""
        return self.project.Sonar.at(address or self.live.sonar.address)

    def role(self, role: str) -> AccountAPI:
        """An account of the live chain, impersonated: a rehearsal needs nobody's key."""
        return self.accounts[self.live.addresses[role]]

    def after(self, time: int) -> None:
        """Let a block happen at `time`."""
        self.chain.pending_timestamp = time
        self.chain.mine()

    def deploy(self, deployments: Path) -> str:
        """The deploy script on the fork; what it printed."""
        return _run_deploy(self.chain.provider.uri, deployments)

    def send(self, role: str, call: Call) -> None:
        """A call of the agents' client, by an impersonated account."""
        account = self.role(role)
        account.transfer(call.to, call.value, data=call.data, gas=1_000_000)

    def client(self, sonar: Sonar) -> Sonar:
        """The agents' client of a live contract, on the fork."""
        return Sonar.open(self.chain.provider.web3, sonar.address, version=sonar.version)

    def refuses(self, call: Callable[[], object], reason: str) -> None:
        """Check that the contract refuses a call for that reason."""
        with pytest.raises(ContractLogicError, match=reason):
            call()


@pytest.fixture(scope="session")
def deploy_first() -> Callable[[Anvil], Sonar]:
    """`deploy_first(anvil)`: the first version of the contract, by its frozen code."""

    def deployed(anvil: Anvil) -> Sonar:
        code = (ROOT / "tests/chain/contract/sonar-1.hex").read_text(encoding="utf-8").strip()
        sender = anvil.rpc("eth_accounts")[0]
        sent = anvil.rpc("eth_sendTransaction", {"from": sender, "data": code, "gas": "0x989680"})
        return Sonar.open(anvil.web3, str(anvil.receipt(sent)["contractAddress"]), version=FIRST)

    return deployed


@pytest.fixture(scope="module")
def live(
    start_anvil: Callable[..., Anvil],
    deploy_first: Callable[[Anvil], Sonar],
    fund_roles: Callable[[Anvil], None],
    role_keys: Mapping[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> LiveChain:
    anvil = start_anvil()
    fund_roles(anvil)
    signers = {role: KeyfileSigner.from_key(key) for role, key in role_keys.items()}
    deployments = tmp_path_factory.mktemp("deployments")
    _run_deploy(anvil.url, deployments)
    chain_id = rpc.chain_id(anvil.web3)
    manifest = deployments / f"{chain_id}.json"
    sonar = Sonar.open(anvil.web3, read_deployment(manifest).address, version=NEWEST)
    first = deploy_first(anvil)

    now = anvil.now()
    terms = terms_of(
        signers["capsule"].address,
        spec=digest("spec"),
        submit_until=now + DAY,
        review_until=now + 2 * DAY,
    )
    owner = signers["scientist"].address
    campaigns = {}
    for contract in (sonar, first):
        campaigns[contract] = contract.campaign_id(owner, terms.spec, digest("salt"))
        for role, call in _half_a_campaign(contract.calls, campaigns[contract], terms, signers):
            _send(anvil, chain_id, signers[role], call)
    return LiveChain(
        anvil=anvil,
        chain_id=chain_id,
        manifest=manifest,
        sonar=sonar,
        campaign=campaigns[sonar],
        first=first,
        first_campaign=campaigns[first],
        terms=terms,
        addresses={role: signer.address for role, signer in signers.items()},
    )


def _half_a_campaign(
    calls: SonarCalls, campaign: bytes, terms: Terms, signers: Mapping[str, KeyfileSigner]
) -> list[tuple[str, Call]]:
    """Up to a paid submission, with two more that wait."""
    price = terms.stake + terms.fee

    def submit(role: str, name: str) -> tuple[str, Call]:
        return role, calls.submit(campaign, digest(name), signers[role].address, price)

    return [
        ("capsule", calls.register_capsule(digest("certificate"))),
        ("scientist", calls.create_campaign(terms, digest("salt"))),
        ("capsule", calls.open_campaign(campaign, digest("public key"), digest("model 0"), START)),
        submit("miner", "first"),
        submit("second_miner", "second"),
        submit("third_miner", "third"),
        (
            "capsule",
            calls.report(
                campaign,
                [
                    Report(
                        miner=signers["miner"].address,
                        update=digest("first"),
                        verdict=Verdict.IMPROVED,
                        accuracy=FIRST_GAIN,
                        model=digest("model 1"),
                    )
                ],
            ),
        ),
    ]


@pytest.fixture
def fork(
    live: LiveChain,
    project: ProjectManager,
    networks: NetworkManager,
    accounts: TestAccountManager,
    chain: ChainManager,
) -> Iterator[Fork]:
    """A fork of the live chain, begun anew for each test; nothing done on it may reach the live chain."""
    before = live.fingerprint()
    network = f"ethereum:{NETWORK}-fork:foundry"
    project.reconfigure(**_rehearsal(live))
    try:
        with networks.parse_network_choice(network, disconnect_after=True):
            yield Fork(live=live, chain=chain, project=project, accounts=accounts)
    finally:
        project.reconfigure()
    assert live.fingerprint() == before, "the rehearsal reached the live chain"


@pytest.fixture
def later_terms(live: LiveChain) -> Terms:
    """The terms of a campaign that is opened after the live one."""
    return replace(live.terms, spec=digest("another spec"))


def _run_deploy(url: str, deployments: Path) -> str:
    """The deploy script, as an operator runs it; what it printed."""
    ape = Path(sys.executable).with_name("ape")
    command = [str(ape), "run", "deploy", "--network", url, "--account", "TEST::5"]
    done = subprocess.run(
        [*command, "--deployments", str(deployments)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _rehearsal(live: LiveChain) -> JsonObject:
    """Ape's configuration with the live chain as a network that can be forked: its port is known only now."""
    return {
        "networks": {
            "custom": [
                {
                    "name": NETWORK,
                    "chain_id": live.chain_id,
                    "ecosystem": "ethereum",
                    "default_provider": "node",
                }
            ]
        },
        "ethereum": {
            "default_network": "local",
            "local": {"default_provider": "foundry"},
            f"{NETWORK}_fork": {"default_provider": "foundry"},
        },
        "foundry": {
            "host": f"http://127.0.0.1:{_free_port()}",
            "fork": {"ethereum": {NETWORK: {"upstream_provider": live.anvil.url}}},
        },
    }


def _free_port() -> int:
    """A port that nobody listens on, below those that the system gives to connections.

    Ape's own choice ("auto") is among those; where one is taken it waits for 20 s and gives up.
    """
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def _send(anvil: Anvil, chain_id: int, signer: KeyfileSigner, call: Call) -> None:
    """Sign, send and mine one call on the live chain."""
    transaction = {
        "type": 2,
        "chainId": chain_id,
        "nonce": rpc.nonce(anvil.web3, signer.address, "pending"),
        "to": call.to,
        "value": call.value,
        "data": call.data,
        "gas": 1_000_000,
        "maxFeePerGas": 100 * 10**9,
        "maxPriorityFeePerGas": 10**9,
    }
    sent = anvil.rpc("eth_sendRawTransaction", "0x" + signer.sign(transaction).hex())
    receipt = anvil.receipt(sent)
    assert receipt["status"] == "0x1", f"{call.label} reverted"
