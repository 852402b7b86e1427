"""`make ui`: its addresses are whole, its campaign runs, and stopping it leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

pytestmark = pytest.mark.slow  # a chain, a Capsule, three mines and both services

MOST_SECONDS = 900  # on a busy machine
ENOUGH = "Ctrl-C ends all of it"


def left_over(group: int) -> list[str]:
    """Commands of the processes in a group that still run."""
    table = subprocess.run(
        ["ps", "-eo", "pgid=,stat=,args="], check=True, capture_output=True, text=True
    ).stdout
    rows = [line.split(None, 2) for line in table.splitlines()]
    return [row[2] for row in rows if int(row[0]) == group and not row[1].startswith("Z")]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_whoever_stops_the_live_demo_leaves_no_process_and_no_file(
    tmp_path: Path, ending: signal.Signals
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path / "ui"
    line = [
        str(Path(sys.executable).parent / "ape"),
        "run",
        "ui",
        "--port",
        str(port),
        "--folder",
        str(folder),
    ]
    running = subprocess.Popen(
        line,
        env=os.environ | {"APE_DATA_FOLDER": str(tmp_path / "ape"), "COLUMNS": "60"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said: list[str] = []
    shown = threading.Event()

    def listen() -> None:
        for one in running.stdout or ():
            said.append(one.rstrip())
            if ENOUGH in one:
                shown.set()
        shown.set()

    listening = threading.Thread(target=listen)
    listening.start()
    try:
        assert shown.wait(MOST_SECONDS), said
        assert any(ENOUGH in one for one in said), said
        text = "\n".join(said)
        assert re.search(rf"^Sonar UI +http://127\.0\.0\.1:{port}/#token=\S+", text, re.M)
        assert re.search(r"^Mine UI +http://127\.0\.0\.1:\d+/#token=\S+", text, re.M)
        found = re.search(
            rf"^its campaign +http://127\.0\.0\.1:{port}/campaigns/(0x[0-9a-f]{{64}})$", text, re.M
        )
        assert found is not None, text
        # a page that is open waits for news, and keeps nothing from ending
        news = requests.get(f"http://127.0.0.1:{port}/api/v1/news", stream=True, timeout=60)
        assert news.status_code == 200
        until = time.monotonic() + MOST_SECONDS
        campaign: dict[str, object] = {}
        while campaign.get("state") != "open":
            assert time.monotonic() < until, campaign
            answer = requests.get(f"http://127.0.0.1:{port}/api/v1/campaigns/{found[1]}", timeout=60)
            campaign = answer.json().get("data", {})
            time.sleep(0.5)
        # a terminal sends Ctrl-C to every process of it, a service manager SIGTERM to the first
        if ending is signal.SIGINT:
            os.killpg(running.pid, ending)
        else:
            running.send_signal(ending)
        assert running.wait(timeout=120) == 0
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        listening.join(timeout=30)
    assert said[-1] == "stopped", said[-3:]
    assert left_over(running.pid) == []
    assert not folder.exists()
