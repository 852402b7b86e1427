"""A campaign from the Data Scientist's side: `Campaign(...).launch().wait().result()` gives a fitted
estimator.

    scientist = Scientist.open(home, passphrase)
    plan = Plan(title=..., input_schema=..., output_schema=..., algorithm="one_vs_rest",
                capsule="0x...", bounty="10 ETH", target="90 %")
    estimator = Campaign(scientist, plan, "validation.csv").launch().wait().result()
    estimator.predict("new.csv")

Every step can be repeated after a crash, in the same process or another: the same name with the same plan
and records is the same campaign, and its bounty is escrowed once. `Campaign.attach` takes up one that was
launched before.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.events import Claimed, LoggedEvent
from pysonar.chain.contract.tokens import asset_for_people
from pysonar.chain.contract.types import CampaignRecord, State
from pysonar.chain.errors import (
    ChainError,
    ContractRefusedError,
    NodeDownError,
    NodeError,
    NodeRefusedError,
    NoSuchCampaignError,
    RevertedError,
    TransactionTimeoutError,
)
from pysonar.chain.sending.claims import ensure_claim
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.chain.sending.fees import FeePolicy, suggest
from pysonar.chain.sending.receipts import Receipt
from pysonar.protocol.amounts import format_ppm
from pysonar.scientist.asking import ask
from pysonar.scientist.connection import Connection, Scientist
from pysonar.scientist.errors import (
    CampaignError,
    ClaimUnfinishedError,
    StillRunningError,
    UnknownCampaignError,
)
from pysonar.scientist.journal import CampaignRow
from pysonar.scientist.launch import launch, starting_accuracy, wait_for_escrow
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.rehearsal import Rehearsal, rehearse
from pysonar.scientist.planning.simulation import Simulation, simulate
from pysonar.scientist.planning.slips import slips
from pysonar.scientist.planning.understood import Understood
from pysonar.scientist.result.delivery import Delivery, open_delivery
from pysonar.scientist.result.estimator import Estimator
from pysonar.scientist.result.frames import table_of
from pysonar.scientist.upkeep import put_back_specs
from pysonar.scientist.waiting import Line, raise_if_hopeless, waiting
from pysonar.tables import CsvFile, TableSource, read_records

OnEvent = Callable[[LoggedEvent], None]


class Campaign:
    """One campaign of one scientist.

    Args:
        scientist: who pays and gets the model.
        plan: what is wanted.
        validation: the records that measure the model, sealed to Capsule: a CSV file, a pyarrow Table, a
            mapping of columns or a DataFrame, with the label among the columns.
        name: the scientist's own name for the campaign; by default made from the title.
    """

    def __init__(self, scientist: Scientist, plan: Plan, validation: Any, *, name: str | None = None) -> None:
        self._scientist = scientist
        self._plan: Plan | None
        self._source = _source(validation)
        self._validation, self.reading = read_records(self._source, plan.schema)
        self._plan = plan.for_rows(self._validation.num_rows)
        self.name = name or default_name(plan.title)
        self._id: bytes | None = None
        self._rehearsal: Rehearsal | None = None

    @classmethod
    def attach(cls, scientist: Scientist, campaign: str | bytes) -> Campaign:
        """A campaign that was launched before, by its name, its id, or the beginning of its id."""
        made = cls.__new__(cls)
        made._scientist = scientist
        made._plan = None
        made._id = campaign if isinstance(campaign, bytes) else scientist.connection.find(campaign)
        row = scientist.connection.journal.with_id(made._id)
        made.name = row.name if row else "0x" + made._id.hex()
        return made

    @property
    def id(self) -> bytes:
        """The campaign's id on chain, 32 bytes; CampaignError before it is launched."""
        if self._id is None:
            raise CampaignError(f"campaign {self.name!r} is not launched yet; call launch() first")
        return self._id

    @property
    def record(self) -> CampaignRecord:
        """What the chain says of it now."""
        return self._connection.sonar.campaign(self.id)

    def _unsealed(self) -> Plan:
        if self._plan is None:
            raise CampaignError(f"campaign {self.name!r} was launched before; its records are sealed")
        return self._plan

    def understood(self) -> Understood:
        """What `launch` would seal and escrow for: the records as they were read. Nothing is sent.

        Raises CampaignError for a campaign that was attached to: its records are sealed.
        """
        plan = self._unsealed()
        start = starting_accuracy(plan, self._validation)
        return Understood(self._validation, plan, self._source.remarks(), self.reading, start)

    def rehearse(self) -> Rehearsal:
        """The campaign in plain numbers, with the validation records as a mine's; nothing is sent.

        Raises:
            PlanError: Capsule would decline it, or no mine could train such a model.
            CampaignError: it was attached to; its records are sealed.
        """
        plan = self._unsealed()
        if self._rehearsal is None:
            self._rehearsal = rehearse(plan, self._validation, starting_accuracy(plan, self._validation))
        return self._rehearsal

    def ask_capsule(self) -> list[str]:
        """Hold the plan against the terms that its Capsule has published; nothing is sent. What these leave
        open, a sentence each; nothing for a campaign whose bounty is on its way.

        Raises:
            PlanError: the Capsule would decline; the term is named.
            NoCertificateError: it is not known on chain. StoreError: its certificate cannot be had.
        """
        if self._plan is None or self._connection.journal.named(self.name) is not None:
            return []
        answer = ask(self._connection, self._plan.capsule)
        answer.require_welcome(self._plan, self._validation.num_rows)
        return answer.remarks()

    def simulate(
        self,
        data: Any,
        *,
        mines: int = 10,
        epsilon: float | None = None,
        seed: int = 0,
        free_riders: float = 0.0,
    ) -> Simulation:
        """The campaign played with many mines in plain numbers, as `sonar campaign simulate`.

        Args:
            data: records to share out to the mines, in the forms that validation records may have.
            mines, epsilon, seed, free_riders: as of `pysonar.scientist.planning.simulation.simulate`.

        Raises:
            PlanError: fewer records than mines, noise for a network, or a model that no mine could train.
            CampaignError: it was attached to; its records are sealed.
        """
        plan = self._unsealed()
        records, _ = read_records(_source(data), plan.schema)
        return simulate(
            plan,
            self._validation,
            records,
            mines=mines,
            epsilon=epsilon,
            seed=seed,
            free_riders=free_riders,
        )

    def slips(self) -> list[str]:
        """What is allowed and yet looks like a slip, in the terms and as the rehearsal went."""
        if self._plan is None:
            return []
        return [*slips(self._plan, gas_price=self._gas_price()), *self.rehearse().slips()]

    def require_enough_records(self) -> None:
        """As of `Rehearsal`; nothing for a campaign whose bounty is on its way."""
        if self._plan is not None and self._connection.journal.named(self.name) is None:
            self.rehearse().require_enough_records()

    def require_no_free_riding(self) -> None:
        """As of `Rehearsal`; nothing for a campaign whose bounty is on its way."""
        if self._plan is not None and self._connection.journal.named(self.name) is None:
            self.rehearse().require_no_free_riding()

    def launch(self, *, few_records: bool = False, allow_free_riding: bool = False) -> Campaign:
        """Rehearse; then seal the validation set, publish the spec, escrow the bounty. See `rehearse`,
        `require_enough_records` unless `few_records`, `require_no_free_riding` unless `allow_free_riding`,
        and `pysonar.scientist.launch.launch` for what is raised. Again, it only makes sure of that.
        """
        if self._plan is not None:
            self.rehearse()
            if not few_records:
                self.require_enough_records()
            if not allow_free_riding:
                self.require_no_free_riding()
            self._id = launch(self._scientist, self.name, self._plan, self._validation)
        return self

    def creation(self) -> tuple[CampaignRow, Receipt]:
        """What was put on chain at `launch`, and the receipt of the escrowing transaction.
        UnknownCampaignError if the campaign was not opened from this home.
        """
        row = self._connection.journal.with_id(self.id)
        if row is None:
            raise UnknownCampaignError("0x" + self.id.hex(), "it was not opened from this home directory")
        return row, wait_for_escrow(self._scientist, row)

    def wait(
        self,
        timeout: float | None = None,
        on_event: OnEvent | None = None,
        *,
        progress: bool | None = None,
    ) -> Campaign:
        """Return when the result is delivered.

        Args:
            timeout: seconds; None waits as long as a result can come.
            on_event: called with each event of the campaign, once.
            progress: whether a line shows how it stands; None: in a terminal or a notebook.

        Raises:
            CampaignDeclinedError, CancelledError, NotDeliveredError: there will be none; claim what is owed.
            StillRunningError: the timeout is over.
        """
        until = None if timeout is None else time.monotonic() + timeout
        told: set[tuple[bytes, int]] = set()
        put_back_specs(self._connection)
        with waiting(self.name, wanted=progress) as line:
            while True:
                if self._delivered(on_event, told, line):
                    return self
                if until is not None and time.monotonic() >= until:
                    raise StillRunningError("0x" + self.id.hex(), f"no result after {timeout:g} s")
                time.sleep(self._connection.home.settings.poll_seconds)

    def delivery(self) -> Delivery:
        """The opened result, checked against the chain; see `result.delivery.open_delivery`."""
        return open_delivery(self._connection, self._scientist.key, self._scientist.address, self.id)

    def result(self) -> Estimator:
        """The delivered model as a fitted estimator, after the checks of `delivery`."""
        return estimator_of(self.delivery())

    def __repr__(self) -> str:
        if self._id is None:
            return f"Campaign({self.name!r}, not launched)"
        try:
            record = self.record
        except ChainError:
            state = "its state is not known now"
        else:
            state = record.state.name.lower()
            if record.state is not State.REQUESTED:
                state += f" at {format_ppm(record.best)} of {format_ppm(record.terms.target)}"
        return f"Campaign({self.name!r}, 0x{self._id.hex()}, {state})"

    def _repr_html_(self) -> str:
        """What a notebook shows: what the chain says of it now."""
        rows = {"campaign": self.name, "id": "not launched yet"}
        if self._id is not None:
            record, rows["id"] = self.record, f"0x{self._id.hex()}"
            rows["state"] = record.state.name
            rows["accuracy"] = f"{format_ppm(record.best)} of {format_ppm(record.terms.target)}"
            asset = asset_for_people(self._connection.web3, record.terms.asset)
            rows["earned"] = f"{asset.show(record.paid)} of {asset.show(record.terms.bounty)}"
            rows["submissions"] = f"{record.evaluated} of {record.submitted} judged"
        cells = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
            for name, value in rows.items()
        )
        return f"<table>{cells}</table>"

    def settle(self) -> None:
        """End the campaign, so that everybody can claim; nothing happens if it is settled already.

        Raises: ContractRefusedError: it is not over, with the contract's reason.
        """
        if self._is_settled():
            return
        sonar = self._connection.sonar
        try:
            self._finish(Deed(Action.SETTLE, self.id), lambda: sonar.calls.settle(self.id))
        except (ContractRefusedError, RevertedError):
            if not self._is_settled():  # Capsule or a miner may have been quicker
                raise

    def cancel(self) -> None:
        """Take a campaign back to which nobody has submitted yet, opened or not; then claim the bounty.
        ContractRefusedError if it is too late.
        """
        sonar = self._connection.sonar
        self._finish(Deed(Action.CANCEL, self.id), lambda: sonar.calls.cancel(self.id))

    def claimable(self) -> int:
        """Wei that `claim` would bring now."""
        return self._connection.sonar.claimable(self.id, self._scientist.address)

    def claim(self, to: str | None = None) -> int:
        """Get what the campaign owes this account (refund, after settlement), sent to `to` or the account
        itself; the amount in wei, 0 if there is nothing.

        ClaimUnfinishedError: the claim is signed and stored, and was not seen confirmed yet.
        """
        outbox, sonar = self._scientist.outbox, self._connection.sonar
        sent = None
        try:
            amount = self.claimable()
            sent = ensure_claim(outbox, sonar, self.record, to or self._scientist.address)
            if sent is None:
                return 0
            receipt = outbox.wait(sent.deed)
        except (NodeDownError, NodeRefusedError, TransactionTimeoutError) as error:
            transaction = None if sent is None else sent.hashes[-1]
            raise ClaimUnfinishedError({}, transaction, error) from error
        moved = [logged.event.amount for logged in receipt.events if isinstance(logged.event, Claimed)]
        return sum(moved) or amount

    @property
    def _connection(self) -> Connection:
        return self._scientist.connection

    def _gas_price(self) -> int:
        """Wei that one gas costs now, about; 0 where the chain does not say: what is sent will say why."""
        try:
            fees = suggest(self._connection.web3, FeePolicy())
        except ChainError:
            return 0
        return (fees.max_fee + fees.tip) // 2  # an offer is twice the base fee, and the tip

    def _is_settled(self) -> bool:
        return self.record.state is State.SETTLED

    def _finish(self, deed: Deed, make: Callable[[], Call]) -> None:
        """Send what ends the campaign and wait for it."""
        if self._scientist.outbox.ensure(deed, make) is not None:
            self._scientist.outbox.wait(deed)

    def _delivered(self, on_event: OnEvent | None, told: set[tuple[bytes, int]], line: Line) -> bool:
        """One look: True if delivered, False if it may still come; errors if not. A node that is away for a
        while is waited for.
        """
        connection = self._connection
        try:
            connection.read_events()
            record, now = connection.confirmed(self.id), connection.sonar.now()
        except (NodeError, NoSuchCampaignError):
            return False
        line.show(self.name, record, now)
        history = connection.follower.history(campaign=self.id)
        for logged in history:
            place = (logged.block_hash, logged.log_index)
            if on_event is not None and place not in told:
                on_event(logged)
            told.add(place)
        if record.delivered:
            return True
        raise_if_hopeless(record, now, history)
        return False


def estimator_of(delivery: Delivery) -> Estimator:
    """The estimator of an opened result."""
    spec = delivery.spec
    return Estimator(
        delivery.result.weights,
        spec.algorithm,
        spec.input_schema,
        spec.output_schema,
        spec.metric,
        delivery.record.id,
    )


def default_name(title: str) -> str:
    """A name made from a title: "Handwritten digits!" -> "handwritten-digits"."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "campaign"


def _source(records: Any) -> CsvFile | TableSource:
    """A CSV file by its path, a pyarrow Table, a mapping of columns or a DataFrame."""
    if isinstance(records, str | Path):
        return CsvFile(Path(records).expanduser())
    return TableSource(table_of(records))
