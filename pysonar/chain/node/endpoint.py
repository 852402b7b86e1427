"""One node at one address: a single HTTP exchange, and what its outcome means. It repeats nothing.

web3's own provider writes the whole address, credentials included, to its debug log; this one shows scheme,
host and port only.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import logging
import re
import threading
import time
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from pysonar.chain.errors import BadUrlError, NodeBusyError, NodeDownError, UnexpectedAnswerError
from pysonar.chain.node import answers
from pysonar.files.nesting import nested_deeper
from pysonar.files.text import one_line

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MOST_DEPTH = 64
LONGEST_REST = 3600.0
_BUSY_STATUS = {408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}
_REDIRECTS = {301, 302, 303, 307, 308}
# Read only to decide when to ask again; nothing is concluded about the chain from such words.
_LIMIT_WORDS = re.compile(r"rate.?limit|too many requests|requests per|throttl|capacity|compute units", re.I)
_SLOW_WORDS = re.compile(r"overload|try again later|timed? ?out|temporarily", re.I)
_LIMIT_EXCEEDED = -32005

Request = tuple[str, Sequence[object]]
Answer = Mapping[str, Any]
"""One answer to its own request: it holds a `result`, or an `error` (see `answers.refusal`)."""


class BatchRefused(Exception):  # noqa: N818 - never leaves this room: the requests are then made one by one
    """The node takes no batches, or not this one."""


class Endpoint:
    """The node at one address. One HTTP session per thread."""

    def __init__(self, url: str, timeout: float) -> None:
        self.shown_url = redact_url(url)
        if urlsplit(self.shown_url).scheme not in ("http", "https"):
            raise BadUrlError(self.shown_url)
        self._url = url
        self._timeout = timeout
        self._local = threading.local()
        self._ids = itertools.count(1)
        self._rests_until = 0.0
        logging.getLogger("urllib3.connectionpool").addFilter(_without_paths)

    def exchange(self, asked: Sequence[Request], *, batch: bool) -> list[Answer]:
        """The answers, in the order of the requests: one request, or several as one `batch`.

        Raises NodeDownError (nobody there), NodeBusyError (asked again later, it may answer),
        UnexpectedAnswerError (what came is not an answer to this); BatchRefused.
        """
        left = self._rests_until - time.monotonic()
        if left > 0:
            raise NodeBusyError(self.shown_url, "it asked for a pause", left, limited=True)
        ids = [next(self._ids) for _ in asked]
        bodies = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
            for number, (method, params) in zip(ids, asked, strict=True)
        ]
        status, headers, raw = self._post(json.dumps(bodies if batch else bodies[0]).encode())
        methods = asked[0][0] if len(asked) == 1 else "a batch"
        try:
            said = None if nested_deeper(raw, MOST_DEPTH) else json.loads(raw)
        except ValueError:
            said = None
        if status in _BUSY_STATUS and (status == 429 or not _holds_answers(said)):
            rest = _rest(headers.get("Retry-After"))
            raise self._busy(f"HTTP {status}", rest, limited=status == 429)
        if status in _REDIRECTS:
            where = redact_url(str(headers.get("Location") or ""))
            why = f"HTTP {status}: it redirects to {where}; name that address in the setting 'rpc'"
            raise NodeDownError(self.shown_url, why)
        if said is None:
            raise NodeDownError(self.shown_url, f"the answer (HTTP {status}) is not JSON-RPC")
        if batch and isinstance(said, Mapping):
            self._checked(methods, None, said)
            raise BatchRefused
        entries = said if batch else [said]
        if not isinstance(entries, list) or len(entries) != len(asked):
            raise UnexpectedAnswerError(methods, f"{len(asked)} answers", self.shown_url)
        by_id = {entry["id"]: entry for entry in entries if _has_plain_id(entry)}
        if batch and by_id.keys() != set(ids):
            raise UnexpectedAnswerError(methods, "one answer for each id", self.shown_url)
        return [
            self._checked(method, number, by_id[number] if batch else entries[0])
            for number, (method, _) in zip(ids, asked, strict=True)
        ]

    def _checked(self, method: str, number: int | None, said: object) -> Answer:
        """One answer in the shape of `Answer`; it must be the answer to request `number`. An error may lack
        the id: some say it of what they could not read.
        """
        if not isinstance(said, Mapping):
            raise NodeDownError(self.shown_url, "the answer is not JSON-RPC")
        error, found = said.get("error"), said.get("id")
        if found != number and not (error and found is None) and number is not None:
            raise UnexpectedAnswerError(method, f"the answer with the id {number}", self.shown_url)
        if error:
            refused = answers.refusal(error)
            if refused.code != 3 and refused.data is None:
                # To eth_getLogs this code also says that the range is too wide.
                too_many = refused.code == _LIMIT_EXCEEDED and method != "eth_getLogs"
                limited = refused.code == 429 or too_many or bool(_LIMIT_WORDS.search(refused.message))
                if limited or _SLOW_WORDS.search(refused.message):
                    raise self._busy(f"{refused.message} (code {refused.code})", 0.0, limited=limited)
            return {"error": error}
        if "result" not in said:
            raise NodeDownError(self.shown_url, "the answer is not JSON-RPC")
        return {"result": said["result"]}

    def _busy(self, why: str, rest: float, *, limited: bool) -> NodeBusyError:
        if rest:
            self._rests_until = time.monotonic() + rest
        shown = one_line(why, 300)
        return NodeBusyError(self.shown_url, shown, rest, limited=limited)

    def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            # A proxy of the environment leads out of this machine, where this machine's node is not.
            session.trust_env = not _is_loopback(urlsplit(self._url).hostname or "")
        headers = {"Content-Type": "application/json"}
        parts: list[bytes] = []
        length = 0
        try:
            with session.post(
                self._url,
                data=body,
                headers=headers,
                timeout=self._timeout,
                stream=True,
                allow_redirects=False,
            ) as answer:
                for part in answer.iter_content(1 << 16):
                    parts.append(part)
                    length += len(part)
                    if length > MAX_ANSWER_BYTES:
                        why = f"the answer is longer than {MAX_ANSWER_BYTES} bytes"
                        raise NodeDownError(self.shown_url, why)
                return answer.status_code, answer.headers, b"".join(parts)
        except requests.Timeout:
            raise NodeBusyError(self.shown_url, f"no answer within {self._timeout:g} s") from None
        except requests.ConnectionError:
            raise NodeDownError(self.shown_url, "the connection is refused or breaks") from None
        except requests.RequestException:
            raise NodeDownError(self.shown_url, "the request cannot be made") from None


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


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _holds_answers(said: object) -> bool:
    """Whether a body that came with an HTTP error is JSON-RPC all the same."""
    entries = said if isinstance(said, list) and said else [said]
    return all(isinstance(entry, Mapping) and ("result" in entry or entry.get("error")) for entry in entries)


def _has_plain_id(entry: object) -> bool:
    return isinstance(entry, Mapping) and type(entry.get("id")) is int


def _rest(header: str | None) -> float:
    """Seconds of a Retry-After header, which says seconds or a date; 0 if it says neither."""
    if not header:
        return 0.0
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return min(max(seconds, 0.0), LONGEST_REST) if seconds == seconds else 0.0


def _without_paths(record: logging.LogRecord) -> bool:
    """Drop urllib3's request lines: they hold the path, which with many providers is the key."""
    return " HTTP/" not in record.getMessage()
