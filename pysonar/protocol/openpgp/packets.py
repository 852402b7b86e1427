"""The outermost packets of an OpenPGP message, looked at before any key touches it.

The library underneath opens more than this project ever seals: messages that are only signed, recipients it
was not asked about, points with unused bits set. So the outer form is checked here first (RFC 9580 section
4.2 for the headers, 5.1 for the session key packets). Contents are not looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pysonar.protocol.openpgp.errors import NotOpenPGPError

SESSION_KEY = 1
SYMMETRIC_SESSION_KEY = 3
ENCRYPTED_AND_PROTECTED = 18
SECRET_SUBKEY = 7
ECDH = 18  # public key algorithm number, not a packet tag
CURVE25519_POINT_BITS = (263).to_bytes(2, "big")
MAX_RECIPIENTS = 16


@dataclass(frozen=True)
class Packet:
    """One packet: its tag, the bytes of its body (only the first piece if it came in pieces), and where in
    the message it begins and ends.
    """

    tag: int
    body: bytes
    begin: int
    end: int


def _new_length(data: bytes, at: int) -> tuple[int, int, bool]:
    """Length, where the body starts, and whether another piece follows (RFC 9580 section 4.2.1)."""
    first = data[at]
    if first < 192:
        return first, at + 1, False
    if first < 224:
        return ((first - 192) << 8) + data[at + 1] + 192, at + 2, False
    if first < 255:
        return 1 << (first & 31), at + 1, True
    return int.from_bytes(data[at + 1 : at + 5], "big"), at + 5, False


def _old_length(data: bytes, at: int, length_type: int) -> tuple[int, int]:
    """Length and start of the body of an old-format packet; an indefinite length runs to the end."""
    if length_type == 3:
        return len(data) - at, at
    width = 1 << length_type
    return int.from_bytes(data[at : at + width], "big"), at + width


def packets_of(data: bytes) -> Iterator[Packet]:
    """The packets one after the other. NotOpenPGPError; IndexError in the middle of a header."""
    at = 0
    while at < len(data):
        begin, header = at, data[at]
        if not header & 0x80:
            raise NotOpenPGPError(f"not a binary OpenPGP message: byte {at} is not the start of a packet")
        if header & 0x40:
            tag, at, more, body = header & 0x3F, at + 1, True, None
            while more:
                length, start, more = _new_length(data, at)
                at = start + length
                if at > len(data):
                    raise NotOpenPGPError("the message ends in the middle of a packet")
                body = data[start:at] if body is None else body
            yield Packet(tag, body or b"", begin, at)
        else:
            length, start = _old_length(data, at + 1, header & 3)
            at = start + length
            if at > len(data):
                raise NotOpenPGPError("the message ends in the middle of a packet")
            yield Packet((header >> 2) & 15, data[start:at], begin, at)


def outer_packets(data: bytes) -> list[Packet]:
    """The packets of an encrypted message: session key packets, then exactly one protected container.

    Raises:
        NotOpenPGPError: anything else, cut off messages included.
    """
    try:
        packets = []
        for packet in packets_of(data):
            packets.append(packet)
            if len(packets) > MAX_RECIPIENTS + 1:
                raise NotOpenPGPError(f"the message has more than {MAX_RECIPIENTS} recipients")
    except IndexError:
        raise NotOpenPGPError("the message ends in the middle of a packet header") from None
    tags = [packet.tag for packet in packets]
    keys = tags[:-1]
    if not keys or tags[-1] != ENCRYPTED_AND_PROTECTED or any(tag != keys[0] for tag in keys):
        raise NotOpenPGPError(f"not an encrypted, integrity protected message: its packets are {tags}")
    if keys[0] not in (SESSION_KEY, SYMMETRIC_SESSION_KEY):
        raise NotOpenPGPError(f"not an encrypted message: it starts with packet {keys[0]}")
    return packets


def recipient(packet: Packet) -> str:
    """Fingerprint (version 6 packets) or 16-digit key id (version 3) that a session key packet names; upper
    case.

    Raises:
        NotOpenPGPError: unknown version, nobody named, or a Curve25519 point with its unused bit set
            (two different messages would open to the same content).
    """
    body = packet.body
    try:
        if body[0] == 3:
            name, rest = body[1:9], body[9:]
        elif body[0] == 6:
            name, rest = body[3 : 2 + body[1]], body[2 + body[1] :]
            if (body[2], len(name)) not in ((4, 20), (6, 32)):
                raise NotOpenPGPError(f"a recipient of key version {body[2]} with {len(name)} bytes of name")
        else:
            raise NotOpenPGPError(f"a session key packet of version {body[0]}; this project reads 3 and 6")
        if rest[0] == ECDH and rest[1:3] == CURVE25519_POINT_BITS and rest[3 + 32] & 0x80:
            raise NotOpenPGPError("the session key's Curve25519 point has its unused bit set")
    except IndexError:
        raise NotOpenPGPError("a session key packet is cut off") from None
    if not any(name):
        raise NotOpenPGPError("the message names no recipient")
    return name.hex().upper()
