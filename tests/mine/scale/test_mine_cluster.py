"""Sums over row groups on a mine's own cluster: the same integers, the same price, whatever workers do."""

from __future__ import annotations

import os
import pickle
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from mine_agent.campaigns.artifacts import CampaignSpec
from mine_agent.data.adapters.tables.parquet import ParquetFile
from mine_agent.data.adapters.tables.parquet_files import files_at
from mine_agent.data.datasets import DataSet, DataShelf
from mine_agent.data.mapping import parse_mapping
from mine_agent.errors import ScaleError
from mine_agent.privacy.budget import Budget
from mine_agent.privacy.entries import Kind
from mine_agent.privacy.grid_sums import grid_sums
from mine_agent.privacy.ledger import Ledger
from mine_agent.privacy.protection import Budgeted
from mine_agent.scale.adding import added, at_once
from mine_agent.scale.cluster import Cluster, pieces_of
from mine_agent.scale.pieces import Piece, Sums, piece_sums
from mine_agent.scale.scale_file import Scale, load_scale
from openmined_syft.models import Rows
from openmined_syft.models.family import LinearFamily
from openmined_syft.privacy import UnnoisedSums
from openmined_syft.privacy.sums import NoisedSums, variances
from pysonar.files.flat_toml import SettingsError, check
from pysonar.protocol.artifacts.spec.record_clip import record_clip
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema import class_label, output_schema
from pysonar.protocol.schema.errors import FileFormatError
from pysonar.tables import Reading, record_batches
from tests.builders.changes import with_fields, wrong
from tests.builders.specs import spec_of
from tests.executors import done
from tests.roles import as_a

ROWS, GROUPS = 600, 12
CID = Cid.from_bytes32(b"\x01" * 32)
ALONE = Scale(dask="tcp://127.0.0.1:1", patience_seconds=60.0)


@pytest.fixture(scope="module")
def campaign_spec() -> CampaignSpec:
    """Three numbers and a colour."""
    colours = output_schema("colour", class_label(["red", "green", "blue"]))
    return CampaignSpec(b"\x02" * 32, CID, spec_of(output_schema=colours))


@pytest.fixture(params=["one file", "several files"])
def data(tmp_path: Path, campaign_spec: CampaignSpec, request: pytest.FixtureRequest) -> DataSet:
    """Twelve row groups, in one Parquet file or in three, with gaps and a colour that nobody asked for."""
    random = np.random.default_rng(0)
    names = [field.name for field in campaign_spec.schema.fields]
    numbers = {name: random.normal(size=ROWS) for name in names}
    colours = random.choice(["red", "green", "blue", "pink"], ROWS, p=[0.4, 0.3, 0.29, 0.01])
    table = pa.table({**numbers, "colour": colours})
    place = tmp_path / "many.parquet"
    for part in range(3) if request.param == "several files" else ():
        place.mkdir(exist_ok=True)
        some = table.slice(part * ROWS // 3, ROWS // 3)
        pa.parquet.write_table(some, place / f"part-{part}.parquet", row_group_size=ROWS // GROUPS)
    if request.param == "one file":
        pa.parquet.write_table(table, place, row_group_size=ROWS // GROUPS)
    return DataShelf(tmp_path / "data").add("many", place, replace=False)


def family_of(campaign_spec: CampaignSpec) -> LinearFamily:
    assert isinstance(campaign_spec.family, LinearFamily)
    return campaign_spec.family


def batches(campaign_spec: CampaignSpec, data: DataSet) -> Iterator[Rows]:
    """As a mine reads them alone."""
    schema = campaign_spec.schema
    with data.opened() as source:
        wanted = (*schema.fields, schema.label)
        for batch in record_batches(source, wanted, Reading(source.name), limit=None, written={}):
            table = pa.Table.from_batches([batch])
            yield Rows(schema.encode(table), schema.encode_labels(table))


def alone(campaign_spec: CampaignSpec, data: DataSet) -> UnnoisedSums:
    family = family_of(campaign_spec)
    return grid_sums(family, record_clip(campaign_spec.schema, family), batches(campaign_spec, data))


def spread(
    executor: Executor,
    campaign_spec: CampaignSpec,
    data: DataSet,
    scale: Scale = ALONE,
    progress: Callable[[int], None] = lambda _: None,
) -> UnnoisedSums:
    family = family_of(campaign_spec)
    nothing = UnnoisedSums.nothing(*family.weights_shape, record_clip(campaign_spec.schema, family))
    return added(executor, pieces_of(campaign_spec, data), nothing, scale, progress)


P = ParamSpec("P")
R = TypeVar("R")


class Lying(Executor):
    """Workers that answer something else about one row group: the one they are asked for as the n-th."""

    def __init__(self, about: int, lie: Callable[[Sums], object]) -> None:
        self._about, self._lie = about, lie
        self.asked: list[Piece] = []

    def submit(self, fn: Callable[P, R], /, *args: P.args, **named: P.kwargs) -> Future[R]:
        found = fn(*args, **named)
        honest = len(self.asked) != self._about
        self.asked.append(as_a(Piece, args[0]))
        return done(found if honest else wrong(self._lie(wrong(found))))


def test_the_sums_are_the_same_integers_in_whatever_order_row_groups_come_back(
    campaign_spec: CampaignSpec, data: DataSet
) -> None:
    seen: list[int] = []
    with ThreadPoolExecutor(3) as pool:
        found = spread(pool, campaign_spec, data, progress=seen.append)
    assert found == alone(campaign_spec, data)
    assert found.for_own_cluster()[2] == alone(campaign_spec, data).for_own_cluster()[2] < ROWS
    assert seen == [ROWS // GROUPS * done for done in range(1, GROUPS + 1)]


def test_it_is_the_same_through_the_owners_mapping(
    campaign_spec: CampaignSpec, data: DataSet, tmp_path: Path
) -> None:
    first = campaign_spec.schema.fields[0].name
    mapping = parse_mapping(f'[{first}]\ncolumn = "{first}"\nfactor = 0.5\n', source="test")
    mapped = DataShelf(tmp_path / "data").keep_mapping("many", mapping)
    with ThreadPoolExecutor(2) as pool:
        found = spread(pool, campaign_spec, mapped)
    assert found == alone(campaign_spec, mapped)
    assert found != alone(campaign_spec, data)


def exact_release(sums: UnnoisedSums, rho: Fraction) -> NoisedSums:
    """Without any noise: so that releases can be compared."""
    products, pulls, _ = sums.for_own_cluster()
    upper = np.triu_indices(len(products))
    return NoisedSums(products[upper], pulls, *variances(rho), sums._clip)


def test_a_release_over_the_cluster_has_the_same_key_price_and_sums_and_is_charged_once(
    campaign_spec: CampaignSpec, data: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UnnoisedSums, "noised", exact_release)

    class Threads(Cluster):
        def sums(self, campaign_spec: CampaignSpec, data: DataSet, *_: object) -> UnnoisedSums:
            with ThreadPoolExecutor(2) as pool:
                return spread(pool, campaign_spec, data)

    kept, entries = [], []
    for name, elsewhere in (("alone", None), ("cluster", Threads(ALONE))):
        ledger = Ledger.open(tmp_path / name, account="0x" + "11" * 20, now=0)
        protection = Budgeted(Budget(), ledger, clock=lambda: 0.0, sleep=lambda _: None, elsewhere=elsewhere)
        for _ in range(2):
            prepared = protection.gather(campaign_spec, data, batches(campaign_spec, data))()
        kept.append([array.tolist() for array in (prepared.data.triangle, prepared.data.pulls)])
        entries.append([(one.kind, one.key, one.rho) for one in ledger.entries()])
    assert kept[0] == kept[1]
    assert entries[0] == entries[1]
    assert [kind for kind, _, _ in entries[0]].count(Kind.CHARGED) == 1


@pytest.mark.parametrize(
    ("what", "lie"),
    [
        ("no 50 records have", lambda s: (s[0] + 1, s[1], 10**6)),
        ("no 50 records have", lambda s: (s[0][:2], s[1], s[2])),
        ("no 50 records have", lambda s: (s[0].astype(float), s[1], s[2])),
        ("no 50 records have", lambda s: (s[0] + np.triu(np.ones_like(s[0]), 1), s[1], s[2])),
        ("no 50 records have", lambda s: (s[0], s[1] + (1 << 40), s[2])),
        ("no 50 records have", lambda _: None),
        ("not what this machine works out", lambda s: (s[0], s[1] + 1, s[2])),
        ("not what this machine works out", lambda s: (s[0], s[1], s[2] - 1)),
    ],
    ids=["records", "shape", "type", "symmetry", "size", "nothing", "one off", "a record less"],
)
def test_a_worker_that_lies_is_named_and_nothing_is_released(
    campaign_spec: CampaignSpec, data: DataSet, what: str, lie: Callable[[Sums], object]
) -> None:
    everything = Scale(dask="tcp://127.0.0.1:1", checked_share=1.0)
    workers = Lying(7, lie)
    with pytest.raises(ScaleError, match=what) as error:
        spread(workers, campaign_spec, data, everything)
    assert str(error.value).startswith(f"{workers.asked[7]}: ")


def test_where_little_is_checked_a_small_lie_can_pass_and_the_page_says_so(
    campaign_spec: CampaignSpec, data: DataSet
) -> None:
    nothing = Scale(dask="tcp://127.0.0.1:1", checked_share=0.0)
    found = spread(Lying(7, lambda s: (s[0], s[1] + 1, s[2])), campaign_spec, data, nothing)
    assert found != alone(campaign_spec, data)


def test_a_cluster_that_is_too_slow_is_given_up_with_how_far_it_came(
    campaign_spec: CampaignSpec, data: DataSet
) -> None:
    class Stuck(Executor):
        asked = 0

        def submit(self, fn: Callable[P, R], /, *args: P.args, **named: P.kwargs) -> Future[R]:
            future: Future[R] = Future()
            self.asked += 1
            if self.asked <= 3:
                future.set_result(fn(*args, **named))
            return future

    hasty = Scale(dask="tcp://127.0.0.1:1", patience_seconds=1.0)
    began = time.monotonic()
    with pytest.raises(ScaleError, match=r"3 of 12 are done. Raise patience_seconds"):
        spread(Stuck(), campaign_spec, data, hasty)
    assert 1.0 <= time.monotonic() - began < 30


def test_a_worker_that_breaks_is_an_error_with_its_row_group(
    campaign_spec: CampaignSpec, data: DataSet
) -> None:
    def breaks(_: Sums) -> object:
        raise AssertionError

    class Broken(Lying):
        def submit(self, fn: Callable[P, R], /, *args: P.args, **named: P.kwargs) -> Future[R]:
            future: Future[R] = Future()
            future.set_exception(FileNotFoundError("/elsewhere"))
            return future

    with pytest.raises(ScaleError, match=r"row group .* a worker failed with FileNotFoundError"):
        spread(Broken(0, breaks), campaign_spec, data)


@pytest.mark.slow
def test_a_scheduler_that_is_not_there_is_named(campaign_spec: CampaignSpec, data: DataSet) -> None:
    pytest.importorskip("distributed", reason="the extra 'scale' is not installed")
    family = family_of(campaign_spec)
    cluster = Cluster(Scale(dask="tcp://127.0.0.1:1"), connect_seconds=1)
    assert cluster.takes(data)
    with pytest.raises(ScaleError, match=r"the cluster tcp://127.0.0.1:1 does not answer"):
        cluster.sums(campaign_spec, data, record_clip(campaign_spec.schema, family))


def test_the_owner_names_the_cluster_in_a_file_of_its_own(tmp_path: Path) -> None:
    assert load_scale(tmp_path) is None
    file = tmp_path / "scale.toml"
    file.write_text('dask = "tcp://10.0.0.5:8786"\n')
    assert load_scale(tmp_path) == Scale("tcp://10.0.0.5:8786", 600.0, 0.02)
    page = (Path(__file__).parents[3] / "docs" / "scale.md").read_text()
    file.write_text(page.split("```toml\n")[1].split("```")[0])
    assert load_scale(tmp_path) == Scale("tcp://10.0.0.5:8786", 600.0, 0.02)
    file.write_text('dask = "tcp://10.0.0.5:8786"\nray = "tcp://10.0.0.5:1"\n')
    with pytest.raises(SettingsError, match="ray"):
        load_scale(tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        "tls://cluster.example:8786",
        "tls://8.8.8.8:1",
        "tcp://localhost:8786",
        "tcp://127.0.0.1:1",
        "tcp://[::1]:1",
    ],
)
def test_sums_travel_sealed_or_inside_a_private_network(address: str) -> None:
    check("scale.toml", Scale(address))


@pytest.mark.parametrize(
    "address",
    [
        "tcp://8.8.8.8:8786",
        "tcp://cluster.example:8786",
        "tls://cluster.example",
        "tcp://10.0.0.5",
        "10.0.0.5:1",
        "http://10.0.0.5:1",
        "tcp://10.0.0.5:99999",
        "tls://" + "a" * 200 + ":1",
        "",
    ],
)
def test_other_addresses_are_refused_with_what_would_be_right(address: str) -> None:
    with pytest.raises(SettingsError, match=r"'dask' is .*; expected tls://HOST:PORT"):
        check("scale.toml", Scale(address))


@pytest.mark.parametrize(
    "wrong",
    [
        {"patience_seconds": 0.5},
        {"patience_seconds": 86_401.0},
        {"checked_share": -0.01},
        {"checked_share": 1.01},
    ],
)
def test_patience_and_share_have_bounds(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        check("scale.toml", with_fields(ALONE, wrong))
    check("scale.toml", replace(ALONE, patience_seconds=86_400.0, checked_share=1.0))
    check("scale.toml", replace(ALONE, patience_seconds=1.0, checked_share=0.0))


def test_a_worker_that_has_another_file_is_noticed_however_little_is_checked(
    campaign_spec: CampaignSpec, data: DataSet
) -> None:
    pieces = [replace(piece, footer=bytes(32)) for piece in pieces_of(campaign_spec, data)]
    nothing = UnnoisedSums.nothing(*campaign_spec.family.weights_shape, alone(campaign_spec, data)._clip)
    unchecked = replace(ALONE, checked_share=0.0)
    with ThreadPoolExecutor(1) as pool, pytest.raises(ScaleError, match="another file there than the mine"):
        added(pool, pieces, nothing, unchecked)


def test_the_footer_tells_files_apart(data: DataSet, tmp_path: Path) -> None:
    path = files_at(data.location)[0].path
    footers = [ParquetFile(path).footer_digest()]
    table = pa.parquet.read_table(path)
    for name, other in (("fewer", table.slice(1)), ("renamed", table.rename_columns(["a", "b", "c", "hue"]))):
        pa.parquet.write_table(other, tmp_path / name, row_group_size=ROWS // GROUPS)
        footers.append(ParquetFile(tmp_path / name).footer_digest())
    assert len(set(footers)) == 3
    whole = path.read_bytes()
    for damaged in (b"", b"PAR1", whole[:-1], whole[:-8] + b"\xff\xff\xff\x7fPAR1", bytes(8) + b"PAR1"):
        (tmp_path / "damaged").write_bytes(damaged)
        with pytest.raises(FileFormatError, match="not a Parquet file"):
            ParquetFile(tmp_path / "damaged").footer_digest()


def test_a_piece_tells_a_worker_nothing_but_spec_file_and_mapping(
    campaign_spec: CampaignSpec, data: DataSet
) -> None:
    pieces = pieces_of(campaign_spec, data)
    assert len({(piece.path, piece.group) for piece in pieces}) == GROUPS
    assert [piece.rows for piece in pieces] == [ROWS // GROUPS] * GROUPS
    piece = pieces[0]
    assert {one.name for one in fields(piece)} == {
        "spec", "campaign", "path", "footer", "group", "rows", "mapping", "settled", "written",
    }  # fmt: skip
    assert piece.spec == campaign_spec.spec.to_bytes()
    assert data.registration.encode() not in pickle.dumps(piece)


def test_sums_of_many_inputs_are_handed_out_a_few_at_a_time() -> None:
    assert at_once((65, 10)) == 256
    assert at_once((4097, 1)) * 4097 * 4098 * 8 <= 1 << 30
    assert at_once((8192, 8192)) == 1


@pytest.mark.slow
def test_a_worker_killed_half_way_changes_neither_sums_nor_price(
    campaign_spec: CampaignSpec, data: DataSet
) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra 'scale' is not installed")
    family = family_of(campaign_spec)
    clip = record_clip(campaign_spec.schema, family)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as local:
        with distributed.Client(local, set_as_default=False) as client:
            workers = list(client.run(os.getpid).values())
        killed: list[int] = []

        def half_way(seen: int) -> None:
            if seen >= ROWS // 4 and not killed:
                os.kill(workers[0], signal.SIGKILL)
                killed.append(seen)

        scale = Scale(dask=local.scheduler_address, patience_seconds=120.0)
        assert Cluster(scale).workers() == 2
        found = Cluster(scale, half_way, at_once=4).sums(campaign_spec, data, clip)
        assert killed
        assert killed[0] < ROWS // 2
        assert found == alone(campaign_spec, data)
        assert piece_sums(pieces_of(campaign_spec, data)[0])[2] <= ROWS // GROUPS
