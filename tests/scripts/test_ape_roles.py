"""The Ape scripts of the three roles: a whole campaign with Ape's own network and accounts."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from eth_account import Account

from pysonar.chain.sending.signer import import_key
from pysonar.scientist.result.estimator import Estimator
from tests.conftest import Anvil

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
PASSPHRASE = "of a test"
MNEMONIC = "test test test test test test test test test test test junk"  # of ape-config.yaml
ROLES = {"scientist": 1, "capsule": 2, "mine": 3}  # numbers of Ape's test accounts

pytestmark = pytest.mark.slow


class Desk:
    """Runs commands in the project's folder, as a reader with three Ape accounts would."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self._network = ("--network", f"ethereum:local:{url}")
        self._environment = {
            **os.environ,
            "OPENMINED_PASSPHRASE": PASSPHRASE,
            "APE_DATA_FOLDER": str(folder / "ape"),
            "PATH": f"{PROGRAMS}:{ROOT / 'build/node/bin'}:{os.environ['PATH']}",
        }

    def home(self, role: str) -> str:
        return str(self.folder / role)

    def ape(self, role: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        number = ROLES.get(role, 0)
        return self.run("ape", "run", *arguments, *self._network, "--account", f"TEST::{number}")

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(PROGRAMS / program), *arguments],
            cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=180,
        )  # fmt: skip

    def must(self, done: subprocess.CompletedProcess[str]) -> str:
        assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, start_anvil: Callable[..., Anvil]) -> Desk:
    """Sonar deployed on a chain of its own, a home for each role, irises for scientist and mine."""
    tmp_path = tmp_path_factory.mktemp("roles")
    url = start_anvil("--mixed-mining", "--block-time", "1").url
    made = Desk(tmp_path, url)
    Account.enable_unaudited_hdwallet_features()
    made.must(made.ape("", "deploy", "--deployments", str(tmp_path)))
    for role, number in ROLES.items():
        key = Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{number}").key
        import_key(tmp_path / f"{role}.json", PASSPHRASE, bytes(key))
        program = {"scientist": "sonar", "capsule": "capsule", "mine": "mine-agent"}[role]
        allowed = (
            *("--allow-scientist", "any", "--allow-capsule", "any", "--allow-field", "any"),
            *("--privacy", "none"),  # one round has to reach the target
        )
        made.must(
            made.run(
                *(program, "init", "--home", made.home(role), "--rpc", url, "--confirmations", "0"),
                *("--deployment", str(tmp_path / "1337.json"), "--store", f"embedded:{tmp_path / 'store'}"),
                *("--keyfile", str(tmp_path / f"{role}.json")),
                *(allowed if role == "mine" else ()),
            )
        )
    made.must(made.run("python", "docs/examples/iris.py", str(tmp_path)))
    made.must(
        made.run(
            "mine-agent", "data", "add", "irises", str(tmp_path / "flowers.csv"), "--home", made.home("mine")
        )
    )
    return made


def test_another_account_than_the_homes_is_refused(desk: Desk) -> None:
    done = desk.ape("capsule", "mine", "run", "--once", "--home", desk.home("mine"))

    assert done.returncode == 1
    assert "is the home of" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_campaign_with_ape_accounts(desk: Desk) -> None:
    capsule = json.loads((desk.folder / "capsule.json").read_text())["address"]
    saved = desk.folder / "model.safetensors"

    desk.must(desk.ape("capsule", "capsule", "run", "--once", "--home", desk.home("capsule")))
    desk.must(
        desk.ape(
            *("scientist", "campaign", "create", "docs/examples/iris.toml", "--capsule", f"0x{capsule}"),
            *("--validation", str(desk.folder / "validation.csv"), "--home", desk.home("scientist")),
        )
    )
    desk.must(desk.ape("capsule", "capsule", "run", "--once", "--home", desk.home("capsule")))
    listed = desk.must(desk.run("mine-agent", "campaigns", "--format", "json", "--home", desk.home("mine")))
    (campaign,) = json.loads(listed)
    mapped = ("data", "map", "irises", "--campaign", campaign["campaign"], "--yes")
    desk.must(desk.run("mine-agent", *mapped, "--home", desk.home("mine")))
    desk.must(desk.ape("mine", "mine", "run", "--once", "--home", desk.home("mine")))
    desk.must(desk.ape("capsule", "capsule", "run", "--once", "--home", desk.home("capsule")))
    desk.must(
        desk.ape(
            "scientist",
            "campaign",
            "result",
            "irises",
            "--save",
            str(saved),
            "--home",
            desk.home("scientist"),
        )
    )
    claimed = desk.must(
        desk.ape("scientist", "campaign", "claim", "irises", "--home", desk.home("scientist"))
    )

    assert Estimator.load(saved).score(desk.folder / "validation.csv") >= 0.75
    assert claimed.splitlines()[-1].startswith("claimed ")
    assert claimed.splitlines()[-1] != "claimed 0 wei"
