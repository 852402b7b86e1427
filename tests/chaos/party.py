"""A party's command line with a clock that somebody else sets. A program, not a module.

python -m tests.chaos.party CLOCK (sonar | capsule | mine-agent) ARGUMENTS...

CLOCK is a file with the seconds by which this party's clock is wrong. Keys are sealed with as little work as
is read, since they protect nothing here and a killed party opens them again.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import eth_account.account

from pysonar.protocol.openpgp import secret_keys
from tests.json_types import JsonObject

CLOCK, ROLE = Path(sys.argv[1]), sys.argv[2]
_right = time.time
_encrypt = eth_account.Account.encrypt
_seen = [0.0, 0.0]


def wrong_time() -> float:
    """The time on this party's wall."""
    if time.monotonic() - _seen[0] > 0.05:
        _seen[:] = time.monotonic(), float(CLOCK.read_text() or 0)
    return _right() + _seen[1]


def quickly_encrypted(key: bytes, password: str, *_: object, **__: object) -> JsonObject:
    """A web3 keystore that opens at once."""
    return _encrypt(key, password, kdf="pbkdf2", iterations=1000)


time.time = wrong_time
eth_account.Account.encrypt = quickly_encrypted  # type: ignore[method-assign,assignment]
secret_keys.SCRYPT_N = secret_keys.MIN_SCRYPT_N
sys.argv[:] = [ROLE, *sys.argv[3:]]
if ROLE == "capsule":
    from openmined_oracle.cli import app
elif ROLE == "mine-agent":
    from mine_agent.cli import app
else:
    from pysonar.scientist.cli import app
app()
