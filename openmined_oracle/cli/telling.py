"""The words for what happens while Capsule runs: one line each, and nothing in it that the chain does not
say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pysonar.party.console import short
from pysonar.protocol.amounts import format_ppm, format_wei

_TEXTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "started": lambda d: f"Capsule {d['address']} is at work",
    "stopped": lambda _: "stopped",
    "node_down": lambda d: f"{d['problem']} (again in {d['retry_seconds']:g} s)",
    "unregistered": lambda d: f"not registered on chain: {d['problem']}",
    "registered": lambda _: "the certificate is registered on chain",
    "noted": lambda d: f"requested by {short(d['owner'])}, bounty {format_wei(int(d['bounty']))}",
    "declined": lambda d: f"declined: {d['reason']}",
    "opened": lambda d: f"opens at {format_ppm(d['start_ppm'])}",
    "reported": lambda d: f"{d['count']} verdict(s) from submission {d['first']} on sent",
    "verdict": lambda d: _verdict(d),
    "delivered": lambda _: "the trained model is sealed to the scientist",
    "closed": lambda _: "closed: nothing is left to do",
    "problem": lambda d: f"{d['problem']} (will be tried again)",
}


def describe(event: str, campaign: bytes | None, details: Mapping[str, Any]) -> str:
    """One line for people."""
    text = _TEXTS[event](details)
    return text if campaign is None else f"{short('0x' + campaign.hex())}  {text}"


def _verdict(details: Mapping[str, Any]) -> str:
    text = f"submission {details['index']} by {short(details['miner'])}: {details['verdict']}"
    return f"{text} to {format_ppm(details['accuracy_ppm'])}" if "accuracy_ppm" in details else text
