"""The `sonar` command line: the scientist's whole way, as people and as programs see it."""

from __future__ import annotations

import json
import re
import socket
import stat
from pathlib import Path

import numpy as np
import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.home.settings import load_settings, save_settings
from pysonar.protocol.artifacts import PrivacyStatement
from pysonar.scientist.cli import app
from pysonar.scientist.cli.campaign import prompts
from pysonar.scientist.connection import Scientist
from tests.builders.terms import ETHER, terms_of
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.scientist.conftest import Judge, Scene
from tests.scientist.shell import Shell, runner


@pytest.fixture
def plan_file(tmp_path: Path, plan_values: JsonObject) -> Path:
    """The plan as JSON."""
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_values))
    return path


@pytest.fixture
def create(plan_file: Path, validation_csv: Path) -> tuple[str, ...]:
    """The arguments that open the campaign."""
    return ("campaign", "create", str(plan_file), "--validation", str(validation_csv))


def test_the_whole_way(
    sonar_command: Shell,
    create: tuple[str, ...],
    scene: Scene,
    miner: KeyfileSigner,
    second_miner: KeyfileSigner,
    owner: Scientist,
    weights: np.ndarray,
    validation_csv: Path,
    tmp_path: Path,
) -> None:
    created = sonar_command.json(*create, "--name", "ill", "--bounty", "9 ETH")
    campaign = bytes.fromhex(created["campaign"][2:])
    assert created["bounty"] == str(9 * ETHER)
    assert (created["start_ppm"], created["target_ppm"], created["validation_rows"]) == (500_000, 900_000, 20)
    again = sonar_command.json(*create, "--name", "ill", "--bounty", "9 ETH")
    assert again | {"rehearsal": ...} == created | {"rehearsal": ...}  # whose noise is drawn anew
    assert scene.node.balance(scene.sonar.address) == 9 * ETHER
    assert sonar_command.json("campaign", "show", "ill")["phase"] == "waits for Capsule"

    scene.judge.open(campaign, 500_000)
    assert sonar_command("campaign", "watch", "ill", "--until", "opened").exit_code == 0
    scene.judge.judge(campaign, miner, "NO_GAIN")
    scene.judge.judge(campaign, second_miner, "IMPROVED", 900_000, PrivacyStatement(3.0, 1e-6))
    (listed,) = sonar_command.json("campaign", "list")
    assert (listed["name"], listed["phase"], listed["best_ppm"], listed["submitted"]) == (
        "ill",
        "finished",
        900_000,
        2,
    )
    assert sonar_command("campaign", "result", "ill").exit_code == 1

    scene.judge.deliver(campaign, scene.judge.result(campaign, weights), owner.key.certificate)
    assert sonar_command("campaign", "watch", "ill", "--until", "delivered").exit_code == 0
    shown = sonar_command.json("campaign", "show", created["campaign"][:10])
    assert [(row["verdict"], row["before_ppm"], row["after_ppm"]) for row in shown["submissions"]] == [
        ("NO_GAIN", None, None),
        ("IMPROVED", 500_000, 900_000),
    ]
    assert [row["earned"] for row in shown["submissions"]] == ["0", str(4 * ETHER)]
    assert (shown["title"], shown["family"], shown["delivered"]) == ("Who is ill?", "one_vs_rest", True)

    saved, predicted = tmp_path / "model.safetensors", tmp_path / "predicted.csv"
    opened = sonar_command.json(
        "campaign", "result", "ill", "--test", str(validation_csv), "--save", str(saved),
        "--predict", str(validation_csv), "--out", str(predicted),
    )  # fmt: skip
    assert (opened["test_accuracy"], opened["final_ppm"], opened["target_reached"]) == (1.0, 900_000, True)
    assert [entry["verdict"] for entry in opened["record"]] == ["NO_GAIN", "IMPROVED"]
    assert [entry["epsilon"] for entry in opened["record"]] == [None, 3.0]
    assert opened["noised_gain_ppm"] == 1_000_000
    assert shown["noised_gain_ppm"] is None  # until the result was opened
    assert sonar_command.json("campaign", "show", "ill")["noised_gain_ppm"] == 1_000_000
    assert re.search(
        r"Gain from mines that add noise +100 %", sonar_command("campaign", "show", "ill").stdout
    )
    assert predicted.read_text() == "ill\n" + "0\n" * 10 + "1\n" * 10
    assert stat.S_IMODE(saved.stat().st_mode) == stat.S_IMODE(predicted.stat().st_mode) == 0o600
    again = sonar_command("campaign", "result", "ill", "--save", str(saved))
    assert f"{saved} already existed and is replaced" in again.stderr

    assert sonar_command.json("campaign", "claim") == []
    settled = sonar_command.json("campaign", "settle", "ill")
    assert (settled["state"], settled["claimable"]) == ("SETTLED", str(5 * ETHER))
    watched = sonar_command("campaign", "watch", "ill", "--format", "json")
    events = [json.loads(line) for line in watched.stdout.splitlines()]
    assert [event["event"] for event in events] == [
        "CampaignCreated", "CampaignOpened", "Submitted", "Verdicts", "Submitted", "Improved", "Verdicts",
        "Delivered", "Settled",
    ]  # fmt: skip
    assert events[6]["submissions"][0]["earned"] == str(4 * ETHER)
    (claimed,) = sonar_command.json("campaign", "claim", "ill")
    assert claimed == {"campaign": created["campaign"], "amount": str(5 * ETHER), "to": owner.address}
    assert sonar_command.json("campaign", "claim", "ill") == []


def test_what_was_understood_is_shown_before_escrow_and_asked_for_in_a_terminal(
    sonar_command: Shell,
    create: tuple[str, ...],
    scene: Scene,
    validation_csv: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prompts, "can_be_asked", lambda: True)
    validation_csv.write_bytes(validation_csv.read_bytes() + b"Total,,\n")
    arguments = [*create, "--home", str(sonar_command.home)]
    refused = runner.invoke(app, arguments, env=sonar_command.environment, input="n\n")
    assert refused.exit_code == 1
    for words in (
        "20 validation records",
        "UTF-8, separated by commas",
        "total row at the end",
        "0: 10, 1: 10",
    ):
        assert words in refused.stderr
    assert "nothing was sent" in refused.stderr
    assert scene.node.balance(scene.sonar.address) == 0
    agreed = runner.invoke(app, arguments, env=sonar_command.environment, input="y\n")
    assert agreed.exit_code == 0, agreed.output
    assert scene.node.balance(scene.sonar.address) == 10 * ETHER


def test_programs_say_yes_and_find_what_was_understood_in_the_answer(
    sonar_command: Shell, create: tuple[str, ...], judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts, "can_be_asked", lambda: True)
    created = sonar_command.json(*create, "--yes")
    assert created["validation"]["records"] == 20
    assert created["validation"]["classes"] == {"0": 10, "1": 10}
    assert created["validation"]["start_ppm"] == created["start_ppm"]


def test_terms_that_look_like_a_slip_escrow_nothing_until_somebody_says_so(
    sonar_command: Shell, create: tuple[str, ...], scene: Scene
) -> None:
    slip = (*create, "--bounty", "2 wei")
    refused = sonar_command(*slip)
    assert refused.exit_code == 1
    assert "the bounty of 2 wei is less than the gas of claiming it" in refused.stderr
    assert "use --yes" in refused.stderr
    assert scene.node.balance(scene.sonar.address) == 0
    assert sonar_command(*slip, "--yes").exit_code == 0
    assert scene.node.balance(scene.sonar.address) == 2


def test_too_few_records_for_the_bounty_escrow_nothing_though_a_program_says_yes(
    sonar_command: Shell, create: tuple[str, ...], validation_csv: Path, scene: Scene
) -> None:
    lines = validation_csv.read_text().splitlines()
    validation_csv.write_text("\n".join(lines[:3] + lines[-1:]) + "\n")
    refused = sonar_command(*create, "--yes")
    assert refused.exit_code == 1
    assert "the number of validation records is 3; expected 12 or more" in " ".join(refused.stderr.split())
    assert scene.node.balance(scene.sonar.address) == 0
    meant = sonar_command(*create, "--yes", "--few-records")
    assert meant.exit_code == 0, meant.output
    assert scene.node.balance(scene.sonar.address) == 10 * ETHER


def test_an_open_quote_in_the_validation_file_escrows_nothing(
    sonar_command: Shell, create: tuple[str, ...], validation_csv: Path, node: Anvil, sonar: Sonar
) -> None:
    lines = validation_csv.read_text().splitlines()
    noted = [f"{lines[0]},note", *(f"{line},fine" for line in lines[1:])]
    noted[4] = noted[4].replace("fine", '"fine')
    validation_csv.write_text("\n".join(noted) + "\n")
    result = sonar_command(*create)
    assert result.exit_code == 1
    assert "row 5: a quote is opened and never closed" in result.output
    assert node.balance(sonar.address) == 0


def test_people_see_tables_with_dashes(
    sonar_command: Shell, create: tuple[str, ...], judge: Judge, miner: KeyfileSigner
) -> None:
    made = sonar_command(*create)
    assert made.exit_code == 0
    assert "10 ETH" in made.stdout
    assert "sonar campaign watch who-is-ill" in made.stderr
    (listed,) = sonar_command.json("campaign", "list")
    own = bytes.fromhex(listed["campaign"][2:])
    judge.open(own, 500_000)
    judge.judge(own, miner, "NO_GAIN")
    shown = sonar_command("campaign", "show", "who-is-ill").stdout
    row = next(line for line in shown.splitlines() if "NO_GAIN" in line)
    assert row.count("—") == 2
    assert "0 wei" in row
    text = sonar_command("campaign", "watch", "who-is-ill", "--until", "opened").stdout
    assert "opened at 50 %" in text
    assert "NO_GAIN" in text


def test_an_interrupted_create_is_simply_repeated(
    sonar_command: Shell, create: tuple[str, ...], scene: Scene, owner: Scientist
) -> None:
    scene.node.fund(owner.address, 10 * ETHER)
    refused = sonar_command(*create)
    assert refused.exit_code == 1
    assert " are missing" in refused.stderr
    scene.node.fund(owner.address, 11 * ETHER)
    assert sonar_command(*create).exit_code == 0
    assert scene.node.balance(scene.sonar.address) == 10 * ETHER
    other = sonar_command(*create, "--target", "95 %")
    assert other.exit_code == 1
    assert "--name" in other.stderr


def test_a_declined_campaign_ends_the_watching_with_an_error(
    sonar_command: Shell, create: tuple[str, ...], judge: Judge, sonar: Sonar
) -> None:
    campaign = bytes.fromhex(sonar_command.json(*create)["campaign"][2:])
    judge.send(sonar.calls.decline(campaign, "no \x1b[31mcolours\x07"))
    watched = sonar_command("campaign", "watch", "who-is-ill")
    assert watched.exit_code == 1
    assert "declined by Capsule: no \ufffd[31mcolours\ufffd" in watched.stdout
    shown = sonar_command.json("campaign", "show", "who-is-ill")
    assert (shown["declined"], shown["bounty"]) == ("no \ufffd[31mcolours\ufffd", str(10 * ETHER))
    assert sonar_command.json("campaign", "claim")[0]["amount"] == str(10 * ETHER)


def test_cancelling(
    sonar_command: Shell, create: tuple[str, ...], judge: Judge, node: Anvil, scientist: KeyfileSigner
) -> None:
    sonar_command.json(*create)
    first = sonar_command.json("campaign", "cancel", "who-is-ill")
    assert first["claimable"] == str(10 * ETHER)
    sent = rpc.nonce(node.web3, scientist.address)
    assert sonar_command.json("campaign", "cancel", "who-is-ill") == first  # done is done
    assert rpc.nonce(node.web3, scientist.address) == sent


def test_a_campaign_to_which_somebody_submitted_cannot_be_cancelled(
    sonar_command: Shell, create: tuple[str, ...], judge: Judge, miner: KeyfileSigner
) -> None:
    own = bytes.fromhex(sonar_command.json(*create)["campaign"][2:])
    judge.open(own, 500_000)
    judge.judge(own, miner, "NO_GAIN")
    late = sonar_command("campaign", "cancel", "who-is-ill")
    assert late.exit_code == 1
    assert "sonar: there are submissions" in late.stderr


def test_a_campaign_that_nobody_submitted_to_can_be_cancelled_although_it_is_open(
    sonar_command: Shell, create: tuple[str, ...], judge: Judge
) -> None:
    judge.open(bytes.fromhex(sonar_command.json(*create)["campaign"][2:]), 500_000)
    assert sonar_command("campaign", "cancel", "who-is-ill").exit_code == 0


def test_a_terminal_gets_a_live_table(
    sonar_command: Shell, create: tuple[str, ...], judge: Judge, miner: KeyfileSigner
) -> None:
    campaign = bytes.fromhex(sonar_command.json(*create)["campaign"][2:])
    judge.open(campaign, 500_000)
    judge.judge(campaign, miner, "IMPROVED", 700_000)
    sonar_command.environment["TTY_COMPATIBLE"] = "1"
    watched = sonar_command("campaign", "watch", "who-is-ill", "--until", "opened")
    assert watched.exit_code == 0
    assert all(word in watched.stdout for word in ("verdict", "IMPROVED", "50 %", "70 %", "left", "gas"))


def test_watching_gives_up_in_time(sonar_command: Shell, create: tuple[str, ...], judge: Judge) -> None:
    sonar_command.json(*create)
    watched = sonar_command("campaign", "watch", "who-is-ill", "--timeout", "1s")
    assert watched.exit_code == 1
    assert "time to watch is over" in watched.stderr


def test_campaigns_of_others_are_listed_and_shown(
    sonar_command: Shell, scene: Scene, stranger: KeyfileSigner, capsule: KeyfileSigner
) -> None:
    terms = terms_of(capsule.address, scene.node.now(), bounty=5)
    scene.judge.send(scene.sonar.calls.create_campaign(terms, bytes(32)), stranger)
    assert sonar_command.json("campaign", "list") == []
    (listed,) = sonar_command.json("campaign", "list", "--all")
    assert (listed["owner"], listed["name"]) == (stranger.address, None)
    shown = sonar_command.json("campaign", "show", listed["campaign"])
    assert shown["title"] is None
    assert "spec_problem" in shown


def test_usage_errors_end_with_2(sonar_command: Shell, create: tuple[str, ...], tmp_path: Path) -> None:
    for arguments in (
        ("init",),
        ("campaign", "create"),
        (*create, "--bounty", "10"),
        ("campaign", "result", "x", "--predict", "a.csv"),
        ("campaign", "watch", "x", "--until", "never"),
    ):
        shell = Shell(tmp_path / "none") if arguments == ("init",) else sonar_command
        assert shell(*arguments).exit_code == 2, arguments


def test_refusals_end_with_1_and_say_why(
    sonar_command: Shell, tmp_path: Path, create: tuple[str, ...]
) -> None:
    for shell, arguments, why in (
        (Shell(tmp_path / "none"), ("campaign", "list"), "'init'"),
        (sonar_command, ("campaign", "show", "nobody"), "does not name a campaign"),
        (sonar_command, ("campaign", "show", "0x" + "12" * 32), "has no campaign"),
        (sonar_command, (*create[:2], str(tmp_path / "none.toml"), *create[3:]), "does not exist"),
        (sonar_command, create, "no certificate"),
        (Shell(sonar_command.home, "wrong"), create, "passphrase"),
    ):
        result = shell(*arguments)
        assert result.exit_code == 1, arguments
        assert why in result.stderr
        assert "Traceback" not in result.output


def test_a_validation_file_with_a_bad_value_names_it(
    sonar_command: Shell, create: tuple[str, ...], validation_csv: Path, judge: Judge
) -> None:
    validation_csv.write_text(validation_csv.read_text().replace("1.54", "tall"))
    result = sonar_command(*create)
    assert result.exit_code == 1
    assert all(part in result.stderr for part in ("validation.csv", "row 4", "height", "tall"))


def test_what_cannot_be_reached_ends_with_3(sonar_command: Shell, home: Path) -> None:
    from dataclasses import replace

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    save_settings(home, replace(load_settings(home), rpc=f"http://user:hunter2@127.0.0.1:{port}"))
    result = sonar_command("campaign", "list")
    assert result.exit_code == 3
    assert f"127.0.0.1:{port}" in result.stderr
    assert "hunter2" not in result.output


def test_help_teaches() -> None:
    text = runner.invoke(app, ["--help"]).stdout
    assert "First steps" in text
    assert "Exit codes" in text
    created = runner.invoke(app, ["campaign", "create", "--help"]).stdout
    assert "escrowed only once" in " ".join(created.split())
