"""A mine whose owner named a cluster: what is away or wrong there costs neither privacy nor money."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from mine_agent.errors import ScaleError
from mine_agent.home import Home
from mine_agent.scale import cluster
from pysonar.chain.sending.signer import KeyfileSigner
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.privacy.conftest import EVERYTHING
from tests.mine.campaigns.privacy.ledgers import charges
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.roles import Tell


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
