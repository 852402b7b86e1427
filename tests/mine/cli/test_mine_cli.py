"""The command line as its users meet it: every command, its JSON, its exit codes, its errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mine_agent.home import Home
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.sending.signer import KeyfileSigner, create_keyfile
from pysonar.party.home.home_lock import home_lock
from pysonar.party.home.passphrase import PASSPHRASE_VARIABLE
from tests.conftest import Anvil
from tests.faulty_node import FaultyNode, refusing, without
from tests.json_types import JsonObject
from tests.mine.mine_commands import CHOSEN, MineCommand, Told

PASSPHRASE = "a passphrase of the tests"
TABLE = b"age,bmi,ill\n30,22.5,yes\n41,19,no\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "patients.csv"
    path.write_bytes(TABLE)
    return path


def init_arguments(node: Anvil, sonar: Sonar, home: Path, *more: object) -> list[object]:
    place = ["--rpc", node.url, "--contract", sonar.address, "--store", f"embedded:{home.parent}/store"]
    return ["init", "--home", home, *place, *more]


def test_help_names_every_command_and_the_exit_codes(mine_agent: MineCommand) -> None:
    shown = mine_agent("--help").output
    for command in ("init", "data", "campaigns", "run", "earnings", "claim", "doctor", "Exit codes"):
        assert command in shown
    for words in (["init"], ["data", "add"], ["data", "list"], ["data", "remove"],
                    ["data", "preview"], ["data", "check"], ["data", "kinds"], ["campaigns"], ["explain"],
                    ["approve"], ["refuse"], ["pause"], ["resume"], ["run"], ["earnings"], ["claim"],
                    ["ledger"], ["doctor"]):  # fmt: skip
        result = mine_agent(*words, "--help")
        assert result.exit_code == 0
        assert len(result.output) > 300


def test_init_makes_a_home_with_an_account_that_denies_everything(
    mine_agent: MineCommand, node: Anvil, sonar: Sonar, tmp_path: Path
) -> None:
    path = tmp_path / "home"
    result = mine_agent(*init_arguments(node, sonar, path, "--format", "json"))
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["home"] == str(path)
    home = Home.open(path)
    assert answer["address"] == home.address
    assert not home.policy().scientists.everything
    assert "no campaign will be joined yet" in result.stderr
    assert path.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in path.iterdir()} == {0o600}
    assert PASSPHRASE.encode() not in b"".join(file.read_bytes() for file in path.iterdir())


def test_init_takes_an_existing_account_and_the_owners_first_rules(
    mine_agent: MineCommand,
    node: Anvil,
    sonar: Sonar,
    tmp_path: Path,
    keyfiles: dict[str, Path],
    miner: KeyfileSigner,
    capsule: KeyfileSigner,
) -> None:
    allow = ["--allow-scientist", "any", "--allow-capsule", capsule.address, "--allow-field", "age"]
    more = ["--keyfile", keyfiles["miner"], *allow, "--allow-field", "ill", "--minimum-reward", "1 ether"]
    result = mine_agent(*init_arguments(node, sonar, tmp_path / "home", *more))
    assert result.exit_code == 0, result.output
    home = Home.open(tmp_path / "home")
    policy = home.policy()
    assert home.address == miner.address
    assert policy.scientists.everything
    assert policy.capsules.names == {capsule.address.lower()}
    assert policy.fields.names == {"age", "ill"}
    assert policy.minimum_reward == 10**18
    assert "no campaign will be joined" not in result.stderr


def test_init_reads_chain_contract_and_block_from_a_deployment(
    mine_agent: MineCommand, sonar: Sonar, tmp_path: Path, keyfiles: dict[str, Path], dead_url: str
) -> None:
    from pysonar.chain.contract.deployment import Deployment

    manifest = Deployment(1337, sonar.address, 7, "0x00", "0.4.3", "cancun", "00", "00", {}).write(tmp_path)
    result = mine_agent(
        "init", "--home", tmp_path / "home", "--rpc", dead_url, "--deployment", manifest,
        "--keyfile", keyfiles["miner"], "--store", f"embedded:{tmp_path}/store",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    settings = Home.open(tmp_path / "home").settings
    assert (settings.chain_id, settings.contract, settings.start_block) == (1337, sonar.address, 7)


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (["--allow-scientist", "bob"], 1, "bob"),
        (["--maximum-stake", "1"], 1, "maximum_stake"),
        (["--store", "ftp:/nowhere"], 1, "store"),
        (["--keyfile", "/does/not/exist.json"], 1, "/does/not/exist.json"),
        (["--deployment", "also"], 2, "one of --contract and --deployment"),
        (["--confirmations", "-1"], 2, "confirmations"),
    ],
)
def test_init_refuses_what_it_cannot_use(
    mine_agent: MineCommand,
    node: Anvil,
    sonar: Sonar,
    tmp_path: Path,
    keyfiles: dict[str, Path],
    more: list[str],
    code: int,
    says: str,
) -> None:
    account = [] if "--keyfile" in more else ["--keyfile", keyfiles["miner"]]
    result = mine_agent(*init_arguments(node, sonar, tmp_path / "home", *account, *more))
    assert result.exit_code == code
    assert says in result.output
    assert not (tmp_path / "home" / "settings.toml").exists()


def test_init_does_not_touch_a_home_that_is_there(
    mine_agent: MineCommand, node: Anvil, sonar: Sonar, home: Home
) -> None:
    before = (home.path / "policy.toml").read_bytes()
    result = mine_agent(*init_arguments(node, sonar, home.path, "--keyfile", home.keyfile))
    assert result.exit_code == 1
    assert "already the home of a mine" in result.output
    assert (home.path / "policy.toml").read_bytes() == before


def test_init_names_a_contract_that_is_no_sonar(
    mine_agent: MineCommand, node: Anvil, miner: KeyfileSigner, tmp_path: Path
) -> None:
    result = mine_agent("init", "--home", tmp_path / "h", "--rpc", node.url, "--contract", miner.address)
    assert result.exit_code == 1
    assert "no contract" in result.output


def test_init_without_a_node_ends_with_3(
    mine_agent: MineCommand, sonar: Sonar, tmp_path: Path, dead_url: str
) -> None:
    result = mine_agent("init", "--home", tmp_path / "h", "--rpc", dead_url, "--contract", sonar.address)
    assert result.exit_code == 3


@pytest.mark.parametrize("command", [["data", "list"], ["campaigns"], ["run"], ["earnings"], ["claim"]])
def test_without_a_home_every_command_says_init(
    mine_agent: MineCommand, tmp_path: Path, command: list[str]
) -> None:
    result = mine_agent(*command, "--home", tmp_path / "none")
    assert result.exit_code == 1
    assert "init" in result.output


def test_data_add_shows_columns_and_lists_afterwards(
    mine_agent: MineCommand, home: Home, table: Path
) -> None:
    shown = mine_agent("data", "add", "patients", table, "--home", home.path)
    assert shown.exit_code == 0, shown.output
    for text in ("2 rows", "age", "integer", "bmi", "number", "ill", "boolean"):
        assert text in shown.output
    answer = json.loads(mine_agent("data", "list", "--home", home.path, "--format", "json").stdout)
    assert [(entry["name"], entry["rows"], entry["usable"]) for entry in answer] == [("patients", 2, True)]
    table.write_bytes(TABLE + b"1,2,no\n")
    answer = json.loads(mine_agent("data", "list", "--home", home.path, "--format", "json").stdout)
    assert answer[0]["usable"] is False
    assert "--replace" in answer[0]["why_not"]
    assert mine_agent("data", "add", "patients", table, "--home", home.path).exit_code == 1
    assert mine_agent("data", "add", "patients", table, "--replace", "--home", home.path).exit_code == 0
    assert mine_agent("data", "remove", "patients", "--home", home.path).exit_code == 0
    assert json.loads(mine_agent("data", "list", "--home", home.path, "--format", "json").stdout) == []


def test_data_add_names_the_fault_of_a_bad_table(mine_agent: MineCommand, home: Home, table: Path) -> None:
    table.write_bytes(b"a,b\n1,2\n3\n")
    result = mine_agent("data", "add", "patients", table, "--home", home.path)
    assert result.exit_code == 1
    assert "patients.csv: row 3 has 1 cells; 2 are expected" in result.output


def test_data_add_works_without_a_node(
    mine_agent: MineCommand, make_home: Callable[..., Home], table: Path, dead_url: str
) -> None:
    home = make_home(rpc=dead_url)
    result = mine_agent("data", "add", "patients", table, "--home", home.path, "--format", "json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["campaigns"] == []
    assert "no Ethereum node answers" in answer["campaigns_unknown"]


@pytest.mark.parametrize("command", [["campaigns"], ["run", "--once"], ["earnings"], ["claim"]])
def test_a_node_that_is_down_ends_with_3(
    mine_agent: MineCommand, make_home: Callable[..., Home], dead_url: str, command: list[str]
) -> None:
    result = mine_agent(*command, "--home", make_home(rpc=dead_url).path)
    assert result.exit_code == 3
    assert "no Ethereum node answers" in result.output


@pytest.mark.parametrize("command", [["run"], ["claim"]])
def test_a_wrong_passphrase_ends_with_1(
    mine_agent: MineCommand, home: Home, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "another")
    result = mine_agent(*command, "--home", home.path)
    assert result.exit_code == 1
    assert "passphrase does not open" in result.output


@pytest.mark.parametrize("command", [["run", "--once"], ["claim"]])
def test_a_second_process_does_not_send_from_the_same_home(
    mine_agent: MineCommand, home: Home, command: list[str]
) -> None:
    with home_lock(home.lock):
        result = mine_agent(*command, "--home", home.path)
        assert result.exit_code == 1
        assert "already running" in result.output
        assert mine_agent("earnings", "--home", home.path).exit_code == 0
    assert mine_agent(*command, "--home", home.path).exit_code == 0


def findings(result: Told) -> dict[str, JsonObject]:
    return {entry["check"]: entry for entry in json.loads(result.stdout)}


def test_the_doctor_is_content_with_a_mine_that_is_set_up(
    mine_agent: MineCommand, home: Home, table: Path, node: Anvil
) -> None:
    mine_agent("data", "add", "patients", table, "--home", home.path)
    node.mine()
    result = mine_agent("doctor", "--home", home.path, "--format", "json")
    assert result.exit_code == 0, result.output
    of_python, of_node = {"python", "networks", "memory"}, {"node.js"}
    assert set(findings(result)) == {
        "arithmetic", "home", "policy", "keyfile", "node", "contract", "clock", "balance", "store",
        "privacy", "work", "data patients", *(of_python if CHOSEN == "py" else of_node),
    }  # fmt: skip
    assert mine_agent("doctor", "--home", home.path).exit_code == 0


def test_the_doctor_finds_every_fault_at_once(
    mine_agent: MineCommand, home: Home, table: Path, node: Anvil, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine_agent("data", "add", "patients", table, "--home", home.path)
    table.write_bytes(TABLE + b"1,2,no\n")
    (home.path / "policy.toml").write_text("scientist = []")
    node.fund(home.address, 5)
    node.advance(10_000)
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "another")
    result = mine_agent("doctor", "--home", home.path, "--format", "json")
    assert result.exit_code == 1
    failing = {check for check, entry in findings(result).items() if not entry["ok"]}
    assert failing == {"policy", "keyfile", "clock", "balance", "data patients"}
    assert all(entry["advice"] for entry in findings(result).values() if not entry["ok"])


def test_the_doctor_says_what_keeps_the_mine_from_working(
    mine_agent: MineCommand, home: Home, table: Path
) -> None:
    mine_agent("data", "add", "patients", table, "--home", home.path)

    def look(check: str, **rules: str) -> JsonObject:
        text = home.policy_file.read_text()
        for name, value in rules.items():
            text = "\n".join(
                f"{name} = {value}" if line.startswith(f"{name} = ") else line for line in text.splitlines()
            )
        home.save_policy(text + "\n")
        return findings(mine_agent("doctor", "--home", home.path, "--format", "json"))[check]

    assert look("work")["found"] == "new work may begin"
    home.pause()
    assert "paused" in look("work")["found"]
    home.resume()
    assert look("work")["ok"]
    assert "data_sets names what is not registered: others" in look("policy", data_sets='["others"]')["found"]
    assert look("policy", data_sets='["patients"]')["ok"]
    assert "hours is empty" in look("policy", hours="[]")["found"]
    assert look("policy", hours='["any"]')["ok"]
    if CHOSEN == "py":
        assert "MB for all campaigns" in look("memory")["found"]
        assert not look("memory", memory_mb="1000000000")["ok"]


def test_the_doctor_names_a_store_that_does_not_work(
    mine_agent: MineCommand, make_home: Callable[..., Home], tmp_path: Path
) -> None:
    (tmp_path / "a-file").write_text("")
    home = make_home(store=f"embedded:{tmp_path}/a-file")
    assert findings(mine_agent("doctor", "--home", home.path, "--format", "json"))["store"]["ok"] is False


def test_the_doctor_without_node_or_home(
    mine_agent: MineCommand, make_home: Callable[..., Home], dead_url: str, tmp_path: Path
) -> None:
    found = findings(mine_agent("doctor", "--home", make_home(rpc=dead_url).path, "--format", "json"))
    failing = {check for check, entry in found.items() if not entry["ok"]}
    assert failing == {"node", "data"}  # one cause each: none is registered
    result = mine_agent("doctor", "--home", tmp_path / "none", "--format", "json")
    assert result.exit_code == 1
    assert findings(result)["home"]["ok"] is False


def test_the_doctor_sends_no_ether_where_the_node_is_at_fault(
    mine_agent: MineCommand, make_home: Callable[..., Home], node: Anvil
) -> None:
    with FaultyNode(node.url) as proxy:
        home = make_home(rpc=proxy.url)

        def balance() -> JsonObject:
            return findings(mine_agent("doctor", "--home", home.path, "--format", "json"))["balance"]

        proxy.habit(without("baseFeePerGas"), "eth_getBlockByNumber")  # a chain from before EIP-1559
        assert balance()["ok"]
        node.fund(home.address, 5)
        short = balance()
        assert (short["ok"], short["advice"]) == (False, "send ether to the account")
        proxy.habit(refusing(-32000, "no such method"), "eth_gasPrice")
        at_fault = balance()
        assert at_fault["ok"] is False
        assert "no such method" in at_fault["found"]
        assert "ether" not in at_fault["advice"]


def test_the_doctor_notices_a_keyfile_with_another_key(
    mine_agent: MineCommand, make_home: Callable[..., Home], tmp_path: Path
) -> None:
    stolen = tmp_path / "keyfile.json"
    create_keyfile(stolen, PASSPHRASE)
    content = json.loads(stolen.read_text())
    content["address"] = "aa" * 20
    stolen.write_text(json.dumps(content))
    home = make_home(keyfile=str(stolen))
    finding = findings(mine_agent("doctor", "--home", home.path, "--format", "json"))["keyfile"]
    assert finding["ok"] is False
    assert mine_agent("run", "--once", "--home", home.path).exit_code == 1
