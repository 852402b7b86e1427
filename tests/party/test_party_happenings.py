"""One vocabulary of happenings: every one has a sentence, a JSON line and a logging record, with UTC time."""

from __future__ import annotations

import inspect
import json
import logging
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mine_agent import happenings as mines
from mine_agent.happenings import Claiming, Submitted, Training
from openmined_oracle import happenings as capsules
from openmined_oracle.happenings import Closed, Noted
from pysonar.chain.contract.tokens import Asset
from pysonar.party import happenings
from pysonar.party.happenings import (
    Happening,
    Judged,
    Problem,
    teller,
)
from tests.json_types import JsonObject

NOON = datetime(2026, 11, 26, 12, 0, 7, tzinfo=UTC)
CAMPAIGN = bytes([0xAB]) * 32
KINDS = list(
    dict.fromkeys(
        kind
        for module in (happenings, mines, capsules)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Happening) and kind is not Happening
    )
)
EXAMPLES: JsonObject = {
    "str": "words",
    "str | None": "words",
    "int": 3,
    "bytes": b"\x01" * 32,
    "float": 2.0,
    "float | None": 0.5,
}


def example(kind: type[Happening]) -> Happening:
    values = {
        part.name: EXAMPLES[str(part.type)]
        for part in fields(kind)
        if part.default is MISSING and part.default_factory is MISSING
    }
    return kind(**values, campaign=CAMPAIGN, time=NOON)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_can_be_told_in_every_way(kind: type[Happening], caplog: pytest.LogCaptureFixture) -> None:
    told: list[tuple[JsonObject, str]] = []
    with caplog.at_level(logging.INFO, logger="openmined"):
        teller(lambda record, line: told.append((dict(record), line)))(example(kind))
    ((record, line),) = told
    assert line.startswith("2026-11-26 12:00:07 UTC  0xabababab  ")
    assert len(line) > len("2026-11-26 12:00:07 UTC  0xabababab  ")
    assert json.loads(json.dumps(record))["time"] == "2026-11-26T12:00:07Z"
    assert (record["event"], record["campaign"]) == (kind.event, "0x" + "ab" * 32)
    (logged,) = caplog.records
    assert logged.getMessage() == line
    assert logged.happening == record  # type: ignore[attr-defined]
    assert logged.levelno == kind.level


def test_names_are_in_snake_case_and_each_is_one_thing() -> None:
    names = [kind.event for kind in KINDS]
    assert len(names) == len(set(names)) >= 18
    assert all(name == name.lower().replace("-", "_") for name in names)


def test_amounts_are_decimal_strings_of_wei_and_accuracies_are_in_ppm() -> None:
    assert Claiming(amount=10**20 + 1, transaction="0x1").as_record()["amount"] == str(10**20 + 1)
    record = Judged(index=0, verdict="IMPROVED", accuracy_ppm=750_000, payout=5, version=2).as_record()
    assert (record["accuracy_ppm"], record["payout"]) == (750_000, "5")
    assert not [part.name for kind in KINDS for part in fields(kind) if part.name == "accuracy"]


def test_what_is_not_known_is_left_out() -> None:
    assert set(Judged(index=0, verdict="NO_GAIN").as_record()) == {"time", "event", "index", "verdict"}


@pytest.mark.parametrize(
    ("happening", "sentence"),
    [
        (
            Judged(index=3, verdict="IMPROVED", accuracy_ppm=750_000),
            "submission 3 improved the model to 75 %",
        ),
        (
            Judged(index=3, verdict="IMPROVED", accuracy_ppm=750_000, payout=10**18),
            "submission 3 improved the model to 75 % and earns 1 ETH",
        ),
        (Judged(index=3, verdict="NO_GAIN"), "submission 3 brought no gain; the stake comes back"),
        (Judged(index=3, verdict="MALFORMED"), "submission 3 was MALFORMED; the stake is burned"),
        (Judged(index=3, verdict="RECLAIMED"), "submission 3 was taken back"),
        (
            Submitted(data="d", base_version=2, update=b"", value=0, transaction=""),
            "submitted a gradient for version 2, without noise",
        ),
    ],
)  # fmt: skip
def test_the_words(happening: Happening, sentence: str) -> None:
    assert happening.sentence() == sentence


def test_what_a_stranger_wrote_stays_on_one_line_without_commands() -> None:
    title = "a\n2026-01-01 00:00:00 UTC  claiming 9 ETH\x1b[2J\u202e"
    line = Training(data="mine", base_version=0, title=title, campaign=CAMPAIGN).as_line()
    assert "\n" not in line
    assert "\x1b" not in line
    assert "\u202e" not in line
    assert len(Problem(reason="x" * 9000, error="E").as_line()) < 700


def test_time_is_utc_wherever_the_machine_is() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-8)))
    happening = Claiming(amount=1, transaction="0x1", time=elsewhere)
    assert happening.as_record()["time"] == "2026-11-26T12:00:07Z"
    assert happening.as_line().startswith("2026-11-26 12:00:07 UTC")


def test_amounts_of_a_token_are_told_in_the_token() -> None:
    token = Asset("0x" + "77" * 20, "USDX", 6)
    claiming = Claiming(amount=1_500_000, asset=token, transaction="0x1")
    assert claiming.sentence() == "claiming 1.5 USDX"
    assert Claiming(amount=15 * 10**17, transaction="0x1").sentence() == "claiming 1.5 ETH"
    record = claiming.as_record()
    assert (record["amount"], record["asset"]) == ("1500000", token.address)
    judged = Judged(index=0, verdict="IMPROVED", accuracy_ppm=900_000, payout=2_000_000, asset=token)
    assert judged.sentence().endswith("and earns 2 USDX")
    assert Noted(owner="0x" + "1" * 40, bounty=3_000_000, asset=token).sentence().endswith("bounty 3 USDX")
    assert Closed(unclaimed=1, asset=token).sentence().endswith("0.000001 USDX could not be claimed")
