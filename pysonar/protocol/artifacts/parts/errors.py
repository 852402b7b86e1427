"""One kind of error for everything that can be wrong with an artifact, with the kinds that callers act on.

No text here comes from a library underneath, and no value is longer than a line: an artifact may hold
secrets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from openmined_syft.errors import OpenMinedError
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema.errors import shorten


class ArtifactError(OpenMinedError):
    """An artifact, or one of its fields, is not what it has to be.

    Attributes:
        kind: as in `format`: spec, sealed_input, public_key, model, gradient, result, certificate.
        field: dotted path of the field; empty for the artifact as a whole.
        value: what stands there, shortened.
        expected: what would have been right.
        cid: the artifact's name, where known.
    """

    def __init__(self, kind: str, field: str, value: object, expected: str, cid: Cid | None = None) -> None:
        self.kind, self.field, self.expected, self.cid = kind, field, expected, cid
        self.value = value if isinstance(value, Said) else Said(shorten(value))
        super().__init__(kind, field, str(self.value), expected)

    def __str__(self) -> str:
        name = self.kind if self.cid is None else f"{self.kind} {self.cid}"
        where = f"{self.field} is" if self.field else "it is"
        return f"{name}: {where} {self.value}; {self.expected} is expected"


class Said(str):
    """A value described in words, shown as it is and not as a quoted text."""

    __slots__ = ()


class OversizedError(ArtifactError):
    """More bytes than an artifact of this kind may have."""


class MalformedError(ArtifactError):
    """The bytes are not of the artifact's encoding at all, or of another format or version."""


class WrongBindingError(ArtifactError):
    """The artifact is sound but was made for something else: another chain, contract, campaign, owner,
    miner.
    """


class WrongDigestError(WrongBindingError):
    """What was sealed is not what the spec committed to."""


@contextmanager
def naming(cid: Cid | None) -> Iterator[None]:
    """Puts the artifact's CID into every artifact error that passes."""
    try:
        yield
    except ArtifactError as error:
        if error.cid is None:
            error.cid = cid
        raise
