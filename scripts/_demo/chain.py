"""A local Ethereum chain for the demo: Foundry's anvil on a free port of the loopback interface."""

import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from web3 import Web3
from web3.types import Wei

CHAIN_ID = 1337  # the id by which Ape's `ethereum:local` knows a node that it did not start itself
START_SECONDS = 20


class Anvil:
    """A chain that lives as long as the `with` block."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> "Anvil":
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            # Mixed mining: a transaction is mined at once; a block comes every second so that time passes.
            self._process = subprocess.Popen(
                [
                    "anvil",
                    "--port",
                    str(port),
                    "--chain-id",
                    str(CHAIN_ID),
                    "--mixed-mining",
                    "--block-time",
                    "1",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        web3 = Web3(Web3.HTTPProvider(self.url))
        deadline = time.monotonic() + START_SECONDS
        while not web3.is_connected():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__(None, None, None)
                raise RuntimeError(f"anvil did not start on {self.url}: see {self._log}")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def fund(url: str, addresses: list[str], wei: int) -> None:
    """Give every address ether from the chain's own first account, which anvil keeps unlocked."""
    web3 = Web3(Web3.HTTPProvider(url))
    faucet = web3.eth.accounts[0]
    for address in addresses:
        sent = web3.eth.send_transaction(
            {"from": faucet, "to": Web3.to_checksum_address(address), "value": Wei(wei)}
        )
        web3.eth.wait_for_transaction_receipt(sent, timeout=30)
