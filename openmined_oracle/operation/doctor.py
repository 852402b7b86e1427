"""Looks at everything a Capsule depends on and says what works, what fails, and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from openmined_oracle.connection import Connection
from openmined_oracle.errors import OracleError
from openmined_oracle.home import Home
from openmined_oracle.operation.vitals import Vitals, vitals
from openmined_syft.errors import OpenMinedError
from openmined_syft.schemes import networks_here
from pysonar.chain.sending.outbox_records import OutboxRecords
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.finding import Finding
from pysonar.party.wording import about, counted
from pysonar.protocol.artifacts import MAX_BYTES
from pysonar.protocol.cid import Cid
from pysonar.store.probe import prove

LEAST_DAYS = 7.0
YEARS = 3 * 365
"""From so many days on they are not counted: what a day costs is no more than guessed."""
LEAST_DISK_BYTES = 1 << 30


class TroubleError(OracleError):
    """Something the doctor found by itself."""


def examine(path: Path, passphrase: Callable[[], str]) -> Iterator[Finding]:
    """Every finding, in an order in which each rests on those before. Raises nothing of a type of ours."""
    try:
        home = Home.open(path)
    except OpenMinedError as error:
        yield Finding("home", False, str(error), "run `capsule init`, or name the right --home")
        return
    yield Finding("home", True, str(path))
    yield _check(
        "keys", lambda: _keys(home, passphrase), "restore them from a backup: `capsule keys restore`"
    )
    yield _check("disk", lambda: _disk(path), "make room: the journal is written before anything is said")
    yield Finding("networks", True, networks_here())
    try:
        connection = Connection.open(home)
    except OpenMinedError as error:
        yield Finding("node and store", False, str(error), "see settings.toml; docs/run-capsule.md says more")
        return
    yield Finding("node and store", True, f"chain {home.settings.chain_id}, {home.settings.store}")
    yield _check(
        "certificate", lambda: _certificate(connection), "`capsule run` registers it, if it has ether"
    )
    yield _check("store", lambda: _store(connection), "check whether its disk is full or the daemon is down")
    try:
        found = _vitals(connection)
    except OpenMinedError as error:
        yield Finding("campaigns", False, str(error), "look at the node")
        return
    yield _check("funds", lambda: _funds(found), f"send ether to {home.address}")
    yield _check("campaigns", lambda: _campaigns(found), "`capsule campaigns` says what stands in their way")
    yield _check("deadlines", lambda: _deadlines(found), "check that `capsule run` is running and has ether")


def _check(name: str, look: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(name, True, look())
    except OpenMinedError as error:
        return Finding(name, False, str(error), advice)


def _keys(home: Home, passphrase: Callable[[], str]) -> str:
    given = passphrase()
    keys, signer = home.secret_keys(given), KeyfileSigner.open(home.keyfile, given)
    if signer.address != home.address:
        raise TroubleError(f"the settings say {home.address}, the keyfile holds the key of {signer.address}")
    return f"account {signer.address}, {counted(len(keys), 'certificate')} open"


def _disk(path: Path) -> str:
    free = shutil.disk_usage(path).free
    if free < LEAST_DISK_BYTES:
        raise TroubleError(f"{free // 1_000_000} MB are free, less than 1 GB")
    return f"{free // 1_000_000_000} GB free"


def _certificate(connection: Connection) -> str:
    home = connection.home
    digest = connection.sonar.certificate(home.address)
    if digest is None:
        raise TroubleError("no certificate of this Capsule is on chain: no scientist can name it")
    cid = Cid.from_bytes32(digest)
    if not connection.store.has(cid):
        raise TroubleError(f"{cid}, which the chain names, is not in the store")
    return str(cid)


def _store(connection: Connection) -> str:
    digest = connection.sonar.certificate(connection.home.address)
    if digest is not None:
        prove(connection.store, Cid.from_bytes32(digest), max_bytes=MAX_BYTES["certificate"])
    return "gives back what was put"


def _vitals(connection: Connection) -> Vitals:
    account = connection.home.address
    sent = OutboxRecords(connection.database, account).all()
    return vitals(connection.sonar, connection.follower, connection.journal, account, sent)


def _funds(found: Vitals) -> str:
    days = found.balance_days
    lasts = "" if days is None else f", for about {days:,.0f} days" if days < YEARS else ", for years"
    text = about(found.balance) + lasts
    if not found.balance or (days is not None and days < LEAST_DAYS):
        raise TroubleError(text)
    return text


def _campaigns(found: Vitals) -> str:
    text = f"{found.campaigns} with something to do, {found.problems} with a problem, {found.queue} in queues"
    if found.problems:
        raise TroubleError(text)
    return text


def _deadlines(found: Vitals) -> str:
    if found.at_risk:
        raise TroubleError(f"without a result, and over within a day: {counted(found.at_risk, 'campaign')}")
    return "none at risk"
