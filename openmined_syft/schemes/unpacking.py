"""How much there is in a compressed set of SEAL's keys, found out before SEAL unpacks it.

SEAL's own format of relinearisation and rotation keys: a header of 16 bytes, then, compressed with zstd, 32
bytes that name the parameters, the number of places, and for each place the number of keys and the keys, each
with a header of its own. SEAL checks every key against the parameters, so none is larger than it has to be,
but takes as many as come: 16,384 places of eight keys of 2.4 MB each. Zeros compress well, and a file of 2 MB
would fill 40 GB of memory.
"""

import pyarrow as pa

from openmined_syft.errors import FieldError

HEADER = 16  # magic number, version, compression and, in the second half, the size of all
_ZSTD = 2
_NAMED = 32
_MOST_PLACES = 1 << 14


def require_few_keys(name: str, data: bytes, most: int, *, largest: int) -> None:
    """Refuse what would unpack to more than `most` keys, or to a key of more than `largest` bytes.

    Whether they are keys at all is for SEAL to say.

    Raises:
        FieldError: naming the field.
    """
    if len(data) <= HEADER or data[5] != _ZSTD:
        raise FieldError(f"CKKS public key: {name} is not compressed as SEAL does it")
    refused = FieldError(f"CKKS public key: {name} does not unpack to at most {most} keys")
    try:
        with pa.CompressedInputStream(pa.BufferReader(pa.py_buffer(data)[HEADER:]), "zstd") as stream:
            _take(stream, _NAMED)
            places = _number(stream)
            if places > _MOST_PLACES:
                raise refused
            for _ in range(places):
                keys = _number(stream)
                most -= keys
                if most < 0:
                    raise refused
                for _ in range(keys):
                    size = int.from_bytes(_take(stream, HEADER)[HEADER // 2 :], "little")
                    if not HEADER <= size <= largest:
                        raise refused
                    _take(stream, size - HEADER)
    except (OSError, EOFError):
        raise refused from None


def _number(stream: pa.NativeFile) -> int:
    return int.from_bytes(_take(stream, 8), "little")


def _take(stream: pa.NativeFile, count: int) -> bytes:
    piece: bytes = stream.read(count)
    if len(piece) != count:
        raise EOFError
    return piece
