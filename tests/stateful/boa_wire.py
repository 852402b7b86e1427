"""Plain calls to a contract inside this process, on titanoboa's chain.

Not `contract.function(...)`: that also draws stack traces of refusals, and is four times slower. What
titanoboa keeps for its reports is left out too: it writes out a contract's whole storage at each refusal.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import boa
from boa.contracts.vyper.vyper_contract import VyperContract
from boa.vm.gas_meters import NoGasMeter
from eth_abi import decode

REASON = bytes.fromhex("08c379a0")
KECCAK256, SSTORE = 0x20, 0x55


class ContractRefusedError(Exception):
    """The call was reverted, for this reason."""


class Wire:
    """Calls to one deployed contract."""

    def __init__(self, contract: VyperContract) -> None:
        self.contract = contract
        self.address = str(contract.address)
        self.abi = contract.abi
        self.logs: list[tuple[list[bytes], bytes]] = []  # of this contract, since they were last taken

    def send(self, function: str, *arguments: object, sender: str, value: int = 0) -> bytes:
        """Call with effect; the encoded answer.

        Raises:
            ContractRefusedError: reverted; the state is what it was.
        """
        data = getattr(self.contract, function).prepare_calldata(*arguments)
        done = boa.env.execute_code(
            to_address=self.address, sender=sender, value=value, data=data, contract=self.contract
        )
        if done.is_error:
            output = bytes(done.output)
            raise ContractRefusedError(
                decode(["string"], output[4:])[0] if output[:4] == REASON else output.hex()
            )
        own = bytes.fromhex(self.address[2:])
        for _, emitter, topics, data in done.get_raw_log_entries():
            if emitter == own:
                self.logs.append(([topic.to_bytes(32) for topic in topics], data))
        return bytes(done.output)

    def number(self, function: str, *arguments: object) -> int:
        """The answer of a view that returns a number."""
        return int.from_bytes(self.send(function, *arguments, sender=self.address))

    def words(self, function: str, *arguments: object) -> Sequence[int]:
        """The answer of a view, as 32-byte words."""
        answer = self.send(function, *arguments, sender=self.address)
        return [int.from_bytes(answer[place : place + 32]) for place in range(0, len(answer), 32)]


class Unmetered(NoGasMeter):
    """Always as much gas left."""

    start_gas = gas_remaining = 10**9
    gas_refunded = 0


@contextmanager
def keeping_nothing() -> Iterator[None]:
    """No gas is counted, and no hash or write noted: those of a million steps would fill the memory."""
    meter = boa.env.evm.get_gas_meter_class()
    opcodes = boa.env.evm.vm.state.computation_class.opcodes
    before = opcodes[KECCAK256], opcodes[SSTORE], VyperContract.__repr__
    boa.env.evm.set_gas_meter_class(Unmetered)
    opcodes[KECCAK256], opcodes[SSTORE] = opcodes[KECCAK256].sha3, opcodes[SSTORE].sstore
    VyperContract.__repr__ = object.__repr__
    try:
        yield
    finally:
        opcodes[KECCAK256], opcodes[SSTORE], VyperContract.__repr__ = before
        boa.env.evm.set_gas_meter_class(meter)


class BoaStage:
    """A chain in this process: its contracts, its time, its balances."""

    def load(self, path: str) -> Wire:
        """Compile and deploy."""
        return Wire(boa.load(path))

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside is undone."""
        with boa.env.anchor(), keeping_nothing():
            yield

    def enrich(self, account: str, wei: int) -> None:
        """Give an account ether from nowhere."""
        boa.env.set_balance(account, wei)

    def balance(self, account: str) -> int:
        """Ether of an account."""
        return int(boa.env.get_balance(account))

    def now(self) -> int:
        """The time of the next call."""
        return int(boa.env.evm.patch.timestamp)

    def wait_until(self, time: int) -> None:
        """Let the next call happen at `time`."""
        boa.env.evm.patch.timestamp = time
