"""`mine-agent ui` as a process: a link is printed, loopback alone is listened on, no log has the token, and
SIGTERM ends it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from mine_agent.home import Home
from tests.mine.mine_commands import MineCommand


def test_the_command_prints_a_link_that_lets_in_and_tells_no_log_of_it(
    home: Home, tmp_path: Path, mine_agent: MineCommand
) -> None:
    program = [str(Path(sys.executable).with_name("mine-agent")), "ui"]
    command = [*program, "--home", str(home.path), "--format", "json"]
    errors = tmp_path / "errors.log"
    with (
        errors.open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            link = json.loads(process.stdout.readline())["url"]
            found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/#token=([\w-]{43})", link)
            assert found is not None
            here, token = f"http://127.0.0.1:{found[1]}", found[2]
            taken = mine_agent("ui", "--port", found[1], "--home", home.path)
            assert (taken.exit_code, "cannot listen on port" in taken.output) == (1, True)
            entered = httpx.post(
                f"{here}/api/session", json={"token": token}, headers={"origin": here}, timeout=60
            )
            assert entered.status_code == 200
            key = entered.json()["key"]
            answer = httpx.get(f"{here}/api/status", headers={"authorization": f"Bearer {key}"}, timeout=60)
            assert answer.json()["account"] == home.address
            further = json.loads(process.stdout.readline())["url"]
            assert token not in further
            listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
            port = f"{int(found[1]):04X}"
            assert {one for one in listening if one.endswith(f":{port}")} == {f"0100007F:{port}"}
        finally:
            os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    written = errors.read_text()
    for secret in (token, key):
        assert secret not in written
        files = [file for file in home.path.rglob("*") if file.is_file()]
        assert not [file for file in files if secret.encode() in file.read_bytes()]
