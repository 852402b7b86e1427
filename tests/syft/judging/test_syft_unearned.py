"""What a submission without a record is paid: a class named more often, a model that is stretched."""

from __future__ import annotations

import numpy as np
import pytest

from openmined_syft.judging.plain_campaign import PlainCampaign
from openmined_syft.judging.unearned import Standing, Unearned, after_one_visit, unearned
from openmined_syft.models import Rows, build_family
from openmined_syft.rules import GradientDescent
from openmined_syft.schemes import scheme_named
from pysonar.protocol.artifacts import DEFAULT_STEPS

NARROW, WIDE = (0.125, 0.25), DEFAULT_STEPS


def rows(share: float, seed: int = 5) -> Rows:
    """Twenty fields, of which six tell class 1 from class 0; so many records are of class 1."""
    draw = np.random.default_rng(seed)
    y = (np.arange(600) < share * 600).astype(float)
    X = draw.standard_normal((600, 20))
    X[:, :6] += 0.8 * y[:, None]
    return Rows(X, y)


def campaign(data: Rows, metric: str, steps: tuple[float, ...] = WIDE) -> PlainCampaign:
    return PlainCampaign(
        family=build_family("logistic", 20, 1, {}), scheme=scheme_named("paillier"), rule=GradientDescent(8),
        metric=metric, steps=steps, weight_bound=8.0, difference_norm=1000.0, key_bits=3072,
        X=data.X, y=data.y,
    )  # fmt: skip


def found(data: Rows, metric: str, *, price: int = 2_000, steps: tuple[float, ...] = WIDE) -> Unearned | None:
    """After the first visit of a mine that has the same records."""
    own = campaign(data, metric, steps)
    standing = after_one_visit(own, own.visit(data), target=900_000, min_gain=30_000)
    assert standing is not None
    return unearned(own, standing, target=900_000, min_gain=30_000, price=price)


def test_where_a_class_is_rare_a_shift_is_paid_by_balanced_accuracy_and_not_by_auc() -> None:
    shifted = found(rows(0.1), "balanced_accuracy")
    assert shifted is not None
    assert (shifted.column, shifted.more) == (0, True)
    assert shifted.gained > 50_000
    assert found(rows(0.1), "auc") is None


def test_where_classes_are_alike_frequent_nothing_is_left_after_a_mine() -> None:
    assert found(rows(0.5), "accuracy") is None


def test_a_class_that_the_first_model_does_not_name_is_paid_for_before_any_mine() -> None:
    """Of one in ten, not of nine in ten."""
    for share, named in ((0.9, True), (0.1, False)):
        own = campaign(rows(share), "accuracy")
        one = unearned(own, Standing(own.first, own.start), target=950_000, min_gain=30_000, price=2_000)
        assert (one is not None) is named
    assert one is None


def test_a_model_that_a_short_search_left_too_small_is_stretched_by_whoever_comes_next() -> None:
    stretched = found(rows(0.5), "log_loss", steps=NARROW)
    assert stretched is not None
    assert (stretched.column, stretched.more) == (None, True)
    assert found(rows(0.5), "log_loss", steps=(0.5, 1.0, 2.0, 4.0, 8.0)) is None


@pytest.mark.parametrize(("share", "left"), [(0.99, True), (1.0, False)])
def test_what_costs_as_much_as_it_gains_is_nothing(share: float, left: bool) -> None:
    """The fees of all ways of the kind count: two for one column."""
    free = found(rows(0.1), "balanced_accuracy", price=0)
    assert free is not None
    assert free.submissions == 2
    price = int(free.gained / 2 * share) + (free.gained % 2 if share == 1 else 0)
    assert (found(rows(0.1), "balanced_accuracy", price=price) is not None) is left


def test_a_visit_that_is_not_paid_is_no_first_version() -> None:
    own = campaign(rows(0.5), "accuracy")
    assert after_one_visit(own, own.visit(rows(0.5)), target=900_000, min_gain=900_000) is None
