"""The stage of the state machine on a Foundry node that Ape has started: real transactions, one to a block.

Accounts are impersonated and gas costs nothing, so that balances move by what Sonar moves and nothing else.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from eth_abi import decode
from vyper.cli.vyper_compile import compile_files
from web3 import Web3
from web3.types import RPCEndpoint, RPCResponse

from tests.json_types import Json, JsonObject
from tests.stateful.boa_wire import REASON, ContractRefusedError
from tests.stateful.stage import Abi

ROOT = Path(__file__).parents[2]
DEPLOYER = "0x" + "d0" * 20
GAS = hex(10_000_000)


class FoundryStage:
    """One node, for as long as the `with` lasts."""

    def __init__(self, request: Callable[[RPCEndpoint, list[object]], RPCResponse]) -> None:
        self.request = request
        self.clock = int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16) + 1

    def rpc(self, method: str, *arguments: object) -> Json:
        """The result of a call to the node; an error of the node is raised."""
        answer = self.request(RPCEndpoint(method), list(arguments))
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def __enter__(self) -> "FoundryStage":
        self.before = self.rpc("evm_snapshot")
        self.base_fee = self.rpc("eth_getBlockByNumber", "latest", False)["baseFeePerGas"]
        self.rpc("anvil_autoImpersonateAccount", True)
        return self

    def __exit__(self, *_error: object) -> None:
        self.rpc("anvil_autoImpersonateAccount", False)
        self.rpc("evm_revert", self.before)
        self.rpc("anvil_setNextBlockBaseFeePerGas", self.base_fee)

    def load(self, path: str) -> "FoundryWire":
        """Compile and deploy."""
        output = compile_files([ROOT / path], ["abi", "bytecode"], paths=[str(ROOT)]).popitem()[1]
        receipt = self.transact({"from": DEPLOYER, "data": output["bytecode"]})
        return FoundryWire(self, receipt["contractAddress"], output["abi"])

    def transact(self, fields: dict[str, str]) -> JsonObject:
        """One transaction in a block of its own, at the stage's time; its receipt."""
        self.rpc("anvil_setNextBlockBaseFeePerGas", "0x0")
        self.rpc("evm_setNextBlockTimestamp", hex(self.clock))
        self.clock += 1
        hashed = self.rpc("eth_sendTransaction", {"gas": GAS, "gasPrice": "0x0", **fields})
        for _ in range(1_000):  # the node mines at once, but answers first
            if receipt := self.rpc("eth_getTransactionReceipt", hashed):
                return receipt
            sleep(0.005)
        raise RuntimeError(f"transaction {hashed} was not mined in 5 s")

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside is undone; time is not."""
        snapshot = self.rpc("evm_snapshot")
        yield
        self.rpc("evm_revert", snapshot)

    def enrich(self, account: str, wei: int) -> None:
        """Give an account ether from nowhere."""
        self.rpc("anvil_setBalance", account, hex(wei))

    def balance(self, account: str) -> int:
        """Ether of an account."""
        return int(self.rpc("eth_getBalance", account, "latest"), 16)

    def now(self) -> int:
        """The time of the next transaction."""
        return self.clock

    def wait_until(self, time: int) -> None:
        """Let the next transaction happen at `time`; the past is gone."""
        self.clock = max(self.clock, time)


class FoundryWire:
    """Calls to one deployed contract."""

    def __init__(self, stage: FoundryStage, address: str, abi: Abi) -> None:
        self.stage = stage
        self.address: str = Web3.to_checksum_address(address)
        self.codec = Web3().eth.contract(abi=abi)
        self.abi = abi
        self.logs: list[tuple[list[bytes], bytes]] = []  # of this contract, since they were last taken

    def data(self, function: str, arguments: Sequence[object]) -> str:
        return str(self.codec.encode_abi(function, list(arguments)))

    def send(self, function: str, *arguments: object, sender: str, value: int = 0) -> bytes:
        """Call with effect; the encoded answer.

        Raises:
            ContractRefusedError: reverted; only the time has moved.
        """
        fields = {"from": sender, "to": self.address, "data": self.data(function, arguments)}
        receipt = self.stage.transact({**fields, "value": hex(value)})
        trace = self.stage.rpc("debug_traceTransaction", receipt["transactionHash"], {"tracer": "callTracer"})
        output = bytes.fromhex(trace.get("output", "0x").removeprefix("0x"))
        if int(receipt["status"], 16) == 0:
            known = output[:4] == REASON
            raise ContractRefusedError(decode(["string"], output[4:])[0] if known else output.hex())
        for log in receipt["logs"]:
            if log["address"].lower() == self.address.lower():
                topics = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
                self.logs.append((topics, bytes.fromhex(log["data"][2:])))
        return output

    def view(self, function: str, arguments: Sequence[object]) -> bytes:
        call = {"to": self.address, "data": self.data(function, arguments)}
        return bytes.fromhex(self.stage.rpc("eth_call", call, "latest").removeprefix("0x"))

    def number(self, function: str, *arguments: object) -> int:
        """The answer of a view that returns a number."""
        return int.from_bytes(self.view(function, arguments))

    def words(self, function: str, *arguments: object) -> Sequence[int]:
        """The answer of a view, as 32-byte words."""
        answer = self.view(function, arguments)
        return [int.from_bytes(answer[place : place + 32]) for place in range(0, len(answer), 32)]
