"""Adds up the sums of pieces that any executor works out: in whatever order they come, and whoever dies.

Every piece is a pure function of its name, and whole numbers can be added in any order, so a worker that dies
costs time only: its pieces are worked out again, and the release, its key and its price stay the same.

What is checked of an answer: its form, that its records are no more than the row group has, and what no
records can break (a symmetric matrix, entries within rows * 2^24). Besides, this machine works some pieces
out itself, drawn anew each time, and compares: with c of n checked, a worker that lies about m pieces is
found with a chance of at least 1 - (1 - m / n)^c.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait

import numpy as np

from mine_agent.errors import ScaleError
from mine_agent.scale.pieces import Piece, Sums, piece_sums
from mine_agent.scale.scale_file import Scale
from openmined_syft.errors import OpenMinedError
from openmined_syft.privacy import UnnoisedSums
from openmined_syft.privacy.grid import UNIT

MOST_AT_ONCE = 256
_BYTES_AT_ONCE = 1 << 30


def added(
    executor: Executor,
    pieces: Sequence[Piece],
    nothing: UnnoisedSums,
    scale: Scale,
    progress: Callable[[int], None] = lambda _: None,
    most: int | None = None,
) -> UnnoisedSums:
    """The sums over all pieces.

    Args:
        nothing: the sum over no records, whose shape and clip all have.
        progress: is called with the number of records read so far.
        most: how many pieces are handed out at a time; by default as many as this machine can hold the
            sums of, 256 at most.

    Raises:
        ScaleError: no piece came back for too long, a worker failed, or an answer is wrong.
        OpenMinedError: of the records: the same on any machine.
    """
    most = most or at_once(nothing.shape)
    total, done, seen = nothing, 0, 0
    checked = _drawn(len(pieces), scale.checked_share)
    left = iter(range(len(pieces)))
    running: dict[Future[Sums], int] = {}
    try:
        while True:
            while len(running) < most and (place := next(left, None)) is not None:
                running[executor.submit(piece_sums, pieces[place])] = place
            if not running:
                return total
            finished, _ = wait(running, timeout=scale.patience_seconds, return_when=FIRST_COMPLETED)
            if not finished:
                raise ScaleError(
                    f"no row group came back from the cluster for {scale.patience_seconds:g} s;"
                    f" {done} of {len(pieces)} are done. Raise patience_seconds in scale.toml if its workers"
                    " are slow"
                )
            for future in finished:
                place = running.pop(future)
                answer = _answer(future, pieces[place])
                _require_possible(answer, pieces[place], nothing.shape)
                if place in checked:
                    _require_same(answer, pieces[place])
                total = total + nothing.from_own_cluster(*answer)
                done, seen = done + 1, seen + pieces[place].rows
                progress(seen)
    finally:
        for future in running:
            future.cancel()


def at_once(shape: tuple[int, int]) -> int:
    """How many pieces' sums, of weights of this shape, may be here or on their way: within a gigabyte."""
    d, k = shape
    return min(MOST_AT_ONCE, max(1, _BYTES_AT_ONCE // (8 * d * (d + k))))


def _drawn(count: int, share: float) -> frozenset[int]:
    """Places of the pieces that are checked: one at least, none where the share is 0."""
    wanted = min(count, max(1, round(count * share))) if share else 0
    return frozenset(secrets.SystemRandom().sample(range(count), wanted))


def _answer(future: Future[Sums], piece: Piece) -> Sums:
    try:
        return future.result()
    except OpenMinedError:
        raise
    except (Exception, CancelledError) as error:  # noqa: BLE001 - whatever broke at a worker
        raise ScaleError(
            f"{piece}: a worker failed with {type(error).__name__}; the file must be at the same place on"
            " each of them, and this version of the mine"
        ) from None


def _require_possible(answer: Sums, piece: Piece, shape: tuple[int, int]) -> None:
    d, k = shape
    try:
        products, pulls, rows = answer
        possible = (
            type(rows) is int
            and 0 <= rows <= piece.rows
            and products.shape == (d, d)
            and pulls.shape == (d, k)
            and products.dtype == pulls.dtype == np.int64
            and bool(np.array_equal(products, products.T))
            and bool((products.diagonal() >= 0).all())
            and all(_is_within(sums, rows * UNIT**2) for sums in (products, pulls))
        )
    except (TypeError, ValueError, AttributeError):
        possible = False
    if not possible:
        raise ScaleError(
            f"{piece}: a worker answered with sums that no {piece.rows} records have; nothing was released"
        )


def _is_within(sums: np.ndarray[tuple[int, ...], np.dtype[np.int64]], most: int) -> bool:
    return int(sums.max()) <= most and int(sums.min()) >= -most  # not abs: of -2^63 that is negative


def _require_same(answer: Sums, piece: Piece) -> None:
    products, pulls, rows = piece_sums(piece)
    if rows == answer[2] and np.array_equal(products, answer[0]) and np.array_equal(pulls, answer[1]):
        return
    raise ScaleError(
        f"{piece}: a worker's sums are not what this machine works out; nothing was released. Compare the"
        " versions of the mine on the workers"
    )
