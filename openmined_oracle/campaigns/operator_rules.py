"""Does this Capsule want a campaign at all? Its operator's rules, asked before anything is worked on.

Anybody can ask for a campaign, and one of a network costs Capsule seconds of work, and while it is open over
a hundred megabytes in the store and some more for each improvement. So an operator can ask for a bounty of
some size, though it goes back if nobody gains, and the number of networks has a limit. Tokens are code of
strangers: at first ether alone is taken. Whether a campaign is sound is for `assignment`.

What follows from the rules and a campaign alone is published with the certificate (`capsule_terms`), and
asked there by scientists with the same code.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from openmined_oracle.errors import Decline, DeclinedError, NotReadyError
from openmined_oracle.home import CapsuleSettings
from openmined_oracle.journal import Journal
from pysonar.chain.contract.types import CampaignRecord, Terms
from pysonar.chain.node import rpc
from pysonar.party.home.rules import ETHER_ADDRESS, allowed_addresses
from pysonar.protocol.amounts import format_wei, parse_wei
from pysonar.protocol.artifacts import Spec
from pysonar.protocol.artifacts.capsule_terms import DAY, LARGEST, CapsuleTerms, Objection, Size, Term
from pysonar.protocol.artifacts.spec.algorithm import NETWORK

if TYPE_CHECKING:
    from openmined_oracle.campaigns.context import Context

DECLINE_GAS = 90_000  # a little above its ceiling in snapshots/gas.json


_DECLINES = {
    Term.ASSET: Decline.ASSET_UNWANTED,
    Term.BOUNTY: Decline.BOUNTY_SMALL,
    Term.FEE: Decline.FEE_SMALL,
    Term.DAYS: Decline.TOO_LONG,
    Term.FAMILY: Decline.FAMILY_UNWANTED,
    Term.GAIN: Decline.GAIN_SMALL,
    Term.WEIGHTS: Decline.TOO_LARGE,
    Term.MAP_CELLS: Decline.TOO_LARGE,
    Term.CIPHERTEXTS: Decline.TOO_LARGE,
    Term.ROWS: Decline.VALIDATION_TOO_LARGE,
    Term.CELLS: Decline.VALIDATION_TOO_LARGE,
}


def published_terms(rules: CapsuleSettings) -> CapsuleTerms:
    """What these rules come to for everybody. Which scientists are on a list is not said."""
    return CapsuleTerms(
        assets=tuple(ETHER_ADDRESS if one == "ether" else one.lower() for one in rules.assets),
        least_bounty=parse_wei(rules.least_bounty),
        least_fee=parse_wei(rules.least_fee),
        families=rules.families,
        scientists_listed=not allowed_addresses(rules.scientists).everything,
        max_days=rules.max_days,
        least_gain_deviations=float(rules.least_gain_deviations),
        max_networks=min(rules.max_networks, LARGEST),
        max_weights=min(rules.max_weights, LARGEST),
        max_ciphertexts=min(rules.max_ciphertexts, LARGEST),
        max_rows=min(rules.max_rows, LARGEST),
        max_cells=min(rules.max_cells, LARGEST),
    )


def check_scientist(record: CampaignRecord, rules: CapsuleSettings, now: int) -> None:
    """Whether this Capsule works for the campaign's scientist, and for so long. Raises DeclinedError."""
    if record.owner.lower() not in allowed_addresses(rules.scientists):
        raise DeclinedError(Decline.SCIENTIST_UNWANTED)
    _require_none(published_terms(rules).to_duration(record.terms.review_until - now))


def check_terms(terms: Terms, rules: CapsuleSettings) -> None:
    """Whether the campaign is paid in what this Capsule works for, and well enough. Raises DeclinedError."""
    _require_none(published_terms(rules).to_payment(terms.asset, terms.bounty, terms.fee))


def check_size(spec: Spec, rules: CapsuleSettings) -> None:
    """Whether the model and the validation set are small enough not to hold up the other campaigns. Raises
    DeclinedError.
    """
    family = spec.family_for(b"")  # sizes do not depend on what a feature map is drawn from
    size = Size.of(
        spec.algorithm,
        family,
        spec.schema,
        spec.validation.rows,
        key_bits=spec.key_bits,
        bound=spec.weight_bound,
    )
    _require_none(published_terms(rules).to_model(size))


def check_spec(spec: Spec, terms: Terms, rules: CapsuleSettings) -> None:
    """Whether this Capsule works for the model's family, and the terms pay for more than luck. Raises
    DeclinedError.
    """
    family, rows = spec.algorithm.family, spec.validation.paying_rows
    _require_none(published_terms(rules).to_gain(family, terms.min_gain, rows))


def _require_none(objections: Iterable[Objection]) -> None:
    for objection in objections:
        raise DeclinedError(_DECLINES[objection.term], objection.numbers)


def require_decline_budget(context: Context, campaign: bytes, now: int) -> None:
    """Whether declining the campaign now stays within what declines may cost a day; it is counted then.

    Raises NotReadyError: it waits until there is room, or its scientist takes it back.
    """
    budget = parse_wei(context.settings.decline_budget)
    cost = DECLINE_GAS * rpc.gas_price(context.sonar.web3)
    if not context.journal.count_decline(campaign, now, cost, since=now - DAY, budget=budget):
        raise NotReadyError(
            f"will be declined when there is room: declines of the last 24 hours have cost nearly"
            f" {format_wei(budget)} (decline_budget)"
        )


def check_certificate(fingerprint: str, rules: CapsuleSettings) -> None:
    """Whether the certificate that the campaign names may still be opened campaigns for. DeclinedError."""
    if fingerprint in rules.suspected:
        raise DeclinedError(Decline.CERTIFICATE_SUSPECTED)


def check_room(family: str, rules: CapsuleSettings, journal: Journal) -> None:
    """Whether there is room for one more network, if the campaign's family is one.

    Raises NotReadyError: the campaign waits for another one to end; its scientist can take it back.
    """
    if family == NETWORK and journal.open_networks() >= rules.max_networks:
        raise NotReadyError(f"waits for another network to end: {rules.max_networks} are open (max_networks)")
