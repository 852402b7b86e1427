"""What a mine prepares between rounds: as much as a visit needs, for keys it works under, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from mine_agent.work.gradient import Base, train_on
from mine_agent.work.idle import MOST_KEYS, IdleWork
from openmined_syft.affine import AffineMap
from openmined_syft.paillier.encrypted import EncryptedGradient, EncryptedModel
from openmined_syft.paillier.keys import PrivateKey, generate_keypair
from openmined_syft.paillier.noise_pool import NoisePool
from openmined_syft.rlwe.keys import RlwePrivateKey
from openmined_syft.rlwe.model import RlweModel
from pysonar.protocol.cid import Cid
from tests.builders.opaque import as_model

CID = Cid.from_bytes32(b"\x01" * 32)
WEIGHTS = np.arange(24.0).reshape(8, 3) / 16
KEYS = [generate_keypair(256, allow_small_for_tests=True) for _ in range(MOST_KEYS + 1)]


def base(key: PrivateKey) -> Base:
    return Base(
        as_model(EncryptedModel.encrypt(WEIGHTS, key, version=0, weight_bound=4.0)),
        key.public,
        CID,
        "paillier",
    )


def prepared(idle: IdleWork, of: Base) -> NoisePool:
    pool = idle.ahead(of)
    assert isinstance(pool, NoisePool)
    return pool


def test_it_prepares_a_whole_visit_and_the_next_visit_uses_all_of_it() -> None:
    idle, here = IdleWork(), base(KEYS[0])
    pool = prepared(idle, here)
    assert len(pool) == 0
    idle.go_on(lambda: False, 60)
    visit = AffineMap(np.eye(8) / 2, np.ones((8, 3)) / 8)
    gradient = train_on(here, visit, idle.ahead(here))
    assert isinstance(gradient, EncryptedGradient)
    assert isinstance(here.model, EncryptedModel)
    assert len(gradient.ciphertexts) == here.model.layout.gradient_ciphertexts > 1
    assert (len(pool), pool.wanted) == (0, True)
    np.testing.assert_allclose(gradient.decrypt(KEYS[0]), visit(WEIGHTS) - WEIGHTS, atol=1e-6)


def test_it_begins_nothing_once_its_time_is_over_or_the_mine_is_to_stop() -> None:
    idle = IdleWork()
    pool = prepared(idle, base(KEYS[0]))
    idle.go_on(lambda: True, 60)
    idle.go_on(lambda: False, 0)
    assert len(pool) == 0
    seconds = iter(range(10))
    slow = IdleWork(clock=lambda: float(next(seconds)))
    pool = prepared(slow, base(KEYS[0]))
    slow.go_on(lambda: False, 2)
    assert len(pool) > 0
    assert next(seconds) == 3


def test_the_key_used_longest_ago_makes_room() -> None:
    idle, bases = IdleWork(), [base(key) for key in KEYS]
    pools = [prepared(idle, one) for one in bases]
    assert prepared(idle, bases[1]) is pools[1]
    assert prepared(idle, bases[0]) is not pools[0]
    assert prepared(idle, bases[2]) is not pools[2]
    assert prepared(idle, bases[1]) is pools[1]


def test_noise_of_one_campaign_never_gets_into_anothers() -> None:
    idle, (first, second) = IdleWork(), (base(KEYS[0]), base(KEYS[1]))
    prepared(idle, first)
    prepared(idle, second)
    idle.go_on(lambda: False, 60)
    visit = AffineMap(np.eye(8), np.ones((8, 3)))
    for here, key in ((first, KEYS[0]), (second, KEYS[1])):
        gradient = train_on(here, visit, idle.ahead(here))
        np.testing.assert_allclose(gradient.decrypt(key), np.ones((8, 3)))


def test_there_is_nothing_to_prepare_for_ring_lwe_and_what_another_scheme_prepared_is_refused() -> None:
    key = RlwePrivateKey.generate()
    model = RlweModel.encrypt(WEIGHTS, key, version=0, weight_bound=4.0)
    idle = IdleWork()
    assert idle.ahead(Base(as_model(model), key.public, CID, "rlwe")) is None
    idle.go_on(lambda: False, 60)

    class Others:
        wanted = False

        def work(self) -> None:
            raise AssertionError

    with pytest.raises(TypeError, match="Others was not made ahead by paillier"):
        train_on(base(KEYS[0]), AffineMap(np.eye(8), np.ones((8, 3))), Others())
