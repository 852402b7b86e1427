"""Campaigns lived on a real chain, from which every number of the index must follow."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Unpack

from pysonar.chain.contract.events import CampaignCreated
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import EMPTY, Report, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from tests.builders.terms import OtherTerms, TermsChanges, terms_of
from tests.conftest import Anvil
from tests.roles import Transact, as_a

HOUR, DAY = 3_600, 86_400


def digest(text: str) -> bytes:
    """32 bytes that stand for an artifact."""
    return text.encode().ljust(32, b"\1")[:32]


class OfferedTerms(OtherTerms, total=False):
    """What a campaign of the story may have otherwise."""

    submit_for: int


class StoryTerms(OfferedTerms, total=False):
    """The same with its spec."""

    spec: bytes


@dataclass
class Story:
    """Roles on a chain, and the deeds that the tests need, each one transaction."""

    node: Anvil
    sonar: Sonar
    transact: Transact
    scientist: KeyfileSigner
    capsule: KeyfileSigner

    def __post_init__(self) -> None:
        self._salts = (number.to_bytes(32, "big") for number in itertools.count(1))

    def create(
        self,
        *,
        spec: bytes = digest("spec"),
        submit_for: int = DAY,
        **terms: Unpack[OtherTerms],
    ) -> bytes:
        """A requested campaign: bounty 1000, target 80 %, stake 7, fee 3; its id."""
        now = int(self.node.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        named = TermsChanges(
            spec=spec, bounty=1000, target=800_000, max_start=500_000, stake=7, fee=3,
            submit_until=now + submit_for, review_until=now + submit_for + HOUR,
        )  # fmt: skip
        wanted = terms_of(self.capsule.address, **(named | terms))
        events = self.transact(
            self.node, self.scientist, self.sonar.calls.create_campaign(wanted, next(self._salts))
        )
        return as_a(CampaignCreated, events[0].event).id

    def opened(self, start: int = 0, **terms: Unpack[StoryTerms]) -> bytes:
        """An open campaign."""
        campaign = self.create(**terms)
        call = self.sonar.calls.open_campaign(campaign, digest("key"), digest("model 0"), start)
        self.transact(self.node, self.capsule, call)
        return campaign

    def submit(self, campaign: bytes, miner: KeyfileSigner, update: str, deposit: int = 10) -> None:
        """One submission; `deposit` is stake and fee."""
        call = self.sonar.calls.submit(campaign, digest(update), miner.address, deposit)
        self.transact(self.node, miner, call)

    def report(self, campaign: bytes, *verdicts: tuple[KeyfileSigner, str, Verdict, int]) -> None:
        """Verdicts on the head of the queue: miner, update, verdict, accuracy."""
        reports = [
            Report(
                miner=miner.address,
                update=digest(update),
                verdict=verdict,
                accuracy=accuracy,
                model=digest(f"model {accuracy}") if verdict is Verdict.IMPROVED else EMPTY,
            )
            for miner, update, verdict, accuracy in verdicts
        ]
        self.transact(self.node, self.capsule, self.sonar.calls.report(campaign, reports))

    def decline(self, campaign: bytes, reason: str) -> None:
        """Capsule does not want it."""
        self.transact(self.node, self.capsule, self.sonar.calls.decline(campaign, reason))

    def finish(self, campaign: bytes) -> None:
        """Deliver and settle a campaign that has reached its target."""
        self.transact(self.node, self.capsule, self.sonar.calls.deliver(campaign, digest("result")))
        self.transact(self.node, self.scientist, self.sonar.calls.settle(campaign))
