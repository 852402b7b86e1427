"""Random campaigns, each of them audited: what the contract allowed, however odd, is no difference."""

from pysonar.chain.contract import abi
from pysonar.chain.contract.events import CampaignEvent, LoggedEvent, decode_log
from pysonar.chain.contract.types import CampaignRecord
from pysonar.chain.node import answers
from pysonar.scientist.auditing.events import audit_chain
from tests.stateful.log_twin import Log, Told
from tests.stateful.sonar_machine import SonarMachine


class AuditedMachine(SonarMachine):
    """The machine that also keeps each campaign's events, as a follower would."""

    def __init__(self) -> None:
        super().__init__()
        self.histories: dict[bytes, list[LoggedEvent]] = {}

    def hear(self, ident: bytes) -> Told:
        """The logs of one call: they are heard after each."""
        for log in self.sonar.logs:
            logged = self.logged(log)
            if isinstance(logged.event, CampaignEvent):
                self.histories.setdefault(logged.event.id, []).append(logged)
        return super().hear(ident)

    def logged(self, log: Log) -> LoggedEvent:
        """The event, in a block whose number is its time."""
        topics, told = log
        mined = answers.Log(
            address=self.sonar.address.lower(),
            topics=tuple(topics),
            data=told,
            block_number=self.stage.now(),
            block_hash=bytes(32),
            log_index=0,
            transaction_hash=bytes(32),
        )
        return decode_log(mined)

    def end_everything(self) -> None:
        """Audited as they are, ended, and audited once more."""
        self.audit()
        super().end_everything()
        self.audit()

    def audit(self) -> None:
        for ident, history in self.histories.items():
            words = self.sonar.words("campaign", ident)
            (said,) = abi.functions()["campaign"].decode(b"".join(word.to_bytes(32) for word in words))
            record = CampaignRecord.from_abi(ident, said)
            wrong = [check for check in audit_chain(record, history, int) if not check.passed]
            # The machine's Capsules say UNAVAILABLE whenever they like: that the contract cannot know.
            assert [check for check in wrong if "seconds before the verdict" not in check.what] == []
