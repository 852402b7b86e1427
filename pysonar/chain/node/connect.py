"""Open a node over HTTP, with errors that name the node and never its credentials.

The provider below does the plain HTTP exchange itself: web3's own writes the whole address, credentials
included, to its debug log. A Web3 from elsewhere (Ape's) works with the rest of this package too; see
`rpc.py`.
"""

from __future__ import annotations

import json
import logging
import threading
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from web3 import Web3
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from pysonar.chain.errors import BadUrlError, NodeDownError, WrongChainError
from pysonar.chain.node import rpc

TIMEOUT_SECONDS = 20.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024


def connect(rpc_url: str, *, expected_chain_id: int | None = None, timeout: float = TIMEOUT_SECONDS) -> Web3:
    """A Web3 on the node at `rpc_url`, asked once for its chain id.

    Raises BadUrlError, NodeDownError, or WrongChainError if `expected_chain_id` is given and differs.
    """
    provider = NodeProvider(rpc_url, timeout)
    web3 = Web3(provider)
    found = rpc.chain_id(web3)
    if expected_chain_id is not None and found != expected_chain_id:
        raise WrongChainError(provider.shown_url, expected_chain_id, found)
    return web3


def redact_url(url: str) -> str:
    """Scheme, host and port only: user, password, path and query often are the credential."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(unreadable address)"
    if not parts.scheme or not host:
        return "(unreadable address)"
    hidden = "/..." if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{host}{port}{hidden}"


class NodeProvider(JSONBaseProvider):
    """JSON-RPC over HTTP; transport trouble becomes NodeDownError. One HTTP session per thread."""

    def __init__(self, url: str, timeout: float = TIMEOUT_SECONDS) -> None:
        super().__init__()
        self.shown_url = redact_url(url)
        if urlsplit(self.shown_url).scheme not in ("http", "https"):
            raise BadUrlError(self.shown_url)
        self._url = url
        self._timeout = timeout
        self._local = threading.local()
        logging.getLogger("urllib3.connectionpool").addFilter(_without_paths)

    def __str__(self) -> str:
        return f"node at {self.shown_url}"

    __repr__ = __str__

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """One request; the parsed answer, which may hold an `error`."""
        try:
            status, raw = self._post(self.encode_rpc_request(method, params))
        except requests.Timeout:
            raise NodeDownError(self.shown_url, f"no answer within {self._timeout:g} s") from None
        except requests.ConnectionError:
            raise NodeDownError(self.shown_url, "the connection is refused or breaks") from None
        except requests.RequestException:
            raise NodeDownError(self.shown_url, "the request cannot be made") from None
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not ("result" in answer or isinstance(answer.get("error"), dict)):
            raise NodeDownError(self.shown_url, f"the answer (HTTP {status}) is not JSON-RPC")
        return cast(RPCResponse, answer)

    def _post(self, body: bytes) -> tuple[int, bytes]:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
        headers = {"Content-Type": "application/json"}
        parts: list[bytes] = []
        length = 0
        with session.post(
            self._url, data=body, headers=headers, timeout=self._timeout, stream=True
        ) as answer:
            for part in answer.iter_content(1 << 16):
                parts.append(part)
                length += len(part)
                if length > MAX_ANSWER_BYTES:
                    raise NodeDownError(self.shown_url, f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
            return answer.status_code, b"".join(parts)


def _without_paths(record: logging.LogRecord) -> bool:
    """Drop urllib3's request lines: they hold the path, which with many providers is the key."""
    return " HTTP/" not in record.getMessage()
