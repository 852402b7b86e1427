"""What Mine.js trains under ring-LWE, Capsule decrypts: the same integers as of the Python mine, exactly."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from openmined_syft.affine import AffineMap
from openmined_syft.fixed_point import fixed_map, to_fixed
from openmined_syft.rlwe.gradient import RlweGradient
from openmined_syft.rlwe.keys import RlwePrivateKey
from openmined_syft.rlwe.layout import GRADIENT_BITS, MAP_BITS, WEIGHT_BITS
from openmined_syft.rlwe.model import RlweModel
from pysonar.protocol.artifacts import ModelArtifact, PublicKeyArtifact
from pysonar.protocol.canonical import loads_cbor
from tests.builders.opaque import as_model
from tests.mine.mine_commands import NODE, is_built

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_built(), reason="Mine.js is not built: make build/stamps/mine-js"),
]


@pytest.mark.parametrize("shape", [(3, 1), (65, 10)])
def test_a_gradient_of_the_javascript_mine_opens_to_the_exact_integers(shape: tuple[int, int]) -> None:
    random, key = np.random.default_rng(shape[0]), RlwePrivateKey.generate()
    weights = random.uniform(-4, 4, shape)
    model = RlweModel.encrypt(weights, key, version=7, weight_bound=4.0)
    step = random.normal(size=(shape[0], shape[0])) / shape[0]
    visit = AffineMap(np.eye(shape[0]) + step / 4, random.normal(size=shape))
    question = {
        "model": ModelArtifact(as_model(model), "rlwe").to_bytes().hex(),
        "key": PublicKeyArtifact(key.public, "rlwe").to_bytes().hex(),
        "A": visit.A.tolist(),
        "c": visit.c.tolist(),
    }
    told = subprocess.run(
        [str(NODE), str(Path(__file__).parent / "programs" / "rlwe.mjs")],
        input=json.dumps(question), capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    gradient = RlweGradient.from_fields(loads_cbor(bytes.fromhex(told.stdout), max_bytes=1 << 24))
    gradient.check_base(model)
    matrix = fixed_map(visit.A, MAP_BITS).astype(object)
    offsets = np.rint(np.ldexp(visit.c, GRADIENT_BITS)).astype(np.int64).astype(object)
    expected = matrix @ to_fixed(weights, WEIGHT_BITS, "weights").astype(object) + offsets
    assert (gradient.integers(key).astype(object) == expected).all()
