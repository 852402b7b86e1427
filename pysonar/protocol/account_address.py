"""The names that Ethereum gives to accounts, and the hash behind them.

The libraries for it load a schema validator and a parser generator, a third of a second of processor time
for every command: too much for one formula.
"""

from __future__ import annotations

import re
from functools import lru_cache

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def keccak256(data: bytes) -> bytes:
    """Keccak-256, the hash of Ethereum (SHA3-256 with the padding from before the standard)."""
    # Here, since it loads cffi, and most commands hash nothing.
    from Crypto.Hash import keccak

    return keccak.new(digest_bits=256, data=data).digest()


@lru_cache(maxsize=1 << 15)  # a hash each, and the same few accounts in a million logs
def checksum(address: str) -> str:
    """The mixed-case form of a well-formed address: a letter is upper case where the hash of the lower-case
    digits, as text, has a hexadecimal digit of 8 or more at its place (EIP-55).
    """
    digits = address[2:].lower()
    return "0x" + "".join(
        digit.upper() if int(nibble, 16) >= 8 else digit
        for digit, nibble in zip(digits, keccak256(digits.encode()).hex(), strict=False)
    )


def is_address(text: str) -> bool:
    """Whether it is 0x and 40 hexadecimal digits, in one case or in the right mixture of both."""
    if not _ADDRESS.fullmatch(text):
        return False
    digits = text[2:]
    return digits in (digits.lower(), digits.upper()) or text == checksum(text)
