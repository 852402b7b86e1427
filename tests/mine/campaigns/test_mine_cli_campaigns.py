"""The command line with campaigns to work for: from `data add` to `claim`, and the exit codes of a round."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mine_agent.home import Home
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.cid import Cid
from tests.conftest import Anvil
from tests.json_types import Json
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.mine.mine_commands import PROGRAM, MineCommand


def ask(mine_agent: MineCommand, home: Home, *command: str) -> Json:
    result = mine_agent(*command, "--home", home.path, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_campaign_from_end_to_end_by_the_public_commands(
    mine_agent: MineCommand, home: Home, colours: Path, small_capsule: SmallCapsule, node: Anvil
) -> None:
    before = node.balance(home.address)
    campaign = small_capsule.open()
    added = ask(mine_agent, home, "data", "add", "colours", str(colours))
    assert [(entry["campaign"], entry["fits"]) for entry in added["campaigns"]] == [
        ("0x" + campaign.hex(), True)
    ]
    (listed,) = ask(mine_agent, home, "campaigns")
    assert (listed["title"], listed["joins"], listed["data"], listed["rules"]) == (
        "Colours", True, "colours", "allowed",
    )  # fmt: skip
    assert listed["left"] == listed["bounty"] == str(10 * 10**18)
    assert ask(mine_agent, home, "earnings") == []
    told = mine_agent("run", "--once", "--home", home.path, "--format", "json")
    assert told.exit_code == 0
    events = [json.loads(line) for line in told.stdout.splitlines()]
    assert [event["event"] for event in events] == ["started", "training", "submitted", "stopped"]
    update = bytes.fromhex(events[2]["update"][2:])
    while small_capsule.sonar.campaign(campaign).submitted == 0:
        time.sleep(0.02)
    (books,) = ask(mine_agent, home, "earnings")
    assert (books["submitted"], books["waiting"], books["staked"]) == (1, 1, str(11 * 10**15))
    small_capsule.report(campaign, home.address, update, Verdict.IMPROVED, 475_000)
    small_capsule.settle(campaign)
    (books,) = ask(mine_agent, home, "earnings")
    assert (books["improved"], books["promised"]) == (1, str(5 * 10**18))
    assert books["claimable"] == str(5 * 10**18 + 10**16)
    (claimed,) = ask(mine_agent, home, "claim")
    assert claimed["amount"] == books["claimable"]
    assert ask(mine_agent, home, "claim") == []
    assert mine_agent("run", "--once", "--home", home.path).exit_code == 0
    (books,) = ask(mine_agent, home, "earnings")
    assert (books["claimable"], books["state"]) == ("0", "SETTLED")
    assert node.balance(home.address) - before == int(books["net"])
    for command in (["campaigns"], ["earnings"], ["claim"], ["data", "list"]):
        assert mine_agent(*command, "--home", home.path).exit_code == 0


def test_data_add_says_what_is_missing_and_which_cell_is_wrong(
    mine_agent: MineCommand, home: Home, colours: Path, small_capsule: SmallCapsule
) -> None:
    small_capsule.open()
    lines = colours.read_text().splitlines()
    narrow = colours.with_name("narrow.csv")
    narrow.write_text("\n".join(line.split(",", 1)[1] for line in lines) + "\n")
    (fit,) = ask(mine_agent, home, "data", "add", "narrow", str(narrow))["campaigns"]
    assert (fit["fits"], fit["missing"], fit["why_not"]) == (False, ["a"], "lacks a")
    colours.write_text("\n".join([*lines[:5], "1,two,3,red,x", *lines[5:]]) + "\n")
    (fit,) = ask(mine_agent, home, "data", "add", "colours", str(colours))["campaigns"]
    assert fit["fits"] is False
    for text in ("colours.csv", "row 6", "'b'", "'two'"):
        assert text in fit["why_not"]
    (listed,) = ask(mine_agent, home, "campaigns")
    assert listed["fits"][1] == {"data": "narrow", "fits": False, "missing": ["a"]}


def test_campaigns_says_why_the_rules_forbid_one(
    mine_agent: MineCommand,
    home: Home,
    colours: Path,
    small_capsule: SmallCapsule,
    scientist: KeyfileSigner,
) -> None:
    small_capsule.open()
    mine_agent("data", "add", "colours", colours, "--home", home.path)
    policy = home.policy_file.read_text().replace('scientists = ["any"]', "scientists = []")
    home.policy_file.write_text(policy)
    (listed,) = ask(mine_agent, home, "campaigns")
    assert listed["joins"] is False
    assert [entry["rule"] for entry in listed["refusals"]] == ["scientists"]
    assert scientist.address.lower() in listed["rules"]


@pytest.mark.parametrize(
    ("break_it", "code", "says"),
    [
        ("money", 1, "InsufficientFundsError"),
        ("data", 1, "DataChangedError"),
        ("model", 1, "WrongBytesError"),
    ],
)
def test_a_round_with_errors_says_so_and_ends_with_their_code(
    mine_agent: MineCommand,
    home: Home,
    colours: Path,
    small_capsule: SmallCapsule,
    node: Anvil,
    store_folder: Path,
    break_it: str,
    code: int,
    says: str,
) -> None:
    campaign = small_capsule.open()
    mine_agent("data", "add", "colours", colours, "--home", home.path)
    if break_it == "money":
        node.fund(home.address, 10**15)
    elif break_it == "data":
        colours.unlink()
    else:
        model = Cid.from_bytes32(small_capsule.sonar.campaign(campaign).model)
        content = small_capsule.store.get(model, max_bytes=10**6)
        (file,) = [f for f in store_folder.rglob("*") if f.is_file() and content in f.read_bytes()]
        file.chmod(0o600)
        file.write_bytes(file.read_bytes()[:-1] + b"\xff")
    result = mine_agent("run", "--once", "--home", home.path, "--format", "json")
    assert result.exit_code == code
    assert says in result.stdout


def test_a_store_out_of_reach_ends_with_3(
    mine_agent: MineCommand,
    make_home: Callable[..., Home],
    dead_url: str,
    small_capsule: SmallCapsule,
    colours: Path,
) -> None:
    small_capsule.open()
    port = dead_url.rpartition(":")[2]
    home = make_home(store=f"kubo:/ip4/127.0.0.1/tcp/{port}/http")
    home.data().add("colours", colours, replace=False)
    result = mine_agent("run", "--once", "--home", home.path)
    assert result.exit_code == 3


def test_data_map_suggests_a_mapping_for_an_open_campaign_and_keeps_it(
    mine_agent: MineCommand, home: Home, colours: Path, small_capsule: SmallCapsule
) -> None:
    campaign = "0x" + small_capsule.open().hex()
    own = colours.with_name("own.csv")
    own.write_text(colours.read_text().replace("a,", "A (mm),", 1))
    (fit,) = ask(mine_agent, home, "data", "add", "own", str(own))["campaigns"]
    assert fit["missing"] == ["a"]
    told = mine_agent("data", "check", "own", "--home", home.path).stderr
    assert f"{PROGRAM} data map own --campaign {campaign[:10]} suggests what is what" in told
    suggested = mine_agent("data", "map", "own", "--campaign", campaign[:10], "--yes", "--home", home.path)
    assert suggested.exit_code == 0, suggested.output
    assert "guess" not in suggested.stderr
    (fit,) = ask(mine_agent, home, "data", "check", "own")["campaigns"]
    assert fit["fits"] is True
    (fit,) = ask(mine_agent, home, "data", "add", "own", str(own), "--replace")["campaigns"]
    assert fit["fits"] is True  # the mapping stays, as it is shown
    for short in ("0x", "", campaign[:7], "0xffffff", campaign + "00"):
        refused = mine_agent("data", "map", "own", "--campaign", short, "--yes", "--home", home.path)
        assert refused.exit_code == 1, short
        assert f"{short!r} does not name a campaign: " in refused.stderr
    mine_agent("data", "map", "own", "--forget", "--home", home.path)
    (fit,) = ask(mine_agent, home, "data", "check", "own")["campaigns"]
    assert fit["missing"] == ["a"]


def test_data_map_says_what_it_guessed_and_data_check_how_more_is_left_out(
    mine_agent: MineCommand, home: Home, colours: Path, small_capsule: SmallCapsule
) -> None:
    campaign = "0x" + small_capsule.open().hex()
    header, *lines = colours.read_text().splitlines()
    own = colours.with_name("own.csv")
    large = [f"{float(line.split(',')[0]) * 100},{line.split(',', 1)[1]}" for line in lines]
    own.write_text("\n".join([header.replace("a,", "A,", 1), *large, *["1,two,3,red,x"] * 30]) + "\n")
    ask(mine_agent, home, "data", "add", "own", str(own), "--unusable", "90 %")
    kept = mine_agent("data", "map", "own", "--campaign", campaign, "--yes", "--home", home.path)
    assert "warning: a from 'A' is a guess: " in kept.stderr
    assert "is guessed from the range alone; no name says the unit" in kept.stderr
    assert "# CHECK: " in (home.path / "data" / "own.mapping.toml").read_text()
    own.write_text("\n".join([header, *lines, *["1,two,3,red,x"] * 30]) + "\n")
    ask(mine_agent, home, "data", "add", "own", str(own), "--replace")
    mine_agent("data", "map", "own", "--forget", "--home", home.path)
    checked = mine_agent("data", "check", "own", "--home", home.path)
    assert "at most 1 % of them may be left out" in checked.stdout
    more = re.search(r'--unusable "([0-9]+) %" leaves them out', " ".join(checked.stdout.split()))
    assert more is not None
    listed = mine_agent("campaigns", "--home", home.path, "--format", "json")
    (row,) = json.loads(listed.stdout)
    assert row["joins"]
    assert "column 'b'" in row["unfit"]
    assert f"but its values do not fit: {PROGRAM} data check own" in row["rules"]
    ask(mine_agent, home, "data", "add", "own", str(own), "--replace", "--unusable", f"{more[1]} %")
    (fit,) = ask(mine_agent, home, "data", "check", "own")["campaigns"]
    assert fit["fits"]
    (row,) = json.loads(mine_agent("campaigns", "--home", home.path, "--format", "json").stdout)
    assert (row["unfit"], row["rules"]) == (None, "allowed")


def test_a_mapping_of_the_owners_own_is_kept_shown_and_forgotten(
    mine_agent: MineCommand, home: Home, colours: Path, small_capsule: SmallCapsule
) -> None:
    small_capsule.open()
    own, mapping = colours.with_name("own.csv"), colours.with_name("own.toml")
    own.write_text(colours.read_text().replace("a,", "A,", 1))
    mapping.write_text('[a]\ncolumn = "A"\n')
    ask(mine_agent, home, "data", "add", "own", str(own))
    kept = mine_agent("data", "map", "own", "--file", mapping, "--yes", "--home", home.path)
    assert kept.exit_code == 0, kept.output
    assert ask(mine_agent, home, "data", "map", "own")["mapping"] == mapping.read_text()
    (fit,) = ask(mine_agent, home, "data", "check", "own")["campaigns"]
    assert fit["fits"] is True
    mapping.write_text('[a]\ncolumn = "A"\nfactor = 0\n')
    refused = mine_agent("data", "map", "own", "--file", mapping, "--yes", "--home", home.path)
    assert (refused.exit_code, "[a]: factor is 0; use constant" in refused.stderr) == (1, True)
    assert mine_agent("data", "map", "own", "--forget", "--home", home.path).exit_code == 0
    assert ask(mine_agent, home, "data", "map", "own")["mapping"] is None
    listed = mine_agent("data", "kinds", "--format", "json")
    assert {entry["kind"] for entry in json.loads(listed.stdout)} >= {
        "arrow",
        "csv",
        "jsonl",
        "parquet",
        "sqlite",
    }
