"""Messages in the form that every OpenPGP client opens, GnuPG 2.2 included.

The library chooses the form of a message by what all of its recipients say they read: the newer container
(version 2 of RFC 9580, section 5.13.2) if all read it, else the one of RFC 4880. Keys that it made itself say
that they read the newer one, which no GnuPG opens. So a message is sealed to one
more recipient, whose certificate says that it reads the old form only, and what was for that recipient is
taken out again before anybody sees the message.
"""

from __future__ import annotations

import base64
from functools import cache

import pysequoia

from pysonar.protocol.openpgp.errors import SealError
from pysonar.protocol.openpgp.packets import SESSION_KEY, outer_packets

# An Ed25519 and Curve25519 key that GnuPG 2.2 made. Its secret was thrown away, and would open nothing.
_NOBODY = """
mDMEXgvhABYJKwYBBAHaRw8BAQdA4uiWL5ffwbbPwiyx8bvIaVy4LBwJQjk2tSlweBSBPzC0Bm5vYm9keYiQBBMWCAA4FiEE
OrDFGV+1p6qSYKSF1Si7H4yGgP8FAl4L4QACGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQ1Si7H4yGgP/6zAEAxiqO
kGUM/oqW7d9YIJJ1k4MYKA4B1VMEqNa5RP0QYPcBAO3lL03j/kuIkCSx8lMFoeBleRaO78I7kWVmvEnl3mUPuDgEXgvhABIK
KwYBBAGXVQEFAQEHQPLbHtO4zsbquk943bhZ9OTXbcMt1JQ169Ug2aSbDHRrAwEIB4h4BBgWCAAgFiEEOrDFGV+1p6qSYKSF
1Si7H4yGgP8FAl4L4QACGwwACgkQ1Si7H4yGgP9NPAD/UPs9L1oENfFRoMozI3G4eIdlBM4XO5taYCtxZ7mqQP4A/jwFAPOp
G9XpK5wT+JlU2fRyoi9HON+QE/qViHfXluMI
"""
_NOBODYS = b"\x03" + bytes.fromhex("96B252715CB067C6")  # version 3, and the key id of its encryption key


@cache
def nobody() -> pysequoia.Cert:
    """The recipient to add, so that the form is the one that everybody opens."""
    return pysequoia.Cert.from_bytes(base64.b64decode(_NOBODY))


def without_nobody(message: bytes) -> bytes:
    """The message without what is for `nobody`.

    Raises:
        SealError: the library has not written what was asked of it; nothing was handed out.
    """
    for packet in outer_packets(message):
        if packet.tag == SESSION_KEY and packet.body.startswith(_NOBODYS):
            return message[: packet.begin] + message[packet.end :]
    raise SealError("sealing failed on this side: the message has another form than was asked for")
