"""Making a home with `sonar init`: with its node, with an account that exists, without a node."""

from __future__ import annotations

import stat
from pathlib import Path

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.home.settings import load_settings
from pysonar.protocol.openpgp import SecretKey
from tests.conftest import Anvil
from tests.scientist.shell import PASSPHRASE, Shell


def test_making_a_home(tmp_path: Path, node: Anvil, sonar: Sonar, store_setting: str) -> None:
    shell = Shell(tmp_path / "new")
    arguments = ("init", "--rpc", node.url, "--contract", sonar.address, "--store", store_setting)
    made = shell.json(*arguments, "--confirmations", "0")
    assert node.balance(made["address"]) == 0  # it works before there is ether
    assert shell.json(*arguments) == made
    key = SecretKey.open_from_file(shell.home / "openpgp.json", PASSPHRASE)
    assert made["fingerprint"] == key.certificate.fingerprint
    assert KeyfileSigner.open(shell.home / "keyfile.json", PASSPHRASE).address == made["address"]
    assert load_settings(shell.home).confirmations == 0
    assert {path.name for path in shell.home.iterdir()} == {"settings.toml", "keyfile.json", "openpgp.json"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in shell.home.iterdir())
    assert stat.S_IMODE(shell.home.stat().st_mode) == 0o700
    wrong = Shell(shell.home, "wrong")(*arguments)
    assert wrong.exit_code == 1
    assert "passphrase" in wrong.stderr


def test_a_home_with_an_account_that_exists(
    tmp_path: Path, node: Anvil, sonar: Sonar, sealed_keys: Path, store_setting: str, scientist: KeyfileSigner
) -> None:
    shell = Shell(tmp_path / "new")
    keyfile = str(sealed_keys / "keyfile.json")
    place = ("--rpc", node.url, "--contract", sonar.address, "--store", store_setting)
    assert shell.json("init", *place, "--keyfile", keyfile)["address"] == scientist.address
    assert not (shell.home / "keyfile.json").exists()


def test_a_home_from_a_deployment_needs_no_node(tmp_path: Path, sonar: Sonar) -> None:
    from pysonar.chain.contract.deployment import Deployment

    manifest = Deployment(1337, sonar.address, 3, "0x" + "00" * 32, "0.4.3", "cancun", "0", "0", {}).write(
        tmp_path
    )
    shell = Shell(tmp_path / "new")
    shell.json("init", "--rpc", "http://127.0.0.1:1", "--deployment", str(manifest))
    settings = load_settings(shell.home)
    assert (settings.chain_id, settings.contract, settings.start_block) == (1337, sonar.address, 3)
