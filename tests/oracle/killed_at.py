"""`capsule run`, but the process kills itself with SIGKILL at a named point. A program, not a module.

python killed_at.py POINT run --once --home DIR
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable

import openmined_oracle.keys.keystore
from openmined_oracle.campaigns.context import Context
from openmined_oracle.cli import app
from openmined_oracle.journal import Journal
from pysonar.chain.node import rpc
from pysonar.chain.sending.deeds import Deed
from pysonar.chain.sending.outbox_records import OutboxRecords


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_after(owner: object, name: str, when: Callable[..., bool] = lambda *_, **__: True) -> None:
    """Let the function do its work, then die before it returns."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def dying(*args: object, **kwargs: object) -> object:
        result = original(*args, **kwargs)
        if when(*args, **kwargs):
            die()
        return result

    setattr(owner, name, dying)


def sending(label: str) -> tuple[Callable[..., bool], Callable[..., bool]]:
    """Whether a transaction of that kind was just stored, and whether just broadcast."""
    stored: list[str] = []

    def just_stored(_: object, deed: Deed, *__: object, **___: object) -> bool:
        stored[:] = [deed.action.value]
        return False

    return just_stored, lambda *_: stored == [label]


point = sys.argv.pop(1)
if point == "key stored":
    die_after(openmined_oracle.keys.keystore, "create_secret_file")
elif point == "artifact put":
    die_after(Context, "put")
elif point.endswith(" decided"):
    die_after(Journal, "decide_" + point.removesuffix(" decided"))
else:
    label, _, moment = point.partition(" ")
    note, of_label = sending(label)
    die_after(OutboxRecords, "add", note)
    if moment == "stored":  # with nonce and signature, but never broadcast
        original_send = rpc.send_raw
        rpc.send_raw = lambda *args: die() if of_label() else original_send(*args)
    else:
        die_after(rpc, "send_raw", of_label)
app()
