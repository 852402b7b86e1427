"""Settings, flat TOML and passphrases: nothing unknown, nothing silently corrected, nothing secret shown."""

from __future__ import annotations

import io
import stat
import string
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pysonar.files.flat_toml import (
    BadSettingError,
    BadSettingsFileError,
    MissingSettingError,
    NoSettingsError,
    UnknownSettingError,
    read_settings,
    setting,
    write_settings,
)
from pysonar.party.home.passphrase import PassphraseError, choose_passphrase, read_passphrase
from pysonar.party.home.settings import Settings, default_home, load_settings, save_settings
from tests.json_types import JsonObject

GOOD: JsonObject = {
    "rpc": "http://user:hunter2@127.0.0.1:8545",
    "chain_id": 1337,
    "contract": "0x" + "ab" * 20,
    "store": "embedded:/tmp/store",
}


def test_settings_survive_a_round_trip(tmp_path: Path) -> None:
    written = Settings(
        **GOOD, confirmations=0, poll_seconds=0.5, keyfile='a "quoted"\\path\n.json', start_block=9
    )
    save_settings(tmp_path / "home", written)
    assert load_settings(tmp_path / "home") == written
    assert stat.S_IMODE((tmp_path / "home" / "settings.toml").stat().st_mode) == 0o600


def test_what_is_not_named_has_its_default(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("".join(f"{key} = {value!r}\n" for key, value in GOOD.items()))
    assert load_settings(tmp_path) == Settings(**GOOD)
    assert Settings(**GOOD).confirmations == 12
    assert Settings(**GOOD).keyfile_path(tmp_path) == tmp_path / "keyfile.json"
    assert Settings(**GOOD, keyfile="/elsewhere/key").keyfile_path(tmp_path) == Path("/elsewhere/key")
    assert Settings(**GOOD, max_fee_gwei=1.5).max_fee_wei == 1_500_000_000


def test_no_settings_at_all(tmp_path: Path) -> None:
    with pytest.raises(NoSettingsError, match="'init'"):
        load_settings(tmp_path)


def test_an_unknown_key_is_named_with_what_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("confirmation = 3\n")
    with pytest.raises(UnknownSettingError, match="'confirmation'; allowed are account, chain_id, conf"):
        load_settings(tmp_path)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('rpc = "http://127.0.0.1"\nchain_id = 1\n')
    with pytest.raises(MissingSettingError, match="'contract' is missing; expected Sonar's address"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("rpc", "https://node.example/key", "node.example"),
        ("rpc", "http://127.0.0.1", 8545),
        ("chain_id", 1, 0),
        ("chain_id", 1, True),
        ("chain_id", 1, "1"),
        ("contract", "0x" + "0" * 40, "0x" + "0" * 39),
        ("contract", "0x" + "0" * 40, "0" * 40),
        ("store", "kubo:/ip4/127.0.0.1/tcp/5001/http", "kubo:"),
        ("store", "embedded:x", "s3:bucket"),
        ("keyfile", "k", ""),
        ("confirmations", 0, -1),
        ("confirmations", 1000, 1001),
        ("confirmations", 1, 1.0),
        ("poll_seconds", 0.05, 0.049),
        ("poll_seconds", 3600, 3601),
        ("poll_seconds", 1, float("nan")),
        ("start_block", 0, -1),
        ("max_fee_gwei", 0.1, 0),
        ("max_fee_gwei", 1e9, float("inf")),
    ],
)
def test_both_edges_of_every_value(key: str, good: object, bad: object) -> None:
    assert getattr(Settings(**(GOOD | {key: good})), key) == good
    with pytest.raises(BadSettingError, match=f"'{key}' is .*; expected "):
        Settings(**(GOOD | {key: bad}))


@pytest.mark.parametrize("content", [b"rpc = ", b"\x80\x81", b'rpc = "a"\nrpc = "b"\n', b" " * 262_145])
def test_a_file_that_is_no_toml(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "settings.toml").write_bytes(content)
    with pytest.raises(BadSettingsFileError):
        load_settings(tmp_path)


def test_the_nodes_address_is_not_shown(tmp_path: Path) -> None:
    assert "hunter2" not in repr(Settings(**GOOD))
    with pytest.raises(BadSettingError) as bad:
        Settings(**(GOOD | {"rpc": "ftp://user:hunter2@host"}))
    assert "hunter2" not in str(bad.value)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_settings(tmp_path, Settings(**GOOD))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_settings(tmp_path, Settings(**(GOOD | {"chain_id": 2})))
    assert load_settings(tmp_path).chain_id == 1337
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]


def test_homes_of_different_agents_differ() -> None:
    assert default_home("capsule") != default_home("mine")


@dataclass(frozen=True)
class Kinds:
    """A setting of every type."""

    text: str = setting("text")
    number: int = setting("a number", comment="A number, with a comment " + "of several words " * 9)
    real: float = setting("a real number")
    flag: bool = setting("true or false")
    names: tuple[str, ...] = setting("a list of text")
    either: str | tuple[str, ...] = setting("text or a list of it", default="one")


class Values(TypedDict):
    """A value for each of them."""

    text: str
    number: int
    real: float
    flag: bool
    names: tuple[str, ...]
    either: str | tuple[str, ...]


@settings(max_examples=40, deadline=None)
@given(
    text=st.text(),
    number=st.integers(-(2**63), 2**63 - 1),
    real=st.floats(allow_nan=False, allow_infinity=False),
    flag=st.booleans(),
    names=st.lists(st.text(string.printable)).map(tuple),
    either=st.one_of(st.text(), st.lists(st.text(string.printable)).map(tuple)),
)
def test_every_value_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, **values: Unpack[Values]
) -> None:
    path = tmp_path_factory.getbasetemp() / "flat.toml"
    written = Kinds(**values)
    write_settings(path, written)
    assert read_settings(path, Kinds) == written
    assert max(len(line) for line in path.read_text().splitlines() if line.startswith("# ")) <= 102


def test_numbers_that_are_none_are_refused_by_name(tmp_path: Path) -> None:
    for word in ("inf", "-inf", "nan"):
        (tmp_path / "settings.toml").write_text(f"max_fee_gwei = {word}\n")
        with pytest.raises(BadSettingsFileError, match=f"max_fee_gwei is {word}; a finite number"):
            load_settings(tmp_path)


def test_a_passphrase_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENMINED_PASSPHRASE", "from the environment")
    (tmp_path / "pass").touch(0o600)
    (tmp_path / "pass").write_text("two words \n")
    assert read_passphrase(tmp_path / "pass") == "two words "
    assert read_passphrase() == choose_passphrase() == "from the environment"
    for content in (b"", b"\n", b"\xff", b"x" * 4097):
        (tmp_path / "pass").write_bytes(content)
        with pytest.raises(PassphraseError, match="passphrase file"):
            read_passphrase(tmp_path / "pass")
    with pytest.raises(PassphraseError, match="cannot be read"):
        read_passphrase(tmp_path / "none")


@pytest.mark.parametrize("stdin", [io.StringIO("not a terminal\n"), None], ids=["a pipe", "closed"])
def test_no_passphrase_names_the_three_ways(
    monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO | None
) -> None:
    monkeypatch.delenv("OPENMINED_PASSPHRASE", raising=False)
    monkeypatch.setattr("sys.stdin", stdin)
    with pytest.raises(PassphraseError, match=r"OPENMINED_PASSPHRASE.*--passphrase-file.*terminal"):
        read_passphrase()
    monkeypatch.setenv("OPENMINED_PASSPHRASE", "")
    with pytest.raises(PassphraseError, match="is empty"):
        read_passphrase()


class Terminal(io.StringIO):
    """Standard input that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_new_passphrase_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[str] = []
    monkeypatch.delenv("OPENMINED_PASSPHRASE", raising=False)
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: answers.pop(0))
    answers[:] = ["same", "same"]
    assert choose_passphrase() == "same"
    answers[:] = ["same", "other"]
    with pytest.raises(PassphraseError, match="differ"):
        choose_passphrase()
    answers[:] = [""]
    with pytest.raises(PassphraseError, match="empty"):
        read_passphrase()
