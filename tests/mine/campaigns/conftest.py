"""Whole campaigns for tests of whole mines: a small Capsule, made by hand of the shared rooms, and data
that fit.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pysonar.chain.sending.signer import KeyfileSigner
from tests.conftest import Anvil

# Test modules are imported by path: the mine and the Capsule beside them are found only like this.
from tests.mine.campaigns.small_capsule import Records, SmallCapsule
from tests.roles import Transact

if TYPE_CHECKING:
    from openmined_syft.paillier.keys import PrivateKey
    from pysonar.chain.contract.sonar import Sonar
    from pysonar.protocol.cid import Cid
    from pysonar.protocol.openpgp import SecretKey


@pytest.fixture(scope="session")
def campaign_key() -> PrivateKey:
    """One 2048-bit key for all campaigns of the tests: making one takes a while."""
    from openmined_syft.paillier.keys import generate_keypair

    return generate_keypair(2048)


@pytest.fixture(scope="session")
def capsule_secret() -> SecretKey:
    """The small Capsule's OpenPGP key."""
    from pysonar.protocol.openpgp import SecretKey

    return SecretKey.generate("Capsule of the tests")


@pytest.fixture
def small_capsule(
    node: Anvil,
    sonar: Sonar,
    capsule: KeyfileSigner,
    scientist: KeyfileSigner,
    stranger: KeyfileSigner,
    campaign_key: PrivateKey,
    capsule_secret: SecretKey,
    transact: Transact,
    store_folder: Path,
) -> SmallCapsule:
    """A registered Capsule, with a scientist to open campaigns for."""
    from pysonar.store import open_store

    signers = {"capsule": capsule, "scientist": scientist, "stranger": stranger}
    store = open_store(f"embedded:{store_folder}")
    return SmallCapsule(node, sonar, signers, campaign_key, capsule_secret, transact, store)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Cid]:
    """Everything that is asked of the store: in a network, everybody could see it."""
    from pysonar.store.embedded.store import EmbeddedStore

    names, get = [], EmbeddedStore.get

    def watched(store: EmbeddedStore, cid: Cid, *, max_bytes: int) -> bytes:
        names.append(cid)
        return get(store, cid, max_bytes=max_bytes)

    monkeypatch.setattr(EmbeddedStore, "get", watched)
    return names


@pytest.fixture(scope="session")
def rows() -> Records:
    """60 records of three colours, with numbers that are recognised wherever they turn up."""
    import numpy as np

    random = np.random.default_rng(7)
    made = []
    for number in range(60):
        colour = number % 3
        center = np.eye(3)[colour] * 2
        a, b, c = (round(float(value), 7) for value in center + random.normal(0, 0.4, 3))
        made.append((a, b, c, SmallCapsule.CLASSES[colour]))
    return made


@pytest.fixture
def colours(rows: Records, tmp_path: Path) -> Path:
    """The records as a miner's CSV file, with a column that nobody asks for."""
    path = tmp_path / "colours.csv"
    lines = [f"{a},{b},{c},{colour},secret-{number}" for number, (a, b, c, colour) in enumerate(rows)]
    path.write_text("\n".join(["a,b,c,colour,name", *lines]) + "\n")
    return path
