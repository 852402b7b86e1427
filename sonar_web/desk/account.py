"""A scientist's account of this machine, asked by the pages in the words of a wallet (EIP-1193).

Everything happens in one thread, which owns the home's database. Transactions go through the home's outbox:
signed bytes are stored before they are sent, so that a crash neither loses nor doubles one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from openmined_syft.errors import OpenMinedError
from pysonar.chain.errors import NodeRefusedError
from pysonar.chain.node import rpc
from pysonar.scientist.connection import Scientist
from sonar_web.desk.calls import send
from sonar_web.errors import AlreadyDoneError, NotOursError, RefusedCallError

_READS = ("eth_call", "eth_estimateGas", "eth_gasPrice", "eth_chainId")
_ACCOUNTS = ("eth_requestAccounts", "eth_accounts")


class Account:
    """The account of an opened home. `open_scientist` is called in the thread that will own it; its errors
    are raised here.
    """

    def __init__(self, open_scientist: Callable[[], Scientist]) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="account")
        self._scientist = self._thread.submit(open_scientist).result()
        self.address = self._scientist.address

    def answer(self, method: str, params: Sequence[Any]) -> Any:
        """What a wallet would answer.

        Raises:
            NotOursError: not asked of this account. ChainError: refused or not possible; nothing was sent.
        """
        return self._thread.submit(self._answer, method, params).result()

    def look_after(self, stop: threading.Event, say: Callable[[str], None], seconds: float = 1.0) -> None:
        """See transactions through until `stop` is set: sent again, paid more for, confirmed. Trouble is said
        once, and tried again.
        """
        said = ""
        while not stop.wait(seconds):
            trouble = ""
            try:
                self.pump()
            except OpenMinedError as error:
                trouble = f"the account's transactions are not looked after now: {error}"
            if trouble and trouble != said:
                say(trouble)
            said = trouble
        self.close()

    def pump(self) -> None:
        """Look after each once. ChainError."""
        self._thread.submit(self._pump).result()

    def close(self) -> None:
        """End its thread, and with it the home's database."""
        self._thread.submit(self._scientist.connection.database.close).result()
        self._thread.shutdown()

    def _pump(self) -> None:
        if self._scientist.outbox.unfinished():
            self._scientist.outbox.pump()

    def _answer(self, method: str, params: Sequence[Any]) -> Any:
        scientist = self._scientist
        if method in _ACCOUNTS:
            return [self.address]
        if method in _READS:
            return self._ask(method, params)
        if method == "eth_sendTransaction" and params and isinstance(params[0], dict):
            pending = send(scientist.outbox, scientist.connection.sonar, params[0])
            if pending is None:
                raise AlreadyDoneError
            return pending.hashes[-1]
        if method == "eth_getTransactionReceipt" and params:
            return self._receipt(str(params[0]))
        if method == "eth_getTransactionByHash":
            return None  # the outbox replaces what waits too long, and knows it by each of its hashes
        raise NotOursError(f"{method[:60]} is not asked of it")

    def _ask(self, method: str, params: Sequence[Any]) -> Any:
        try:
            return rpc.call(self._scientist.connection.web3, method, *params)
        except NodeRefusedError as error:
            reason = rpc.revert_reason(error)
            raise error if reason is None else RefusedCallError(reason) from None

    def _receipt(self, wanted: str) -> dict[str, str] | None:
        for pending in self._scientist.outbox.history():
            if wanted in pending.hashes:
                if pending.failed:
                    return {"status": "0x0", "transactionHash": pending.hashes[-1]}
                if pending.receipt is not None:
                    status = "0x1" if pending.receipt.succeeded else "0x0"
                    return {"status": status, "transactionHash": pending.receipt.transaction_hash}
        return None
