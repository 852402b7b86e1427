"""A small wallet of the tests: announced by EIP-6963, its account one of the chain's own unlocked ones."""

from __future__ import annotations

import requests
from playwright.sync_api import Page

from tests.json_types import Json, JsonObject

_ANNOUNCED = """
(() => {
  const provider = {
    request: async (asked) => {
      const answer = await window.askTestWallet(asked);
      if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
      return answer.result;
    },
  };
  const info = { uuid: "7a3c9d10-0000-4000-8000-000000000001", name: "Test wallet", icon: "data:,", rdns: "test.wallet" };
  const announce = () =>
    window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})();
"""  # noqa: E501 - a script


class TestWallet:
    """Lends its account to the page that it is installed in.

    Attributes:
        rejects: whether its owner says no to every transaction.
        chain_id: the chain that it is on. switches: whether it moves to another one when asked.
        replacing: what its owner does to a sent transaction at once: "faster", "cancelled", or None.
        sent: hashes of what it sent.
    """

    __test__ = False

    def __init__(self, url: str, account: str, chain_id: int) -> None:
        self.url, self.account, self.chain_id = url, account, chain_id
        self.rejects, self.switches = False, True
        self.replacing: str | None = None
        self.sent: list[str] = []

    def install(self, page: Page) -> None:
        """Before the page is opened."""
        page.expose_function("askTestWallet", self.answer)
        page.add_init_script(_ANNOUNCED)

    def answer(self, asked: JsonObject) -> JsonObject:
        """What the provider's `request` gives or throws."""
        method, params = asked["method"], list(asked.get("params") or [])
        if method in ("eth_requestAccounts", "eth_accounts"):
            return {"result": [self.account]}
        if method == "eth_chainId":
            return {"result": hex(self.chain_id)}
        if method == "wallet_switchEthereumChain":
            if not self.switches:
                return {"error": {"code": 4902, "message": "Unrecognized chain ID"}}
            self.chain_id = int(params[0]["chainId"], 16)
            return {"result": None}
        if method == "eth_sendTransaction" and self.rejects:
            return {"error": {"code": 4001, "message": "User rejected the request."}}
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer: JsonObject = requests.post(self.url, json=request, timeout=30).json()
        if method == "eth_sendTransaction" and "result" in answer:
            self.sent.append(answer["result"])
            if self.replacing is not None:
                self._replace(params[0])
        return {name: answer[name] for name in ("result", "error") if name in answer}

    def _replace(self, sent: JsonObject) -> None:
        """Another transaction of the same number at a higher price, before the first one is in a block."""
        waiting = self._ask("eth_getTransactionByHash", self.sent[-1])
        price = hex(int(waiting["gasPrice"], 16) * 3)
        wanted = (
            sent if self.replacing == "faster" else {"from": self.account, "to": self.account, "value": "0x0"}
        )
        more = {"nonce": waiting["nonce"], "gasPrice": price, "gas": waiting["gas"]}
        self.sent.append(self._ask("eth_sendTransaction", wanted | more))

    def _ask(self, method: str, *params: object) -> Json:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        return requests.post(self.url, json=request, timeout=30).json()["result"]
