"""Does this Capsule want a campaign at all? Its operator's rules, asked before anything is worked on.

Anybody can ask for a campaign, and one of a network costs Capsule seconds of work, and while it is open over
a hundred megabytes in the store and some more for each improvement. So an operator can ask for a bounty of
some size, though it goes back if nobody gains, and the number of networks has a limit. Tokens are code of
strangers: at first ether alone is taken. Whether a campaign is sound is for `assignment`.
"""

from __future__ import annotations

from openmined_oracle.errors import Decline, DeclinedError, NotReadyError
from openmined_oracle.home import CapsuleSettings
from openmined_oracle.journal import Journal
from pysonar.chain.contract.types import Terms
from pysonar.party.rules import ETHER, allowed_addresses
from pysonar.protocol.amounts import parse_wei
from pysonar.protocol.artifacts.algorithm import NETWORK


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
