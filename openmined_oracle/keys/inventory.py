"""Which certificates a Capsule has, and which campaigns still need them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from openmined_oracle.connection import Connection
from openmined_oracle.overview import overview
from pysonar.chain.contract.events import CapsuleRegistered
from pysonar.protocol.artifacts import MAX_BYTES, ArtifactError, Spec, parse_certificate
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SealError
from pysonar.store import StoreError

_ENDED = ("settled", "declined", "cancelled")


@dataclass(frozen=True)
class CertificateRow:
    """One OpenPGP certificate.

    Attributes:
        state: "in use", "old", "suspected", or "lost" if its secret is not in this home.
        registered: whether the chain has named it.
        campaigns: how many that have not ended name it.
    """

    fingerprint: str
    state: str
    registered: bool
    campaigns: int


def certificates(connection: Connection) -> list[CertificateRow]:
    """Those of this home, the one in use first, then those that the chain has named and that are not here."""
    home = connection.home
    registered = {
        logged.event.certificate: _fingerprint(connection, logged.event.certificate)
        for logged in connection.follower.history(CapsuleRegistered)
        if logged.event.capsule == home.address
    }
    needed = _needed(connection)
    counts: Counter[str] = Counter()
    for digest, campaigns in needed.items():  # the certificate as it was registered, or without its terms
        counts[registered.get(digest) or _fingerprint(connection, digest) or ""] += campaigns
    here = home.certificates
    elsewhere = [one for one in registered.values() if one is not None and one not in here]
    known = set(registered.values())
    return [
        CertificateRow(one, _state(connection, one), one in known, counts[one] if one in known else 0)
        for one in dict.fromkeys([*here, *elsewhere])
    ]


def _state(connection: Connection, fingerprint: str) -> str:
    rules, here = connection.home.capsule, connection.home.certificates
    if fingerprint not in here:
        return "lost"
    if fingerprint == rules.certificate:
        return "in use"
    return "suspected" if fingerprint in rules.suspected else "old"


def _needed(connection: Connection) -> Counter[bytes]:
    """How many campaigns that have not ended name each certificate, by the digest of its CID."""
    named: Counter[bytes] = Counter()
    for entry in overview(connection):
        if entry.state in _ENDED and (entry.state != "settled" or entry.record.delivered):
            continue
        cid = Cid.from_bytes32(entry.record.terms.spec)
        try:
            spec = Spec.parse(connection.store.get(cid, max_bytes=MAX_BYTES["spec"]), cid=cid)
        except (StoreError, ArtifactError):
            continue  # Capsule has no spec of it either
        named[spec.capsule_certificate.digest] += 1
    return named


def _fingerprint(connection: Connection, digest: bytes) -> str | None:
    cid = Cid.from_bytes32(digest)
    try:
        data = connection.store.get(cid, max_bytes=MAX_BYTES["certificate"])
        return parse_certificate(data, cid=cid).fingerprint
    except (StoreError, ArtifactError, SealError):
        return None
