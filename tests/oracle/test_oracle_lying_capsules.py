"""Capsules that lie about one thing: the audit names it as the first difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
import pytest

from openmined_oracle.campaigns.context import Context
from openmined_oracle.campaigns.workbench import Workbench
from openmined_oracle.judging import judge, queue
from openmined_oracle.judging.judge import Judgement
from openmined_oracle.judging.queue import Encrypted
from openmined_syft.judging import judged_rows
from openmined_syft.judging.step_search import Best, Weights
from openmined_syft.schemes import Direction
from pysonar.chain.contract.events import Submitted
from pysonar.chain.contract.types import CampaignRecord, Terms, Verdict
from pysonar.protocol.artifacts import Result, SealedInput, Validation
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate, SecretKey, seal
from tests.oracle.audited import ROW, Audited, Lie
from tests.oracle.audited import audited as audited
from tests.oracle.audited import auditor as auditor
from tests.roles import there

P = ParamSpec("P")
R = TypeVar("R")


def one_row_too_many(patch: pytest.MonkeyPatch) -> None:
    """Submission 0 is credited with one record more than it got right."""
    honest, seen = judge._measure, []

    def generous(bench: Workbench, gradient: np.ndarray) -> Best | None:
        best = honest(bench, gradient)
        seen.append(best)
        return replace(there(best), score=there(best).score + ROW) if len(seen) == 1 else best

    patch.setattr(judge, "_measure", generous)


def miners_swapped(patch: pytest.MonkeyPatch) -> None:
    """The first submission is judged in the place of the last, and the other way round."""
    honest = queue._judge_and_encrypt

    def swapped(
        context: Context, bench: Workbench, record: CampaignRecord, event: Submitted, sealed: bytes
    ) -> tuple[Judgement, Encrypted | None]:
        made = [stored.event for stored in context.follower.history(Submitted, campaign=event.id)]
        mate = made[2 - event.index]
        blob = context.store.get(Cid.from_bytes32(mate.update), max_bytes=1 << 20)
        return honest(context, bench, record, mate, blob)

    patch.setattr(queue, "_judge_and_encrypt", swapped)


def one_skipped(patch: pytest.MonkeyPatch) -> None:
    """Submission 0 is called useless without a look."""
    honest = judge.judge

    def lazy(
        bench: Workbench, terms: Terms, event: Submitted, sealed: bytes, versions: Mapping[int, bytes]
    ) -> Judgement:
        if event.index == 0:
            return Judgement(Verdict.NO_GAIN, base_version=0)
        return honest(bench, terms, event, sealed, versions)

    patch.setattr(queue, "judge", lazy)


def with_the_shortest(
    search: Callable[Concatenate[Weights, Sequence[Direction], Iterable[float], P], R],
) -> Callable[Concatenate[Weights, Sequence[Direction], Iterable[float], P], R]:
    """A search that is only offered the shortest step."""

    def half(
        current: Weights,
        directions: Sequence[Direction],
        steps: Iterable[float],
        *more: P.args,
        **named: P.kwargs,
    ) -> R:
        return search(current, directions, [min(steps)], *more, **named)

    return half


def a_step_that_was_not_the_best(patch: pytest.MonkeyPatch) -> None:
    """The model goes half as far as it should: the rest of the way is for a friend."""
    honest = judged_rows.best_step

    patch.setattr(judged_rows, "best_step", with_the_shortest(honest))


def delivered_to_nobody(patch: pytest.MonkeyPatch) -> None:
    """The auditor can open the result, and the scientist who paid for it cannot."""

    def sealed(result: Result, scientist: Certificate, signer: SecretKey, *, auditor: Certificate) -> bytes:
        return seal(result.to_bytes(), [auditor], signer)

    patch.setattr(Result, "seal", sealed)


@pytest.mark.parametrize(
    ("lie", "first"),
    [
        (one_row_too_many, "the accuracy of submission 0 in ppm"),
        (miners_swapped, "the verdict on submission 0"),
        (one_skipped, "the verdict on submission 0"),
        (a_step_that_was_not_the_best, "the step of submission 0 in the record"),
        (delivered_to_nobody, "whom the result is sealed to"),
    ],
)
def test_a_lie_is_the_first_difference(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, lie: Lie, first: str
) -> None:
    with monkeypatch.context() as patch:
        lie(patch)
        audited.run()
    assert audited.first == first


def test_a_campaign_that_any_constant_answer_wins_should_have_been_declined(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records of one kind only: a friend who names it is paid the whole bounty for nothing learned."""
    world = audited.world
    table = world.validation_table
    table = table.filter([kind == "z" for kind in table.column("kind").to_pylist()])
    sealed = SealedInput.of_records(table, world.schema, **world.binding)
    cid = world.store.put(sealed.seal(world.own.certificate))
    validation = Validation(cid, sealed.salted_digest(), table.num_rows)
    with monkeypatch.context() as patch:
        patch.setattr(judged_rows.JudgedRows, "labels_differ", True)
        audited.run(validation=validation, start_ppm=0)
    assert audited.first == "the labels of the records that decide what is paid"
