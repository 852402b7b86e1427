"""One thing that an audit has looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `found` and `expected` as texts; equal if all is well.

    `claimed`: it is Capsule's word, which nothing that this audit has can prove or disprove.
    """

    what: str
    found: str
    expected: str
    claimed: bool = False

    @property
    def passed(self) -> bool:
        """Whether it is as it should be."""
        return self.found == self.expected


def same(what: str, found: object, expected: object) -> Check:
    """Whether the two read the same."""
    return Check(what, str(found), str(expected))


def holds(what: str, condition: bool, found: object, rule: str) -> Check:
    """Whether a rule holds; `found` is shown if not."""
    return Check(what, rule if condition else str(found), rule)


def claim(what: str, said: str) -> Check:
    """Something that only Capsule can know."""
    return Check(what, said, said, claimed=True)
