"""The Dask cluster that a mine's owner names: takes the sums over the row groups of Parquet files.

They are the same integers as one machine's, bit for bit (see `adding`). Noise is drawn once, at the mine,
after the sum. Where the owner wants it, the cluster also works on the rows of encrypted visits (see
`openmined_syft.blocks`). It is the owner's, and sees the records.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from typing import Any

from mine_agent.campaigns.artifacts import CampaignSpec
from mine_agent.data.adapters.tables.parquet_files import files_at
from mine_agent.data.datasets import DataSet
from mine_agent.errors import ScaleError
from mine_agent.scale.adding import added
from mine_agent.scale.pieces import Piece
from mine_agent.scale.scale_file import Scale
from openmined_syft.blocks import Blocks
from openmined_syft.privacy import UnnoisedSums
from openmined_syft.privacy.grid import Clip

KIND = "parquet"
_CONNECT_SECONDS = 30
_RETRIES = 3


class Cluster:
    """The cluster of a mine's `scale.toml`.

    Args:
        progress: is called with the number of records read so far.
        at_once: how many row groups are handed out at a time; None: as many as memory allows.
    """

    def __init__(
        self,
        scale: Scale,
        progress: Callable[[int], None] = lambda _: None,
        *,
        at_once: int | None = None,
        connect_seconds: float = _CONNECT_SECONDS,
    ) -> None:
        self._scale, self._progress = scale, progress
        self._at_once, self._connect_seconds = at_once, connect_seconds

    def takes(self, data: DataSet) -> bool:
        """Whether it is worth it: Parquet files of several row groups together."""
        return data.kind == KIND and sum(len(file.row_groups()) for file in files_at(data.location)) > 1

    def sums(self, campaign_spec: CampaignSpec, data: DataSet, clip: Clip) -> UnnoisedSums:
        """The sums over all records of `data`. Raises ScaleError, and what the records raise."""
        pieces = pieces_of(campaign_spec, data)
        nothing = UnnoisedSums.nothing(*campaign_spec.family.weights_shape, clip)
        with self._client() as client:
            # Not pure: Dask would keep the answer, which is as private as the records, for the next to ask.
            executor: Executor = client.get_executor(pure=False, retries=_RETRIES)
            return added(executor, pieces, nothing, self._scale, self._progress, self._at_once)

    @contextmanager
    def blocks(self, trouble: Callable[[str], None]) -> Iterator[Blocks | None]:
        """The cluster for the rows of one encrypted visit. None where the owner does not want that, or nobody
        is there, which `trouble` is told: a visit can always be worked out here.
        """
        with ExitStack() as stack:
            blocks = None
            if self._scale.visits:
                try:
                    client = stack.enter_context(self._client())
                    blocks = self._blocks(client, trouble)
                except ScaleError as error:
                    trouble(f"{error}; the visit is worked out here")
            yield blocks

    def _blocks(self, client: Any, trouble: Callable[[str], None]) -> Blocks:
        threads = sum(client.nthreads().values())
        if not threads:
            raise ScaleError(f"the cluster {self._scale.dask} has no workers; start some")
        return Blocks(
            client.get_executor(pure=False, retries=_RETRIES),
            threads,
            patience=self._scale.patience_seconds,
            checked_share=self._scale.checked_share,
            trouble=trouble,
        )

    def workers(self) -> int:
        """How many it has now. Raises ScaleError: it does not answer, or has none."""
        with self._client() as client:
            count = len(client.nthreads())
        if not count:
            raise ScaleError(f"the cluster {self._scale.dask} has no workers; start some")
        return count

    @contextmanager
    def _client(self) -> Iterator[Any]:
        address = self._scale.dask
        try:
            distributed: Any = importlib.import_module("distributed")
        except ImportError:
            raise ScaleError(
                f"the cluster {address} needs the extra 'scale', which is not installed: pip install"
                " 'openmined[scale]', or delete scale.toml to work alone"
            ) from None
        try:
            client: Any = distributed.Client(address, timeout=self._connect_seconds, set_as_default=False)
        except Exception as error:  # noqa: BLE001 - Dask's errors are many
            raise ScaleError(
                f"the cluster {address} does not answer ({type(error).__name__}); start it, or delete"
                " scale.toml to work alone"
            ) from None
        with client:
            yield client


def pieces_of(campaign_spec: CampaignSpec, data: DataSet) -> list[Piece]:
    """The pieces of a data set as a campaign sees it under a budget, a row group each, file by file."""
    data = data.settled_unseen()
    mapping, spec, schema = data.mapping, campaign_spec.spec.to_bytes(), campaign_spec.schema
    text = None if mapping is None else mapping.text
    fields = {field.name for field in (*schema.fields, schema.label)}
    read = set() if mapping is None else {origin.column for origin in mapping.origins.values()}
    settled = tuple(pair for pair in (data.settled() or {}).items() if pair[0] in read)
    written = tuple(pair for pair in (data.written() or {}).items() if pair[0] in fields)
    return [
        Piece(spec, campaign_spec.campaign, str(file.path), footer, group, rows, text, settled, written)
        for file in files_at(data.location)
        for footer in [file.footer_digest()]
        for group, rows in enumerate(file.row_groups())
    ]
