"""Showing somebody else what one message says, and no other one: its session key.

A message is encrypted under a key of its own, and that key to each recipient. Whoever is handed it opens the
very bytes that were sealed, and can do so to no other message: what they see is what the recipient saw. The
library gives out no session keys, so the one form of recipient that this project's keys have is opened here:
Curve25519 in the form of RFC 4880 (RFC 6637 sections 7 and 8). The message itself is opened by the library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from pysonar.protocol.openpgp.certificates import Certificate
from pysonar.protocol.openpgp.errors import (
    NotForThisKeyError,
    NotOpenPGPError,
    SealError,
    TamperedError,
)
from pysonar.protocol.openpgp.messages import is_sealed_to, open_sealed, open_with_password
from pysonar.protocol.openpgp.packets import (
    CURVE25519_POINT_BITS,
    ECDH,
    SECRET_SUBKEY,
    SESSION_KEY,
    Packet,
    outer_packets,
    packets_of,
    recipient,
)
from pysonar.protocol.openpgp.secret_keys import SecretKey

_KEY_BYTES = {7: 16, 8: 24, 9: 32}  # AES by its number in OpenPGP
_HASHES = {8: hashlib.sha256, 9: hashlib.sha384, 10: hashlib.sha512}
_CURVE25519 = bytes.fromhex("0a2b060104019755010501")  # its object identifier, the length first
_PASSWORD = "the session key is known"  # noqa: S105  protects nothing: it packs a key that is at hand
_AES_256, _SHA_256 = 9, 8


def session_key(message: bytes, key: SecretKey) -> bytes:
    """The session key of a message to `key`: one byte for the cipher, then 16, 24 or 32. It was tried, and
    opens the message to what `key` opens it to.

    Raises:
        SealError: as `open_sealed`; NotForThisKeyError also if it is sealed in a form without one to show
            (the containers of RFC 9580, other curves).
    """
    content = open_sealed(message, key)
    for found in _candidates(message, key):
        try:
            if open_with_session_key(message, found) == content:
                return found
        except TamperedError:
            continue
    raise NotForThisKeyError("sealed in a form whose session key cannot be shown to anybody")


def unshowable(message: bytes, recipient_certificate: Certificate) -> str | None:
    """Why the recipient can show nobody a session key of the message, as anybody can see without a secret;
    None if only the recipient can tell.
    """
    try:
        if not is_sealed_to(message, recipient_certificate):
            return f"it is not sealed to {recipient_certificate.fingerprint}"
    except NotOpenPGPError as error:
        return str(error)
    *keys, container = outer_packets(message)
    own = [packet for packet in keys if recipient_certificate.has_key(recipient(packet))]
    if container.body[:1] != b"\x01" or not any(_is_curve25519(packet) for packet in own):
        return "it is sealed in a form whose session key cannot be shown to anybody"
    return None


def _is_curve25519(packet: Packet) -> bool:
    body = packet.body
    return packet.tag == SESSION_KEY and body[0] == 3 and body[9:12] == bytes([ECDH]) + CURVE25519_POINT_BITS


def open_with_session_key(message: bytes, found: bytes) -> bytes:
    """What the message says, by its session key.

    Raises:
        NotOpenPGPError: not an encrypted message.
        TamperedError: the key is that of another message, or none.
        ExpandingMessageError, SealError: as `open_sealed`.
    """
    from Crypto.Cipher import AES  # here: it takes 0.1 s to load, and only audits open messages so

    container = message[outer_packets(message)[-1].begin :]
    if len(found) != 1 + _KEY_BYTES.get(found[0] if found else 0, -1):
        raise TamperedError(f"{len(found)} bytes are not a session key")
    password = hashlib.sha256(_PASSWORD.encode()).digest()  # "simple" in RFC 9580 section 3.7.1.1
    packed = AES.new(password, AES.MODE_CFB, iv=bytes(16), segment_size=128).encrypt(
        found + bytes(-len(found) % 16)
    )[: len(found)]
    body = bytes([4, _AES_256, 0, _SHA_256]) + packed
    return open_with_password(bytes([0xC3, len(body)]) + body + container, _PASSWORD)


def _candidates(message: bytes, key: SecretKey) -> Iterator[bytes]:
    """What each session key packet for one of the key's own subkeys unwraps to."""
    subkeys = dict(_subkeys(key))
    for packet in outer_packets(message)[:-1]:
        if not _is_curve25519(packet):
            continue
        for fingerprint, (secret, parameters) in subkeys.items():
            if fingerprint.endswith(recipient(packet)):
                unwrapped = _unwrapped(packet.body[10:], bytes.fromhex(fingerprint), secret, parameters)
                if unwrapped is not None:
                    yield unwrapped


def _subkeys(key: SecretKey) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    """Fingerprint, secret scalar and the two bytes of key derivation of each encryption subkey."""
    for packet in packets_of(bytes(key.native())):
        body, start = packet.body, 6 + len(_CURVE25519)
        if packet.tag != SECRET_SUBKEY or body[0] != 4 or body[5] != ECDH:
            continue
        if body[6:start] != _CURVE25519 or body[start : start + 2] != CURVE25519_POINT_BITS:
            continue
        end = start + 2 + 33 + 4  # the point, and the derivation: 03 01, hash, cipher
        public, secret = body[:end], body[end:]
        if secret[0] != 0:
            raise SealError("the secret key is locked")
        bits = int.from_bytes(secret[1:3], "big")
        scalar = secret[3 : 3 + (bits + 7) // 8].rjust(32, b"\0")[::-1]
        # RFC 9580 section 5.5.4.2
        fingerprint = hashlib.sha1(  # noqa: S324  what version 4 keys are named by
            b"\x99" + len(public).to_bytes(2, "big") + public
        ).hexdigest()
        yield fingerprint.upper(), (scalar, public[-2:])


def _unwrapped(fields: bytes, fingerprint: bytes, secret: bytes, parameters: bytes) -> bytes | None:
    """The cipher's number and the session key of a packet's algorithm-specific fields; None if there is none.

    RFC 9580 sections 5.1.5 and 11.4.
    """
    # Here: they take 0.1 s to load, and only audits open messages so.
    from Crypto.Cipher import AES
    from Crypto.Protocol.DH import import_x25519_private_key, import_x25519_public_key, key_agreement

    if fields[:2] != CURVE25519_POINT_BITS or fields[2:3] != b"\x40":
        return None
    wrapped = fields[36 : 36 + fields[35]] if len(fields) > 35 else b""
    hashed, width = _HASHES.get(parameters[0]), _KEY_BYTES.get(parameters[1])
    if hashed is None or width is None:
        return None
    about = _CURVE25519 + bytes([ECDH, 3, 1]) + parameters + b"Anonymous Sender    " + fingerprint

    def derive(shared: bytes | bytearray | memoryview) -> bytes:
        return hashed(b"\0\0\0\x01" + bytes(shared) + about).digest()[:width]

    try:
        wrapping: bytes = key_agreement(
            static_priv=import_x25519_private_key(secret),
            eph_pub=import_x25519_public_key(fields[3:35]),
            kdf=derive,
        )
        packed = AES.new(wrapping, AES.MODE_KW).unseal(wrapped)
    except ValueError:
        return None
    most = 1 + _KEY_BYTES.get(packed[0], -1)
    found, checksum = packed[:most], packed[most : most + 2]
    if most == 0 or sum(found[1:]) % 65_536 != int.from_bytes(checksum, "big"):
        return None
    return found
