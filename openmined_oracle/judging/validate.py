"""Is a submission usable? Everything that is checked before and right after it is decrypted.

What is wrong *before* decryption is a `MalformedSubmissionError`: a burned stake, so nothing that could be
this machine's own trouble may end here. What is wrong *after* it is a `UselessSubmissionError` and never
burns anything: a verdict that depended on decrypted bits would answer a mine's questions about the weights,
one bit each (multiply a model's ciphertext into the gradient with a chosen offset, declare a bound, and look
whether the stake burns).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from openmined_oracle.campaigns.assignment import SENDERS_FAULT
from openmined_oracle.campaigns.workbench import Workbench
from openmined_oracle.errors import MalformedSubmissionError, UselessSubmissionError
from openmined_syft.applying import clipped
from openmined_syft.errors import KernelError, SyftError
from pysonar.chain.contract.events import Submitted
from pysonar.protocol.artifacts import ArtifactError, GradientEnvelope, PrivacyFloor
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import session_key


def open_submission(
    bench: Workbench, event: Submitted, sealed: bytes, versions: Mapping[int, bytes]
) -> GradientEnvelope:
    """Open the seal and check all that can be checked without decrypting. `versions`: the digest of each
    version's encrypted model.

    The miner inside the seal must be the one whom the queue names: a copied submission ends here.

    Raises:
        MalformedSubmissionError: it is unusable.
        KernelError: this machine cannot tell.
    """
    try:
        envelope = GradientEnvelope.open(
            sealed,
            bench.assignment.secret,
            chain_id=bench.chain_id,
            contract=bench.contract,
            campaign=bench.campaign,
            miner=event.miner,
            scheme=bench.assignment.spec.scheme,
            cid=Cid.from_bytes32(event.update),
        )
        if bench.assignment.auditor is not None:
            session_key(sealed, bench.assignment.secret)  # what cannot be shown is not paid for
        base = versions.get(envelope.base_version)
        if base != envelope.base.digest:
            raise MalformedSubmissionError(
                f"its base is version {envelope.base_version}, {envelope.base}; no such version is known"
            )
        _check_privacy(envelope, bench.assignment.spec.privacy_floor)
        envelope.gradient.check_base(bench.model)
        bench.assignment.scheme.validate(envelope.gradient, bench.key)
    except KernelError:
        raise
    except SyftError as error:
        bench.assignment.scheme.require_sound(bench.key)
        raise MalformedSubmissionError(str(error)) from None
    except (*SENDERS_FAULT, ArtifactError) as error:
        raise MalformedSubmissionError(str(error)) from None
    return envelope


def decrypt_gradient(bench: Workbench, envelope: GradientEnvelope) -> NDArray[np.float64]:
    """What the mine has sent (d, k), every slot inside its declared bound, clipped to the spec's norm.

    Raises:
        UselessSubmissionError: what was decrypted is not a gradient, whatever the reason.
        KernelError: this machine cannot tell.
    """
    try:
        gradient = envelope.gradient.decrypt(bench.key)
        return clipped(gradient, bench.assignment.spec.difference_norm)
    except KernelError:
        raise
    except SyftError as error:
        bench.assignment.scheme.require_sound(bench.key)
        raise UselessSubmissionError(str(error)) from None


def _check_privacy(envelope: GradientEnvelope, floor: PrivacyFloor | None) -> None:
    stated = envelope.privacy
    if floor is None:
        return
    if stated is None or stated.epsilon > floor.epsilon or stated.delta > floor.delta:
        raise MalformedSubmissionError(
            f"it states {stated or 'no privacy'}; the spec asks for epsilon {floor.epsilon:g} and delta "
            f"{floor.delta:g} at most"
        )
