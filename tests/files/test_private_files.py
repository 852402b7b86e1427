"""Files of secrets: whole or not at all, for their owner alone, on disks that can less than others."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from pysonar.files.secret_file import (
    NotPrivateError,
    create_secret_file,
    replace_file,
    replace_secret_file,
    require_private,
)


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_disk_without_hard_links_still_never_replaces_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("os.link", no_links)
    path = tmp_path / "keyfile.json"
    create_secret_file(path, b"first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        create_secret_file(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_trouble_that_is_not_the_lack_of_links_is_raised_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.link", full)
    with pytest.raises(OSError, match="No space"):
        create_secret_file(tmp_path / "keyfile.json", b"key")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_cannot_flush_directories_is_good_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr("os.fsync", only_files)
    replace_secret_file(tmp_path / "a", b"1")
    create_secret_file(tmp_path / "b", b"2")
    assert (tmp_path / "a").read_bytes() + (tmp_path / "b").read_bytes() == b"12"


def test_a_file_for_everybody_is_written_whole_too(tmp_path: Path) -> None:
    replace_file(tmp_path / "1337.json", b"{}", mode=0o644)
    assert stat.S_IMODE((tmp_path / "1337.json").stat().st_mode) == 0o644


@pytest.mark.parametrize(("mode", "private"), [(0o700, True), (0o500, True), (0o710, False), (0o702, False)])
def test_directories_are_for_their_owner(tmp_path: Path, mode: int, private: bool) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(mode)
    if private:
        require_private(home)
    else:
        with pytest.raises(NotPrivateError, match=f"mode is {mode:04o}.*run: chmod 700 "):
            require_private(home)
    home.chmod(0o700)


def test_what_is_not_there_and_what_is_a_pipe_passes(tmp_path: Path) -> None:
    require_private(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe", 0o644)
    require_private(tmp_path / "pipe")


def test_what_belongs_to_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 4242)

    class Elsewhere:
        st_uid, st_mode = 4243, stat.S_IFREG | 0o600

    monkeypatch.setattr(Path, "stat", lambda *_: Elsewhere())
    with pytest.raises(NotPrivateError, match="belongs to another user"):
        require_private(tmp_path / "keyfile.json")


def test_a_link_counts_as_what_it_points_to(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"x")
    target.chmod(0o644)
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(NotPrivateError, match="0644"):
        require_private(tmp_path / "link")
