"""Several processes on one embedded store, some of which die at the worst moment."""

import random
import subprocess
import sys
import time

import pytest

from pysonar.store import cid_of
from pysonar.store.embedded.store import EmbeddedStore
from pysonar.store.unixfs.profile import CHUNK
from tests.roles import there

SHARED = random.Random(0).randbytes(CHUNK)

WRITER = """
import random, sys
from pysonar.store.embedded.store import EmbeddedStore
store, name = EmbeddedStore(sys.argv[1], grace_seconds=0), sys.argv[2]
shared = random.Random(0).randbytes(262144)
for n in range(25):
    data = shared + b"of all" * n  # the same for every writer
    own = f"{name}-{n}".encode() * 1000
    first, second = store.put_pinned(data, name), store.put_pinned(own, name)
    assert store.get(first, max_bytes=10**6) == data
    store.unpin(first, name)
    assert store.get(second, max_bytes=10**6) == own
print("done")
"""

COLLECTOR = """
import sys
from pysonar.store.embedded.store import EmbeddedStore
store = EmbeddedStore(sys.argv[1], grace_seconds=0)
print("ready", flush=True)
while True:
    store.collect_garbage()
"""

FEEDER = """
import sys
from pysonar.store.embedded.store import EmbeddedStore
store = EmbeddedStore(sys.argv[1], grace_seconds=0)
store.put_stream(sys.stdin.buffer, progress=lambda done, total: print(done, flush=True))
"""

HOLDER = """
import sys, time
from pysonar.store.embedded.store import EmbeddedStore
store = EmbeddedStore(sys.argv[1])
with store._directory.collecting():
    print("held", flush=True)
    time.sleep(60)
"""


def start(code: str, *arguments: object, stdin: int | None = None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE)


def test_nothing_pinned_is_lost_while_others_write_and_collect(tmp_path):
    root = tmp_path / "store"
    store = EmbeddedStore(root, grace_seconds=0)
    collector = start(COLLECTOR, root)
    assert there(collector.stdout).readline() == b"ready\n"
    writers = [start(WRITER, root, f"mine-{n}") for n in range(3)]
    said = [writer.communicate(timeout=60)[0] for writer in writers]
    assert collector.poll() is None, "the collector gave up"
    collector.kill()
    collector.wait()
    there(collector.stdout).close()
    assert said == [b"done\n"] * 3
    store.collect_garbage()
    for writer in range(3):
        pinned = store.pins(f"mine-{writer}")
        assert {store.get(cid, max_bytes=10**6) for cid in pinned} == {
            f"mine-{writer}-{n}".encode() * 1000 for n in range(25)
        }
    assert not store.has(cid_of(SHARED))


def test_a_writer_killed_in_the_middle_leaves_only_garbage(tmp_path):
    root = tmp_path / "store"
    store = EmbeddedStore(root, grace_seconds=0)
    kept = store.put_pinned(b"kept", "capsule")
    data = random.Random(1).randbytes(80 * CHUNK)
    feeder = start(FEEDER, root, stdin=subprocess.PIPE)
    given = there(feeder.stdin)
    given.write(data[: 75 * CHUNK])
    given.flush()
    while int(there(feeder.stdout).readline()) < 70 * CHUNK:
        pass
    feeder.kill()
    feeder.communicate()
    assert not store.has(cid_of(data))
    assert store.used_bytes() > 60 * CHUNK
    assert store.collect_garbage().blocks >= 60
    assert store.get(kept, max_bytes=10) == b"kept"
    assert list((root / "tmp").iterdir()) == []
    assert store.get(store.put(data), max_bytes=len(data)) == data


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_a_dead_process_holds_nobody_up(tmp_path, how):
    store = EmbeddedStore(tmp_path / "store")
    holder = start(HOLDER, tmp_path / "store")
    assert there(holder.stdout).readline() == b"held\n"
    getattr(holder, how)()
    holder.communicate()
    begin = time.monotonic()
    store.put_pinned(b"goes on", "capsule")
    assert time.monotonic() - begin < 5
