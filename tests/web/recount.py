"""Every row of the index but gas (test_web_beside), worked out anew from raw logs, word by
word, by nothing of the product's.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable

from eth_utils.crypto import keccak

from pysonar.chain.contract.sonar import Sonar
from sonar_web import queries
from sonar_web.index.reading import open_for_reading
from tests.conftest import Anvil
from tests.json_types import JsonObject

EVENTS = {
    "CampaignCreated": "bytes32,address,address,bytes32,address,uint256,uint256,uint256,bytes32",
    "CampaignCancelled": "bytes32",
    "CampaignDeclined": "bytes32,bytes",
    "CampaignOpened": "bytes32,bytes32,bytes32,uint256",
    "Submitted": "bytes32,uint256,address,bytes32",
    "Verdicts": "bytes32,uint256,bytes32",
    "Improved": "bytes32,uint256,uint256,uint256,uint256,bytes32",
    "Reclaimed": "bytes32,uint256,address,uint256",
    "Delivered": "bytes32,bytes32",
    "Settled": "bytes32,uint256,uint256,uint256,uint256",
    "Claimed": "bytes32,address,address,uint256",
    "CapsuleRegistered": "address,bytes32",
}
NAMES = {"0x" + keccak(text=f"{name}({types})").hex(): name for name, types in EVENTS.items()}
VERDICTS = {1: "improved", 2: "no_gain", 3: "malformed", 4: "unavailable"}
TABLES = ("campaign", "submission", "miner", "capsule", "day")
KEYS = {
    "campaign": ("id",), "submission": ("campaign", "place"), "miner": ("address", "asset"),
    "capsule": ("address",), "day": ("day", "asset"),
}  # fmt: skip
AN_HOUR = 3600


def rows(database: str, table: str) -> list[JsonObject]:
    """All rows of a table of the index."""
    opened = open_for_reading(database)
    try:
        if table == "submission":
            found = opened.execute("select * from submission order by campaign, place").fetchall()
            return [queries.as_dict(row) for row in found]
        return list(queries.every(opened, table))
    finally:
        opened.close()


def same_as_recounted(node: Anvil, sonar: Sonar, database: str, *tables: str) -> None:
    """Each row, and each number of it. Records that a re-org has left without anything say 0 throughout."""
    expected = recounted(node, sonar)
    for table in tables or TABLES:
        found = {}
        for row in rows(database, table):
            plain = {name: _plain(value) for name, value in row.items() if name != "title"}
            found[tuple(plain[name] for name in KEYS[table])] = plain
        wanted = {tuple(row[name] for name in KEYS[table]): row for row in expected[table]}
        for key in [key for key in found if key not in wanted]:
            rest = {value for name, value in found[key].items() if name not in KEYS[table]}
            assert table not in ("campaign", "submission"), (table, key)
            assert rest == {0}, (table, key, rest)
            del found[key]
        assert found == wanted, table


def recounted(node: Anvil, sonar: Sonar) -> dict[str, list[JsonObject]]:
    """The rows of each table, as the chain's logs tell them."""
    count = _Count(node)
    asked = {"address": sonar.address, "fromBlock": "0x0", "toBlock": "latest"}
    for log in node.rpc("eth_getLogs", asked):
        count.log(log)
    return count.tables()


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, str) and len(value) == 40 and value.isdigit():
        return int(value)
    return value.lower() if isinstance(value, str) and value.startswith("0x") else value


class _Count:
    def __init__(self, node: Anvil) -> None:
        self._node = node
        self._told: dict[str, Callable[[JsonObject, JsonObject, list[bytes], int], None]] = {
            "CampaignOpened": self._opened,
            "CampaignCancelled": self._cancelled,
            "CampaignDeclined": self._declined,
            "Submitted": self._submitted,
            "Verdicts": self._judged,
            "Improved": self._improved,
            "Reclaimed": self._reclaimed,
            "Delivered": self._delivered,
            "Settled": self._settled,
        }
        self._times: dict[str, int] = {}
        self._campaigns: dict[str, JsonObject] = {}
        self._queues: dict[str, list[JsonObject]] = defaultdict(list)
        self._miners: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._capsules: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._days: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def log(self, log: JsonObject) -> None:
        name = NAMES[log["topics"][0]]
        block = log["blockNumber"]
        if block not in self._times:
            header = self._node.rpc("eth_getBlockByNumber", block, False)
            self._times[block] = int(header["timestamp"], 16)
        at = self._times[block]
        data = bytes.fromhex(log["data"][2:])
        words = [data[place : place + 32] for place in range(0, len(data), 32)]
        if name == "CampaignCreated":
            self._created(log, words, at)
        elif name not in ("CapsuleRegistered", "Claimed"):
            campaign = self._campaigns[log["topics"][1]]
            self._told[name](campaign, log, words, at)

    def tables(self) -> dict[str, list[JsonObject]]:
        miners = ("earned", "submissions", "improved", "no_gain", "malformed", "unavailable", "reclaimed")
        capsules = (
            "campaigns", "opened", "declined", "delivered", "improved", "no_gain", "malformed",
            "unavailable", "opening_seconds", "verdict_seconds", "unavailable_seconds",
        )  # fmt: skip
        days = (
            "campaigns", "opened", "settled", "submissions", "verdicts", "gains", "bounties", "paid",
        )  # fmt: skip
        return {
            "campaign": list(self._campaigns.values()),
            "submission": [row for queue in self._queues.values() for row in queue],
            "miner": [
                {"address": who, "asset": asset} | {name: totals[name] for name in miners}
                for (who, asset), totals in self._miners.items()
            ],
            "capsule": [
                {"address": who} | {name: totals[name] for name in capsules}
                for who, totals in self._capsules.items()
            ],
            "day": [
                {"day": day, "asset": asset} | {name: totals[name] for name in days}
                for (day, asset), totals in self._days.items()
            ],
        }

    # --- one kind of event each

    def _created(self, log: JsonObject, words: list[bytes], at: int) -> None:
        limits, price = _number(words[3]), _number(words[4])
        until = limits >> 177 & (1 << 34) - 1
        campaign = {
            "id": log["topics"][1],
            "owner": _address(log["topics"][2]), "capsule": _address(log["topics"][3]),
            "spec": _hex(words[0]), "asset": _address(_hex(words[1])), "bounty": _number(words[2]),
            "salt": _hex(words[5]), "stake": price & (1 << 96) - 1, "fee": price >> 96 & (1 << 96) - 1,
            "target": limits >> 5 & (1 << 20) - 1, "min_gain": limits >> 25 & (1 << 20) - 1,
            "max_start": price >> 192 & (1 << 20) - 1, "submit_until": until,
            "review_until": until + (limits >> 211 & (1 << 22) - 1),
            "max_pending": price >> 212 & (1 << 24) - 1, "gap_basis": limits >> 2 & 1, "state": "requested",
            "public_key": None, "model": None, "result": None, "reason": None, "version": 0, "start": None,
            "best": None, "submitted": 0, "evaluated": 0, "paid": 0, "refund": None, "fees": None,
            "burned": None, "created_block": int(log["blockNumber"], 16), "created_at": at,
            "opened_at": None, "judged_at": None, "delivered_at": None, "ended_at": None,
        }  # fmt: skip
        self._campaigns[campaign["id"]] = campaign
        self._capsules[campaign["capsule"]]["campaigns"] += 1
        self._day(campaign, at, campaigns=1, bounties=campaign["bounty"])

    def _opened(self, campaign: JsonObject, log: JsonObject, words: list[bytes], at: int) -> None:
        start = _number(words[2])
        campaign |= {"public_key": _hex(words[0]), "model": _hex(words[1]), "start": start, "best": start}
        campaign |= {"state": "open", "opened_at": at}
        capsule = self._capsules[campaign["capsule"]]
        capsule["opened"] += 1
        capsule["opening_seconds"] += at - campaign["created_at"]
        self._waited(campaign, campaign["created_at"], at)
        self._day(campaign, at, opened=1)

    def _cancelled(self, campaign: JsonObject, log: JsonObject, words: list[bytes], at: int) -> None:
        campaign |= {"state": "cancelled", "ended_at": at}
        self._waited(campaign, campaign["created_at"], min(at, campaign["submit_until"]))

    def _declined(self, campaign: JsonObject, log: JsonObject, words: list[bytes], at: int) -> None:
        reason = b"".join(words[2:])[: _number(words[1])].replace(b"\0", b"").decode()
        campaign |= {"state": "declined", "ended_at": at, "reason": reason}
        self._capsules[campaign["capsule"]]["declined"] += 1
        self._waited(campaign, campaign["created_at"], at)

    def _submitted(self, campaign: JsonObject, log: JsonObject, words: list[bytes], at: int) -> None:
        place, miner = _number(words[0]), _address(log["topics"][2])
        self._queues[campaign["id"]].append({
            "campaign": campaign["id"], "place": place, "miner": miner, "digest": _hex(words[1]),
            "submitted_block": int(log["blockNumber"], 16), "submitted_at": at, "verdict": None,
            "verdict_at": None, "version": None, "accuracy": None, "payout": None, "model": None,
            "reclaimed": 0,
        })  # fmt: skip
        campaign["submitted"] += 1
        self._miners[miner, campaign["asset"]]["submissions"] += 1
        self._day(campaign, at, submissions=1)

    def _judged(self, campaign: JsonObject, log: JsonObject, words: list[bytes], at: int) -> None:
        first, capsule = _number(words[0]), self._capsules[campaign["capsule"]]
        queue = self._queues[campaign["id"]]
        self._waited(campaign, max(queue[first]["submitted_at"], campaign["judged_at"] or 0), at)
        campaign["judged_at"] = at
        for place, verdict in enumerate(words[1].rstrip(b"\0"), first):
            queue[place] |= {"verdict": VERDICTS[verdict], "verdict_at": at}
            campaign["evaluated"] += 1
            capsule["verdict_seconds"] += at - queue[place]["submitted_at"]
            capsule[VERDICTS[verdict]] += 1
            self._miners[queue[place]["miner"], campaign["asset"]][VERDICTS[verdict]] += 1
            self._day(campaign, at, verdicts=1)

    def _improved(self, campaign: JsonObject, log: JsonObject, words: list[bytes], at: int) -> None:
        place, version, accuracy, payout = map(_number, words[:4])
        campaign |= {"best": accuracy, "version": version, "model": _hex(words[4])}
        campaign["paid"] += payout
        row = self._queues[campaign["id"]][place]
        row |= {"version": version, "accuracy": accuracy, "payout": payout, "model": _hex(words[4])}
        self._miners[row["miner"], campaign["asset"]]["earned"] += payout
        self._day(campaign, at, gains=1, paid=payout)

    def _reclaimed(self, campaign: JsonObject, log: JsonObject, words: list[bytes], at: int) -> None:
        row = self._queues[campaign["id"]][_number(words[0])]
        row["reclaimed"] = 1
        self._miners[row["miner"], campaign["asset"]]["reclaimed"] += 1

    def _delivered(self, campaign: JsonObject, log: JsonObject, words: list[bytes], at: int) -> None:
        if campaign["result"] is None:
            self._capsules[campaign["capsule"]]["delivered"] += 1
        campaign |= {"result": _hex(words[0]), "delivered_at": at}

    def _settled(self, campaign: JsonObject, log: JsonObject, words: list[bytes], at: int) -> None:
        queue = self._queues[campaign["id"]]
        if campaign["opened_at"] is None:
            self._waited(campaign, campaign["created_at"], min(at, campaign["submit_until"]))
        elif campaign["evaluated"] < len(queue) and campaign["best"] < campaign["target"]:
            since = max(queue[campaign["evaluated"]]["submitted_at"], campaign["judged_at"] or 0)
            self._waited(campaign, since, min(at, campaign["review_until"]))
        refund, fees, burned = map(_number, words[1:4])
        campaign |= {"state": "settled", "ended_at": at, "refund": refund, "fees": fees, "burned": burned}
        self._day(campaign, at, settled=1)

    def _waited(self, campaign: JsonObject, since: int, until: int) -> None:
        waited = max(0, until - since - AN_HOUR)
        self._capsules[campaign["capsule"]]["unavailable_seconds"] += waited

    def _day(self, campaign: JsonObject, at: int, **more: int) -> None:
        for name, value in more.items():
            self._days[_day(at), campaign["asset"]][name] += value


def _number(word: bytes) -> int:
    return int.from_bytes(word, "big")


def _hex(word: bytes) -> str:
    return "0x" + word.hex()


def _address(word: str) -> str:
    return "0x" + word[-40:]


def _day(at: int) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d")
