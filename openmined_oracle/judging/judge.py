"""Judging one submission: open, validate, decrypt, try the steps, measure, and say the verdict. No store, no
chain, no journal. This is the one place where a verdict is made.

From decryption on there are two outcomes, gain and no gain, and one amount of work: what is not a gradient is
measured like one that changes nothing. So neither the verdict nor the time it takes answers a question about
decrypted numbers other than the one that is paid for.

What a judgement says beyond the verdict (step, score, reason) is for the scientist alone: it is sealed
before it is written down, and is in no log.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from openmined_oracle.campaigns.workbench import Workbench
from openmined_oracle.errors import JournalError, MalformedSubmissionError, UselessSubmissionError
from openmined_oracle.judging.validate import decrypt_gradient, open_submission
from openmined_syft.judging.judged_rows import is_paid
from openmined_syft.judging.step_search import Best, Weights
from pysonar.chain.contract.events import Submitted
from pysonar.chain.contract.types import Terms, Verdict
from pysonar.files.nesting import shallow_json
from pysonar.protocol.artifacts import PrivacyStatement, version_digest
from pysonar.protocol.openpgp import (
    ClockBehindError,
    SealError,
    SecretKey,
    TamperedError,
    open_sealed,
    seal,
)

USED_UP = "the validation set is used up: the spec declares for how many submissions it is measured"


@dataclass(frozen=True)
class Judgement:
    """What Capsule found.

    Attributes:
        verdict: what will be reported.
        accuracy: the accuracy in ppm that will be reported; 0 unless it is IMPROVED.
        base_version: the version it was trained from; None if it could not be opened.
        best: the best step; None if nothing was measured.
        reason: why it is unusable, for the scientist.
        privacy: what the mine said protects its records, if it said so.
    """

    verdict: Verdict
    accuracy: int = 0
    base_version: int | None = None
    best: Best | None = None
    reason: str | None = None
    privacy: PrivacyStatement | None = None

    def notes(self) -> Notes:
        """What is kept of it."""
        if self.best is None:
            return Notes(self.base_version, reason=self.reason, privacy=self.privacy)
        best, salt = self.best, secrets.token_bytes(32)
        digest = version_digest(salt, best.weights)
        return Notes(
            self.base_version, best.step, best.score, salt, digest, self.reason, best.damping, self.privacy
        )


@dataclass(frozen=True)
class Notes:
    """The private part of a verdict. `digest` commits to the weights at the best step, with `salt` (32
    bytes).
    """

    base_version: int | None = None
    step: float | None = None
    score: int | None = None
    salt: bytes | None = None
    digest: bytes | None = None
    reason: str | None = None
    damping: float | None = None
    privacy: PrivacyStatement | None = None

    def seal(self, own: SecretKey) -> bytes:
        """For Capsule itself."""
        document = {
            "base_version": self.base_version,
            "step": self.step,
            "score": self.score,
            "salt": None if self.salt is None else self.salt.hex(),
            "digest": None if self.digest is None else self.digest.hex(),
            "reason": self.reason,
            "damping": self.damping,
            "privacy": None if self.privacy is None else self.privacy.as_mapping(),
            "sealed_at": time.time(),
        }
        return seal(json.dumps(document).encode(), [own.certificate], own)

    @classmethod
    def open(cls, sealed: bytes, own: SecretKey) -> Notes:
        """The inverse of `seal`; JournalError if it is damaged or not ours; ClockBehindError."""
        try:
            try:
                opened = open_sealed(sealed, own, expected_signer=own.certificate)
            except TamperedError:  # or signed in the future: ask what it says of itself
                said = shallow_json(open_sealed(sealed, own)).get("sealed_at", 0)
                opened = open_sealed(sealed, own, expected_signer=own.certificate, there_at=float(said))
            document = shallow_json(opened)
            document.pop("sealed_at", None)
            for name in ("salt", "digest"):
                if document[name] is not None:
                    document[name] = bytes.fromhex(document[name])
            if document.get("privacy") is not None:
                document["privacy"] = PrivacyStatement(**document["privacy"])
            return cls(**document)
        except ClockBehindError:
            raise
        except (SealError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise JournalError(
                "the private part of a verdict is damaged, or not sealed by this Capsule"
            ) from None


def judge(
    bench: Workbench, terms: Terms, event: Submitted, sealed: bytes, versions: Mapping[int, bytes]
) -> Judgement:
    """Judge the bytes of a submission against the bench's current version. `versions`: the digest of each
    version's encrypted model.

    Raises:
        KernelError: this machine cannot tell; nobody is judged.
    """
    try:
        envelope = open_submission(bench, event, sealed, versions)
    except MalformedSubmissionError as error:
        return malformed(str(error))
    if bench.assignment.spec.validation.is_used_up(event.index):
        return Judgement(
            Verdict.NO_GAIN, base_version=envelope.base_version, reason=USED_UP, privacy=envelope.privacy
        )
    useless = None
    try:
        gradient = decrypt_gradient(bench, envelope)
    except UselessSubmissionError as error:
        gradient, useless = np.zeros(bench.weights.shape), str(error)
    best = _measure(bench, gradient)
    if useless is None and best is None:
        useless = "every step would leave the bound of the weights, or none could train from there"
    if useless is not None or best is None:
        return Judgement(
            Verdict.NO_GAIN, base_version=envelope.base_version, reason=useless, privacy=envelope.privacy
        )
    if not is_paid(best, accuracy=bench.current.best, target=terms.target, min_gain=terms.min_gain):
        return Judgement(
            Verdict.NO_GAIN, base_version=envelope.base_version, best=best, privacy=envelope.privacy
        )
    return Judgement(
        Verdict.IMPROVED,
        min(best.score, terms.target),
        envelope.base_version,
        best,
        privacy=envelope.privacy,
    )


def _measure(bench: Workbench, gradient: Weights) -> Best | None:
    """The best step along a decrypted gradient (d, k); None if none may be taken."""
    spec = bench.assignment.spec
    return bench.assignment.validation.search(
        bench.weights,
        gradient,
        spec.steps,
        weight_bound=spec.weight_bound,
        weight_bits=bench.model.weight_bits,
        each=bench.workers.map,
    )


def malformed(reason: str) -> Judgement:
    """The judgement on something that is not a gradient at all."""
    return Judgement(Verdict.MALFORMED, reason=reason)


def unavailable() -> Judgement:
    """The judgement on something that nobody handed out in time."""
    return Judgement(Verdict.UNAVAILABLE, reason="it could not be fetched in time")
