"""Does this Capsule want a campaign at all? Its operator's rules, asked before anything is worked on.

Anybody can ask for a campaign, and one of a network costs Capsule seconds of work, and while it is open over
a hundred megabytes in the store and some more for each improvement. So an operator can ask for a bounty of
some size, though it goes back if nobody gains, and the number of networks has a limit. Tokens are code of
strangers: at first ether alone is taken. Whether a campaign is sound is for `assignment`.
"""

from __future__ import annotations

from openmined_oracle.campaigns.context import Context
from openmined_oracle.errors import Decline, DeclinedError, NotReadyError
from openmined_oracle.home import CapsuleSettings
from openmined_oracle.journal import Journal
from pysonar.chain.contract.types import CampaignRecord, Terms
from pysonar.chain.node import rpc
from pysonar.party.home.rules import ETHER, allowed, allowed_addresses
from pysonar.protocol.amounts import format_wei, parse_wei
from pysonar.protocol.artifacts import Spec
from pysonar.protocol.artifacts.spec.algorithm import NETWORK
from pysonar.protocol.artifacts.spec.least_gain import least_gain_ppm

DAY = 86_400
DECLINE_GAS = 90_000  # a little above its ceiling in snapshots/gas.json


def check_scientist(record: CampaignRecord, rules: CapsuleSettings, now: int) -> None:
    """Whether this Capsule works for the campaign's scientist, and for so long. Raises DeclinedError."""
    if record.owner.lower() not in allowed_addresses(rules.scientists):
        raise DeclinedError(Decline.SCIENTIST_UNWANTED)
    if record.terms.review_until - now > rules.max_days * DAY:
        raise DeclinedError(Decline.TOO_LONG)


def check_terms(terms: Terms, rules: CapsuleSettings) -> None:
    """Whether the campaign is paid in what this Capsule works for, and well enough. Raises DeclinedError.

    Bounty and fee are compared in campaigns of ether only: what a token is worth is not known here.
    """
    asset = terms.asset.lower()
    if asset not in allowed_addresses(rules.assets):
        raise DeclinedError(Decline.ASSET_UNWANTED)
    if asset != ETHER:
        return
    if terms.bounty < parse_wei(rules.least_bounty):
        raise DeclinedError(Decline.BOUNTY_SMALL)
    if terms.fee < parse_wei(rules.least_fee):
        raise DeclinedError(Decline.FEE_SMALL)


def check_spec(spec: Spec, terms: Terms, rules: CapsuleSettings) -> None:
    """Whether this Capsule works for the model's family, and the terms pay for more than luck. DeclinedError.

    Two models that differ in a share q of n records have scores that differ by chance by about sqrt(q n)
    records. So the least gain is measured in square roots of n: 0.4 of them are one deviation if the models
    differ in 16 % of the records.
    """
    if spec.algorithm.family not in allowed(rules.families):
        raise DeclinedError(Decline.FAMILY_UNWANTED)
    if terms.min_gain < least_gain_ppm(spec.validation.paying_rows, rules.least_gain_deviations):
        raise DeclinedError(Decline.GAIN_SMALL)


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
