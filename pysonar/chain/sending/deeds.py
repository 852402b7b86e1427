"""What an agent sends to Sonar and why: a `Deed` names one act, once, for one campaign.

The outbox knows each transaction by its deed, so the same deed is the same transaction, in whichever process
and after whichever crash. `str()` and `Deed.parse` are inverse; the text is what the database holds:

    submit/<campaign in hex>/<digest of the gradient>
    report/<campaign>/<index of the first verdict>
    claim/<campaign>/<number of claims confirmed before>
    register/-/<digest of the certificate>.<number of times it was registered before>

The owners of pins in the store are named here as well: they, too, say for whom and for which campaign.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pysonar.chain.errors import BadArgumentError


class Action(StrEnum):
    """Every kind of transaction an agent sends."""

    REGISTER = "register"
    APPROVE = "approve"
    CREATE = "create"
    CANCEL = "cancel"
    DECLINE = "decline"
    OPEN = "open"
    SUBMIT = "submit"
    REPORT = "report"
    RECLAIM = "reclaim"
    DELIVER = "deliver"
    SETTLE = "settle"
    CLAIM = "claim"
    FILL = "fill"
    """A transfer of nothing to oneself, which uses up a nonce that nobody has."""
    OTHER = "other"
    """A call that none of the above describes."""


@dataclass(frozen=True)
class Deed:
    """One act: what is done, for which campaign (None: for none), and what tells it from others of its kind.

    Attributes:
        tail: printable text without spaces; may be empty.
    """

    action: Action
    campaign: bytes | None = None
    tail: str = ""

    def __post_init__(self) -> None:
        if self.campaign is not None and len(self.campaign) != 32:
            raise BadArgumentError("the campaign of a deed", self.campaign, "32 bytes")

    def __str__(self) -> str:
        return f"{self.action.value}/{'-' if self.campaign is None else self.campaign.hex()}/{self.tail}"

    @classmethod
    def parse(cls, text: str) -> Deed:
        """The inverse of `str()`; BadArgumentError for any other text."""
        action, campaign, tail = (*text.split("/", 2), "", "")[:3]
        try:
            return cls(Action(action), None if campaign == "-" else bytes.fromhex(campaign), tail)
        except ValueError:
            raise BadArgumentError("a deed", text, "<action>/<campaign in hex, or ->/<tail>") from None


def scientist_pins(campaign: bytes) -> str:
    """In whose name a scientist pins a campaign's artifacts."""
    return f"scientist/0x{campaign.hex()}"


def capsule_pins(campaign: bytes) -> str:
    """In whose name Capsule pins a campaign's artifacts."""
    return f"capsule/0x{campaign.hex()}"


def mine_pins(miner: str, campaign: bytes) -> str:
    """In whose name a mine pins its gradients: one owner for each account and campaign."""
    return f"mine/{miner.lower()}/0x{campaign.hex()}"
