"""Where a passphrase comes from when no person types it: an open file descriptor, the system's keyring."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pysonar.party.home.passphrase import PassphraseError, choose_passphrase, read_passphrase


@pytest.fixture(autouse=True)
def _none_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENMINED_PASSPHRASE", raising=False)
    monkeypatch.delenv("OPENMINED_PASSPHRASE_FROM", raising=False)


def test_a_passphrase_from_a_file_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    def pipe_with(content: bytes) -> int:
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb") as file:
            file.write(content)
        return reading

    assert read_passphrase(Path(f"fd:{pipe_with(b'two words')}")) == "two words"
    monkeypatch.setenv("OPENMINED_PASSPHRASE_FROM", f"fd:{(number := pipe_with(b'another'))}")
    assert read_passphrase() == "another"
    with pytest.raises(PassphraseError, match=f"file descriptor {number}: Bad file"):
        read_passphrase()
    with pytest.raises(PassphraseError, match="must hold 1 to 4096 bytes"):
        read_passphrase(Path(f"fd:{pipe_with(b'')}"))


@pytest.fixture
def keyring_in_a_file(tmp_path: Path) -> Iterator[None]:
    """A real keyring, kept in a file of this test."""
    import keyring
    from keyrings.alt.file import PlaintextKeyring

    kept, backend = keyring.get_keyring(), PlaintextKeyring()
    backend.file_path = str(tmp_path / "keyring.cfg")
    keyring.set_keyring(backend)
    yield
    keyring.set_keyring(kept)


@pytest.mark.usefixtures("keyring_in_a_file")
def test_a_passphrase_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    with pytest.raises(PassphraseError, match=r"no entry for 'capsule'.*keyring set capsule passphrase"):
        read_passphrase(Path("keyring:capsule"))
    keyring.set_password("capsule", "passphrase", "two words")
    keyring.set_password("capsule", "second", "another")
    assert read_passphrase(Path("keyring:capsule")) == "two words"
    monkeypatch.setenv("OPENMINED_PASSPHRASE_FROM", "keyring:capsule/second")
    assert read_passphrase() == choose_passphrase() == "another"


@pytest.mark.usefixtures("keyring_in_a_file")
def test_a_keyring_that_is_locked_or_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backends.fail import Keyring as NoKeyring
    from keyring.errors import KeyringLocked

    class Locked(type(keyring.get_keyring())):  # type: ignore[misc]
        def get_password(self, service: str, username: str) -> str:
            raise KeyringLocked("the text of a library")

    for backend, kind in ((Locked(), "KeyringLocked"), (NoKeyring(), "NoKeyringError")):
        keyring.set_keyring(backend)
        expected = rf"gives nothing \({kind}\).*OPENMINED_PASSPHRASE"
        with pytest.raises(PassphraseError, match=expected) as caught:
            read_passphrase(Path("keyring:capsule"))
        assert "library" not in str(caught.value)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(PassphraseError, match="pip install keyring"):
        read_passphrase(Path("keyring:capsule"))
