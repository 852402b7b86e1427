"""Roles, and a desk, for tests of Sonar on Foundry through Ape, or on titanoboa. Actors are named by role."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import pytest
from hexbytes import HexBytes

from tests.contracts.parties import AbiValue, Account, Chain, Contract, Project
from tests.contracts.sonar_desk import DAY, ETHER, NO_ONE, STAGE, Desk, Terms, digest


def pytest_collection_modifyitems(config: pytest.Config) -> None:
    """Take titanoboa's plugin out: it anchors its chain around every fixture, and Ape reorders fixtures."""
    if config.pluginmanager.has_plugin("boa_test"):
        config.pluginmanager.unregister(name="boa_test")


if STAGE == "titanoboa":
    import boa

    from tests.contracts import boa_stage

    @pytest.fixture(scope="session")
    def sign() -> Callable[[Account, bytes], tuple[int, bytes, bytes]]:
        """Sign 32 bytes with an account's key: v, r, s."""
        return lambda account, digest: boa_stage.sign(boa_stage.Account(account), digest)

    @pytest.fixture(scope="session")
    def accounts() -> Sequence[Account]:
        return boa_stage.accounts()

    @pytest.fixture(scope="session")
    def chain() -> Chain:
        return boa_stage.Chain()

    @pytest.fixture(scope="session")
    def project() -> Project:
        return boa_stage.Project()

    @pytest.fixture(autouse=True)
    def isolation(sonar: Contract, chain: Chain) -> Iterator[None]:
        """What a test does is undone after it."""
        before = chain.pending_timestamp
        with boa.env.anchor():
            yield
        chain.pending_timestamp = before

else:
    from ape.utils.testing import generate_dev_accounts

    @pytest.fixture(scope="session")
    def sign() -> Callable[[Account, bytes], tuple[int, bytes, bytes]]:
        """Sign 32 bytes with an account's key: v, r, s."""

        def with_key(account: AbiValue, digest: bytes) -> tuple[int, bytes, bytes]:
            signed = account.sign_raw_msghash(HexBytes(digest))
            return signed.v, bytes(signed.r), bytes(signed.s)

        return with_key

    @pytest.fixture(scope="session", autouse=True)
    def brisk_ape() -> Iterator[None]:
        """Spare Ape what takes most of its time and tells these tests nothing.

        It traces every refusal to its source line (1 s apiece), and derives the keys of the ten test accounts
        anew at each look (0.3 s). And to look for errors of a contract's own making, which Sonar has not, it
        decodes the whole trace, and trips over what hostile tokens answer.
        """
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ape.exceptions._get_ape_traceback_from_tx", lambda _transaction: None)
            patch.setattr("ape_ethereum.trace.Trace.show", lambda *_arguments, **_options: None)
            patch.setattr("ape_foundry.FoundryProvider._extract_custom_error", lambda *_, **_options: "")
            patch.setattr("ape_test.accounts.generate_dev_accounts", cache(generate_dev_accounts))
            yield


@pytest.fixture
def permit(sonar: Contract, sign: Callable, chain: Chain) -> Callable:
    """An owner's signature by which Sonar may take an amount of a token, for a day."""

    def signed(token: Contract, owner: Account, amount: int) -> tuple[int, int, bytes, bytes]:
        deadline = chain.pending_timestamp + DAY
        return (deadline, *sign(owner, bytes(token.digest(owner, sonar, amount, deadline))))

    return signed


@pytest.fixture
def scientist(accounts: Sequence[Account]) -> Account:
    return accounts[0]


@pytest.fixture
def capsule(accounts: Sequence[Account]) -> Account:
    return accounts[1]


@pytest.fixture
def miner(accounts: Sequence[Account]) -> Account:
    return accounts[2]


@pytest.fixture
def rival_miner(accounts: Sequence[Account]) -> Account:
    return accounts[3]


@pytest.fixture
def stranger(accounts: Sequence[Account]) -> Account:
    return accounts[4]


@pytest.fixture(scope="session")
def deployer(accounts: Sequence[Account]) -> Account:
    return accounts[5]


@pytest.fixture(scope="session")
def sonar(project: Project, deployer: Account) -> Contract:
    return deployer.deploy(project.Sonar)


@pytest.fixture
def desk(sonar: Contract, chain: Chain, scientist: Account, capsule: Account, miner: Account) -> Desk:
    now = chain.pending_timestamp
    return Desk(
        sonar=sonar,
        chain=chain,
        scientist=scientist,
        capsule=capsule,
        miner=miner,
        usual=Terms(
            spec=digest("spec"),
            capsule=str(capsule),
            asset=NO_ONE,
            bounty=10 * ETHER,
            stake=ETHER // 100,
            fee=ETHER // 1000,
            target=900_000,
            min_gain=1_000,
            max_start=899_000,
            submit_until=now + DAY,
            review_until=now + 2 * DAY,
            max_pending=40,
            gap_basis=False,
        ),
    )
