"""Where Capsule's arithmetic runs is its operator's to say, and changes nothing but the time it takes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest

from openmined_oracle.errors import WorkersError
from openmined_oracle.home import CapsuleSettings
from openmined_oracle.workers import Workers, fits
from openmined_syft.paillier.kernels.owner_kernel import OwnerKernel, _Block
from openmined_syft.paillier.keys import PrivateKey
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.files.flat_toml import SettingsError, read_settings
from tests.builders.changes import wrong
from tests.executors import done
from tests.oracle.capsule_world import World
from tests.roles import as_a


@pytest.mark.parametrize(
    ("setting", "good"),
    [
        ("threads", True),
        ("threads:4", True),
        ("processes:256", True),
        ("processes:257", False),
        ("processes:0", False),
        ("threads:", False),
        ("dask:tls://cluster.example:8786", True),
        ("dask:tcp://127.0.0.1:8786", True),
        ("dask:tcp://cluster.example:8786", False),  # keys would go over the network in clear
        ("dask:tls://cluster.example", False),
        ("dask:", False),
        ("cloud", False),
    ],
)
def test_what_may_be_said_of_workers(setting: str, good: bool, tmp_path: Path) -> None:
    assert fits(setting) is good
    file = tmp_path / "capsule.toml"
    file.write_text(f'certificate = "AA"\nworkers = "{setting}"\n')
    if good:
        assert read_settings(file, CapsuleSettings).workers == setting
        return
    with pytest.raises(SettingsError, match=r"workers.*processes:N"):
        read_settings(file, CapsuleSettings)
    with pytest.raises(WorkersError, match="processes:N"):
        Workers(setting)


def test_a_cluster_that_does_not_answer_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="Dask's distributed is not installed")
    monkeypatch.setattr("openmined_oracle.workers.CONNECT_SECONDS", 0.3)
    with pytest.raises(WorkersError, match=r"tcp://127\.0\.0\.1:9 does not answer"):
        Workers("dask:tcp://127.0.0.1:9")


def test_things_are_mapped_in_order_and_side_by_side() -> None:
    workers = Workers()
    names: set[str] = set()

    def noted(number: int) -> int:
        names.add(threading.current_thread().name)
        return number * number

    assert workers.map(noted, range(20)) == [number * number for number in range(20)]
    assert threading.current_thread().name not in names
    workers.close()


def test_capsule_s_keys_compute_on_its_workers(
    world: World, miner: KeyfileSigner, paillier: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose first executor fails in the middle of a campaign: everything is said once, and rightly."""
    world.home.capsule = replace(world.home.capsule, workers="threads:2")
    campaign = world.opened()
    world.submit(campaign, miner)
    asked, tried = [], OwnerKernel._current

    def fails_once(self: OwnerKernel) -> object:
        asked.append(self)
        if len(asked) == 1:
            raise RuntimeError("a worker died")
        return tried(self)

    monkeypatch.setattr(OwnerKernel, "_current", fails_once)
    world.run()
    assert len(asked) > 2
    assert world.verdicts(campaign) == [Verdict.IMPROVED]
    assert world.count("Verdicts", campaign) == 1
    assert paillier.kernel is None  # the file's key is another object than the one that was made


def test_a_worker_that_computes_wrongly_decides_no_verdict(
    world: World, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """All that it gave back is another number; the gradient is paid as it would have been, and it is said."""
    campaign = world.opened()
    world.submit(campaign, miner)
    monkeypatch.setattr("openmined_oracle.workers._pool", lambda *_: Broken())
    world.home.capsule = replace(world.home.capsule, workers="processes:2")
    world.run()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]
    assert "workers computed wrongly" in caplog.text


P = ParamSpec("P")
R = TypeVar("R")


class Broken(Executor):
    """Other numbers in the place of those that were asked for."""

    def submit(self, function: Callable[P, R], /, *arguments: P.args, **named: P.kwargs) -> Future[R]:
        block = as_a(_Block, arguments[0])
        bases, exponent, modulus = block.numbers
        powers = [int(power) ^ 1 for power in block.kernel.powers(bases, exponent, modulus)]
        return done(wrong(block.mask.on(powers, modulus)))
