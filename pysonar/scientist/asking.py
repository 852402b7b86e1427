"""Asking a Capsule beforehand: its certificate, and the terms that its operator has published on it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from pysonar.protocol.artifacts import MAX_BYTES, ArtifactError, parse_certificate
from pysonar.protocol.artifacts.capsule_terms import MOST_BYTES, NOTATION, CapsuleTerms, Objection, Size, Term
from pysonar.protocol.artifacts.parts.checks import PPM
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate
from pysonar.scientist.connection import Connection
from pysonar.scientist.errors import NoCertificateError, PlanError
from pysonar.scientist.planning.plan import SOURCE, Plan

_KEYS = {
    Term.ASSET: "asset",
    Term.BOUNTY: "bounty",
    Term.FEE: "fee",
    Term.DAYS: "submit_for and review_for",
    Term.FAMILY: "family",
    Term.NETWORKS: "family",
    Term.GAIN: "min_gain",
    Term.WEIGHTS: "the model's size",
    Term.MAP_CELLS: "the model's size",
    Term.CIPHERTEXTS: "the model's size",
    Term.ROWS: "the validation set's size",
    Term.CELLS: "the validation set's size",
}


@dataclass(frozen=True)
class Answer:
    """What is known of a Capsule before it is asked to work. `terms`: None if it has published none that can
    be read here.
    """

    certificate: Certificate
    cid: Cid
    terms: CapsuleTerms | None

    def require_welcome(self, plan: Plan, rows: int | None) -> None:
        """Hold the plan with this many validation records (None: not known yet) against the terms.

        Raises:
            PlanError: this Capsule would decline; names what, both numbers, and the term in its settings.
        """
        for objection in _objections(plan, rows, self.terms) if self.terms is not None else ():
            expected = (
                f"{objection.needed}: the Capsule {plan.capsule} declines others ({objection.term.value})"
            )
            raise PlanError(SOURCE, _KEYS[objection.term], objection.found, expected)

    def remarks(self) -> list[str]:
        """What its terms leave open, a sentence each."""
        if self.terms is None:
            return [
                "this Capsule has published no terms; whether it takes the campaign is known when it opens"
                " or declines it, and a declined bounty comes back"
            ]
        if self.terms.scientists_listed:
            return [
                "this Capsule works only for scientists on its operator's list: ask whether you are on it"
            ]
        return []


def ask(connection: Connection, capsule: str) -> Answer:
    """Its certificate as the chain names it, from the store.

    Raises:
        NoCertificateError: it registered none. StoreError, ArtifactError: it cannot be had.
    """
    digest = connection.sonar.certificate(capsule)
    if digest is None:
        raise NoCertificateError(capsule)
    cid = Cid.from_bytes32(digest)
    data = connection.store.get(cid, max_bytes=MAX_BYTES["certificate"])
    certificate = parse_certificate(data, cid=cid)
    return Answer(certificate, cid, _terms(certificate))


def _terms(certificate: Certificate) -> CapsuleTerms | None:
    said = certificate.notation(NOTATION)
    if said is None or len(said) > MOST_BYTES:
        return None
    try:
        return CapsuleTerms.parse(said.encode())
    except ArtifactError:
        return None  # of a later release: as little can be said beforehand as without


def _objections(plan: Plan, rows: int | None, terms: CapsuleTerms) -> chain[Objection]:
    family, counted = plan.algorithm.family, rows or 1
    guarded = plan if rows is None else plan.for_rows(rows)
    min_gain = PPM if rows is None else guarded.min_gain
    paying = counted if rows is None else rows - guarded.guiding_rows(rows)
    size = Size.of(
        plan.algorithm, plan.family, plan.schema, counted, key_bits=plan.key_bits, bound=plan.weight_bound
    )
    return chain(
        terms.to_duration(plan.submit_for + plan.review_for),
        terms.to_payment(plan.asset.address, plan.bounty, plan.fee),
        terms.to_model(size),
        terms.to_network(family),
        terms.to_gain(family, min_gain, paying),
    )
