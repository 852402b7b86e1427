"""Public OpenPGP certificates: whom to seal to, and whose signature to expect."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

import pysequoia
from pysequoia.packet import Packet, PacketPile, Tag

from pysonar.protocol.openpgp.errors import CertificateError, ClockBehindError

MAX_CERTIFICATE_BYTES = 64 * 1024
_SECRET_TAGS = (Tag.SecretKey, Tag.SecretSubkey)
_KEY_TAGS = (Tag.PublicKey, Tag.PublicSubkey)


class Certificate:
    """One public certificate, valid and able to receive. Two are equal if their fingerprints are.

    Made by `from_bytes`; the bytes given are kept as they are, so their CID stays the same.
    """

    __slots__ = ("_bytes", "_cert", "_key_names", "made_at")

    def __init__(
        self, binary: bytes, cert: pysequoia.Cert, key_names: frozenset[str], made_at: float
    ) -> None:
        self._bytes = binary
        self._cert = cert
        self._key_names = key_names
        self.made_at = made_at
        """From when on all of its keys can be used, by their makers' clock; seconds since 1970."""

    @classmethod
    def from_bytes(cls, data: bytes) -> Certificate:
        """Read a binary or armoured certificate.

        Raises:
            CertificateError: larger than `MAX_CERTIFICATE_BYTES`, not exactly one certificate, revoked, or
                holding secret keys (those must never be where a certificate is).
        """
        if len(data) > MAX_CERTIFICATE_BYTES:
            raise CertificateError(
                f"a certificate of {len(data)} bytes; at most {MAX_CERTIFICATE_BYTES} are read"
            )
        try:
            packets = list(PacketPile.from_bytes(data))
            if any(packet.tag in _SECRET_TAGS for packet in packets):
                raise CertificateError("this holds secret keys; a certificate holds public keys only")
            cert = pysequoia.Cert.from_bytes(data)
            names = frozenset(p.fingerprint.upper() for p in packets if p.tag in _KEY_TAGS and p.fingerprint)
            revoked = cert.is_revoked
        except (RuntimeError, ValueError):
            raise CertificateError("not exactly one valid OpenPGP certificate") from None
        if revoked:
            raise CertificateError(f"certificate {cert.fingerprint.upper()} is revoked")
        binary = bytes(cert) if data.startswith(b"-----BEGIN") else bytes(data)
        return cls(binary, cert, names, _made_at(packets))

    def to_bytes(self) -> bytes:
        """The binary certificate, as put into the store."""
        return self._bytes

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the primary key, upper-case hexadecimal (40 digits for version 4 keys)."""
        return str(self._cert.fingerprint).upper()

    @property
    def user_ids(self) -> list[str]:
        """Names the owner gave; not checked by anybody. Raises ClockBehindError."""
        self.require_made()
        return [str(user_id) for user_id in self._cert.user_ids]

    @property
    def expiration(self) -> datetime | None:
        """When the certificate ends, or None.

        Sealing does not look at it, as a result must reach its owner even late; whoever accepts a certificate
        for a campaign does. Raises ClockBehindError.
        """
        self.require_made()
        return self._cert.expiration

    def notation(self, name: str) -> str | None:
        """What the certificate's own key has signed under that name beside the first user id; None if that
        is nothing, or several things. Raises ClockBehindError.
        """
        self.require_made()
        found = [
            one.value for user_id in self._cert.user_ids[:1] for one in user_id.notations if one.key == name
        ]
        return str(found[0]) if len(found) == 1 else None

    def is_valid_until(self, moment: float) -> bool:
        """Whether it does not expire before that moment (seconds since 1970). Raises ClockBehindError."""
        ends = self.expiration
        return ends is None or ends.timestamp() >= moment

    def require_made(self) -> None:
        """Raise ClockBehindError if by this machine's clock the certificate is not there yet: the library
        refuses to seal to it, and to sign or open with its secret.
        """
        now = time.time()
        if self.made_at > now:
            raise ClockBehindError(f"certificate {self.fingerprint}", self.made_at, now)

    def has_key(self, name: str) -> bool:
        """Whether `name`, a fingerprint or a 16-digit key id, is the primary key or a subkey of this
        certificate.
        """
        wanted = name.upper()
        if len(wanted) == 16:
            return any(wanted == _key_id(fingerprint) for fingerprint in self._key_names)
        return wanted in self._key_names

    def native(self) -> pysequoia.Cert:
        """The library's own object; for this package only."""
        return self._cert

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"Certificate({self.fingerprint})"


def _key_id(fingerprint: str) -> str:
    """The last 8 bytes of the fingerprint of a version 4 key, the first 8 of a later one's."""
    return fingerprint[-16:] if len(fingerprint) == 40 else fingerprint[:16]


def _made_at(packets: Sequence[Packet]) -> float:
    """The latest of the times at which a part (key, user id, subkey) was made and first bound."""
    latest, bound = 0.0, None
    for packet in packets:
        if packet.tag == Tag.Signature:
            made = packet.signature_created
            if made is not None:
                bound = made.timestamp() if bound is None else min(bound, made.timestamp())
            continue
        latest, bound = max(latest, bound or 0.0), None
        if packet.tag in _KEY_TAGS and packet.key_created is not None:
            latest = max(latest, packet.key_created.timestamp())
    return max(latest, bound or 0.0)
