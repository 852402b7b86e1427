"""Call data, events, ids and payouts."""

from __future__ import annotations

from dataclasses import replace

from eth_abi.abi import encode

from pysonar.chain.contract import abi
from pysonar.chain.contract.calls import SonarCalls
from pysonar.chain.contract.events import decode_log, to_json
from pysonar.chain.contract.sonar import campaign_id, queue_entry
from pysonar.chain.contract.types import CampaignRecord, State
from pysonar.chain.node.answers import Log
from tests.builders.terms import terms_of
from tests.json_types import JsonObject

CONTRACT, MINER, OWNER = "0x" + "c0" * 20, "0x" + "31" * 20, "0x" + "51" * 20
CAMPAIGN = bytes(range(32))
_VALUES = {
    "bytes32": b"\xa5" * 32, "address": bytes.fromhex("31" * 20), "bytes": b"\1\2\3\4", "bool": True,
}  # fmt: skip


def calls_and_events() -> JsonObject:
    """What a mine sends, and what it reads."""
    calls = []
    for version in (1, 2):
        made = SonarCalls(CONTRACT, version)
        for call in (
            made.submit(CAMPAIGN, b"\2" * 32, MINER, 11 * 10**15),
            made.reclaim(CAMPAIGN, 300, b"\2" * 32, MINER),
            made.settle(CAMPAIGN),
            made.claim(CAMPAIGN, MINER),
        ):
            calls.append(
                {"version": version, "call": call.label, "data": call.data.hex(), "value": str(call.value)}
            )
    return {
        "about": "Sonar's ABI: calls of a mine, every event of both versions, ids. Amounts as text.",
        "contract": CONTRACT,
        "miner": MINER,
        "campaign": CAMPAIGN.hex(),
        "calls": calls,
        "events": [_event(known) for known in abi.events().values()],
        "campaign_id": campaign_id(1337, CONTRACT, OWNER, b"\5" * 32, b"\6" * 32).hex(),
        "queue_entry": queue_entry(MINER, b"\2" * 32).hex(),
    }


def _event(known: abi.EventAbi) -> JsonObject:
    topics, types, values = [known.topic], [], []
    for name, kind, indexed in known.fields:
        value = _VALUES.get(kind, 3 if kind.startswith("uint") else None)
        value = "reason" if kind == "string" else value
        value = b"\1\2\3\4".ljust(32, b"\0") if (name, kind) == ("verdicts", "bytes32") else value
        if indexed:
            topics.append(encode([kind], [value]))
        else:
            types.append(kind)
            values.append(value)
    log = Log(CONTRACT, tuple(topics), encode(types, values), 5, b"\x0b" * 32, 2, b"\x0c" * 32)
    read = decode_log(log).event
    return {
        "topics": [topic.hex() for topic in topics],
        "data": log.data.hex(),
        "name": read.name,
        "fields": to_json(read),
    }


def payouts() -> JsonObject:
    """Wei paid for an accuracy, by terms and by what was reached before."""
    terms = terms_of(OWNER)
    base = CampaignRecord(
        CAMPAIGN, OWNER, State.OPEN, terms, b"\1" * 32, b"\1" * 32, 0, 0, 0, 0, 0, 0, 0, bytes(32)
    )
    cases = []
    for bounty, target, min_gain, gap, start, best, accuracy in (
        (1000, 800_000, 1, False, 0, 0, 20_000),
        (10**19 + 7, 900_000, 5_000, False, 100_000, 455_555, 460_555),
        (10**19 + 7, 900_000, 5_000, False, 100_000, 455_555, 460_554),
        (10**19 + 7, 900_000, 5_000, True, 100_000, 455_555, 999_999),
        (2**96 - 1, 1_000_000, 1, True, 1, 2, 3),
        (10**18, 750_000, 5_000, False, 0, 749_000, 750_000),
    ):
        record = replace(
            base,
            terms=replace(terms, bounty=bounty, target=target, min_gain=min_gain, gap_basis=gap, max_start=0),
            start=start,
            best=best,
        )
        cases.append(
            {
                "bounty": str(bounty), "target": target, "min_gain": min_gain, "gap_basis": gap,
                "start": start,
                "best": best, "accuracy": accuracy, "payout": str(record.payout(accuracy)),
                "left": str(record.left_to_earn),
            }
        )  # fmt: skip
    return {
        "about": "paid(best) = bounty * (best - start) // denominator; a payout is a difference.",
        "cases": cases,
    }
