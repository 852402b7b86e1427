"""Opening a campaign: check what is asked, measure the start, make the key, encrypt the model.

The key is made last, when nothing is left that could be refused, and is stored before anything is published.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openmined_oracle.campaigns.assignment import Assignment, initial_payload, read_assignment
from openmined_oracle.campaigns.context import Context
from openmined_oracle.campaigns.operator_rules import (
    check_certificate,
    check_room,
    check_scientist,
    check_spec,
    check_terms,
)
from openmined_oracle.campaigns.workbench import decrypted_model
from openmined_oracle.errors import Decline, DeclinedError, KeyStoreError
from openmined_oracle.keys.keystore import KeyStore
from openmined_syft.applying import quantised
from openmined_syft.errors import KernelError
from pysonar.chain.contract.types import CampaignRecord
from pysonar.chain.errors import NoSuchCampaignError
from pysonar.chain.sending.deeds import capsule_pins
from pysonar.protocol.artifacts import FromCampaign, ModelArtifact, PublicKeyArtifact, SealedWeights, Spec
from pysonar.protocol.artifacts.spec.algorithm import NETWORK
from pysonar.protocol.cid import Cid


@dataclass(frozen=True)
class Opening:
    """What `open_campaign` says: digests of public key and first model, and the measured start in ppm; and
    whether the model is a network.
    """

    public_key: bytes
    model: bytes
    start: int
    network: bool


def prepare_opening(context: Context, record: CampaignRecord, now: int) -> Opening:
    """Check a requested campaign, and put its public key and first model into the store.

    Raises:
        DeclinedError: the campaign must be declined.
        InProgressError: it takes longer; call again.
        OpenMinedError: it cannot be said yet; try again.
    """
    context.workshop.require_free(record.id)
    check_scientist(record, context.settings, now)
    check_terms(record.terms, context.settings)

    def accept(spec: Spec) -> None:
        check_spec(spec, record.terms, context.settings)
        check_room(spec.algorithm.family, context.settings, context.journal)

    assignment = read_assignment(context, record, now, accept)
    check_certificate(assignment.secret.certificate.fingerprint, context.settings)
    spec = assignment.spec
    weights = quantised(_initial_weights(context, record, assignment, now))
    prepared = context.workshop.do(
        record.id,
        "open",
        lambda: _prepare(context.keystore, record, assignment, weights),
        effort=assignment.effort,
    )
    named = [Cid.from_bytes32(record.terms.spec), spec.validation.sealed, spec.scientist_certificate]
    if spec.auditor_certificate is not None:
        named.append(spec.auditor_certificate)
        if isinstance(spec.initial, SealedWeights):
            named.append(spec.initial.sealed)
    for cid in named:
        context.store.pin(cid, capsule_pins(record.id))
    public_key, model = context.put(record.id, prepared.public_key), context.put(record.id, prepared.model)
    return Opening(public_key, model, prepared.start, spec.algorithm.family == NETWORK)


@dataclass(frozen=True)
class _Prepared:
    """The bytes of public key and first model, and the start in ppm."""

    public_key: bytes
    model: bytes
    start: int


def _prepare(
    keystore: KeyStore, record: CampaignRecord, assignment: Assignment, weights: NDArray[np.float64]
) -> _Prepared:
    """Measure the start; then make the key, if nothing speaks against the campaign, and encrypt."""
    spec = assignment.spec
    if not assignment.validation.is_trainable(weights):
        raise DeclinedError(Decline.UNTRAINABLE)
    start = assignment.validation.score(weights)
    if abs(start - spec.start_ppm) > spec.start_tolerance_ppm:
        raise DeclinedError(Decline.START_WRONG)
    if record.terms.target - start < record.terms.min_gain:
        raise DeclinedError(Decline.START_TOO_HIGH)
    if start > record.terms.max_start:
        raise DeclinedError(Decline.START_OVER_MAXIMUM)

    scheme, family = assignment.scheme, assignment.family
    key = keystore.key_for(record.id, spec.scheme, spec.key_bits)
    encrypted = scheme.encrypt(weights, key, family, version=0, weight_bound=spec.weight_bound)
    public = PublicKeyArtifact(scheme.public_half(key, family), spec.scheme)
    return _Prepared(public.to_bytes(), ModelArtifact(encrypted, spec.scheme).to_bytes(), start)


def _initial_weights(
    context: Context, record: CampaignRecord, assignment: Assignment, now: int
) -> NDArray[np.float64]:
    initial = assignment.spec.initial
    if isinstance(initial, SealedWeights):
        return initial_payload(context, record, assignment, initial.sealed, initial.digest, now)
    if isinstance(initial, FromCampaign):
        return _final_weights(context, record, assignment, initial.campaign)
    weights = assignment.family.initial_weights()
    if float(np.abs(weights).max()) > assignment.spec.weight_bound:
        raise DeclinedError(Decline.WEIGHTS_UNFIT)  # a network's are not zeros
    return weights


def _final_weights(
    context: Context, record: CampaignRecord, assignment: Assignment, source: bytes
) -> NDArray[np.float64]:
    """The final model of an earlier campaign, which its owner has already: only then may they use it."""
    try:
        earlier = context.sonar.campaign(source)
        if (earlier.owner, earlier.terms.capsule) != (
            record.owner,
            record.terms.capsule,
        ) or not earlier.delivered:
            raise DeclinedError(Decline.SOURCE_UNUSABLE)
        weights = decrypted_model(context, context.keystore.stored_key(source), earlier.model)[1]
    except (NoSuchCampaignError, KeyStoreError, KernelError):
        # A KernelError only for another scheme than the spec's, which works here, so for unfitting weights.
        raise DeclinedError(Decline.SOURCE_UNUSABLE) from None
    spec = assignment.spec
    if weights.shape != spec.weights_shape or float(np.abs(weights).max()) > spec.weight_bound:
        raise DeclinedError(Decline.SOURCE_UNUSABLE)
    return weights
