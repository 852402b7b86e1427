"""A real PostgreSQL on a free port of the loopback, its data in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path


def postgres_bin() -> Path | None:
    """The folder of Debian's PostgreSQL, if it is installed."""
    found = shutil.which("initdb") or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None
    )
    return Path(found).resolve().parent if found else None


class Postgres:
    """A server on a free port of the loopback, with a password, its data in a folder of its own."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs = folder, programs
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # The server refuses to run as root; then it runs as the user that Debian's package made for it.
        self._user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        password = folder / "password"
        password.write_text("only for tests")
        password.chmod(0o644)
        self._run("initdb", "-D", str(folder / "data"), "-U", "miner", f"--pwfile={password}", "-A",
                  "scram-sha-256", "-E", "UTF8", "--no-sync")  # fmt: skip
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://miner:only%20for%20tests@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-w", "-t", "120", "-l",
                  str(self.folder / "log"), "start")  # fmt: skip

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        for attempt in range(3):
            done = subprocess.run(
                [str(self.programs / program), *arguments], user=self._user and self._user.pw_uid,
                group=self._user and self._user.pw_gid, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                cwd="/", timeout=180, check=False,
            )  # fmt: skip
            if done.returncode == 0:
                return
            time.sleep(attempt)
        raise RuntimeError(done.stdout.decode(errors="replace"))
