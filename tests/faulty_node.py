"""A node's bad habits: a JSON-RPC proxy on the loopback between a party under test and an honest chain.

    with FaultyNode(anvil.url) as node:
        node.habit(lagging(5), "eth_getLogs")
        node.habit(answering(None), "eth_getTransactionReceipt", first=3)
        node.habit(http(429, headers={"Retry-After": "1"}), share=0.15)
        ... settings.rpc = node.url ...
        node.behave()

The first habit that fits a request acts. A batch is taken apart: each request in it meets the habits alone,
as if every one went to another machine; what breaks the HTTP exchange breaks it for the whole batch. What a
habit did is counted in `node.acted`, and every request in `node.asked`.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from types import TracebackType

from tests.json_types import Json, JsonObject

Said = JsonObject
Act = Callable[["Exchange"], Said]


class Broken(Exception):  # noqa: N818 - it says how the exchange ends
    """The HTTP exchange ends otherwise than with an answer; no status: the connection breaks."""

    def __init__(
        self, status: int | None, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.body, self.headers = status, body, headers or {}
        super().__init__(status)


@dataclass
class Exchange:
    """One request on its way: `honest()` is what the chain answers, `before` what it answered to the request
    before this one.
    """

    request: Said
    upstream: Callable[[Said], Said]
    before: Said | None

    @property
    def params(self) -> list[Json]:
        return list(self.request.get("params", []))

    def honest(self, params: list[Json] | None = None) -> Said:
        return self.upstream({**self.request, "params": self.params if params is None else params})

    def saying(self, **said: object) -> Said:
        return {"jsonrpc": "2.0", "id": self.request["id"], **said}

    def head(self) -> int:
        asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}
        return int(self.upstream(asked)["result"], 16)


@dataclass
class Habit:
    act: Act
    methods: frozenset[str]
    first: int | None
    share: float
    wider_than: int
    done: int = 0

    def fits(self, request: Said, draw: Callable[[], float]) -> bool:
        if self.methods and request["method"] not in self.methods:
            return False
        if self.first is not None and self.done >= self.first:
            return False
        if self.wider_than and width(request) <= self.wider_than:
            return False
        return self.share >= 1.0 or draw() < self.share


@dataclass
class FaultyNode:
    """The proxy; `url` is what a party names as its node."""

    upstream: str
    seed: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    acted: Counter[str] = field(default_factory=Counter)
    widths: list[int] = field(default_factory=list)
    exchanges: int = 0
    takes_batches: bool = True
    breaks_batches: Broken | None = None
    """How it fails at each batch, in place of saying that it takes none."""

    def __post_init__(self) -> None:
        self._habits: list[Habit] = []
        self._lock = threading.Lock()
        self._random = random.Random(self.seed)
        self._before: Said | None = None
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> FaultyNode:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def habit(
        self, act: Act, *methods: str, first: int | None = None, share: float = 1.0, wider_than: int = 0
    ) -> None:
        """Take a habit on: for these methods (all), the `first` times only, for that share of the requests,
        for log ranges of more blocks than `wider_than`."""
        with self._lock:
            self._habits.append(Habit(act, frozenset(methods), first, share, wider_than))

    def behave(self) -> None:
        """Drop all habits."""
        with self._lock:
            self._habits.clear()

    def answer(self, request: Said) -> Said:
        """What this node says to one request. Raises Broken."""
        with self._lock:
            self.asked[request["method"]] += 1
            if request["method"] == "eth_getLogs":
                self.widths.append(width(request))
            habit = next((one for one in self._habits if one.fits(request, self._random.random)), None)
            if habit is not None:
                habit.done += 1
                self.acted[request["method"]] += 1
            before = self._before
        exchange = Exchange(request, self._ask, before)
        said = exchange.honest() if habit is None else habit.act(exchange)
        with self._lock:
            self._before = said
        return said

    def _ask(self, body: Said) -> Said:
        asked = urllib.request.Request(  # noqa: S310 - the address is the test's own chain
            self.upstream, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with _DIRECT.open(asked, timeout=60) as answer:
                said: Said = json.loads(answer.read())
                return said
        except OSError:
            raise Broken(None) from None


class _Server(ThreadingHTTPServer):
    """Says nothing of a party that was killed in the middle of a request."""

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _handler(node: FaultyNode) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None: ...

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            node.exchanges += 1
            if isinstance(body, list) and not node.takes_batches:
                refused = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no batches"}}
                self._say(200, json.dumps(refused).encode(), {})
                return
            try:
                if isinstance(body, list) and node.breaks_batches is not None:
                    raise node.breaks_batches
                said = [node.answer(one) for one in body] if isinstance(body, list) else node.answer(body)
            except Broken as broken:
                self._break(broken)
                return
            self._say(200, json.dumps(said).encode(), {})

        def _break(self, broken: Broken) -> None:
            if broken.status is None:
                self.close_connection = True
                self.connection.close()
            else:
                self._say(broken.status, broken.body, broken.headers)

        def _say(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:  # whoever asked is gone
                self.close_connection = True

    return Handler


def width(request: Said) -> int:
    """Blocks that a request for logs asks for; 0 for any other."""
    if request["method"] != "eth_getLogs" or "toBlock" not in request["params"][0]:
        return 0
    asked = request["params"][0]
    return int(asked["toBlock"], 16) - int(asked["fromBlock"], 16) + 1


# --- habits


def answering(result: object) -> Act:
    """The same result to everything: None, a text where a number belongs, a list."""
    return lambda exchange: exchange.saying(result=result)


def refusing(code: object, message: object, data: object = None) -> Act:
    """An error, of whatever shape."""
    error = {"code": code, "message": message, **({} if data is None else {"data": data})}
    return lambda exchange: exchange.saying(error=error)


def erring(error: object) -> Act:
    """An error that is not even an object."""
    return lambda exchange: exchange.saying(error=error)


def saying(body: Json) -> Act:
    """This JSON in place of an answer."""
    return lambda exchange: body


def http(status: int, body: str = "<html>busy</html>", headers: Mapping[str, str] | None = None) -> Act:
    """An HTTP answer of what stands before the node; nothing reaches the node."""

    def act(exchange: Exchange) -> Said:
        raise Broken(status, body.encode(), headers)

    return act


def closing(exchange: Exchange) -> Said:
    """The connection breaks before the node hears anything."""
    raise Broken(None)


def losing(exchange: Exchange) -> Said:
    """The node does what is asked, and the answer is lost."""
    exchange.honest()
    raise Broken(None)


def cutting(exchange: Exchange) -> Said:
    """The answer ends in the middle."""
    raw = json.dumps(exchange.honest()).encode()
    raise Broken(200, raw[: len(raw) // 2])


def waiting(seconds: float) -> Act:
    """Late, but right."""

    def act(exchange: Exchange) -> Said:
        time.sleep(seconds)
        return exchange.honest()

    return act


def swapped(exchange: Exchange) -> Said:
    """The answer to the request before this one, with that one's id."""
    return exchange.honest() if exchange.before is None else exchange.before


def without(*keys: str) -> Act:
    """The right answer with some of its fields missing."""

    def act(exchange: Exchange) -> Said:
        said = exchange.honest()
        if isinstance(said.get("result"), dict):
            said["result"] = {key: value for key, value in said["result"].items() if key not in keys}
        return said

    return act


def times(factor: float) -> Act:
    """A number, that many times too high."""

    def act(exchange: Exchange) -> Said:
        said = exchange.honest()
        return (
            said if "result" not in said else {**said, "result": hex(int(int(said["result"], 16) * factor))}
        )

    return act


def lagging(blocks: int) -> Act:
    """The request goes to a machine that is so many blocks behind: no logs, no blocks, no receipts of those;
    states, nonces and numbers as they were then.
    """

    def act(exchange: Exchange) -> Said:
        method, params = exchange.request["method"], exchange.params
        top = max(exchange.head() - blocks, 0)
        if method == "eth_blockNumber":
            return exchange.saying(result=hex(top))
        if method == "eth_getLogs":
            if int(params[0]["fromBlock"], 16) > top:
                return exchange.saying(result=[])
            return exchange.honest([{**params[0], "toBlock": hex(min(int(params[0]["toBlock"], 16), top))}])
        if method in ("eth_getTransactionReceipt", "eth_getTransactionByHash"):
            said = exchange.honest()
            mined = (said.get("result") or {}).get("blockNumber")
            return exchange.saying(result=None) if mined and int(mined, 16) > top else said
        if method == "eth_getBlockByNumber":
            if params[0] == "latest":
                return exchange.honest([hex(top), *params[1:]])
            if params[0].startswith("0x") and int(params[0], 16) > top:
                return exchange.saying(result=None)
        if params and params[-1] == "latest":
            return exchange.honest([*params[:-1], hex(top)])
        return exchange.honest()

    return act


def without_pending(exchange: Exchange) -> Said:
    """A chain that has no pending block."""
    if exchange.params and exchange.params[-1] == "pending":
        return exchange.saying(error={"code": -32000, "message": "pending block is not available"})
    return exchange.honest()


def tip_floor(wei: int) -> Act:
    """Transactions that offer a smaller tip are not taken, as on some chains."""

    def act(exchange: Exchange) -> Said:
        from eth_account.typed_transactions import TypedTransaction
        from hexbytes import HexBytes

        tip = TypedTransaction.from_bytes(HexBytes(exchange.params[0])).as_dict()["maxPriorityFeePerGas"]
        if tip >= wei:
            return exchange.honest()
        message = f"transaction underpriced: gas tip cap {tip}, minimum needed {wei}"
        return exchange.saying(error={"code": -32000, "message": message})

    return act
