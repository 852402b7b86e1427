"""Homes, locks, passphrases and the process itself: for their owner alone, told what is wrong."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from pysonar.files.secret_file import NotPrivateError
from pysonar.party.home.home_lock import LockError, home_lock
from pysonar.party.home.passphrase import PassphraseError, choose_passphrase, read_passphrase, weakness
from pysonar.party.home.settings import Settings, load_settings, save_settings
from pysonar.protocol.openpgp import SecretKey

SETTINGS = Settings(
    rpc="http://127.0.0.1:8545", chain_id=1, contract="0x" + "ab" * 20, store="embedded:/tmp/store"
)


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o770, 0o777])
def test_a_home_that_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    save_settings(tmp_path / "home", SETTINGS)
    assert load_settings(tmp_path / "home") == SETTINGS
    (tmp_path / "home").chmod(mode)
    with pytest.raises(NotPrivateError, match=f"mode is {mode:04o}.*chmod 700 .*home"):
        load_settings(tmp_path / "home")


def test_a_home_saved_by_an_editor_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    save_settings(tmp_path, SETTINGS)
    path = tmp_path / "settings.toml"
    path.write_bytes(path.read_text().encode("utf-16"))
    assert load_settings(tmp_path) == SETTINGS


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_disk_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", no_locks)
    with pytest.raises(LockError, match=r"cannot be locked.*local disk"), home_lock(tmp_path / "lock"):
        pytest.fail("two processes could take the same nonces")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LockError, match="cannot be locked"), home_lock(tmp_path / "file" / "lock"):
        pytest.fail("there is no such place")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_passphrase_file_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pass"
    path.write_text("hunter two\n")
    path.chmod(mode)
    for use in (read_passphrase, choose_passphrase):
        with pytest.raises(NotPrivateError, match=f"passphrase file .*mode is {mode:04o}.*chmod 600"):
            use(path)
    path.chmod(0o600)
    assert read_passphrase(path) == "hunter two"


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbfhunter two\r\n", "hunter two\r\n".encode("utf-16"), b"hunter two"],
    ids=["UTF-8 with a mark", "UTF-16", "plain"],
)
def test_a_passphrase_file_means_its_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pass").touch(0o600)
    (tmp_path / "pass").write_bytes(content)
    assert read_passphrase(tmp_path / "pass") == choose_passphrase(tmp_path / "pass") == "hunter two"


def test_a_new_passphrase_has_the_form_that_all_systems_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENMINED_PASSPHRASE", unicodedata.normalize("NFD", "Grüße"))
    assert choose_passphrase() == unicodedata.normalize("NFC", "Grüße")


def test_bytes_that_are_no_text_in_the_variable_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "OPENMINED_PASSPHRASE", b"gr\xfc\xdfe".decode("utf-8", "surrogateescape"))
    with pytest.raises(PassphraseError, match="OPENMINED_PASSPHRASE holds bytes that are not UTF-8"):
        read_passphrase()


def test_an_openpgp_key_of_an_earlier_release_opens_in_every_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pysonar.protocol.openpgp.secret_keys.SCRYPT_N", 2**14)
    decomposed = unicodedata.normalize("NFD", "Grüße")
    with monkeypatch.context() as earlier:  # what an earlier release did: the passphrase as it came
        earlier.setattr("pysonar.protocol.openpgp.secret_keys.normal", lambda text: text)
        for number, sealed in enumerate((decomposed, "Grüße", "\ufeffGrüße")):
            SecretKey.generate("A").seal_to_file(tmp_path / f"{number}.json", sealed)
    for number in range(3):
        for typed in (decomposed, "Grüße"):
            SecretKey.open_from_file(tmp_path / f"{number}.json", typed)


def test_the_strength_of_a_passphrase_is_said_without_the_passphrase() -> None:
    weak = weakness("password1")
    assert weak is not None
    assert "minutes" in weak
    assert "password1" not in weak
    assert weakness("walrus copper lantern seventeen drizzle") is None
    assert weakness("x" * 5000) is not None


def test_a_command_leaves_no_core_dump() -> None:
    code = """
import ctypes, json, resource
from pysonar.party.cli.console import command
@command
def work():
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    print(json.dumps([*limits, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)]))
work()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [0, 0, 0]
