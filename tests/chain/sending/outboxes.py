"""What the tests of the outbox share: deeds, calls that always work, and what has landed."""

from __future__ import annotations

from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.node import rpc
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.signer import KeyfileSigner
from tests.conftest import Anvil

FILLER = Deed(Action.FILL, None, "0")


def named(name: str) -> Deed:
    """A deed that is told from others by its name."""
    return Deed(Action.OTHER, None, name)


def register(sonar: Sonar, number: int = 1) -> Call:
    """A call that always works, told apart by its number."""
    return sonar.calls.register_capsule(number.to_bytes(32, "big"))


def registration(number: int = 1) -> Deed:
    """The deed of that call."""
    return Deed(Action.REGISTER, None, number.to_bytes(32, "big").hex() + ".0")


def landed(node: Anvil, sonar: Sonar) -> list[int]:
    """The numbers of all registrations on chain, in order."""
    logs = rpc.logs(node.web3, sonar.address, 0, rpc.block_number(node.web3))
    return [int.from_bytes(log.data, "big") for log in logs]


def send_and_see_mined(node: Anvil, outbox: Outbox, call: Call, deed: Deed) -> None:
    """A node that mines by itself does so a little after it has answered: on a busy machine, much later."""
    node.receipt(outbox.send(call, deed).hashes[-1])


def from_elsewhere(account: KeyfileSigner, nonce: int) -> bytes:
    """A transaction of the account that no outbox knows of, well paid."""
    return bytes(
        account.sign(
            {
                "type": 2, "chainId": 1337, "nonce": nonce, "to": account.address, "value": 1, "data": b"",
                "gas": 21_000, "maxFeePerGas": 500 * 10**9, "maxPriorityFeePerGas": 400 * 10**9,
            }
        )
    )  # fmt: skip
