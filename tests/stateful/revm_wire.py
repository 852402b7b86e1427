"""The stage of the state machine on revm, a compiled EVM: a million steps take minutes, not hours.

Contracts, the accounts' ether and the time are all there is: no blocks, and gas costs nothing.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from eth_abi import decode, encode
from eth_utils import function_signature_to_4byte_selector, to_checksum_address
from eth_utils.abi import collapse_if_tuple
from pyrevm import EVM, BlockEnv
from vyper.cli.vyper_compile import compile_files

from tests.roles import there
from tests.stateful.boa_wire import REASON, ContractRefusedError
from tests.stateful.stage import Abi

ROOT = Path(__file__).parents[2]
DEPLOYER = "0x" + "d0" * 20
READER = "0x" + "4e" * 20  # asks for views: an account without code
REVERTED = re.compile(r"Revert \{ gas_used: \d+, output: 0x([0-9a-f]*) \}")
START = 1_795_000_000  # any time will do
GAS = 10_000_000


class RevmStage:
    """A chain in this process: its contracts, its time, its balances."""

    def __init__(self) -> None:
        self.evm = EVM(spec_id="CANCUN")
        self.time = START
        self.given: list[tuple[str, int]] = []  # ether from nowhere
        self.wait_until(START)

    def load(self, path: str) -> "RevmWire":
        """Compile and deploy."""
        output = compile_files([ROOT / path], ["abi", "bytecode"], paths=[str(ROOT)]).popitem()[1]
        address = self.evm.deploy(DEPLOYER, bytes.fromhex(output["bytecode"][2:]))
        return RevmWire(self, address, output["abi"])

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside is undone."""
        before = self.evm.snapshot()
        self.given.clear()
        try:
            yield
        finally:
            self.evm.revert(before)
            for account, wei in self.given:  # revm's journal does not know of these
                self.evm.set_balance(account, self.balance(account) - wei)

    def enrich(self, account: str, wei: int) -> None:
        """Give an account ether from nowhere."""
        self.given.append((account, wei - self.balance(account)))
        self.evm.set_balance(account, wei)

    def balance(self, account: str) -> int:
        """Ether of an account."""
        return int(self.evm.get_balance(account))

    def now(self) -> int:
        """The time of the next call."""
        return self.time

    def wait_until(self, time: int) -> None:
        """Let the next call happen at `time`."""
        self.time = time
        self.evm.set_block_env(BlockEnv(number=1, timestamp=time))


class RevmWire:
    """Calls to one deployed contract."""

    def __init__(self, stage: RevmStage, address: str, abi: Abi) -> None:
        self.stage = stage
        self.address: str = to_checksum_address(address)
        self.abi = abi
        self.logs: list[tuple[list[bytes], bytes]] = []  # of this contract, since they were last taken

    @cached_property
    def functions(self) -> dict[str, tuple[bytes, list[str]]]:
        """Selector and argument types of each function."""
        found = {}
        for entry in self.abi:
            if entry["type"] == "function":
                kinds = list(map(collapse_if_tuple, entry["inputs"]))
                selector = function_signature_to_4byte_selector(f"{entry['name']}({','.join(kinds)})")
                found[entry["name"]] = selector, kinds
        return found

    def send(self, function: str, *arguments: object, sender: str, value: int = 0) -> bytes:
        """Call with effect; the encoded answer.

        Raises:
            ContractRefusedError: reverted; the state is what it was.
        """
        selector, types = self.functions[function]
        data = selector + encode(types, arguments)
        try:
            output = self.stage.evm.message_call(sender, self.address, data, value, GAS)
        except RuntimeError as error:
            reverted = REVERTED.search(str(error))
            if reverted is None:
                raise  # out of gas, no money for the value: what the machine never means to do
            answer = bytes.fromhex(reverted[1])
            known = answer[:4] == REASON
            raise ContractRefusedError(decode(["string"], answer[4:])[0] if known else answer.hex()) from None
        finally:
            self.stage.evm.reset_transient_storage()
        for log in there(self.stage.evm.result).logs:
            if log.address.lower() == self.address.lower():
                topics, told = log.data
                self.logs.append(([bytes(topic) for topic in topics], bytes(told)))
        return bytes(output)

    def number(self, function: str, *arguments: object) -> int:
        """The answer of a view that returns a number."""
        return int.from_bytes(self.send(function, *arguments, sender=READER))

    def words(self, function: str, *arguments: object) -> Sequence[int]:
        """The answer of a view, as 32-byte words."""
        answer = self.send(function, *arguments, sender=READER)
        return [int.from_bytes(answer[place : place + 32]) for place in range(0, len(answer), 32)]
