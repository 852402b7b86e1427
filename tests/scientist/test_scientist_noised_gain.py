"""The share of a campaign's gain that came from mines that add noise."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.protocol.artifacts import PrivacyStatement, Result, SubmissionRecord
from pysonar.protocol.cid import Cid
from pysonar.scientist.noised_gain import noised_gain

MINER, DIGEST, NOISE = "0x" + "11" * 20, b"\1" * 32, PrivacyStatement(3.0, 1e-6)
START = 100_000


def delivered(*steps: tuple[int | None, bool], final: int | None = None) -> Result:
    """A result; of each submission the accuracy that it reached (None: no gain), and whether it had noise."""
    record = tuple(
        SubmissionRecord(
            *(index, MINER, "NO_GAIN" if score is None else "IMPROVED"),
            score_ppm=score,
            version_digest=None if score is None else DIGEST,
            privacy=NOISE if noise else None,
        )
        for index, (score, noise) in enumerate(steps)
    )
    scores = [score for score, _ in steps if score is not None]
    return Result(
        chain_id=1, contract=MINER, campaign=DIGEST, spec=Cid(DIGEST), family="linear", version=len(scores),
        start_ppm=START, final_ppm=final or max([START, *scores]), weights=np.zeros((2, 1)), record=record,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "share"),
    [
        ([], None),
        ([(None, True)], None),
        ([(200_000, True)], Fraction(1)),
        ([(200_000, False)], Fraction(0)),
        ([(200_000, False), (None, True), (500_000, True)], Fraction(3, 4)),
        ([(200_000, True), (500_000, False)], Fraction(1, 4)),
    ],
)
def test_the_share_is_of_the_increase_in_accuracy(
    steps: list[tuple[int | None, bool]], share: Fraction | None
) -> None:
    assert noised_gain(delivered(*steps)) == share


def test_what_lies_above_the_target_counts_for_nobody() -> None:
    assert noised_gain(delivered((200_000, False), (900_000, True), final=400_000)) == Fraction(2, 3)


@given(st.lists(st.tuples(st.integers(1, 100_000), st.booleans()), min_size=1, max_size=8))
def test_the_shares_of_both_kinds_are_the_whole(gains: list[tuple[int, bool]]) -> None:
    reached = [START + sum(gain for gain, _ in gains[: place + 1]) for place in range(len(gains))]
    noised = delivered(*((score, noise) for score, (_, noise) in zip(reached, gains, strict=True)))
    others = delivered(*((score, not noise) for score, (_, noise) in zip(reached, gains, strict=True)))
    shares = noised_gain(noised), noised_gain(others)
    assert sum(share for share in shares if share is not None) == 1
