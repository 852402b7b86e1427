"""Approving a token to Sonar: exactly what the next call needs, no more, and only when it is needed.

Some tokens refuse to change an approval that is not zero, so one that is there and too small is set to zero
first. What an account has approved is one number for all its campaigns in a token: while a call that draws
on it is under way, nothing else is approved.
"""

from __future__ import annotations

from pysonar.chain.contract.tokens import Token
from pysonar.chain.node import rpc
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Pending, Status

_DRAWING = (Action.CREATE, Action.SUBMIT, Action.APPROVE)


def next_approval(outbox: Outbox, token: Token, spender: str, amount: int, campaign: bytes) -> Deed | None:
    """See to it that the spender may take `amount` for the campaign: None if it may, else the deed that is
    under way for it. Ask again once that is done.

    Raises:
        TokensMissingError: the account does not hold so much.
        The errors of `Outbox.ensure`.
    """
    waiting = _under_way(outbox)
    if waiting is not None:
        return waiting.deed
    token.require_balance("approve", outbox.account, amount)
    head = rpc.block_number(outbox.web3)
    allowed = token.allowance(outbox.account, spender, block=head)
    if allowed >= amount:
        return None
    target = amount if allowed == 0 else 0
    about = f"{campaign.hex()}/{token.address}.{target}"
    number = len(outbox.records.confirmed(Action.APPROVE, about))
    deed = Deed(Action.APPROVE, campaign, f"{token.address}.{target}.{number}")
    outbox.ensure(deed, lambda: token.approve(spender, target))
    return deed


def _under_way(outbox: Outbox) -> Pending | None:
    """A transaction that draws on an approval, or makes one, and is in no block yet."""
    for pending in outbox.unfinished():
        drawing = pending.deed.action in _DRAWING and pending.call.runs_token
        if drawing and (pending.status is Status.WAITING or pending.deed.action is Action.APPROVE):
            return pending
    return None
