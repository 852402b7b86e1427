"""Worlds for Capsule's tests, with an empty home or an installed one; for linear models or for networks."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from openmined_oracle.home import CAPSULE_FILE, CapsuleSettings, Home
from openmined_oracle.keys.keystore import Generate
from openmined_syft.paillier.keys import PrivateKey, generate_keypair
from openmined_syft.schemes.interface import PrivateHalf
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.files.flat_toml import write_settings
from pysonar.files.secret_file import create_secret_file
from pysonar.party.home.settings import Settings, save_settings
from pysonar.protocol.openpgp import SecretKey
from pysonar.store import open_store
from tests.conftest import Anvil
from tests.oracle.capsule_world import World
from tests.oracle.networks.network_world import MadeUpNetworkWorld, NetworkWorld, WideWorld
from tests.roles import Transact

if TYPE_CHECKING:
    from openmined_syft.ckks.keys import CkksPrivateKey


@pytest.fixture(scope="session")
def paillier() -> PrivateKey:
    """The one key of the session, given to every campaign of the tests that do not ask for a new one."""
    return generate_keypair(2048)


@pytest.fixture(scope="session")
def capsule_key() -> SecretKey:
    return SecretKey.generate("capsule")


@pytest.fixture(scope="session")
def scientist_key() -> SecretKey:
    return SecretKey.generate("scientist")


@pytest.fixture
def world(
    node: Anvil,
    node_url: str,
    sonar: Sonar,
    capsule: KeyfileSigner,
    scientist: KeyfileSigner,
    transact: Transact,
    tmp_path: Path,
    paillier: PrivateKey,
    capsule_key: SecretKey,
    scientist_key: SecretKey,
) -> World:
    """A Capsule with an empty home, on a chain with Sonar and nothing else."""
    store_path = tmp_path / "store"
    settings = Settings(
        rpc=node_url,
        chain_id=sonar.chain_id,
        contract=sonar.address,
        store=f"embedded:{store_path}",
        confirmations=0,
        poll_seconds=0.05,
    )
    fingerprint = capsule_key.certificate.fingerprint
    return World(
        node=node,
        sonar=sonar,
        store=open_store(settings.store),
        store_path=store_path,
        home=Home(tmp_path / "home", settings, CapsuleSettings(certificate=fingerprint, retry_seconds=0.1)),
        keys={fingerprint: capsule_key},
        capsule=capsule,
        scientist=scientist,
        scientist_key=scientist_key,
        transact=transact,
        generate=lambda _scheme, _bits: paillier,
    )


@pytest.fixture
def fast_keyfile(role_keys: Mapping[str, bytes]) -> Callable[[Path, str], Path]:
    """Capsule's account as a web3 keystore; with few rounds, as it protects nothing here."""

    def make(path: Path, passphrase: str) -> Path:
        from eth_account import Account

        keystore = Account.encrypt(role_keys["capsule"], passphrase, kdf="pbkdf2", iterations=1000)
        create_secret_file(path, json.dumps(keystore).encode())
        return path

    return make


@pytest.fixture
def installed(
    world: World, fast_keyfile: Callable[[Path, str], Path], monkeypatch: pytest.MonkeyPatch
) -> World:
    """The world with Capsule's home on disk as `capsule init` leaves it, for processes of their own."""
    path, fingerprint = world.home.path, world.own.certificate.fingerprint
    fast_keyfile(path / "keyfile.json", world.passphrase)
    save_settings(path, world.home.settings)
    write_settings(path / CAPSULE_FILE, CapsuleSettings(certificate=fingerprint))
    with monkeypatch.context() as patch:
        patch.setattr("pysonar.protocol.openpgp.secret_keys.SCRYPT_N", 2**14)
        world.own.seal_to_file(path / "certificates" / f"{fingerprint}.json", world.passphrase)
    world.home = Home.open(path)
    return world


@pytest.fixture
def wide(world: World) -> WideWorld:
    """The world with nine numbers in each record, which no linear model learns anything from."""
    return WideWorld.on(world)


@pytest.fixture(scope="session")
def ckks() -> CkksPrivateKey:
    """The one key of the session's networks."""
    pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")
    from openmined_syft.ckks.keys import CkksPrivateKey

    return CkksPrivateKey.generate()


@pytest.fixture(scope="session")
def either_key(paillier: PrivateKey, ckks: CkksPrivateKey) -> Generate:
    """Gives the session's key of each scheme."""
    keys: dict[str, PrivateHalf] = {"paillier": paillier, "ckks": ckks}
    return lambda scheme, _bits: keys[scheme]


@pytest.fixture
def trainable_networks(world: World, either_key: Generate) -> NetworkWorld:
    """The world for campaigns of networks, all with the session's key. A campaign's public half takes seconds
    to make and more than 100 MB.
    """
    return NetworkWorld.on(world, generate=either_key)


@pytest.fixture
def networks(world: World, either_key: Generate, monkeypatch: pytest.MonkeyPatch) -> MadeUpNetworkWorld:
    """The same with a public half that names the key and is of no use: for gradients that are made up."""
    from openmined_syft.ckks.keys import CkksPrivateKey, CkksPublicKey

    def of_no_use(key: CkksPrivateKey, _network: object) -> CkksPublicKey:
        return CkksPublicKey(key.fingerprint, (b"zero",) * 96, b"relinearisation", secrets.token_bytes(8))

    monkeypatch.setattr(CkksPrivateKey, "public_bundle", of_no_use)
    return MadeUpNetworkWorld.on(world, generate=either_key)


@pytest.fixture(params=["world", "networks"])
def any_world(request: pytest.FixtureRequest) -> World:
    """The world, once for linear models and once for networks: for what is the same with both."""
    return request.getfixturevalue(request.param)
