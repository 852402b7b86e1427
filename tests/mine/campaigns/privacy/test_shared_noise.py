"""Two gradients with the same noise on them are of the same release. Whether they are must follow from what
is public alone: a scientist who asks two questions that only one record answers differently, and finds the
same noise in both answers, knows that nobody has that record, exactly and free of charge.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pysonar.chain.contract.types import Verdict
from pysonar.protocol.schema import class_label, input_schema, number_field, output_schema
from tests.json_types import JsonObject
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.privacy.ledgers import charges
from tests.mine.campaigns.small_capsule import SmallCapsule


def ask(small_capsule: SmallCapsule, number: int, *, colours: tuple[str, ...], most: float = 4.0) -> bytes:
    fields = {name: number_field((-4.0, 4.0)) for name in ("a", "b")} | {"c": number_field((-most, most))}
    spec = small_capsule.spec(
        input_schema=input_schema(fields), output_schema=output_schema("colour", class_label(list(colours)))
    )
    return small_capsule.open(spec, salt=bytes([number]) * 32)


def noise_seen(mine: Mine, small_capsule: SmallCapsule, campaign: bytes) -> np.ndarray:
    """What Capsule decrypts of the first version: a function of the release."""
    (event,) = mine.submitted(campaign)
    small_capsule.report(campaign, mine.address, event.update, Verdict.NO_GAIN)
    return small_capsule.envelope(campaign, mine.address, event.update).gradient.decrypt(small_capsule.key)


COLOURS = ("red", "green", "blue")
PAIRS: dict[str, list[JsonObject]] = {
    "is anybody's c above 4": [{"colours": COLOURS, "most": 4.0}, {"colours": COLOURS, "most": 5.0}],
    "is anybody violet": [{"colours": (*COLOURS, "black")}, {"colours": (*COLOURS, "violet")}],
}


@pytest.mark.parametrize(
    ("question", "there"),
    [("is anybody's c above 4", False), ("is anybody violet", False), ("is anybody violet", True)],
)
def test_whether_noise_is_shared_does_not_tell_whether_a_record_is_there(
    question: str,
    there: bool,
    make_mine: Callable[..., Mine],
    small_capsule: SmallCapsule,
    colours: Path,
) -> None:
    if there:
        colours.write_text(colours.read_text() + "0.5,0.5,4.5,violet,someone\n")
    mine = make_mine()
    asked = [ask(small_capsule, place, **terms) for place, terms in enumerate(PAIRS[question])]
    while mine.round() != [] or not all(mine.submitted(campaign) for campaign in asked):
        mine.time += 1000
    first, second = (noise_seen(mine, small_capsule, campaign) for campaign in asked)
    assert not np.array_equal(first, second)
    assert len({entry.key for entry in charges(mine)}) == 2


def test_what_a_spent_budget_still_joins_follows_from_what_is_public(
    make_mine: Callable[..., Mine], small_capsule: SmallCapsule
) -> None:
    """Else every question would be answered for nothing once the budget is spent, by whether it is joined."""
    mine = make_mine(privacy_budget=3.0)
    known = ask(small_capsule, 1, colours=COLOURS)
    assert mine.round() == []
    bound, words = ask(small_capsule, 2, colours=COLOURS, most=5.0), ask(small_capsule, 3, colours=COLOURS)
    assert mine.round() == ["BudgetSpentError"]
    assert [len(mine.submitted(campaign)) for campaign in (known, bound, words)] == [1, 0, 1]
    assert len(charges(mine)) == 1
