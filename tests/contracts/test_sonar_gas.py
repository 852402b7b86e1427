"""Gas, code size and storage layout against the committed snapshots.

`snapshots/gas.json` holds for each call what it used, and the lower limit: the same transaction with only
its 21,000, its calldata, its storage accesses, its logs, its lock and its calls out, as anvil's trace counts
them.
`SONAR_WRITE_SNAPSHOTS=1` writes the snapshots anew; look at the difference before committing it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ape.managers.accounts import TestAccountManager
from eth_utils import to_checksum_address
from vyper.cli.vyper_compile import compile_files

from tests.contracts.parties import Account, Contract, FoundryChain, FoundryReceipt
from tests.contracts.sonar_desk import BURN, DAY, Desk, Terms, digest
from tests.json_types import JsonObject

ROOT = Path(__file__).parents[2]
SNAPSHOTS = ROOT / "snapshots"

Rows = dict[str, dict[str, int]]

# What was set out to be reached, but for the rows that say otherwise. A batch: per report, the transaction's
# own 21,000 included.
CEILINGS = {
    "create_campaign": 142_000,
    "open_campaign": 80_000,
    "submit, first lap": 58_000,
    "submit, later lap": 38_200,  # set out: 38,000; docs/contract.md says what the rest is
    "report, gain, first": 68_000,  # version 1: 66,000 and 50,000, with refunds for cleared places
    "report, gain, later": 51_000,
    "report, no gain, 32 first-time miners, each": 30_000,
    "report, no gain, 32 known miners, each": 10_500,
    "settle": 84_000,
    "claim": 40_000,
}
CODE_LIMIT = 24_576
# A zero byte less or more in an id or an address is 12 gas.
TOLERANCE = 60
COUNTED = {"SLOAD", "SSTORE", "TLOAD", "TSTORE", "LOG1", "LOG2", "LOG3", "LOG4", "CALL", "STATICCALL"}


def checked(name: str, measured: JsonObject) -> JsonObject:
    """The committed snapshot; written first where that is asked for."""
    path = SNAPSHOTS / name
    if os.environ.get("SONAR_WRITE_SNAPSHOTS"):
        path.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def full_bytes(desk: Desk) -> Terms:
    """The usual terms, without a zero byte in the times, whatever the time is."""
    submit_until = desk.usual.submit_until | 0x01010101
    return desk.with_terms(submit_until=submit_until, review_until=(submit_until + DAY) | 0x01010101)


@pytest.fixture
def measure(chain: FoundryChain) -> Callable:
    """Gas used by a transaction, and its lower limit."""

    def gas(receipt: FoundryReceipt, share: int = 1) -> dict[str, int]:
        options = {"disableStorage": True, "disableMemory": True, "disableStack": True}
        answer = chain.provider.web3.provider.make_request(
            "debug_traceTransaction", [receipt.txn_hash, options]
        )
        steps = [step for step in answer["result"]["structLogs"] if step["depth"] == 1]
        overhead = sum(step["gasCost"] for step in steps if step["op"] not in COUNTED)
        return {"gas": receipt.gas_used // share, "limit": (receipt.gas_used - overhead) // share}

    return gas


def run_a_campaign(desk: Desk, measure: Callable, crowd: list[Account]) -> Rows:
    """One campaign through every function, in ether; with max_pending 40 the ring has 64 places."""
    sonar, capsule, miner, scientist = desk.sonar, desk.capsule, desk.miner, desk.scientist
    used = {"register_capsule": measure(sonar.register_capsule(digest("certificate"), sender=capsule))}
    terms, salt = full_bytes(desk), digest("salt")
    receipt = sonar.create_campaign(terms.tuple(), salt, value=terms.bounty, sender=scientist)
    used["create_campaign"] = measure(receipt)
    ident = bytes(sonar.campaign_id(scientist, terms.spec, salt))
    desk.terms[ident] = terms
    receipt = sonar.open_campaign(ident, digest("key"), digest("model"), 100_000, sender=capsule)
    used["open_campaign"] = measure(receipt)
    used["submit, first lap"] = measure(desk.submission(ident, "a"))
    desk.submit(ident, "b")
    used["report, gain, first"] = measure(desk.report(ident, desk.gain("a", 200_000)))
    used["report, gain, later"] = measure(desk.report(ident, desk.gain("b", 300_000)))
    names = [f"update {number}" for number in range(32)]
    for name, newcomer in zip(names, crowd, strict=True):
        desk.submit(ident, name, newcomer)
    receipt = desk.report(ident, *map(desk.no_gain, names, crowd))
    used["report, no gain, 32 first-time miners, each"] = measure(receipt, 32)
    for name, known in zip(names, crowd, strict=True):
        desk.submit(ident, name, known)
    receipt = desk.report(ident, *map(desk.no_gain, names, crowd))
    used["report, no gain, 32 known miners, each"] = measure(receipt, 32)
    used["submit, later lap"] = measure(desk.submission(ident, names[0]))
    for name in names[1:]:
        desk.submit(ident, name)
    receipt = desk.report(ident, *map(desk.no_gain, names))
    used["report, no gain, 32 of one known miner, each"] = measure(receipt, 32)
    for name, known in zip(names, crowd, strict=True):
        desk.submit(ident, name, known)
    gains = [desk.gain(names[n], 310_000 + 2_000 * n, crowd[n]) for n in range(32)]
    used["report, 32 gains of known miners, each"] = measure(desk.report(ident, *gains), 32)
    desk.submit(ident, "alone", crowd[0])
    used["report, no gain, alone"] = measure(desk.report(ident, desk.no_gain("alone", crowd[0])))
    used["claim, while open"] = measure(sonar.claim(ident, miner, miner, sender=miner))
    desk.submit(ident, "last")
    desk.submit(ident, "left over")
    desk.report(ident, desk.gain("last", 900_000))
    index = sonar.campaign(ident).submitted - 1
    used["reclaim"] = measure(sonar.reclaim(ident, index, digest("left over"), miner, sender=miner))
    used["deliver"] = measure(sonar.deliver(ident, digest("result"), sender=capsule))
    used["settle"] = measure(sonar.settle(ident, sender=scientist))
    used["claim"] = measure(sonar.claim(ident, miner, miner, sender=miner))
    used["claim, for another"] = measure(sonar.claim(ident, capsule, capsule, sender=crowd[0]))
    used["cancel"] = measure(sonar.cancel(desk.requested(), sender=scientist))
    used["decline"] = measure(sonar.decline(desk.requested(), b"no", sender=capsule))
    return used


def end_other_campaigns(desk: Desk, measure: Callable, chain: FoundryChain) -> Rows:
    """Settlements of campaigns with something to burn, and of one whose capsule fell silent."""
    used = {}
    # The burn address has to exist already for the second.
    chain.set_balance(BURN, 0)
    for row in ("settle, burning, first ever", "settle, burning"):
        ident = desk.opened()
        desk.submit(ident, "a")
        desk.submit(ident, "b")
        desk.report(ident, desk.no_gain("a", verdict=3), desk.gain("b", 900_000))
        desk.sonar.deliver(ident, digest("result"), sender=desk.capsule)
        used[row] = measure(desk.sonar.settle(ident, sender=desk.scientist))
    ident = desk.opened()
    desk.improved(ident, "a", 900_000)
    desk.at(desk.terms[ident].review_until - 1)
    used["settle over a silent capsule"] = measure(desk.sonar.settle(ident, sender=desk.scientist))
    return used


def run_in_a_token(desk: Desk, measure: Callable, token: Contract, permit: Callable) -> Rows:
    """A campaign in a token, each step as often as its price differs."""
    sonar, capsule, miner, scientist = desk.sonar, desk.capsule, desk.miner, desk.scientist
    terms = replace(full_bytes(desk), asset=str(token))
    desk.requested(asset=str(token))  # somebody was there before: Sonar has a balance
    salt = digest("salt in a token")
    receipt = sonar.create_campaign(terms.tuple(), salt, sender=scientist)
    used = {"create_campaign, token": measure(receipt)}
    ident = bytes(sonar.campaign_id(scientist, terms.spec, salt))
    desk.terms[ident] = terms
    signed = permit(token, scientist, terms.bounty)
    receipt = sonar.create_campaign_with_permit(terms.tuple(), digest("permit"), signed, sender=scientist)
    used["create_campaign_with_permit"] = measure(receipt)
    sonar.open_campaign(ident, digest("key"), digest("model"), 100_000, sender=capsule)
    used["submit, token, first lap"] = measure(desk.submission(ident, "a"))
    desk.submit(ident, "b")
    desk.report(ident, desk.no_gain("a"), desk.no_gain("b", verdict=3))
    for number in range(62):
        desk.submit(ident, f"update {number}")
        desk.report(ident, desk.no_gain(f"update {number}"))
    used["submit, token, later lap"] = measure(desk.submission(ident, "c"))
    signed = permit(token, miner, desk.price(ident))
    receipt = sonar.submit_with_permit(ident, digest("d"), miner, signed, sender=miner)
    used["submit_with_permit, later lap"] = measure(receipt)
    desk.report(ident, desk.no_gain("c"), desk.gain("d", 900_000))
    sonar.deliver(ident, digest("result"), sender=capsule)
    used["settle, token, burning, first ever"] = measure(sonar.settle(ident, sender=scientist))
    used["claim, token"] = measure(sonar.claim(ident, miner, miner, sender=miner))
    used["claim, token, first ever"] = measure(sonar.claim(ident, capsule, capsule, sender=capsule))
    return used


@pytest.fixture
def crowd(accounts: TestAccountManager) -> list[Account]:
    """32 miners."""
    people = [accounts[to_checksum_address(bytes([number + 0x11]) * 20)] for number in range(32)]
    for one in people:
        one.balance = 10**18
    return people


@pytest.mark.slow
def test_gas_is_under_its_ceilings_and_as_committed(
    desk, measure, crowd, chain, project, deployer, permit, scientist, miner
):
    used = run_a_campaign(desk, measure, crowd)
    token = deployer.deploy(project.PermitToken)
    for account in (scientist, miner):
        token.mint(account, 10**30, sender=deployer)
        token.approve(desk.sonar, 10**29, sender=account)
    used |= run_in_a_token(desk, measure, token, permit)
    used |= end_other_campaigns(desk, measure, chain)
    committed = checked("gas.json", used)
    assert {name: used[name] for name in CEILINGS if used[name]["gas"] > CEILINGS[name]} == {}
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
