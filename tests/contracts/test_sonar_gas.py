"""Gas, code size and storage layout against the committed snapshots.

`snapshots/gas.json` holds for each call what it used, and the lower limit: the same transaction with only
its 21,000, its calldata, its storage accesses, its logs, its lock and its calls out, as anvil's trace counts
them.
`SONAR_WRITE_SNAPSHOTS=1` writes the snapshots anew; look at the difference before committing it.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_utils import to_checksum_address
from sonar_desk import digest
from vyper.cli.vyper_compile import compile_files

ROOT = Path(__file__).parents[2]
SNAPSHOTS = ROOT / "snapshots"

# The ceilings that were promised. A batch: per report, the transaction's own 21,000 included.
CEILINGS = {
    "create_campaign": 140_000,
    "open_campaign": 80_000,
    "submit": 58_000,
    "report, gain, first": 66_000,
    "report, gain, later": 50_000,
    "report, no gain, 32 first-time miners, each": 30_000,
    "report, no gain, 32 of a known miner, each": 12_000,
    "claim": 40_000,
}
CODE_LIMIT = 24_576
# A zero byte less or more in an id or an address is 12 gas.
TOLERANCE = 60
COUNTED = {"SLOAD", "SSTORE", "TLOAD", "TSTORE", "LOG1", "LOG2", "LOG3", "LOG4", "CALL", "STATICCALL"}


def checked(name: str, measured: dict[str, Any]) -> dict[str, Any]:
    """The committed snapshot; written first where that is asked for."""
    path = SNAPSHOTS / name
    if os.environ.get("SONAR_WRITE_SNAPSHOTS"):
        path.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def measure(chain: Any) -> Callable:
    """Gas used by a transaction, and its lower limit."""

    def gas(receipt: Any, share: int = 1) -> dict[str, int]:
        options = {"disableStorage": True, "disableMemory": True, "disableStack": True}
        answer = chain.provider.web3.provider.make_request(
            "debug_traceTransaction", [receipt.txn_hash, options]
        )
        steps = [step for step in answer["result"]["structLogs"] if step["depth"] == 1]
        overhead = sum(step["gasCost"] for step in steps if step["op"] not in COUNTED)
        return {"gas": receipt.gas_used // share, "limit": (receipt.gas_used - overhead) // share}

    return gas


def run_a_campaign(desk: Any, measure: Callable, accounts: Any) -> dict[str, dict[str, int]]:
    """One campaign through every function, in ether."""
    sonar, capsule, miner, scientist = desk.sonar, desk.capsule, desk.miner, desk.scientist
    used = {"register_capsule": measure(sonar.register_capsule(digest("certificate"), sender=capsule))}
    # No zero byte in the times, whatever the time is.
    submit_until = desk.usual.submit_until | 0x01010101
    terms = desk.with_terms(submit_until=submit_until, review_until=(submit_until + 86_400) | 0x01010101)
    salt = digest("salt")
    receipt = sonar.create_campaign(terms.tuple(), salt, value=terms.bounty, sender=scientist)
    used["create_campaign"] = measure(receipt)
    ident = bytes(sonar.campaign_id(scientist, terms.spec, salt))
    desk.terms[ident] = terms
    receipt = sonar.open_campaign(ident, digest("key"), digest("model"), 100_000, sender=capsule)
    used["open_campaign"] = measure(receipt)
    receipt = sonar.submit(ident, digest("a"), value=desk.price(ident), sender=miner)
    used["submit"] = measure(receipt)
    desk.submit(ident, "b")
    used["report, gain, first"] = measure(desk.report(ident, desk.gain("a", 200_000)))
    used["report, gain, later"] = measure(desk.report(ident, desk.gain("b", 300_000)))
    names = [f"update {number}" for number in range(32)]
    for name in names:
        desk.submit(ident, name)
    receipt = desk.report(ident, *map(desk.no_gain, names))
    used["report, no gain, 32 of a known miner, each"] = measure(receipt, 32)
    crowd = [accounts[to_checksum_address(bytes([number + 0x11]) * 20)] for number in range(32)]
    for name, newcomer in zip(names, crowd, strict=True):
        newcomer.balance = 10**18
        desk.submit(ident, name, newcomer)
    receipt = desk.report(ident, *map(desk.no_gain, names, crowd))
    used["report, no gain, 32 first-time miners, each"] = measure(receipt, 32)
    used["claim, while open"] = measure(sonar.claim(ident, miner, sender=miner))
    desk.submit(ident, "last")
    desk.submit(ident, "left over")
    desk.report(ident, desk.gain("last", 900_000))
    used["reclaim"] = measure(sonar.reclaim(ident, 67, digest("left over"), sender=miner))
    used["deliver"] = measure(sonar.deliver(ident, digest("result"), sender=capsule))
    used["settle"] = measure(sonar.settle(ident, sender=scientist))
    used["claim"] = measure(sonar.claim(ident, miner, sender=miner))
    used["cancel"] = measure(sonar.cancel(desk.requested(), sender=scientist))
    used["decline"] = measure(sonar.decline(desk.requested(), "no", sender=capsule))
    return used


def test_gas_is_under_its_ceilings_and_as_committed(desk, measure, accounts):
    used = run_a_campaign(desk, measure, accounts)
    assert {name: used[name] for name in CEILINGS if used[name]["gas"] > CEILINGS[name]} == {}
    committed = checked("gas.json", used)
    assert committed.keys() == used.keys()
    changed = {
        name: (committed[name]["gas"], used[name]["gas"])
        for name in used
        if abs(committed[name]["gas"] - used[name]["gas"]) > TOLERANCE
    }
    assert changed == {}


def test_code_size_and_storage_layout_are_as_committed():
    compiled = compile_files([ROOT / "contracts/Sonar.vy"], ["bytecode_runtime", "layout"], paths=[str(ROOT)])
    output = compiled.popitem()[1]
    size = len(bytes.fromhex(output["bytecode_runtime"].removeprefix("0x")))
    assert size < CODE_LIMIT
    measured = {"runtime_bytes": size, "limit": CODE_LIMIT, **output["layout"]}
    assert checked("layout.json", measured) == measured
