"""The typed errors of the chain room, all under `ChainError`.

Each names the thing, the value, and what would have been right. Addresses of nodes are shown without
credentials; keys and passphrases never get here. `exit_code` is what a command line ends with (see
`pysonar.party.cli.console`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from openmined_syft.errors import OpenMinedError
from pysonar.files.text import one_line
from pysonar.protocol.amounts import format_wei


class ChainError(OpenMinedError):
    """Base of the errors of the chain, its client, and the local records about it."""

    exit_code: ClassVar[int] = 1


# --- the node


class NodeError(ChainError):
    """Base of all trouble with the node: nothing is said about the chain by it, and it may be over soon."""

    exit_code: ClassVar[int] = 3


class NodeDownError(NodeError):
    """There is no usable answer: none at all, or one that means nothing. Wait, and ask again.

    `retry_after`: seconds that the node itself asks to be left alone; 0 if it says nothing.
    """

    def __init__(self, url: str, why: str) -> None:
        self.url, self.why, self.retry_after = url, why, 0.0
        super().__init__(
            f"no Ethereum node answers at {url}: {why}; start one there or correct the setting 'rpc'"
        )


class NodeBehindError(NodeDownError):
    """The node does not know a block that was seen before: what it lacks proves nothing."""

    def __init__(self, url: str, head: int, seen: int) -> None:
        ChainError.__init__(
            self,
            f"the node at {url} is behind: its newest block is {head}, block {seen} was seen; waiting for it",
        )
        self.url, self.why, self.retry_after = url, f"it is at block {head}, behind {seen}", 0.0


class NodeBusyError(NodeDownError):
    """The node, or what stands before it, answers that it cannot answer now.

    `limited`: because it was asked too often; else it is overloaded, or the request took it too long.
    """

    def __init__(self, url: str, why: str, retry_after: float = 0.0, *, limited: bool = False) -> None:
        self.limited = limited
        ChainError.__init__(
            self,
            f"the node at {url} does not answer now: {why}; it is asked again"
            + (f" after {retry_after:.0f} s" if retry_after else "")
            + "; more nodes can be named in the setting 'rpc'",
        )
        self.url, self.why, self.retry_after = url, why, retry_after


class UnexpectedAnswerError(NodeDownError):
    """An answer without the shape that JSON-RPC or the ABI promises: not believed, and asked for anew."""

    def __init__(self, what: str, expected: str, url: str = "") -> None:
        ChainError.__init__(
            self, f"the answer to {what}{' of ' + url if url else ''} cannot be read, expected {expected}"
        )
        self.url, self.why, self.retry_after = url, f"its answer to {what} cannot be read", 0.0


class NodeRefusedError(NodeError):
    """The node answers a request with an error of its own that has no closer type here.

    `data`: the bytes that a call reverted with, if it says any.
    """

    def __init__(self, method: str, code: int, message: str, data: bytes | None = None) -> None:
        self.method, self.code, self.data = method, code, data
        self.node_message = one_line(message, 300)
        super().__init__(f"the node refused {method} (code {code}): {self.node_message or 'no reason given'}")


class BadUrlError(ChainError):
    """The address of the node cannot be used."""

    def __init__(self, url: str) -> None:
        super().__init__(f"the node's address {url!r} is not usable; it must look like http://127.0.0.1:8545")


class WrongChainError(NodeDownError):
    """The node serves a chain other than the one in the settings: nothing is read from it or sent to it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, url: str, expected: int, found: int) -> None:
        self.expected, self.found = expected, found
        said = f"the node at {url} serves chain {found}, expected chain {expected}"
        self.url, self.why, self.retry_after = url, said, 0.0
        ChainError.__init__(self, said)


class OtherGenesisError(NodeDownError):
    """The node has become that of another chain with the same id: it has another block 0."""

    exit_code: ClassVar[int] = 1

    def __init__(self, contract: str) -> None:
        said = f"the node serves another chain than the one with Sonar at {contract}: its block 0 is another"
        self.url, self.why, self.retry_after = "", said, 0.0
        ChainError.__init__(self, f"{said}; what was read is kept, correct the setting 'rpc'")


# --- the contract


class BadAddressError(ChainError):
    """Text that is not an account address."""

    def __init__(self, what: str, value: object) -> None:
        super().__init__(f"{what} {value!r} is not an address; it must be 0x and 40 hexadecimal digits")


class BadArgumentError(ChainError):
    """A value that does not fit the contract's function: found before anything is signed."""

    def __init__(self, what: str, value: object, expected: str) -> None:
        super().__init__(f"{what} is {value!r}, expected {expected}")


class NoContractError(ChainError):
    """No code lives at the address."""

    def __init__(self, address: str, chain_id: int) -> None:
        super().__init__(f"no contract at {address} on chain {chain_id}; expected a deployed Sonar")


class NotSonarError(ChainError):
    """Code lives at the address, but it does not answer as Sonar does."""

    def __init__(self, address: str, chain_id: int) -> None:
        super().__init__(f"the contract at {address} on chain {chain_id} does not answer as Sonar does")


class WrongVersionError(ChainError):
    """A Sonar, but of a version that this program does not know or that was not expected."""

    def __init__(self, address: str, found: int, known: Sequence[int], expected: int | None) -> None:
        if found not in known:
            should = (
                f"this program knows {' and '.join(map(str, known))}; install a release that knows {found}"
            )
        else:
            should = f"version {expected} was expected: use the home, or the deployment, of that contract"
        super().__init__(f"the Sonar at {address} is of version {found}; {should}. Nothing was sent to it.")


class NoSuchCampaignError(ChainError):
    """Sonar knows no campaign of that id."""

    def __init__(self, campaign: bytes, contract: str) -> None:
        self.campaign = campaign
        super().__init__(f"Sonar at {contract} has no campaign 0x{campaign.hex()}")


class ContractRefusedError(ChainError):
    """The contract would refuse the call (found by simulation, no gas spent), with its own reason."""

    def __init__(self, label: str, reason: str) -> None:
        self.label, self.reason = label, reason
        super().__init__(f"{label} is refused by the contract: {reason}")


class InsufficientFundsError(ChainError):
    """The account cannot pay for value and gas."""

    def __init__(self, label: str, account: str, balance: int, needed: int) -> None:
        self.label, self.account, self.balance, self.needed = label, account, balance, needed
        super().__init__(
            f"{label}: account {account} holds {format_wei(balance)}, needs {format_wei(needed)} (value and "
            f"gas together); {format_wei(needed - balance)} are missing"
        )


class NotATokenError(ChainError):
    """What is at the address does not answer as an ERC-20 token does."""

    def __init__(self, address: str, why: str) -> None:
        self.address = address
        super().__init__(f"{address} is not a token: {why}; expected the address of an ERC-20 contract")


class TokensMissingError(ChainError):
    """The account does not hold enough of a token."""

    def __init__(
        self, label: str, account: str, token: str, held: int, needed: int, *, show: Callable[[int], str]
    ) -> None:
        self.token, self.held, self.needed = token, held, needed
        super().__init__(
            f"{label}: account {account} holds {show(held)} (token {token}), needs {show(needed)};"
            f" {show(needed - held)} are missing"
        )


# --- transactions


class TransactionError(ChainError):
    """Base of what can happen to a transaction after it is signed."""


class RevertedError(TransactionError):
    """The transaction was mined and reverted: gas is spent, nothing else happened."""

    def __init__(self, label: str, transaction_hash: str, reason: str) -> None:
        self.label, self.transaction_hash, self.reason = label, transaction_hash, reason
        super().__init__(f"{label} was mined as {transaction_hash} and reverted: {reason}")


class NonceTakenError(TransactionError):
    """Another transaction of the same account, not from this outbox, took the nonce."""

    def __init__(self, label: str, account: str, nonce: int) -> None:
        self.label, self.account, self.nonce = label, account, nonce
        super().__init__(
            f"{label}: nonce {nonce} of account {account} was used by a transaction that this outbox did not "
            "send; use one account with one running agent only"
        )


class NonceAstrayError(TransactionError):
    """It had a nonce that the account never gets to, by a node's wrong word, and was given up."""

    def __init__(self, label: str, problem: str) -> None:
        super().__init__(f"{label}: {problem}; it was given up. Ask for it again")


class TransactionTimeoutError(TransactionError):
    """Not confirmed within the time the caller wanted to wait; the outbox keeps trying all the same."""

    exit_code: ClassVar[int] = 3

    def __init__(self, label: str, deed: str, seconds: float, problem: str | None = None) -> None:
        self.problem = problem
        why = "" if problem is None else f": {problem}"
        super().__init__(
            f"{label} ({deed}) is not confirmed after {seconds:g} s{why}; it stays in the outbox"
        )


class UnknownDeedError(TransactionError):
    """The outbox holds no transaction for that deed."""

    def __init__(self, deed: str) -> None:
        super().__init__(f"the outbox holds no transaction for {deed!r}")


class DeedReusedError(TransactionError):
    """The same deed with another call: one of the two would silently not happen."""

    def __init__(self, deed: str, stored: str, asked: str) -> None:
        super().__init__(f"the deed {deed!r} belongs to another call ({stored}), asked for {asked}")


class UnexpectedNonceError(TransactionError):
    """The node says an impossible number of transactions of the account: nothing is signed on it."""

    exit_code: ClassVar[int] = 3

    def __init__(self, account: str, latest: int, pending: int, most: int) -> None:
        self.latest, self.pending = latest, pending
        super().__init__(
            f"the node says that the next nonce of account {account} is {pending}, with {latest} "
            f"transactions mined; expected {latest} to {latest + most}. Nothing is signed; wait until the "
            "account's other transactions are mined, or ask another node (setting 'rpc')"
        )


class TokenCallTooDearError(TransactionError):
    """The gas of a call in which a token's own code runs would cost more than the owner allows."""

    def __init__(self, function: str, gas: int, cost: int, most: int) -> None:
        self.gas, self.cost, self.most = gas, cost, most
        super().__init__(
            f"{function} takes {gas} gas for up to {cost} wei; at most {most} wei are paid for a call that "
            "runs a token's code. Raise 'max_token_call' if that token is worth it"
        )


class FeesTooHighError(TransactionError):
    """The chain asks more per gas than the account's cap allows."""

    exit_code: ClassVar[int] = 3

    def __init__(self, asked: int, cap: int) -> None:
        self.asked, self.cap = asked, cap
        super().__init__(
            f"the chain asks {format_wei(asked)} per gas, the cap is {format_wei(cap)}; wait or raise "
            "'max_fee_gwei'"
        )


class EventsBehindError(TransactionError):
    """Whether a submission is in the queue cannot be said before its events are read."""

    exit_code: ClassVar[int] = 3

    def __init__(self, campaign: bytes, index: int) -> None:
        super().__init__(
            f"campaign 0x{campaign.hex()}: submission {index} was decided and its event is not read yet; "
            "waiting for it"
        )


# --- local records


class AlreadyRunningError(ChainError):
    """Another process holds the lock of this home directory."""

    def __init__(self, path: str) -> None:
        super().__init__(f"another process is already running with {path}; stop it first")


class UndecodableLogError(UnexpectedAnswerError):
    """A log of the contract's address that does not decode by the ABI: no Sonar made it."""

    def __init__(self, topic: str, why: str) -> None:
        super().__init__("eth_getLogs", f"events of Sonar; a log with the topic {topic} is not one: {why}")


# --- keys


class KeyfileError(ChainError):
    """Base of what is wrong with an account's keyfile."""


class WrongPassphraseError(KeyfileError):
    """The passphrase does not open the keyfile."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the passphrase does not open the keyfile {path}")


class KeyfileMissingError(KeyfileError):
    """There is no keyfile at the path."""

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no keyfile at {path}; create one with the 'init' command")


class KeyfileExistsError(KeyfileError):
    """A keyfile is never overwritten."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"there is already a file at {path}; a keyfile is never overwritten, choose another path"
        )


class MalformedKeyfileError(KeyfileError):
    """The file is not a web3 keystore of version 3."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"the file {path} is not a usable keyfile: {why}; expected a web3 keystore, version 3"
        )
