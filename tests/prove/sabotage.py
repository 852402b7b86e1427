"""Faults to put into a copy of the contract, and the proof that each must break.

A proof that cannot fail proves nothing. Each fault is one replacement of a text that occurs once.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """One fault: what it is, where it goes, and who must notice."""

    name: str
    old: str
    new: str
    contract: str
    check: str


FAULTS = (
    Fault(
        "anybody may report",
        "    assert convert(msg.sender, uint256) == judge & slots.BITS_160, (\n"
        '        "sonar: caller is not the capsule"\n'
        "    )\n"
        "    assert block.timestamp < rules._review_until(hot)",
        "    assert block.timestamp < rules._review_until(hot)",
        "OnlyCapsule",
        "check_unusable",
    ),
    Fault(
        "accuracy beyond the target is not cut off: best leaves its bounds",
        "accuracy: uint256 = min(item.accuracy, target)",
        "accuracy: uint256 = item.accuracy",
        "Induction",
        "check_report_improved",
    ),
    Fault(
        "accuracy beyond the target is not cut off: more than the bounty is paid",
        "accuracy: uint256 = min(item.accuracy, target)",
        "accuracy: uint256 = item.accuracy",
        "ConcreteTerms",
        "check_within_the_gap",
    ),
    Fault(
        "what was paid before is paid again",
        "unsafe_mul(judge >> slots.BOUNTY, unsafe_sub(best, start))",
        "unsafe_mul(judge >> slots.BOUNTY, unsafe_sub(start, start))",
        "ConcreteTerms",
        "check_within_the_rest_of_ten_ether",
    ),
    Fault(
        "an old entry that still lies in the ring is judged again",
        "assert unsafe_add(first, len(reports)) <= (hot >> slots.SUBMITTED) & slots.BITS_24, (",
        "assert unsafe_add(first, len(reports)) <= slots.BITS_24, (",
        "Induction",
        "check_report_no_gain",
    ),
    Fault(
        "the stake of an unusable submission comes back",
        "if item.verdict != NO_GAIN:",
        "if item.verdict > UNAVAILABLE:",
        "Payout",
        "check_no_improvement",
    ),
    Fault(
        "a claim leaves the credit standing",
        "        amount = unsafe_add(amount, credit)\n        credit = 0\n",
        "        amount = unsafe_add(amount, credit)\n",
        "Claim",
        "check_only_once",
    ),
    Fault(
        "the refund forgets what was paid",
        "refund: uint256 = bounty - paid",
        "refund: uint256 = bounty",
        "Settlement",
        "check_refund",
    ),
    Fault(
        "a stake can be taken back twice",
        "    self._queue[id][place] = empty(bytes32)\n    self._credits[id][miner]",
        "    self._credits[id][miner]",
        "Settlement",
        "check_reclaim_only_once",
    ),
)


def sabotaged(tree: Path, fault: Fault, folder: Path) -> Path:
    """A copy of the contracts of `tree` with the fault in it, under `folder`.

    Raises:
        ValueError: the contract has changed so that the fault no longer applies; it must be written anew.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(tree / "contracts", folder / "contracts")
    source = folder / "contracts" / "Sonar.vy"
    text = source.read_text()
    if text.count(fault.old) != 1:
        raise ValueError(
            f"the fault {fault.name!r} no longer applies: {fault.old!r} occurs {text.count(fault.old)} times"
        )
    source.write_text(text.replace(fault.old, fault.new))
    return folder
