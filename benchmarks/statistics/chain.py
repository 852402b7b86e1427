"""A chain of its own, full of Sonar's events."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3

from pysonar.chain.contract.sonar import Sonar

ROOT = Path(__file__).resolve().parents[2]
MILL = "benchmarks/statistics/EventMill.vy"
TARGET, MIN_GAIN, LAST = 1_000_000, 1, (1 << 34) - 1
LIMITS = 1 | TARGET << 5 | MIN_GAIN << 25 | LAST << 177 | 3600 << 211
PRICE = 10**15 | 10**14 << 96 | TARGET << 192 | 32 << 212
_RUN = "run(uint256,uint256,uint256,uint256,uint256)"


@contextlib.contextmanager
def full_chain(campaigns: int, rounds: int) -> Iterator[tuple[str, Sonar]]:
    """An anvil whose one contract has logged the lives of so many campaigns, one transaction and block each:
    its address, and the contract as a Sonar.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    anvil = Path(sys.executable).parents[2] / "build" / "node" / "bin" / "anvil"
    command = [str(anvil) if anvil.exists() else "anvil", "--port", str(port), "--silent"]
    running = subprocess.Popen([*command, "--gas-limit", "1000000000", "--base-fee", "0"])
    try:
        url = f"http://127.0.0.1:{port}"
        web3 = Web3(HTTPProvider(url, request_kwargs={"timeout": 120}))
        while not web3.is_connected():
            time.sleep(0.1)
        payer = web3.eth.accounts[0]

        def send(data: bytes, to: str | None = None) -> str:
            request = {"from": payer, "data": "0x" + data.hex(), "gas": hex(900_000_000), "gasPrice": "0x0"}
            sent = web3.provider.make_request("eth_sendTransaction", [request | ({"to": to} if to else {})])  # type: ignore[arg-type] # a method's name
            receipt = web3.eth.wait_for_transaction_receipt(sent["result"], timeout=120, poll_latency=0.01)
            if receipt["status"] != 1:
                raise RuntimeError("the mill's transaction failed")
            return str(receipt["contractAddress"])

        vyper = Path(sys.executable).with_name("vyper")
        line = [str(vyper), "-p", str(ROOT), "--evm-version", "cancun", "-f", "bytecode", MILL]
        code = subprocess.run(line, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        mill = to_checksum_address(send(bytes.fromhex(code.strip().removeprefix("0x"))))
        for first in range(campaigns):
            arguments = encode(["uint256"] * 5, [first, 1, rounds, LIMITS, PRICE])
            send(keccak(text=_RUN)[:4] + arguments, mill)
        yield url, Sonar(web3, mill, web3.eth.chain_id)
    finally:
        running.terminate()
        running.wait()


def events_of(campaigns: int, rounds: int) -> int:
    """How many events these lives log."""
    return campaigns * (3 + 2 * rounds + -(-rounds // 4))
