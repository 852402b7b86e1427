"""An owner changes from one mine to the other and back, on the same home, never with both at once."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import pytest

from mine_agent.home import Home
from mine_agent.privacy.budget import Budget
from mine_agent.privacy.entries import Kind
from mine_agent.privacy.errors import LedgerDamagedError
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.home.home_lock import home_lock
from tests.conftest import Anvil

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "mine_js" / "dist" / "bin.js"
NODE = ROOT / "build" / "nodejs" / "bin" / "node"
PASSPHRASE = "opens both"
FLOWERS = "size;kind\n1,5;a\n2,5;b\n;a\n" + "3,25;b\n" * 30

pytestmark = pytest.mark.skipif(
    not (PROGRAM.exists() and NODE.exists()), reason="Mine.js is not built: make build/stamps/mine-js"
)


def js(*arguments: object, code: int = 0) -> str:
    done = subprocess.run(
        [str(NODE), "--disable-warning=ExperimentalWarning", str(PROGRAM), *map(str, arguments)],
        env={"PATH": "/usr/bin:/bin", "OPENMINED_PASSPHRASE": PASSPHRASE},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def home(tmp_path: Path, node: Anvil, sonar: Sonar) -> Path:
    made = tmp_path / "home"
    told = js(
        "init", "--home", made, "--rpc", node.url, "--contract", sonar.address, "--store",
        f"embedded:{tmp_path / 'store'}", "--confirmations", 0, "--allow-capsule", "any", "--format", "json",
    )  # fmt: skip
    assert json.loads(told)["home"] == str(made)
    return made


def test_the_python_mine_opens_what_the_javascript_mine_made(home: Path, sonar: Sonar):
    opened = Home.open(home)
    assert opened.settings.contract == sonar.address
    assert KeyfileSigner.open(opened.keyfile, PASSPHRASE).address == opened.address
    policy = opened.policy()
    assert policy.capsules.everything
    assert not policy.scientists.everything
    assert policy.privacy == Budget()


def test_the_javascript_mine_refuses_an_unknown_rule_and_another_passphrase(home: Path):
    rules = home / "policy.toml"
    rules.write_text(rules.read_text() + "\nmistyped = true\n")
    assert "there is no setting 'mistyped'" in js("campaigns", "--home", home, code=1)
    wrong = home.parent / "wrong"
    wrong.write_text("another")
    wrong.chmod(0o600)
    assert "does not open the keyfile" in js("claim", "--home", home, "--passphrase-file", wrong, code=1)


def test_a_keyfile_whose_counter_begins_with_zeros_is_opened(tmp_path: Path) -> None:
    from eth_account import Account

    account = Account.create()
    keystore = Account.encrypt(account.key, PASSPHRASE, kdf="pbkdf2", iterations=1)
    while len(keystore["crypto"]["cipherparams"]["iv"]) == 32:  # one in 256 is written shorter
        keystore = Account.encrypt(account.key, PASSPHRASE, kdf="pbkdf2", iterations=1)
    path = tmp_path / "keyfile.json"
    path.write_text(json.dumps(keystore))
    path.chmod(0o600)
    signer = PROGRAM.parent / "chain" / "signer.js"
    code = f"(await import({str(signer)!r})).openKeyfile({str(path)!r}, {PASSPHRASE!r})"
    shown = f"console.log((await {code}).address)"
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-e", shown], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == account.address


def test_a_home_is_never_open_to_both(home: Path):
    with home_lock(home / "lock"):
        assert "another process is already running" in js("claim", "--home", home, code=1)
    js("claim", "--home", home)


def test_data_are_registered_alike(home: Path, tmp_path: Path):
    flowers = tmp_path / "flowers.csv"
    flowers.write_text(FLOWERS)
    js("data", "add", "flowers", flowers, "--home", home)
    (by_js,) = Home.open(home).data().all()
    by_python = Home.open(home).data().add("flowers", flowers, replace=True)
    assert by_js.digest == by_python.digest == by_js.renewed().digest
    assert (by_js.rows, by_js.names, by_js.decimal, by_js.columns) == (
        by_python.rows, by_python.names, by_python.decimal, by_python.columns,
    )  # fmt: skip
    listed = json.loads(js("data", "list", "--home", home, "--format", "json"))
    assert [one["usable"] for one in listed] == [True]
    flowers.write_text(FLOWERS + "9;a\n")
    listed = json.loads(js("data", "list", "--home", home, "--format", "json"))
    assert "is not what was registered" in listed[0]["why_not"]


def test_the_ledger_is_one(home: Path):
    opened, now = Home.open(home), int(time.time())
    ledger = opened.privacy_ledger(now)
    ledger.charge(b"\1" * 32, Fraction(1, 128), Budget(), campaign=b"\2" * 32, data="flowers", now=now)
    ledger.close()
    told = json.loads(js("ledger", "--home", home, "--format", "json"))
    assert told["spent_rho"] == "1/128"
    assert [entry["what"] for entry in told["entries"]] == [Kind.OPENED, Kind.CHARGED]
    kept = home.parent / "copy.sqlite"
    shutil.copy(home / "ledger.sqlite", kept)
    opened.privacy_ledger(now).note(b"\3" * 32, None, campaign=b"\2" * 32, data="flowers", now=now)
    shutil.copy(kept, home / "ledger.sqlite")
    assert "was cut off or is an old copy" in js("ledger", "--home", home, code=1)
    with pytest.raises(LedgerDamagedError):
        opened.privacy_ledger(now)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("rho = '1/1000000'", "was changed at entry 2"),
        ("rho = 'nothing'", "not an entry"),
        ("rho = '1/0'", "not an entry"),
        ("kind = 'gift'", "not an entry"),
    ],
)
def test_an_edited_ledger_stops_the_javascript_mine(home: Path, change: str, said: str) -> None:
    now = int(time.time())
    ledger = Home.open(home).privacy_ledger(now)
    ledger.charge(b"\1" * 32, Fraction(1, 128), Budget(), campaign=b"\2" * 32, data="flowers", now=now)
    ledger.close()
    with closing(sqlite3.connect(home / "ledger.sqlite")) as database:
        database.execute("drop trigger entries_stay")
        database.execute(f"update entry set {change} where number = 2")  # noqa: S608
        database.commit()
    assert f"ledger.sqlite {'holds something that is ' * (said == 'not an entry')}{said}" in js(
        "ledger", "--home", home, code=1
    )


def test_what_the_javascript_mine_does_not_do_it_says(home: Path, tmp_path: Path):
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "a folder that holds no text files" in js("data", "add", "x", folder, "--home", home, code=1)
    assert "run mine-agent for data of kind 'mail'" in js(
        "data", "add", "x", folder, "--as", "mail", "--home", home, code=1
    )
    assert "there is no command" in js("frobnicate", code=2)
    assert "there is no command" in js("frobnicate", "--help", code=2)
    assert "run mine-agent ui on the same home" in js("ui", code=1)
