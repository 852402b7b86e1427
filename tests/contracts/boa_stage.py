"""A second stage for the same tests: titanoboa in this process, under the names that Ape gives things.

Chosen with `SONAR_STAGE=titanoboa`. Ten times faster than a node, so that each mutant of the contract can be
tried against every test, and the only one whose coverage is right for modules. Not a node: no blocks, no gas
price, and time stands still unless a test moves it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import boa
from boa.contracts.vyper.vyper_contract import VyperContract, VyperDeployer, VyperFunction
from eth.abc import ComputationAPI
from eth_abi import decode
from eth_keys.datatypes import PrivateKey
from eth_utils import keccak, to_checksum_address
from vyper.compiler.output import build_abi_output

from tests.contracts.parties import AbiValue, Event
from tests.json_types import JsonObject

# titanoboa writes out a contract's storage when a call to it is refused: slow, and it fails at maps of maps.
VyperContract.__repr__ = VyperContract.__str__ = lambda contract: f"<Vyper contract at {contract.address}>"

KEYS: dict[str, PrivateKey] = {}
REASON = bytes.fromhex("08c379a0")


class RevertedError(Exception):
    """A call was refused; the message is the reason."""


@contextmanager
def reverts(reason: str | None = None) -> Iterator[None]:
    """Like `ape.reverts`: the block must be refused, for this reason where one is given."""
    try:
        yield
    except RevertedError as error:
        if reason is not None and str(error) != reason:
            raise AssertionError(f"refused with {str(error)!r}, not {reason!r}") from error
        return
    raise AssertionError("not refused")


def execute(
    contract: VyperContract, data: bytes, sender: str, value: int, gas: int | None = None
) -> ComputationAPI:
    done = boa.env.execute_code(
        to_address=str(contract.address), sender=sender, value=value, data=data, contract=contract, gas=gas
    )
    if done.is_error:
        output = bytes(done.output)
        raise RevertedError(decode(["string"], output[4:])[0] if output[:4] == REASON else "")
    return done


class Account(str):
    """An address with a balance, that can deploy."""

    __slots__ = ()

    @property
    def address(self) -> str:
        return str(self)

    @property
    def balance(self) -> int:
        return int(boa.env.get_balance(str(self)))

    @balance.setter
    def balance(self, wei: int) -> None:
        boa.env.set_balance(str(self), wei)

    def deploy(self, source: VyperDeployer) -> "Contract":
        return Contract.of(source.deploy())

    def transfer(self, receiver: "Contract", wei: int) -> None:
        execute(receiver.boa, b"", str(self), wei)


class Contract(str):
    """A deployed contract: its address, with its functions."""

    boa: VyperContract

    @classmethod
    def of(cls, deployed: VyperContract) -> "Contract":
        contract = cls(deployed.address)
        contract.boa = deployed
        return contract

    @property
    def address(self) -> str:
        return str(self)

    @property
    def balance(self) -> int:
        return int(boa.env.get_balance(str(self)))

    def __getattr__(self, name: str) -> "Function":
        return Function(self, getattr(self.boa, name))


class Function:
    """One function: called, tried without effect, or only encoded."""

    def __init__(self, contract: Contract, function: VyperFunction) -> None:
        self.contract, self.function = contract, function
        self.is_view = not function.func_t.is_mutable

    def encode_input(self, *arguments: object) -> bytes:
        return bytes(self.function.prepare_calldata(*arguments))

    def __call__(
        self, *arguments: object, sender: str | None = None, value: int = 0, gas: int | None = None
    ) -> AbiValue:
        caller = str(sender or self.contract)
        done = execute(self.contract.boa, self.encode_input(*arguments), caller, value, gas)
        return self.answer(done) if self.is_view else Receipt(done)

    def call(self, *arguments: object, sender: str, value: int = 0) -> AbiValue:
        with boa.env.anchor():
            done = execute(self.contract.boa, self.encode_input(*arguments), str(sender), value)
        return self.answer(done)

    def answer(self, done: ComputationAPI) -> AbiValue:
        return self.contract.boa.marshal_to_python(done, self.function.func_t.return_type)


class Receipt:
    """What a call has logged, and the gas that a transaction with it would have used (no refunds)."""

    total_fees_paid = 0

    def __init__(self, done: ComputationAPI) -> None:
        zeros = bytes(done.msg.data).count(0)
        self.gas_used = 21_000 + 16 * len(done.msg.data) - 12 * zeros + done.get_gas_used()
        logs = [(to_checksum_address(log[1]), log[2], log[3]) for log in done.get_raw_log_entries()]
        self.events = [event for log in logs if (event := decoded(*log)) is not None]


@cache
def known_events() -> dict[int, JsonObject]:
    found = {}
    for entry in build_abi_output(source("Sonar").compiler_data):
        if entry["type"] == "event":
            signature = f"{entry['name']}({','.join(map(full_type, entry['inputs']))})"
            found[int.from_bytes(keccak(text=signature))] = entry
    return found


def full_type(field: JsonObject) -> str:
    """The type of a field, structs written out."""
    if field["type"] != "tuple":
        return str(field["type"])
    return f"({','.join(map(full_type, field['components']))})"


def decoded(_address: str, topics: tuple[int, ...], data: bytes) -> Event | None:
    entry = known_events().get(topics[0])
    if entry is None:
        return None
    indexed = [field for field in entry["inputs"] if field["indexed"]]
    rest = [field for field in entry["inputs"] if not field["indexed"]]
    values = {
        field["name"]: decode([field["type"]], topic.to_bytes(32))[0]
        for field, topic in zip(indexed, topics[1:], strict=True)
    }
    plain = decode([full_type(field) for field in rest], data)
    values.update({field["name"]: value for field, value in zip(rest, plain, strict=True)})
    for field in entry["inputs"]:
        if field["type"] == "address":
            values[field["name"]] = to_checksum_address(values[field["name"]])
    return SimpleNamespace(event_name=entry["name"], event_arguments=values)


@cache
def source(name: str) -> VyperDeployer:
    """A compiled contract of `contracts/` or of the mocks below it."""
    return boa.load_partial(str(next(Path("contracts").rglob(f"{name}.vy"))))


class Project:
    """Contracts by name."""

    def __getattr__(self, name: str) -> VyperDeployer:
        return source(name)


class Chain:
    """Time, snapshots, balances."""

    def __init__(self) -> None:
        self.provider = SimpleNamespace(
            get_balance=boa.env.get_balance,
            set_balance=boa.env.set_balance,
            set_code=boa.env.set_code,
            get_storage=lambda address, slot: boa.env.get_storage(address, slot).to_bytes(32),
            set_storage=lambda address, slot, value: boa.env.set_storage(
                address, slot, int.from_bytes(value)
            ),
        )
        self.snapshots: list[object] = []

    @property
    def chain_id(self) -> int:
        return int(boa.env.evm.patch.chain_id)

    @property
    def pending_timestamp(self) -> int:
        return int(boa.env.evm.patch.timestamp)

    @pending_timestamp.setter
    def pending_timestamp(self, time: int) -> None:
        boa.env.evm.patch.timestamp = time

    def mine(self) -> None:
        """There are no blocks: the time was set."""

    def snapshot(self) -> object:
        return boa.env.evm.snapshot()

    def restore(self, snapshot: object) -> None:
        boa.env.evm.revert(snapshot)


def accounts() -> list[Account]:
    """Ten rich accounts."""
    for number in range(10):
        key = PrivateKey(keccak(text=f"account {number}"))
        KEYS[key.public_key.to_checksum_address()] = key
    people = [Account(address) for address in KEYS]
    for person in people:
        person.balance = 10_000 * 10**18
    return people


def sign(account: Account, digest: bytes) -> tuple[int, bytes, bytes]:
    """Sign 32 bytes with the account's key: v, r, s."""
    signature = KEYS[str(account)].sign_msg_hash(digest)
    return signature.v + 27, signature.r.to_bytes(32), signature.s.to_bytes(32)
