"""`init` of scientist and mine alike: the account is the opened key's own, and no half of a home is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from eth_account import Account
from typer import Typer
from typer.testing import CliRunner, Result

from mine_agent.cli import app as mine_agent
from mine_agent.home import Home as MineHome
from pysonar.scientist.cli import app as sonar
from pysonar.scientist.home import Home as ScientistHome

KEY = bytes(range(1, 33))
ADDRESS = str(Account.from_key(KEY).address)
OTHER = "0x" + "ab" * 20
PASSPHRASE = "correct horse"

Init = Callable[..., Result]


@pytest.fixture(params=[(sonar, ScientistHome), (mine_agent, MineHome)], ids=["sonar", "mine-agent"])
def role(request: pytest.FixtureRequest) -> tuple[Typer, type[ScientistHome | MineHome]]:
    """Each command with the homes that it makes."""
    made: tuple[Typer, type[ScientistHome | MineHome]] = request.param
    return made


@pytest.fixture
def init(
    role: tuple[Typer, type[ScientistHome | MineHome]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Init:
    """`init(*options)`: the home is `tmp_path / "home"`; no node is needed."""
    monkeypatch.setattr("pysonar.protocol.openpgp.secret_keys.SCRYPT_N", 2**14)
    fields = {
        "chain_id": 1, "address": OTHER, "block": 0, "transaction": "0x", "compiler": "0.4.3",
        "evm_version": "cancun", "integrity": "", "runtime_sha256": "", "layout": {},
    }  # fmt: skip
    manifest = tmp_path / "1.json"
    manifest.write_bytes(b"\xef\xbb\xbf" + json.dumps(fields).encode())  # as some editors save it

    def run(*options: str, passphrase: str = PASSPHRASE) -> Result:
        place = ["--home", str(tmp_path / "home"), "--deployment", str(manifest), "--format", "json"]
        environment = {"OPENMINED_PASSPHRASE": passphrase}
        return CliRunner().invoke(role[0], ["init", *place, *options], env=environment)

    return run


@pytest.fixture
def keyfile(tmp_path: Path) -> Callable[..., str]:
    """A keyfile of ADDRESS; what is given replaces its entries, None takes them out."""

    def make(**changes: object) -> str:
        keystore = Account.encrypt(KEY, PASSPHRASE, kdf="pbkdf2", iterations=1000) | changes
        path = tmp_path / "account.json"
        path.touch(0o600)
        path.write_text(json.dumps({key: value for key, value in keystore.items() if value is not None}))
        return str(path)

    return make


def test_a_keyfile_without_an_address_is_known_by_its_key(
    init: Init,
    keyfile: Callable[..., str],
    role: tuple[Typer, type[ScientistHome | MineHome]],
    tmp_path: Path,
) -> None:
    done = init("--keyfile", keyfile(address=None))
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["address"] == role[1].open(tmp_path / "home").address == ADDRESS


def test_a_keyfile_that_says_it_is_another_account_s_makes_no_home(
    init: Init, keyfile: Callable[..., str], tmp_path: Path
) -> None:
    done = init("--keyfile", keyfile(address=OTHER[2:]))
    assert done.exit_code == 1
    assert f"says it is for {OTHER}, but holds the key of {ADDRESS}" in done.stderr
    assert not (tmp_path / "home").exists()


def test_a_keyfile_that_does_not_open_makes_no_home(
    init: Init, keyfile: Callable[..., str], tmp_path: Path
) -> None:
    done = init("--keyfile", keyfile(), passphrase="another")
    assert done.exit_code == 1
    assert "does not open" in done.stderr
    assert not (tmp_path / "home").exists()


def test_open_homes_and_open_keyfiles_are_refused(
    init: Init, keyfile: Callable[..., str], tmp_path: Path
) -> None:
    account = keyfile()
    Path(account).chmod(0o644)
    done = init("--keyfile", account)
    assert done.exit_code == 1
    assert "chmod 600" in done.stderr
    Path(account).chmod(0o600)
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o755)
    (tmp_path / "home" / "thesis.txt").touch()
    done = init("--keyfile", account)
    assert done.exit_code == 1
    assert "chmod 700" in done.stderr
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.txt"]


def test_an_empty_directory_becomes_private(init: Init, keyfile: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o755)
    assert init("--keyfile", keyfile()).exit_code == 0
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


def test_a_weak_passphrase_is_said_and_not_shown(
    init: Init, keyfile: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = init("--keyfile", keyfile())
    assert "can be guessed" in done.stderr
    assert PASSPHRASE not in done.output


def test_a_tilde_behind_an_equals_sign_is_the_home_directory(
    init: Init, keyfile: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    keyfile()
    (tmp_path / "pass").touch(0o600)
    (tmp_path / "pass").write_text(PASSPHRASE)
    done = init("--keyfile=~/account.json", "--passphrase-file=~/pass", passphrase="not asked for")
    assert done.exit_code == 0, done.output
    assert not (tmp_path / "~").exists()


def test_an_interrupted_init_goes_on_with_the_same_passphrase_only(
    init: Init,
    role: tuple[Typer, type[ScientistHome | MineHome]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = role[1].create

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(role[1], "create", full)
    assert init().exit_code == 1
    assert not role[1].exists(tmp_path / "home")
    monkeypatch.setattr(role[1], "create", real)
    left = (tmp_path / "home" / "keyfile.json").read_bytes()
    assert init(passphrase="another").exit_code == 1
    assert init().exit_code == 0
    assert (tmp_path / "home" / "keyfile.json").read_bytes() == left
