"""Every verdict again, for the auditor whom the spec names: from the sealed gradients that the chain names,
opened by what Capsule has handed over, with the arithmetic of docs/protocol.md.

Each submission is judged from the version that the chain had then, so one wrong verdict is one difference and
not one for each that came after it. What the checks say in words is for people; nothing of the records or the
weights is in them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openmined_syft.applying import clipped, quantised
from openmined_syft.errors import KernelError, OpenMinedError, SyftError
from openmined_syft.judging.judged_rows import JudgedRows, is_paid
from openmined_syft.judging.step_search import Best
from openmined_syft.models import ModelFamily
from openmined_syft.schemes import AnyScheme, Model, PrivateHalf, scheme_named
from pysonar.chain.contract.events import CampaignOpened, Improved, LoggedEvent
from pysonar.chain.contract.types import CampaignRecord, Verdict
from pysonar.chain.submissions import Submission, submissions
from pysonar.protocol.artifacts import (
    MAX_BYTES,
    ArtifactError,
    AuditPackage,
    FromCampaign,
    GradientEnvelope,
    ModelArtifact,
    Opening,
    PrivacyStatement,
    Result,
    SealedInput,
    SealedWeights,
    Spec,
    SubmissionRecord,
    most_gradient_bytes,
    version_digest,
)
from pysonar.protocol.artifacts.validation_rows import judged_rows
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import (
    ExpandingMessageError,
    NotOpenPGPError,
    TamperedError,
    open_with_session_key,
)
from pysonar.scientist.auditing.check import Check, claim, same
from pysonar.store import MalformedBlockError, NotFoundError, Reader, TooLargeError

Weights = NDArray[np.float64]
UNKNOWN = "not on record: Capsule has lost its notes"


@dataclass(frozen=True)
class _Anew:
    """A verdict as it should have been; `best` is None where nothing was measured."""

    verdict: Verdict
    base_version: int | None = None
    best: Best | None = None
    privacy: PrivacyStatement | None = None


@dataclass(frozen=True)
class _Version:
    """One version of the model, encrypted and in clear, and the accuracy that the chain has for it."""

    model: Model
    weights: Weights
    accuracy: int


@dataclass(frozen=True)
class Bench:
    """All that judging anew needs.

    Attributes:
        chain_id, contract: the Sonar of the campaign.
        history: the campaign's events, in chain order.
        read: where the public artifacts are.
    """

    record: CampaignRecord
    spec: Spec
    result: Result
    package: AuditPackage
    history: Sequence[LoggedEvent]
    read: Reader
    chain_id: int
    contract: str


def audit_verdicts(bench: Bench) -> Iterator[Check]:
    """Everything that the auditor's key shows, in the order of the campaign.

    Raises:
        KernelError: this machine lacks what the scheme needs; nothing can be said.
    """
    try:
        judge = _Judge.of(bench)
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


def _start(bench: Bench, judge: _Judge) -> Iterator[Check]:
    """The start, and where it came from."""
    spec, what = bench.spec, "version 0 of the model"
    if isinstance(spec.initial, FromCampaign):
        yield claim(what, f"the final model of campaign 0x{spec.initial.campaign.hex()}, says Capsule")
    elif isinstance(spec.initial, SealedWeights):
        yield _sealed_weights(bench, spec.initial, judge)
    else:
        initial = quantised(judge.family.initial_weights())
        yield same(what, *_equal(judge.current.weights, initial))
    yield same("the accuracy at the start in ppm", bench.record.start, judge.score(judge.current.weights))


def _sealed_weights(bench: Bench, initial: SealedWeights, judge: _Judge) -> Check:
    what, opened = "version 0 of the model", bench.package.weights or b""
    if hashlib.sha256(opened).digest() != initial.digest:
        return Check("the sealed initial weights", "other bytes", "those of the digest in the spec")
    spec = bench.spec
    weights = SealedInput.parse(opened).weights(shape=spec.weights_shape, weight_bound=spec.weight_bound)
    return same(what, *_equal(judge.current.weights, quantised(weights)))


def _one(judge: _Judge, one: Submission, opening: Opening, entry: SubmissionRecord) -> Iterator[Check]:
    """One submission: what should have been said, and what was, on chain and in the record."""
    what, said = f"submission {one.index}", one.verdict
    assert said is not None  # noqa: S101  only judged ones come here
    yield same(f"the miner of {what} in the record", entry.miner, one.miner)
    yield same(f"the verdict on {what} in the record", entry.verdict, said.name)
    anew = None
    if said is Verdict.UNAVAILABLE:
        yield claim(f"the verdict on {what}", "UNAVAILABLE: it could not be fetched then, says Capsule")
    elif opening.session_key is None and said is Verdict.MALFORMED:
        yield claim(f"the verdict on {what}", "MALFORMED: its seal cannot be opened or shown, says Capsule")
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
    if one.gain is not None:
        yield from _taken(judge, one, one.gain, opening, entry, anew)


def _compared(judge: _Judge, one: Submission, anew: _Anew, entry: SubmissionRecord) -> Iterator[Check]:
    what, said = f"submission {one.index}", one.verdict
    yield same(f"the verdict on {what}", None if said is None else said.name, anew.verdict.name)
    best = anew.best
    if one.gain is not None and best is not None:
        paid = min(best.score, judge.bench.record.terms.target)
        yield same(f"the accuracy of {what} in ppm", one.gain.accuracy, paid)
    lost = entry.base_version is None and anew.verdict is not Verdict.MALFORMED
    if lost:
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
    judge: _Judge,
    one: Submission,
    gain: Improved,
    opening: Opening,
    entry: SubmissionRecord,
    anew: _Anew | None,
) -> Iterator[Check]:
    """The version that a gain has made, which the next submission is judged from."""
    what = f"version {gain.version} of the model"
    try:
        taken = judge.version(gain.model, gain.accuracy)
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


class _Judge:
    """The campaign at the version that was current when a submission was judged."""

    def __init__(self, bench: Bench, key: PrivateHalf, sealed: SealedInput, opened: CampaignOpened) -> None:
        self.bench = bench
        self.family: ModelFamily = bench.spec.family_for(bench.record.id)
        self._scheme: AnyScheme = scheme_named(bench.spec.scheme)
        self._key = key
        self._rows: JudgedRows = judged_rows(bench.spec, self.family, sealed)
        self._digests = {0: opened.model}
        self.current = self.version(opened.model, opened.start)

    @classmethod
    def of(cls, bench: Bench) -> _Judge:
        """From what was handed over, held against spec and chain.

        Raises:
            OpenMinedError: something is not what the spec or the chain names.
        """
        spec, package = bench.spec, bench.package
        validation = spec.validation
        if package.scheme != spec.scheme:
            raise ArtifactError("audit_package", "scheme", package.scheme, spec.scheme)
        if hashlib.sha256(package.validation).digest() != validation.digest:
            raise ArtifactError("audit_package", "validation", b"", "the bytes of the digest in the spec")
        (opened,) = [one.event for one in bench.history if isinstance(one.event, CampaignOpened)]
        return cls(bench, package.key(), SealedInput.parse(package.validation), opened)

    def version(self, digest: bytes, accuracy: int) -> _Version:
        """A version of the model from the store, opened.

        Raises:
            OpenMinedError: it is not there, or not encrypted under the campaign's key.
        """
        cid = Cid.from_bytes32(digest)
        data = self.bench.read.get(cid, max_bytes=MAX_BYTES["model"])
        model = ModelArtifact.parse(data, scheme=self.bench.spec.scheme, cid=cid).model
        if model.key_fingerprint != self._key.fingerprint:
            found = self._key.fingerprint
            raise ArtifactError("audit_package", "key", found, f"the key of {model.key_fingerprint.hex()}")
        return _Version(model, model.decrypt(self._key), accuracy)

    def go_on(self, gain: Improved, taken: _Version) -> None:
        """From the version that the chain has taken."""
        self._digests[gain.version], self.current = gain.model, taken

    def score(self, weights: Weights) -> int:
        """The spec's metric, in ppm."""
        return self._rows.score(weights)

    def anew(self, one: Submission, session_key: bytes) -> _Anew:
        """What should have been said of a submission.

        Raises:
            NotFoundError, TooLargeError, MalformedBlockError: its sealed gradient is not in the store, or
                nothing that Capsule can have opened.
            TamperedError, NotOpenPGPError: the session key does not open it.
            KernelError: this machine cannot tell.
        """
        spec, scheme = self.bench.spec, self._scheme
        update, most = Cid.from_bytes32(one.update), most_gradient_bytes(self.current.model, spec.scheme)
        try:
            opened = open_with_session_key(self.bench.read.get(update, max_bytes=most), session_key)
        except ExpandingMessageError:
            return _Anew(Verdict.MALFORMED)
        try:
            envelope = GradientEnvelope.parse(opened)
            if not self._fits(envelope, one):
                return _Anew(Verdict.MALFORMED)
            envelope.gradient.check_base(self.current.model)
            scheme.validate(envelope.gradient, self._key)
        except KernelError:
            raise
        except (SyftError, ArtifactError):
            return _Anew(Verdict.MALFORMED)
        if spec.validation.is_used_up(one.index):
            return _Anew(Verdict.NO_GAIN, envelope.base_version, None, envelope.privacy)
        try:
            gradient = clipped(envelope.gradient.decrypt(self._key), spec.difference_norm)
        except KernelError:
            raise
        except SyftError:
            return _Anew(Verdict.NO_GAIN, envelope.base_version, None, envelope.privacy)
        best = self._search(gradient)
        terms = self.bench.record.terms
        gained = best is not None and is_paid(
            best, accuracy=self.current.accuracy, target=terms.target, min_gain=terms.min_gain
        )
        verdict = Verdict.IMPROVED if gained else Verdict.NO_GAIN
        return _Anew(verdict, envelope.base_version, best, envelope.privacy)

    def _fits(self, envelope: GradientEnvelope, one: Submission) -> bool:
        """Whether it was made for this place in this queue, from a known version, and as private as asked."""
        bench, floor, stated = self.bench, self.bench.spec.privacy_floor, envelope.privacy
        place = (
            bench.chain_id,
            bench.contract.lower(),
            bench.record.id,
            bench.spec.scheme,
            one.miner.lower(),
        )
        made_for = (
            envelope.chain_id,
            envelope.contract.lower(),
            envelope.campaign,
            envelope.scheme,
            envelope.miner.lower(),
        )
        private = floor is None or (
            stated is not None and stated.epsilon <= floor.epsilon and stated.delta <= floor.delta
        )
        known = self._digests.get(envelope.base_version) == envelope.base.digest
        return made_for == place and private and known

    def _search(self, gradient: Weights) -> Best | None:
        spec = self.bench.spec
        return self._rows.search(
            self.current.weights,
            gradient,
            spec.steps,
            weight_bound=spec.weight_bound,
            weight_bits=self.current.model.weight_bits,
        )


def _equal(found: Weights, expected: Weights | _Version) -> tuple[str, str]:
    """Two sets of weights in words that show none of them."""
    right = expected.weights if isinstance(expected, _Version) else expected
    agree = found.shape == right.shape and np.array_equal(found, right)
    return "as recomputed" if agree else "other weights", "as recomputed"
