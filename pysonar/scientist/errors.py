"""The typed errors of the scientist's side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from openmined_syft.errors import OpenMinedError
from pysonar.files.text import shown


class CampaignError(OpenMinedError):
    """Base of what can go wrong with one's own campaigns."""


class HomeError(CampaignError):
    """The home directory cannot be made or used."""


class PlanError(CampaignError):
    """A value of a campaign's plan is missing or not allowed."""

    def __init__(self, source: str, key: str, value: object, expected: str) -> None:
        self.key, self.value = key, value
        said = "missing" if value is None else repr(value)[:120]
        super().__init__(f"{source}: {key} is {said}; expected {expected}")


class PlanFileError(PlanError):
    """There is no plan to be read in the file."""

    def __init__(self, source: str, why: str, expected: str) -> None:
        self.key, self.value = "the file", why
        CampaignError.__init__(self, f"{source}: {why}; expected {expected}")


class NoCertificateError(CampaignError):
    """The Capsule never registered a certificate, so nothing can be sealed to it."""

    def __init__(self, capsule: str) -> None:
        self.capsule = capsule
        super().__init__(
            f"the Capsule {capsule} has registered no certificate on Sonar; "
            "expected the address of a running Capsule"
        )


class NameTakenError(CampaignError):
    """Another campaign of this home has the name."""

    def __init__(self, name: str, campaign: str) -> None:
        self.name, self.campaign = name, campaign
        super().__init__(
            f"the name {name!r} belongs to campaign {campaign}, which asks for something else; "
            "choose another --name for another campaign"
        )


class LaunchUnfinishedError(CampaignError):
    """The escrow is signed and stored, and this call ended before it was seen confirmed."""

    exit_code: ClassVar[int] = 3

    def __init__(self, name: str, campaign: bytes, hashes: Sequence[str], why: object) -> None:
        self.name, self.campaign, self.hashes = name, campaign, tuple(hashes)
        super().__init__(
            f"{why}. Done so far: campaign {name!r} (0x{campaign.hex()}) is written down and its artifacts "
            f"are stored; the transaction with its bounty is signed and stored ({hashes[-1]}) and may be on "
            "its way. Run the same command again: it goes on from there, and the bounty is escrowed once"
        )


class ClaimUnfinishedError(CampaignError):
    """Claiming ended before everything was seen confirmed."""

    exit_code: ClassVar[int] = 3

    def __init__(self, claimed: Mapping[bytes, int], sent: str | None, why: object) -> None:
        self.claimed, self.sent, self.why = dict(claimed), sent, why
        done = ", ".join(f"0x{campaign.hex()}" for campaign in claimed)
        done = f"Claimed so far: what was owed from {done}" if claimed else "Nothing was claimed so far"
        way = f"; the claim in transaction {sent} is signed and stored, and may be on its way" if sent else ""
        super().__init__(
            f"{why}. {done}{way}. Run the same command again: it claims what is left, and nothing twice"
        )

    def after(self, claimed: Mapping[bytes, int]) -> ClaimUnfinishedError:
        """The same, after other campaigns' claims went through; amounts by campaign."""
        return ClaimUnfinishedError({**claimed, **self.claimed}, self.sent, self.why)


class UnknownCampaignError(CampaignError):
    """No campaign by that name or id."""

    def __init__(self, asked: str, why: str) -> None:
        super().__init__(f"{asked!r} does not name a campaign: {why}")


class NotOwnerError(CampaignError):
    """The campaign belongs to another account."""

    def __init__(self, campaign: str, owner: str, account: str) -> None:
        super().__init__(f"campaign {campaign} belongs to {owner}, not to this home's account {account}")


class OtherRecordsError(CampaignError):
    """A file is not the validation records that a campaign was opened with."""

    def __init__(self, path: Path, rows: int, expected: int) -> None:
        super().__init__(
            f"{path} with {rows} records does not hold the {expected} validation records that the campaign"
            " was opened with, in their order; name the file that it was created with"
        )


class CampaignDeclinedError(CampaignError):
    """Capsule turned the campaign down; the bounty can be claimed."""

    def __init__(self, campaign: str, reason: str) -> None:
        self.reason = shown(reason)
        super().__init__(f"Capsule declined campaign {campaign}: {self.reason}; claim the bounty back")


class CancelledError(CampaignError):
    """The campaign was cancelled by its owner."""

    def __init__(self, campaign: str) -> None:
        super().__init__(f"campaign {campaign} was cancelled")


class NotDeliveredError(CampaignError):
    """There is no result, and none can be expected any more."""

    def __init__(self, campaign: str, why: str) -> None:
        self.why = why
        super().__init__(f"campaign {campaign} has no result: {why}")


class StillRunningError(CampaignError):
    """Not over yet."""

    def __init__(self, campaign: str, why: str) -> None:
        super().__init__(f"campaign {campaign} is not over: {why}")


class ResultMismatchError(CampaignError):
    """What Capsule delivered contradicts what it reported on chain."""

    def __init__(self, campaign: str, what: str, delivered: object, on_chain: object) -> None:
        self.what, self.delivered, self.on_chain = what, delivered, on_chain
        super().__init__(
            f"the result of campaign {campaign} contradicts the chain: {what} is {delivered}, "
            f"on chain {on_chain}"
        )


class NotTheAuditorError(CampaignError):
    """The campaign's spec names another auditor, or none; nothing was sealed to this key."""

    def __init__(self, campaign: str, own: str, named: str | None) -> None:
        who = "no auditor" if named is None else f"the auditor {named}"
        super().__init__(
            f"the spec of campaign {campaign} names {who}, not {own}; without --auditor-key everything is"
            " checked that needs no key"
        )


class EstimatorError(CampaignError, ValueError):
    """The estimator cannot do what is asked with these values. A ValueError, as scikit-learn's own are."""
