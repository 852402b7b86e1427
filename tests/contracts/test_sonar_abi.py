"""The ABI that agents are written against is the one the contract has."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from vyper.cli.vyper_compile import compile_files

from tests.json_types import JsonObject

ROOT = Path(__file__).parents[2]


def in_order(abi: list[JsonObject]) -> list[str]:
    return sorted(json.dumps(entry, sort_keys=True) for entry in abi)


@pytest.fixture(scope="module")
def compiled() -> JsonObject:
    return compile_files([ROOT / "contracts/Sonar.vy"], ["abi"], paths=[str(ROOT)]).popitem()[1]


@pytest.fixture(scope="module")
def shipped() -> list[JsonObject]:
    return json.loads(files("pysonar.chain.contract").joinpath("Sonar.json").read_text(encoding="utf-8"))


def test_the_shipped_abi_is_the_compiled_one(compiled, shipped):
    assert in_order(shipped) == in_order(compiled["abi"])


def test_the_abi_has_no_way_in_but_the_agreed_functions(shipped):
    functions = {entry["name"] for entry in shipped if entry["type"] == "function"}
    assert functions == {
        *("register_capsule", "create_campaign", "create_campaign_with_permit", "cancel", "decline"),
        *("open_campaign", "submit", "submit_with_permit", "report", "reclaim", "deliver", "settle"),
        *("claim", "burn", "version"),
        *("campaign", "campaign_id", "certificate", "queued", "claimable", "owed"),
    }
    assert {entry["type"] for entry in shipped} == {"function", "event"}
    payable = {entry["name"] for entry in shipped if entry.get("stateMutability") == "payable"}
    assert payable == {"create_campaign", "submit"}


def test_every_event_of_the_interface_is_emitted(shipped):
    source = (ROOT / "contracts/Sonar.vy").read_text(encoding="utf-8")
    events = {entry["name"] for entry in shipped if entry["type"] == "event"}
    assert len(events) == 12
    assert [name for name in sorted(events) if f"log ISonar.{name}(" not in source] == []
