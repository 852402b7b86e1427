"""The demo's path with real processes, and what its folders hold afterwards: no secret in the wrong place."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mine_agent.data.adapters import adapter_for
from openmined_oracle.home import Home
from openmined_oracle.keys.keystore import KeyStore
from openmined_syft.paillier.keys import PrivateKey
from pysonar.protocol.amounts import parse_wei
from pysonar.scientist.result.estimator import Estimator
from scripts._demo.campaign import run_campaign
from scripts._demo.plan import WISHES
from scripts._demo.report import Report, check, write_report
from tests.roles import as_a

pytestmark = pytest.mark.slow  # the whole demo, with all its processes, about a minute

PASSPHRASE = "for the test of the demo only"


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch_module: pytest.MonkeyPatch
) -> tuple[Path, Report]:
    """One run of the demo, and the folder it left."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    monkeypatch_module.setenv("APE_DATA_FOLDER", str(folder.parent / "ape"))
    report = run_campaign(
        folder,
        seed=1,
        ipfs="embedded",
        wish=WISHES["one_vs_rest"]["differential"],
        passphrases={"capsule": PASSPHRASE},
    )
    write_report(folder / "report.json", report)
    return folder, report


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def everything_below(*folders: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


def spellings_of_number(number: int) -> list[bytes]:
    size = (number.bit_length() + 7) // 8
    return [
        number.to_bytes(size, "big"),
        number.to_bytes(size, "little"),
        str(number).encode(),
        f"{number:x}".encode(),
        f"{number:X}".encode(),
    ]


def spellings_of_weight(weight: float) -> list[bytes]:
    return [np.float64(weight).tobytes(), np.float64(weight).byteswap().tobytes(), repr(weight).encode()]


def find(needles: list[bytes], files: dict[Path, bytes]) -> list[Path]:
    return [path for path, content in files.items() if any(needle in content for needle in needles)]


def test_it_reaches_the_target_and_every_sum_agrees(run: tuple[Path, Report]) -> None:
    _, report = run

    check(report, must_reach_target=True)

    assert report.ledger.contract_balance == 0
    assert report.validation_accuracy >= 0.75
    assert abs(report.test_accuracy - report.plaintext_twin_accuracy) <= 0.02


def test_the_report_holds_what_it_promises(run: tuple[Path, Report]) -> None:
    folder, _ = run

    document = json.loads((folder / "report.json").read_text())

    promised = (
        "campaign start_ppm final_ppm target_ppm bounty payouts refund contract_balance test_accuracy"
        " plaintext_twin_accuracy seconds gas"
    )
    assert set(promised.split()) <= set(document)
    assert int(document["bounty"]) == parse_wei("10 ETH")
    assert sum(int(payout["wei"]) for payout in document["payouts"]) + int(document["refund"]) == parse_wei(
        "10 ETH"
    )
    assert all(set(payout) == {"miner", "wei", "gain_ppm", "gas"} for payout in document["payouts"])
    assert {"create_campaign", "open_campaign", "submit", "report", "deliver", "settle", "claim"} <= set(
        document["gas"]
    )


def test_no_mine_and_no_store_holds_a_secret_key(run: tuple[Path, Report]) -> None:
    folder, report = run
    home = Home.open(folder / "capsule")
    own = next(iter(home.secret_keys(PASSPHRASE).values()))
    stored = KeyStore(home.keys, own).stored_key(bytes.fromhex(report.campaign.removeprefix("0x")))
    key = as_a(PrivateKey, stored)
    files = everything_below(folder)
    needles = [*spellings_of_number(int(key.p)), *spellings_of_number(int(key.q)), PASSPHRASE.encode()]

    assert find(needles, files) == []
    # The search would find them: the public half lies in the store.
    assert find(spellings_of_number(int(key.public.n)), files)


def test_the_plaintext_model_is_with_the_scientist_only(run: tuple[Path, Report]) -> None:
    folder, _ = run
    saved = folder / "model.safetensors"
    weights = Estimator.load(saved).weights.ravel()
    telling = [float(weight) for weight in weights if abs(weight) > 1e-3][:50]
    needles = [spelling for weight in telling for spelling in spellings_of_weight(weight)]

    assert find(needles, everything_below(folder)) == [saved]


def test_rows_stay_with_their_owners(run: tuple[Path, Report]) -> None:
    folder, _ = run
    for number in (1, 2, 3):
        (own,) = (folder / "data").glob(f"mine-{number}.*")
        others = {path: content for path, content in everything_below(folder).items() if path != own}
        source = adapter_for(str(own)).source(str(own), {})
        (first, *_) = (batch.records for batch in source.batches(source.columns()))
        rows = [[str(value) for value in record.values()] for record in first.slice(0, 39).to_pylist()]
        as_text = [",".join(row).encode() for row in rows]
        as_numbers = [
            np.array(row[:-1], dtype=kind).tobytes() for row in rows for kind in ("u1", "<i8", "<f8")
        ]
        scaled = [((np.array(row[:-1], dtype=float) - 5.0) / 6.0).tobytes() for row in rows]

        if own.suffix == ".csv":
            assert find(as_text, {own: own.read_bytes()}) == [own]
        assert find([*as_text, *as_numbers, *scaled], others) == []


def test_nothing_of_the_validation_set_is_in_the_store(run: tuple[Path, Report]) -> None:
    folder, _ = run
    with (folder / "data" / "validation.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:40]
    columns = list(zip(*[row[:-1] for row in rows], strict=True))
    # Arrow keeps columns together: 39 values of a varied column in a row cannot be there by chance.
    varied = [column for column in columns if len(set(column)) > 8]
    needles = [np.array(column, dtype=kind).tobytes() for column in varied for kind in ("u1", "<i8", "<f8")]
    needles += [",".join(row).encode() for row in rows]

    assert varied
    assert find(needles, everything_below(folder / "store")) == []


def test_logs_tell_no_accuracy_that_was_not_paid(run: tuple[Path, Report]) -> None:
    folder, report = run
    paid = {row.after_ppm for row in report.ledger.payouts} | {report.start_ppm}

    told = re.findall(r"(\d+(?:\.\d+)?) %", (folder / "capsule.log").read_text())

    assert told
    assert {round(float(share) * 10_000) for share in told} <= paid


def test_every_mine_made_one_release_within_its_budget_and_the_report_says_so(
    run: tuple[Path, Report],
) -> None:
    _, report = run

    for mine in report.privacy:
        assert 0 < mine["spent_epsilon"] <= 3.0
        assert mine["delta"] == 1e-6
        assert mine["releases_left"] == 7
        assert mine["unprotected_gradients"] == 0


def test_without_noise_it_reaches_more_and_says_what_that_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APE_DATA_FOLDER", str(tmp_path / "ape"))
    wish = WISHES["one_vs_rest"]["none"]

    report = run_campaign(tmp_path / "run", seed=1, ipfs="embedded", wish=wish)

    check(report, must_reach_target=True)
    assert report.validation_accuracy >= 0.90
    assert all(mine["unprotected_gradients"] for mine in report.privacy)
