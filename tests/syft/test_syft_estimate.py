"""The estimate: counts that scale as they should, numbers near a real visit, errors before any work."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest
from typer.testing import CliRunner

from openmined_syft.affine import AffineMap
from openmined_syft.cli import app
from openmined_syft.errors import KeySizeError, ShapeError
from openmined_syft.paillier.encrypted import EncryptedModel
from openmined_syft.paillier.estimate import UnitCosts, estimate, measure
from openmined_syft.paillier.kernels import load_kernel
from openmined_syft.paillier.training import train


def test_an_estimate_is_near_a_real_visit(capsule_key):
    kernel = load_kernel("gmpy2")
    expected = estimate(40, 10, measure(2048, kernel=kernel))
    model = EncryptedModel.encrypt(np.zeros((41, 10)), capsule_key, version=0, weight_bound=4.0)
    step = np.random.default_rng(0).uniform(-1, 1, (41, 41)) / 7
    began = time.perf_counter()
    update = train(model, capsule_key.public, AffineMap(np.eye(41) + step, np.zeros((41, 10))), kernel=kernel)
    seconds = time.perf_counter() - began
    # Other work on the machine can slow either down; what is excluded is a wrong count.
    assert expected.visit_seconds / 4 < seconds < 4 * expected.visit_seconds
    assert expected.gradient_bytes == 512 * len(update.ciphertexts)
    assert expected.model_bytes == 512 * len(model.ciphertexts)
    assert expected.kernel == "gmpy2"


def test_costs_follow_the_counts():
    costs = UnitCosts(2048, "test", noise=1.0, owner_power=0.125, product=0.0)
    digits = estimate(64, 10, costs)
    assert digits.noise_seconds == digits.visit_seconds == 17
    assert digits.encrypt_seconds == 65 * 2 / 8
    assert digits.decrypt_seconds == 17 * 2 / 8
    larger = estimate(784, 10, UnitCosts(2048, "test", 0.0, 0.0, product=1.0))
    smaller = estimate(392, 10, UnitCosts(2048, "test", 0.0, 0.0, product=1.0))
    assert 3 < larger.product_seconds / smaller.product_seconds < 4


def test_sizes_no_campaign_may_use_are_refused():
    with pytest.raises(KeySizeError):
        measure(1024)
    with pytest.raises(ShapeError):
        estimate(1 << 24, 10, UnitCosts(2048, "test", 1.0, 1.0, 1.0))


def test_the_command_prints_a_table_or_json():
    sizes = ["--features", "64", "--features", "30", "--classes", "10", "--bits", "2048"]
    table = CliRunner().invoke(app, ["estimate", *sizes, "--kernel", "gmpy2"], env={"COLUMNS": "120"})
    assert table.exit_code == 0
    assert "64 x 10" in table.stdout
    assert "30 x 10" in table.stdout
    listing = CliRunner().invoke(app, ["estimate", *sizes, "--kernel", "gmpy2", "--format", "json"])
    rows = json.loads(listing.stdout)
    assert [row["features"] for row in rows] == [64, 30]
    assert all(row["visit_seconds"] > row["noise_seconds"] > 0 for row in rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bits", "1024"], "1024"),
        (["--kernel", "abacus"], "abacus"),
        (["--weight-bound", "-1"], "weight_bound"),
    ],
)
def test_the_command_names_what_is_wrong(arguments, message):
    result = CliRunner().invoke(app, ["estimate", "--features", "4", *arguments])
    assert result.exit_code == 1
    assert message in result.stderr
    assert CliRunner().invoke(app, ["estimate"]).exit_code == 2


def test_the_module_is_the_command():
    command = [sys.executable, "-m", "openmined_syft", "estimate", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "openmined-syft" in shown.stdout
