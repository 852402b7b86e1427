"""What each deed brings about, asked of the contract at a block: the chain's own state decides whether a deed
is done, never a receipt that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pysonar.chain.contract.events import LoggedEvent, Submitted
from pysonar.chain.contract.sonar import Sonar, queue_entry
from pysonar.chain.contract.tokens import Token
from pysonar.chain.contract.types import EMPTY, State
from pysonar.chain.errors import EventsBehindError, NoSuchCampaignError
from pysonar.chain.sending.deeds import Action, Deed


class Effects:
    """The effects of one account's deeds.

    history: a campaign's events on the chain, as far as they are read.
    """

    def __init__(self, sonar: Sonar, account: str, history: Callable[[bytes], Iterable[LoggedEvent]]) -> None:
        self._sonar = sonar
        self._account = account
        self._history = history

    def shown(self, deed: Deed, block: int) -> bool:
        """Whether the chain shows at the block what the deed is to bring about. False for deeds that leave no
        such trace (fillers of nonces).

        Raises:
            EventsBehindError: the events must be read further first.
            ChainError: the node cannot say.
        """
        sonar, campaign = self._sonar, deed.campaign
        if deed.action is Action.REGISTER:
            return sonar.certificate(self._account, block=block) == bytes.fromhex(deed.tail.partition(".")[0])
        if campaign is None:
            return False
        match deed.action:
            case Action.APPROVE:
                token, amount, _ = deed.tail.split(".")
                allowed = Token(sonar.web3, token).allowance(self._account, sonar.address, block=block)
                return allowed >= int(amount) if int(amount) else allowed == 0
            case Action.CLAIM:
                return sonar.claimable(campaign, self._account, block=block) == 0
            case Action.SUBMIT:
                return self._was_queued(campaign, bytes.fromhex(deed.tail), block)
            case Action.RECLAIM:
                return sonar.queued(campaign, int(deed.tail), block=block) == EMPTY
        try:
            record = sonar.campaign(campaign, block=block)
        except NoSuchCampaignError:
            return False
        match deed.action:
            case Action.CREATE:
                return True
            case Action.OPEN | Action.DECLINE:
                return record.state is not State.REQUESTED
            case Action.CANCEL | Action.SETTLE:
                return record.state is State.SETTLED
            case Action.REPORT:
                return record.evaluated > int(deed.tail)
            case Action.DELIVER:
                return record.delivered
        return False

    def _was_queued(self, campaign: bytes, update: bytes, block: int) -> bool:
        """Whether the account's update is in the queue, or was.

        Of submissions that wait the contract itself says so; of those that were evaluated or taken back, the
        events.
        """
        read = {
            logged.event.index: (logged.event.miner, logged.event.update)
            for logged in self._history(campaign)
            if isinstance(logged.event, Submitted)
        }
        if (self._account, update) in read.values():
            return True
        entry = queue_entry(self._account, update)
        for index in range(self._sonar.campaign(campaign, block=block).submitted):
            if index in read:
                continue
            found = self._sonar.queued(campaign, index, block=block)
            if found == entry:
                return True
            if found == EMPTY:
                raise EventsBehindError(campaign, index)
        return False
