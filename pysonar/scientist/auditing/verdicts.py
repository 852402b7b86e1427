"""Every verdict again, for the auditor whom the spec names: from the sealed gradients that the chain names,
opened by what Capsule has handed over. What the checks say in words is for people; nothing of the records or
the weights is in them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from openmined_syft.applying import quantised
from openmined_syft.errors import KernelError, OpenMinedError
from pysonar.chain.contract.events import Improved
from pysonar.chain.contract.types import Verdict
from pysonar.chain.submissions import Submission, submissions
from pysonar.protocol.artifacts import (
    ArtifactError,
    FromCampaign,
    Opening,
    SealedWeights,
    SubmissionRecord,
    version_digest,
)
from pysonar.protocol.openpgp import (
    NotOpenPGPError,
    TamperedError,
)
from pysonar.scientist.auditing.check import Check, claim, holds, same
from pysonar.scientist.auditing.judging import Anew, Bench, Judge, TakenVersion
from pysonar.store import MalformedBlockError, NotFoundError, TooLargeError

Weights = NDArray[np.float64]
UNKNOWN = "not on record: Capsule has lost its notes"


def audit_verdicts(bench: Bench) -> Iterator[Check]:
    """Everything that the auditor's key shows, in the order of the campaign.

    Raises:
        KernelError: this machine lacks what the scheme needs; nothing can be said.
    """
    try:
        judge = Judge.of(bench)
    except KernelError:
        raise
    except OpenMinedError as error:
        yield Check("the audit package", str(error), "opens, and is of this campaign")
        return
    yield from _start(bench, judge)
    judged = [one for one in submissions(bench.history).values() if one.verdict is not None]
    yield same("the submissions in the audit package", len(bench.package.submissions), len(judged))
    yield same("the submissions in the record", len(bench.result.record), len(judged))
    for one, opening, entry in zip(judged, bench.package.submissions, bench.result.record, strict=False):
        yield from _one(judge, one, opening, entry)
    yield same("the weights in the result", *_equal(bench.result.weights, judge.current))
    yield same("the final accuracy in the result", bench.result.final_ppm, bench.record.best)


def _start(bench: Bench, judge: Judge) -> Iterator[Check]:
    """The start, and where it came from."""
    spec, what = bench.spec, "version 0 of the model"
    yield holds(
        "the labels of the records that decide what is paid", judge.labels_differ, "one", "at least two"
    )
    if isinstance(spec.initial, FromCampaign):
        yield claim(what, f"the final model of campaign 0x{spec.initial.campaign.hex()}, says Capsule")
    elif isinstance(spec.initial, SealedWeights):
        yield _sealed_weights(bench, spec.initial, judge)
    else:
        initial = quantised(judge.family.initial_weights())
        yield same(what, *_equal(judge.current.weights, initial))
    trainable = judge.is_trainable(judge.current.weights)
    yield holds(f"the training of {what}", trainable, "impossible", "possible")
    yield same("the accuracy at the start in ppm", bench.record.start, judge.score(judge.current.weights))


def _sealed_weights(bench: Bench, initial: SealedWeights, judge: Judge) -> Check:
    spec = bench.spec
    try:
        sealed = bench.sealed_input(bench.package.weights or b"", initial.digest)
        weights = sealed.weights(shape=spec.weights_shape, weight_bound=spec.weight_bound)
    except ArtifactError as error:
        return Check("the sealed initial weights", str(error), "those of the digest in the spec")
    return same("version 0 of the model", *_equal(judge.current.weights, quantised(weights)))


def _one(judge: Judge, one: Submission, opening: Opening, entry: SubmissionRecord) -> Iterator[Check]:
    """One submission: what should have been said, and what was, on chain and in the record."""
    what, said = f"submission {one.index}", one.verdict
    assert said is not None  # noqa: S101  only judged ones come here
    yield same(f"the miner of {what} in the record", entry.miner, one.miner)
    yield same(f"the verdict on {what} in the record", entry.verdict, said.name)
    anew = None
    if said is Verdict.UNAVAILABLE:
        yield claim(f"the verdict on {what}", "UNAVAILABLE: it could not be fetched then, says Capsule")
    elif opening.session_key is None and said is Verdict.MALFORMED:
        yield _unopened(judge, one)
    elif opening.session_key is None:
        yield Check(f"the session key of {what}", "missing", "there, as Capsule has opened it")
    else:
        try:
            anew = judge.anew(one, opening.session_key)
        except (NotFoundError, TooLargeError, MalformedBlockError) as error:
            yield Check(f"the sealed gradient of {what}", str(error), "is in the store: Capsule keeps it")
        except (TamperedError, NotOpenPGPError) as error:
            yield Check(f"the session key of {what}", str(error), "opens what the chain names")
    if anew is not None:
        yield from _compared(judge, one, anew, entry)
    elif said is not Verdict.IMPROVED:
        yield same(f"what was measured of {what}, by the record", _measured(entry), _measured(None))
    if one.gain is not None:
        yield from _taken(judge, one, one.gain, opening, entry, anew)


def _unopened(judge: Judge, one: Submission) -> Check:
    """A MALFORMED without a session key to show: mostly, everybody can see why; else it is Capsule's word."""
    what = f"the verdict on submission {one.index}"
    try:
        fault = judge.seen_from_outside(one)
    except NotFoundError:
        return claim(what, "MALFORMED: it is not in the store, and did not open, says Capsule")
    if fault is None:
        return claim(what, "MALFORMED: sealed to Capsule in the right form, and did not open, says Capsule")
    return same(what, Verdict.MALFORMED.name, Verdict.MALFORMED.name)


def _is_lost(one: Submission, entry: SubmissionRecord) -> bool:
    """Whether the record says no more of a submission than the chain: all of it is lost, or nothing."""
    on_chain = None if one.gain is None else one.gain.accuracy
    noted = (entry.base_version, entry.step, entry.damping, entry.privacy)
    return entry.score_ppm == on_chain and all(value is None for value in noted)


def _measured(entry: SubmissionRecord | None) -> str:
    """What a line of the record says beyond the verdict, in words."""
    if entry is None:
        return "nothing"
    said = {
        "base version": entry.base_version,
        "step": entry.step,
        "score": entry.score_ppm,
        "damping": entry.damping,
        "privacy": entry.privacy,
    }
    return ", ".join(f"{name} {value}" for name, value in said.items() if value is not None) or "nothing"


def _compared(judge: Judge, one: Submission, anew: Anew, entry: SubmissionRecord) -> Iterator[Check]:
    what, said = f"submission {one.index}", one.verdict
    yield same(f"the verdict on {what}", None if said is None else said.name, anew.verdict.name)
    best = anew.best
    if one.gain is not None and best is not None:
        paid = min(best.score, judge.bench.record.terms.target)
        yield same(f"the accuracy of {what} in ppm", one.gain.accuracy, paid)
    if anew.verdict is not Verdict.MALFORMED and _is_lost(one, entry):
        yield claim(f"base, step and score of {what}", UNKNOWN)
        return
    yield same(f"the base version of {what} in the record", entry.base_version, anew.base_version)
    measured = None if best is None else (best.step, best.score, best.damping)
    step, score, damping = measured or (None, None, None)
    yield same(f"the step of {what} in the record", entry.step, step)
    yield same(f"the score of {what} in the record, in ppm", entry.score_ppm, score)
    yield same(f"the damping of {what} in the record", entry.damping, damping)
    yield same(f"the privacy that {what} states in the record", entry.privacy, anew.privacy)


def _taken(
    judge: Judge,
    one: Submission,
    gain: Improved,
    opening: Opening,
    entry: SubmissionRecord,
    anew: Anew | None,
) -> Iterator[Check]:
    """The version that a gain has made, which the next submission is judged from."""
    what = f"version {gain.version} of the model"
    try:
        taken = judge.version(gain.version, gain.model, gain.accuracy)
    except KernelError:
        raise
    except OpenMinedError as error:
        yield Check(what, str(error), "is in the store, and opens with the campaign's key")
        return
    if anew is not None and anew.best is not None:
        yield same(f"{what}, made by submission {one.index}", *_equal(taken.weights, anew.best.weights))
    score = min(judge.score(taken.weights), judge.bench.record.terms.target)
    yield same(f"the accuracy of {what} in ppm", gain.accuracy, score)
    if opening.salt is None or entry.version_digest is None:
        missing = "salt" if opening.salt is None else "digest"
        yield Check(f"the {missing} of {what}", "missing", "there, as it was accepted")
    else:
        digest = version_digest(opening.salt, taken.weights)
        yield same(f"the digest of {what} in the record", entry.version_digest.hex(), digest.hex())
    judge.go_on(gain, taken)


def _equal(found: Weights, expected: Weights | TakenVersion) -> tuple[str, str]:
    """Two sets of weights in words that show none of them."""
    right = expected.weights if isinstance(expected, TakenVersion) else expected
    agree = found.shape == right.shape and np.array_equal(found, right)
    return "as recomputed" if agree else "other weights", "as recomputed"
