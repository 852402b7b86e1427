"""The calls to an IPFS daemon that the store needs, and the only use of `ipfshttpclient` in the project.

`ipfshttpclient` is unmaintained. `Client(address)` works with today's Kubo where `connect()` refuses it by
its version; what it gets wrong is worked around here, so that it can be replaced by plain HTTP without
touching anything else (`tests/store/daemons/test_kubo_rpc.py` is the contract to keep). Nothing here is
trusted: callers check every block and every root. Errors are the store's; the daemon's own texts stay behind.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import ipfshttpclient
import requests
from ipfshttpclient import exceptions

from pysonar.protocol.cid import Cid
from pysonar.store.errors import (
    DaemonDownError,
    DaemonRefusedError,
    NotFoundError,
    StoreFullError,
    StoreSettingError,
)
from pysonar.store.unixfs.profile import CHUNK, LINKS, MAX_BLOCK

# The client names an option that its HTTP library no longer needs; that is not for our users to read.
warnings.filterwarnings("ignore", message="The 'strict' parameter", category=FutureWarning)

IMPORT_PARAMETERS = {
    "cid-version": "0",
    "raw-leaves": "false",
    "chunker": f"size-{CHUNK}",
    "max-file-links": str(LINKS),
    "hash": "sha2-256",
    "trickle": "false",
    "inline": "false",
    "pin": "false",  # pins are kept by owner, see kubo.py
}
"""Always all of them: a daemon's own defaults may be anything."""

_CONNECT_SECONDS = 5.0
_MARGIN_SECONDS = 10.0  # the daemon gets this much longer to say that its own time is up
_ANSWER_SECONDS = 60.0  # for what the daemon does without the network


class KuboRpc:
    """One daemon, by the multiaddress of its RPC. Safe to use from several threads. Raises
    StoreSettingError."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._idle: list[Any] = []  # its pop and append are safe between threads
        self._loopback = any(host in address for host in ("/127.0.0.1/", "/::1/", "/localhost/"))
        try:
            ipfshttpclient.Client(address).close()
        except (exceptions.AddressError, ValueError):
            raise StoreSettingError(
                f"{address!r} is not the address of a daemon's RPC; expected one like"
                " '/ip4/127.0.0.1/tcp/5001/http'"
            ) from None

    @property
    def place(self) -> str:
        """How error texts call this place."""
        return f"IPFS daemon {self.address}"

    def add(self, chunks: Iterator[bytes], mfs_path: str, *, seconds: float) -> str:
        """Import the chunks as one file and note it at this new path of the daemon's file tree, in one step.

        Returns the root as the daemon names it. Errors of a late step do not come through: look whether the
        path is there. seconds: how long the daemon may be silent.
        """
        with self._asking(None, seconds) as client:
            options = {**IMPORT_PARAMETERS, "to-files": mfs_path}
            timeout = self._timeout(seconds)
            reply = client.add(_Body(chunks), opts=options, pin=False, timeout=timeout)
            return str(reply["Hash"])

    def block(self, cid: Cid, *, seconds: float) -> bytes:
        """The block, unchecked; asks the swarm if it must. At most a little over MAX_BLOCK bytes are taken.

        NotFoundError if nobody delivered it in time.
        """
        with self._asking(cid, seconds) as client:
            return self._read_block(client, cid, {"timeout": f"{seconds:g}s"}, seconds)

    def local_block(self, cid: Cid) -> bytes:
        """The block, unchecked, without asking the swarm. NotFoundError."""
        with self._asking(cid, _ANSWER_SECONDS) as client:
            return self._read_block(client, cid, {"offline": "true"}, _ANSWER_SECONDS)

    def local_block_size(self, cid: Cid) -> int:
        """Bytes of the block, without asking the swarm. NotFoundError."""
        with self._asking(cid, _ANSWER_SECONDS) as client:
            timeout = self._timeout(_ANSWER_SECONDS)
            return int(client.block.stat(str(cid), offline=True, timeout=timeout)["Size"])

    def make_folder(self, mfs_path: str) -> None:
        """A folder of the daemon's file tree, with those above it. No error if it exists."""
        with self._asking(None, _ANSWER_SECONDS) as client:
            client.files.mkdir(mfs_path, parents=True, timeout=self._timeout(_ANSWER_SECONDS))

    def list_folder(self, mfs_path: str) -> list[str]:
        """The names in a folder of the daemon's file tree; none if there is no such folder."""
        with self._asking(None, _ANSWER_SECONDS) as client:
            try:
                reply = client.files.ls(mfs_path, timeout=self._timeout(_ANSWER_SECONDS))
            except exceptions.ErrorResponse as error:
                if "not exist" in str(error):
                    return []
                raise
            return [str(entry["Name"]) for entry in reply["Entries"] or ()]

    def link(self, cid: Cid, mfs_path: str, *, seconds: float) -> None:
        """Note the file at a new path of the daemon's file tree: from now on no garbage collection takes what
        is there of it. No error if the path is taken; with us it can only be by the same file."""
        with self._asking(cid, seconds) as client:
            try:
                options = {"timeout": f"{seconds:g}s"}
                timeout = self._timeout(seconds)
                client.files.cp(f"/ipfs/{cid}", mfs_path, opts=options, timeout=timeout)
            except exceptions.ErrorResponse as error:
                if "already has entry" not in str(error):
                    raise

    def unlink(self, mfs_path: str) -> None:
        """Take a path out of the daemon's file tree. No error if there is none."""
        with self._asking(None, _ANSWER_SECONDS) as client, contextlib.suppress(AssertionError):
            # Kubo reports a missing path as a late message, over which the client stumbles.
            options = {"force": "true"}
            client.files.rm(mfs_path, opts=options, timeout=self._timeout(_ANSWER_SECONDS))

    def collect_garbage(self) -> int:
        """Remove every block that nothing keeps; how many there were."""
        with self._asking(None, _ANSWER_SECONDS) as client:
            return len(client.repo.gc(timeout=self._timeout(10 * _ANSWER_SECONDS)))

    def used_bytes(self) -> int:
        """Bytes of the daemon's repository."""
        with self._asking(None, _ANSWER_SECONDS) as client:
            options = {"size-only": "true"}
            reply = client.repo.stat(opts=options, timeout=self._timeout(_ANSWER_SECONDS))
            return int(reply["RepoSize"])

    def peers(self) -> int:
        """How many other daemons it is connected with."""
        with self._asking(None, _ANSWER_SECONDS) as client:
            return len(client.swarm.peers(timeout=self._timeout(_ANSWER_SECONDS))["Peers"] or ())

    def _read_block(self, client: Any, cid: Cid, options: dict[str, str], seconds: float) -> bytes:
        timeout = self._timeout(seconds)
        with client.block.get(str(cid), opts=options, stream=True, timeout=timeout) as answer:
            # The client's own stream hands out the whole answer at once, however long: take the response
            # below it.
            pieces = answer._closables[0].iter_content(65536)
            parts, size = [], 0
            for piece in pieces:
                parts.append(piece)
                size += len(piece)
                if size > MAX_BLOCK:  # whatever it sends, it is not the block
                    break
        return b"".join(parts)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        """A client with its open connection, for one call; one that failed is not used again."""
        try:
            client = self._idle.pop()
        except IndexError:
            client = ipfshttpclient.Client(self.address, chunk_size=CHUNK, session=True)
            # A proxy for the web, if the environment names one, is not the way to this machine's own daemon.
            client._client._session.trust_env = not self._loopback
        try:
            yield client
        except BaseException:
            client.close()
            raise
        self._idle.append(client)

    @staticmethod
    def _timeout(seconds: float) -> tuple[float, float]:
        return (_CONNECT_SECONDS, seconds + _MARGIN_SECONDS)

    @contextlib.contextmanager
    def _asking(self, cid: Cid | None, seconds: float) -> Iterator[Any]:
        """A client; the store's words for what the client and the daemon say."""
        tried = [self.place]
        try:
            with self._connected() as client:
                yield client
        except exceptions.ErrorResponse as error:
            said = str(error)
            if "deadline exceeded" in said:
                tried = [f"{self.place} (nobody delivered it within {seconds:g} s)"]
                raise NotFoundError("nobody who could be reached has it", cid=cid, tried=tried) from error
            if "could not find" in said or "not found" in said:
                raise NotFoundError("is not here", cid=cid, tried=tried) from error
            if "no space left" in said:
                raise StoreFullError("no room left on the daemon's disk", cid=cid, tried=tried) from error
            raise DaemonRefusedError("the daemon refused", cid=cid, tried=tried) from error
        except (exceptions.TimeoutError, requests.Timeout) as error:
            raise DaemonDownError("the daemon does not answer in time", cid=cid, tried=tried) from error
        except exceptions.StatusError as error:
            raise DaemonRefusedError(
                "it answers, but not as an IPFS daemon that accepts us does", cid=cid, tried=tried
            ) from error
        except (exceptions.CommunicationError, requests.RequestException, OSError) as error:
            raise DaemonDownError("the daemon cannot be reached", cid=cid, tried=tried) from error
        except (exceptions.DecodingError, AssertionError, KeyError, ValueError, TypeError) as error:
            raise DaemonDownError("what answers is not an IPFS daemon", cid=cid, tried=tried) from error


class _Body:
    """What the client takes for a file: the size that it asks for is ignored, and it has a name, because
    the daemon notes no nameless files."""

    name = "artifact"

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, _: int = -1) -> bytes:
        return next(self._chunks, b"")
