"""A campaign held against its Capsule's published terms, and what it would cost, before anything is paid.

The spec is public once it is created; records are not part of it, and none comes here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any

from pydantic import BaseModel, Field

from openmined_syft.costs import Estimate
from openmined_syft.errors import SyftError
from openmined_syft.paillier import estimate as paillier
from openmined_syft.rlwe import estimate as rlwe
from openmined_syft.schemes import PAILLIER, RLWE, scheme_named, schemes_for
from openmined_syft.schemes.advice import advised_scheme
from pysonar.chain.address import require_address
from pysonar.chain.errors import BadAddressError
from pysonar.protocol.artifacts import MAX_BYTES, ArtifactError, Spec, parse_certificate
from pysonar.protocol.artifacts.capsule_terms import MOST_BYTES, NOTATION, CapsuleTerms, Objection, Size
from pysonar.protocol.artifacts.spec.least_gain import (
    least_gain_ppm,
    usual_fee,
    usual_guiding_rows,
    usual_min_gain,
)
from pysonar.protocol.canonical import dumps_json
from pysonar.protocol.cid import Cid
from pysonar.store.interface import Reader

USUAL_BOUND = 8.0
"""Unit costs hardly depend on the bound of the weights: measured once for each size of key."""
_MEASURING = threading.Lock()


class AskedFor(BaseModel):
    """What is about to be created. Amounts in the smallest unit, as digits."""

    spec: dict[str, Any]
    capsule: str = Field(max_length=64)
    asset: str = Field(max_length=64)
    bounty: str = Field(pattern=r"^\d{1,40}$")
    fee: str = Field(pattern=r"^\d{1,40}$")
    min_gain: int = Field(ge=0, le=1_000_000)
    seconds: int = Field(ge=0, le=1 << 40, description="from now to the end of the review")


class Unmet(BaseModel):
    """A term of the Capsule that is not met. `term` is its key in `capsule.toml`."""

    term: str
    found: str
    needed: str


class Cost(BaseModel):
    """What a mine's visit takes under a scheme, on the machine of this service."""

    scheme: str
    key_bits: int
    visit_seconds: float
    model_bytes: int
    gradient_bytes: int
    advised: bool


class Advice(BaseModel):
    """What speaks against it, and what is good to know. `least_gain`: more than luck, ppm."""

    wrong: str | None = Field(description="why it is not a spec; null if it is one")
    unmet: list[Unmet] = []
    remarks: list[str] = []
    costs: list[Cost] = []
    least_gain: int | None = None


class Guards(BaseModel):
    """What `sonar campaign create` asks for without a word, so that luck does not pay. `fee`: in the bounty's
    unit.
    """

    guiding_rows: int
    min_gain: int
    fee: str


def usual_guards(rows: int, target: int, bounty: int, *, in_ether: bool) -> Guards:
    """For this many validation records, a target in ppm and a bounty in the smallest unit."""
    guiding = usual_guiding_rows(rows)
    least = usual_min_gain(rows, guiding, target)
    fee = usual_fee(bounty) if in_ether else usual_fee(bounty, least=1)
    return Guards(guiding_rows=guiding, min_gain=least, fee=str(fee))


def advise(asked: AskedFor, certificate: Cid | None, store: Reader) -> Advice:
    """Read the spec as Capsule does, and hold it against the terms in that certificate.

    Args:
        certificate: the Capsule's, as the chain names it; None if it registered none.

    Raises:
        StoreError, ArtifactError: the certificate cannot be had.
    """
    try:
        spec = Spec.parse(dumps_json(asked.spec))
        asset = require_address("the asset", asked.asset)
        family = spec.family_for(b"")
    except (ArtifactError, BadAddressError, ValueError, RecursionError) as error:
        return Advice(wrong=str(error))
    terms, remarks = _terms(certificate, store)
    rows = spec.validation.paying_rows
    unmet = [] if terms is None else list(_unmet(spec, asked, asset, terms))
    advised = advised_scheme(family, spec.key_bits, spec.weight_bound)
    costs = [
        Cost(
            scheme=name,
            key_bits=bits,
            visit_seconds=cost.visit_seconds,
            model_bytes=round(cost.model_bytes),
            gradient_bytes=round(cost.gradient_bytes),
            advised=name == advised,
        )
        for name, bits, cost in _costs(spec)
    ]
    return Advice(
        wrong=None,
        unmet=[Unmet(term=one.term.value, found=one.found, needed=one.needed) for one in unmet],
        remarks=remarks,
        costs=costs,
        least_gain=least_gain_ppm(rows),
    )


def _terms(certificate: Cid | None, store: Reader) -> tuple[CapsuleTerms | None, list[str]]:
    unknown = (
        "This Capsule has published no terms: whether it takes the campaign is known when it opens or"
        " declines it. A declined bounty comes back."
    )
    if certificate is None:
        return None, ["This Capsule has no certificate on chain, so nothing can be sealed to it."]
    found = parse_certificate(store.get(certificate, max_bytes=MAX_BYTES["certificate"]), cid=certificate)
    said = found.notation(NOTATION)
    try:
        terms = CapsuleTerms.parse(said.encode()) if said and len(said) <= MOST_BYTES else None
    except ArtifactError:  # of a later release: as little can be said beforehand as without
        terms = None
    if terms is None:
        return None, [unknown]
    listed = "This Capsule works only for scientists on its operator's list: ask whether you are on it."
    return terms, [listed] if terms.scientists_listed else []


def _unmet(spec: Spec, asked: AskedFor, asset: str, terms: CapsuleTerms) -> Iterator[Objection]:
    """In the order in which Capsule declines."""
    name, validation = spec.algorithm.family, spec.validation
    size = Size.of(
        spec.algorithm,
        spec.family_for(b""),
        spec.schema,
        validation.rows,
        key_bits=spec.key_bits,
        bound=spec.weight_bound,
    )
    return chain(
        terms.to_duration(asked.seconds),
        terms.to_payment(asset, int(asked.bounty), int(asked.fee)),
        terms.to_model(size),
        terms.to_network(name),
        terms.to_gain(name, asked.min_gain, validation.paying_rows),
    )


def _costs(spec: Spec) -> Iterator[tuple[str, int, Estimate]]:
    family = spec.family_for(b"")
    rows, columns = family.weights_shape
    for name in schemes_for(spec.algorithm.family):  # nothing estimates a network's
        sizes = scheme_named(name).key_sizes
        bits = spec.key_bits if spec.key_bits in sizes else 3072 if 3072 in sizes else sizes[0]
        try:
            scheme_named(name).check_size(family, bits, spec.weight_bound)
            if name == PAILLIER:
                yield (
                    name,
                    bits,
                    paillier.estimate(rows - 1, columns, _paillier_costs(bits), spec.weight_bound),
                )
            elif name == RLWE:
                yield name, bits, rlwe.estimate(rows - 1, columns, _ring_costs(), spec.weight_bound)
        except SyftError:  # it does not carry the model
            continue


def _paillier_costs(bits: int) -> paillier.UnitCosts:
    with _MEASURING:
        return _measured_paillier(bits)


def _ring_costs() -> rlwe.RlweUnitCosts:
    with _MEASURING:
        return _measured_ring()


@cache
def _measured_paillier(bits: int) -> paillier.UnitCosts:
    return paillier.measure(bits, USUAL_BOUND)


@cache
def _measured_ring() -> rlwe.RlweUnitCosts:
    return rlwe.measure()
