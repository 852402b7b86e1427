"""The typed client of one deployed Sonar: reading, simulating, and (through `calls`) building transactions.

Sending is the outbox's work. Reads are of the newest block unless a block is named.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from pysonar.chain.address import checksum, require_address, require_bytes32
from pysonar.chain.contract import abi
from pysonar.chain.contract.calls import Call, SonarCalls
from pysonar.chain.contract.types import EMPTY, CampaignRecord, State
from pysonar.chain.contract.versions import ABI_FILES, FIRST, NEWEST
from pysonar.chain.contract.words import encode_words
from pysonar.chain.errors import (
    ContractRefusedError,
    NoContractError,
    NodeRefusedError,
    NoSuchCampaignError,
    NotSonarError,
    UnexpectedAnswerError,
    WrongVersionError,
)
from pysonar.chain.node import rpc
from pysonar.chain.node.handle import Node
from pysonar.protocol.account_address import keccak256

PAUSES_BEFORE_A_NO = (0.1, 0.3, 0.6)


class Sonar:
    """Sonar at `address`. `Sonar.open` checks that it really is one; the plain constructor asks the node
    nothing but its chain id, and not even that if it is given (agents give that of their settings: the ids of
    campaigns are made of it).
    """

    def __init__(self, web3: Node, address: str, chain_id: int | None = None, version: int = NEWEST) -> None:
        self.web3 = web3
        self.address = require_address("the contract", address)
        self.version = version
        self.chain_id = rpc.chain_id(web3) if chain_id is None else chain_id
        self.calls = SonarCalls(self.address, version)

    @classmethod
    def open(
        cls, web3: Node, address: str, chain_id: int | None = None, *, version: int | None = None
    ) -> Sonar:
        """The client, after checking the contract: NoContractError, NotSonarError; WrongVersionError if its
        version is not known here, or not the one that is expected.

        The check asks for a campaign id of made-up values: the answer depends on chain id and address by a
        formula that no other contract has, so it also tells a Sonar of another chain apart. Behind a balancer
        one machine may not have the contract yet, so a no is asked for several times.
        """
        sonar = cls(web3, address, chain_id)
        for pause in (*PAUSES_BEFORE_A_NO, None):
            try:
                sonar._require_genuine()
                break
            except (NoContractError, NotSonarError):
                if pause is None:
                    raise
                time.sleep(pause)
        found = sonar._own_version()
        if found not in ABI_FILES or version not in (None, found):
            raise WrongVersionError(sonar.address, found, tuple(ABI_FILES), version)
        return cls(web3, address, sonar.chain_id, found)

    def _require_genuine(self) -> None:
        if not rpc.code(self.web3, self.address):
            raise NoContractError(self.address, self.chain_id)
        probe = (self.address, b"\x01" * 32, b"\x02" * 32)
        try:
            genuine = self.campaign_id(*probe) == campaign_id(self.chain_id, self.address, *probe)
        except (ContractRefusedError, UnexpectedAnswerError, NodeRefusedError):
            genuine = False
        if not genuine:
            raise NotSonarError(self.address, self.chain_id)

    def _own_version(self) -> int:
        """Which version the contract says it is; version 1 has no such function, and reverts. An answer that
        is not understood says nothing of the contract.
        """
        try:
            return int(self._read("version")[0])
        except ContractRefusedError:
            return FIRST

    def campaign(self, campaign: bytes, *, block: rpc.Tag = "latest") -> CampaignRecord:
        """The campaign as stored; NoSuchCampaignError if there is none."""
        found = self.many([campaign], block=block)
        if campaign not in found:
            raise NoSuchCampaignError(campaign, self.address)
        return found[campaign]

    def many(self, campaigns: Sequence[bytes], *, block: rpc.Tag = "latest") -> dict[bytes, CampaignRecord]:
        """The campaigns as stored, by id, in as few exchanges as the node allows; those that Sonar does not
        know are left out.
        """
        found: dict[bytes, CampaignRecord] = {}
        for campaign, said in self._read_many("campaign", campaigns, block=block):
            try:
                record = CampaignRecord.from_abi(campaign, said, self.version)
            except ValueError:  # a state that there is not
                raise UnexpectedAnswerError("campaign", "a campaign of Sonar") from None
            if record.state is not State.NONE:
                found[campaign] = record
        return found

    def campaign_id(self, owner: str, spec: bytes, salt: bytes) -> bytes:
        """The id that `create_campaign` of this owner, spec and salt gives."""
        return bytes(self._read("campaign_id", require_address("the owner", owner), spec, salt)[0])

    def certificate(self, capsule: str, *, block: rpc.Tag = "latest") -> bytes | None:
        """The CID digest of Capsule's current certificate; None if it registered none."""
        found = bytes(self._read("certificate", require_address("the capsule", capsule), block=block)[0])
        return None if found == EMPTY else found

    def queued(self, campaign: bytes, index: int, *, block: rpc.Tag = "latest") -> bytes:
        """What the queue holds at `index`: see `queue_entry`."""
        return bytes(self._read("queued", campaign, index, block=block)[0])

    def claimable(self, campaign: bytes, account: str, *, block: rpc.Tag = "latest") -> int:
        """Wei that `claim` would send the account now."""
        account = require_address("the account", account)
        return int(self._read("claimable", campaign, account, block=block)[0])

    def claimable_of_many(self, campaigns: Sequence[bytes], account: str) -> dict[bytes, int]:
        """`claimable` of each campaign, in as few exchanges as the node allows."""
        account = require_address("the account", account)
        return dict(self._read_many("claimable", campaigns, account))

    def owed_of_many(self, campaigns: Sequence[bytes], account: str) -> dict[bytes, int]:
        """`owed` of each campaign, in as few exchanges as the node allows."""
        account = require_address("the account", account)
        return dict(self._read_many("owed", campaigns, account))

    def owed(self, campaign: bytes, account: str) -> int:
        """Wei that the campaign owes the account, claimable now or after settlement."""
        return int(self._read("owed", campaign, require_address("the account", account))[0])

    def now(self) -> int:
        """The time of the newest block, seconds since 1970: what the contract's time limits are compared
        with.
        """
        return rpc.latest(self.web3).timestamp

    def _read_many(
        self, name: str, campaigns: Sequence[bytes], *more: Any, block: rpc.Tag = "latest"
    ) -> Iterator[tuple[bytes, Any]]:
        """Each campaign with what the view function says of it."""
        known = abi.functions(self.version)[name]
        asked = [known.encode(require_bytes32("the campaign's id", one), *more) for one in campaigns]
        requests = [{"to": self.address, "data": "0x" + data.hex()} for data in asked]
        for campaign, answer in zip(campaigns, rpc.eth_calls(self.web3, requests, block), strict=True):
            if isinstance(answer, NodeRefusedError):
                raise _refusal(name, answer)
            yield campaign, known.decode(answer)[0]

    def _read(self, function: str, *arguments: Any, block: rpc.Tag = "latest") -> tuple[Any, ...]:
        known = abi.functions(self.version)[function]
        request = {"to": self.address, "data": "0x" + known.encode(*arguments).hex()}
        try:
            answer = rpc.eth_call(self.web3, request, block)
        except NodeRefusedError as error:
            raise _refusal(function, error) from None
        return known.decode(answer)


def simulate(web3: Node, call: Call, sender: str, block: rpc.Tag = "pending") -> bytes:
    """`eth_call` of a Call to any contract; ContractRefusedError if it would revert."""
    try:
        return rpc.eth_call(web3, rpc.hex_request(sender, call.to, call.data, call.value), block)
    except NodeRefusedError as error:
        raise _refusal(call.label, error) from None


def _refusal(label: str, error: NodeRefusedError) -> ContractRefusedError | NodeRefusedError:
    """The contract's refusal, if it was the contract that refused."""
    reason = rpc.revert_reason(error)
    return error if reason is None else ContractRefusedError(label, reason)


def campaign_id(chain_id: int, contract: str, owner: str, spec: bytes, salt: bytes) -> bytes:
    """keccak256(abi_encode(chain id, contract, owner, spec, salt)), without asking a node
    (docs/protocol.md, section 3).
    """
    types = ["uint256", "address", "address", "bytes32", "bytes32"]
    return keccak256(encode_words(types, [chain_id, contract, owner, spec, salt]))


def queue_entry(miner: str, update: bytes) -> bytes:
    """keccak256(abi_encode(miner, update)): what the queue stores for a submission."""
    return keccak256(encode_words(["address", "bytes32"], [checksum(miner), update]))
