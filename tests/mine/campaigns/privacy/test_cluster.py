"""A mine whose owner named a cluster: what is away or wrong there costs neither privacy nor money."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from mine_agent.errors import ScaleError
from mine_agent.home import Home
from mine_agent.scale import cluster
from pysonar.chain.sending.signer import KeyfileSigner
from tests.executors import done
from tests.json_types import JsonObject
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.privacy.conftest import EVERYTHING
from tests.mine.campaigns.privacy.ledgers import charges
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.roles import Tell

P = ParamSpec("P")
R = TypeVar("R")


@pytest.fixture
def mine(
    make_home: Callable[..., Home], miner: KeyfileSigner, tell: Tell, colours: Path, tmp_path: Path
) -> Mine:
    """The colours as a Parquet file of row groups of a few records each."""
    table, path = pa.csv.read_csv(colours), tmp_path / "colours.parquet"
    pa.parquet.write_table(table, path, row_group_size=max(1, table.num_rows // 5))
    home = make_home(answers=EVERYTHING)
    home.data().add("colours", path, replace=False)
    return Mine(home, miner, tell)


class _Threads:
    """What the mine asks of a Dask client."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(2)

    def get_executor(self, **_: object) -> ThreadPoolExecutor:
        return self.pool


def test_a_mine_waits_for_its_cluster_and_then_charges_once(
    mine: Mine, small_capsule: SmallCapsule, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = small_capsule.open()
    scale = mine.connection.home.path / "scale.toml"

    scale.write_text('dask = "tcp://8.8.8.8:8786"\n')
    assert [name.startswith("BadSetting") for name in mine.round()] == [True]

    scale.write_text('dask = "tcp://127.0.0.1:1"\n')

    @contextmanager
    def away(_: object):
        raise ScaleError("the cluster tcp://127.0.0.1:1 does not answer")
        yield

    monkeypatch.setattr(cluster.Cluster, "_client", away)
    mine.time += 3600
    assert mine.round() == ["ScaleError"]
    assert charges(mine) == []
    assert mine.submitted(campaign) == []

    asked: list[Sequence[object]] = []
    inner = cluster.added

    @contextmanager
    def there(_: object):
        yield _Threads()

    def counting(executor, pieces, *rest):
        asked.append(pieces)
        return inner(executor, pieces, *rest)

    monkeypatch.setattr(cluster.Cluster, "_client", there)
    monkeypatch.setattr(cluster, "added", counting)
    mine.time += 3600
    assert mine.round() == []
    assert len(mine.submitted(campaign)) == 1
    assert len(charges(mine)) == 1
    assert len(asked) == 1
    assert len(asked[0]) >= 5


class _Workers(Executor):
    """What a Dask client gives; `asked`: what its workers were sent."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def submit(self, function: Callable[P, R], /, *arguments: P.args, **named: P.kwargs) -> Future[R]:
        self.asked.extend(arguments)
        return done(function(*arguments, **named))

    def get_executor(self, **_: object) -> Executor:
        return self

    def nthreads(self) -> dict[str, int]:
        return {"tcp://127.0.0.1:1": 2, "tcp://127.0.0.1:2": 1}


def test_a_visit_on_the_cluster_is_the_same_gradient_and_one_without_it_is_made_all_the_same(
    make_home: Callable[..., Home],
    miner: KeyfileSigner,
    tell: Tell,
    happenings: list[JsonObject],
    colours: Path,
    small_capsule: SmallCapsule,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home, workers = make_home(), _Workers()  # exact gradients, which can be compared
    home.data().add("colours", colours, replace=False)
    mine, scale = Mine(home, miner, tell), home.path / "scale.toml"

    @contextmanager
    def client(_: object) -> Iterator[_Workers]:
        if not answering[-1]:
            raise ScaleError("the cluster tcp://127.0.0.1:1 does not answer")
        yield workers

    monkeypatch.setattr(cluster.Cluster, "_client", client)
    found, sent, answering = [], [], list[bool]()
    for place, (visits, answers) in enumerate(((False, True), (True, True), (True, False))):
        scale.write_text(f'dask = "tcp://127.0.0.1:1"\nvisits = {str(visits).lower()}\n')
        answering.append(answers)
        campaign = small_capsule.open(salt=bytes([place]) * 32)
        mine.time += 3600
        assert mine.round() == []
        (submission,) = mine.submitted(campaign)
        envelope = small_capsule.envelope(campaign, mine.address, submission.update)
        found.append(envelope.gradient.decrypt(small_capsule.key).tolist())
        sent.append(len(workers.asked))
    assert found[0] == found[1] == found[2]
    assert sent[0] == 0 < sent[1] == sent[2]
    failed = [one for one in happenings if one["event"] == "workers_failed"]
    assert [one["what"] for one in failed] == [
        "the cluster tcp://127.0.0.1:1 does not answer; the visit is worked out here"
    ]
    key, everything = small_capsule.key, pickle.dumps(workers.asked)
    for secret in (int(key.p), int(key.q)):
        assert secret.to_bytes((secret.bit_length() + 7) // 8, "little") not in everything
