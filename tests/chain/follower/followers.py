"""What tests of the follower share: a clock, digests, and what it has read."""

from __future__ import annotations

from pysonar.chain.contract.events import CapsuleRegistered
from pysonar.chain.follower import Follower

SPEC, SALT, KEY, MODEL, UPDATE = (bytes([n]) * 32 for n in range(1, 6))


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def registered(follower: Follower) -> list[int]:
    return [int.from_bytes(one.event.certificate, "big") for one in follower.history(CapsuleRegistered)]
