"""What a Capsule's operator works for, published so that a scientist can hold a plan against it beforehand.

The terms are canonical JSON in a notation on the first user id of Capsule's certificate, signed by the
certificate's own key: whoever has the certificate that the chain names has them, and nobody else can have
written them. Other programs read such a certificate as any other. The same rules in the same order are what
Capsule declines by (`openmined_oracle.campaigns.operator_rules`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Self

from openmined_syft.models import ModelFamily
from openmined_syft.schemes import scheme_named
from pysonar.protocol.amounts import format_ppm, format_seconds, format_wei
from pysonar.protocol.artifacts.parts.checks import PPM
from pysonar.protocol.artifacts.parts.errors import ArtifactError
from pysonar.protocol.artifacts.parts.fields import Fields, format_name, read_json
from pysonar.protocol.artifacts.spec.algorithm import NETWORK, Algorithm
from pysonar.protocol.artifacts.spec.least_gain import least_gain_ppm
from pysonar.protocol.canonical import dumps_json
from pysonar.protocol.schema import Schema

KIND = "capsule_terms"
VERSION = 1
NOTATION = "terms@openmined.org"
MOST_BYTES = 16 * 1024
ANY = "any"
ETHER_ADDRESS = "0x" + 40 * "0"  # stands for ether among assets
DAY = 86_400
LARGEST = (1 << 53) - 1
"""Of whole numbers in JSON; a larger limit is none."""
_MOST_WEI = 1 << 96
_MOST_NAMES = 256


class Term(Enum):
    """What can speak against a campaign; the value is the key in `capsule.toml`."""

    ASSET = "assets"
    BOUNTY = "least_bounty"
    FEE = "least_fee"
    DAYS = "max_days"
    FAMILY = "families"
    NETWORKS = "max_networks"
    GAIN = "least_gain_deviations"
    WEIGHTS = "max_weights"
    MAP_CELLS = "max_cells of a feature map"
    CIPHERTEXTS = "max_ciphertexts"
    ROWS = "max_rows"
    CELLS = "max_cells"


@dataclass(frozen=True)
class Objection:
    """A term that the campaign does not meet. `found`, `needed`: with their numbers; nothing of anybody's
    data is among them.
    """

    term: Term
    found: str
    needed: str

    @property
    def numbers(self) -> str:
        """Both, in a few words."""
        return f"{self.found}; needs {self.needed}"


@dataclass(frozen=True)
class Size:
    """How large a campaign's model and validation set are.

    Attributes:
        weights: the shape of the model's weights. inputs: numbers of a record. rows: validation records.
        draws_features: whether the model sees records through a feature map.
        ciphertexts: what a version costs to encrypt, in ciphertexts of 2048 bits.
    """

    weights: tuple[int, int]
    inputs: int
    rows: int
    draws_features: bool
    ciphertexts: float

    @classmethod
    def of(
        cls,
        algorithm: Algorithm,
        family: ModelFamily,
        schema: Schema,
        rows: int,
        *,
        key_bits: int,
        bound: float,
    ) -> Self:
        """Of a model that is asked for. `bound`: its largest weight."""
        effort = scheme_named(algorithm.scheme).effort(family, key_bits, bound)
        return cls(family.weights_shape, schema.n_features, rows, algorithm.draws_features, effort)


@dataclass(frozen=True)
class CapsuleTerms:
    """The terms; what each means is said in `capsule.toml`.

    Attributes:
        assets: addresses in lower case, the zero address for ether; or ("any",).
        least_bounty, least_fee: wei, of campaigns in ether.
        families: names, or ("any",).
        scientists_listed: whether campaigns are opened only for scientists on a list, which is not published.
    """

    assets: tuple[str, ...]
    least_bounty: int
    least_fee: int
    families: tuple[str, ...]
    scientists_listed: bool
    max_days: int
    least_gain_deviations: float
    max_networks: int
    max_weights: int
    max_ciphertexts: int
    max_rows: int
    max_cells: int

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        texts = {"least_bounty": str(self.least_bounty), "least_fee": str(self.least_fee)}
        lists = {"assets": list(self.assets), "families": list(self.families)}
        return dumps_json({"format": format_name(KIND, VERSION), **values, **texts, **lists})

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read them. Raises ArtifactError."""
        fields = read_json(KIND, VERSION, data, MOST_BYTES)
        parsed = cls(
            assets=_names(fields, "assets"),
            least_bounty=_wei(fields, "least_bounty"),
            least_fee=_wei(fields, "least_fee"),
            families=_names(fields, "families"),
            scientists_listed=_truth(fields, "scientists_listed"),
            max_days=fields.integer("max_days", 1, LARGEST),
            least_gain_deviations=fields.number("least_gain_deviations", 0, 1e6),
            **{
                name: fields.integer(name, 0, LARGEST)
                for name in ("max_networks", "max_weights", "max_ciphertexts", "max_rows", "max_cells")
            },
        )
        fields.finish()
        return parsed

    def to_duration(self, seconds: int) -> Iterator[Objection]:
        """What speaks against a campaign that ends after so long, the review counted."""
        if seconds > self.max_days * DAY:
            yield Objection(Term.DAYS, format_seconds(seconds), f"{self.max_days} days at most")

    def to_payment(self, asset: str, bounty: int, fee: int) -> Iterator[Objection]:
        """What speaks against what is paid, and in what. Bounty and fee are compared in campaigns of ether
        only: what a token is worth is not known here.
        """
        if ANY not in self.assets and asset.lower() not in self.assets:
            wanted = ["ether" if one == ETHER_ADDRESS else one for one in self.assets]
            named = "ether" if asset == ETHER_ADDRESS else asset
            yield Objection(Term.ASSET, named, _some(wanted))
        if asset != ETHER_ADDRESS:
            return
        for term, found, least in ((Term.BOUNTY, bounty, self.least_bounty), (Term.FEE, fee, self.least_fee)):
            if found < least:
                yield Objection(term, format_wei(found), f"{format_wei(least)} at least")

    def to_model(self, size: Size) -> Iterator[Objection]:
        """What speaks against the size of the model or of the validation set, which is asked before the set
        is opened: a few bytes of it can stand for thousands of columns.
        """
        columns, outputs = size.weights
        if columns * outputs > self.max_weights:
            yield _too_many(Term.WEIGHTS, columns * outputs, "weights", self.max_weights)
        # With a feature map there may be many more inputs than the model has columns.
        if size.draws_features and size.inputs * columns > self.max_cells:
            yield _too_many(Term.MAP_CELLS, size.inputs * columns, "numbers in its map", self.max_cells)
        if size.ciphertexts > self.max_ciphertexts:
            found = -int(-size.ciphertexts // 1)
            yield _too_many(Term.CIPHERTEXTS, found, "ciphertexts", self.max_ciphertexts)
        if size.rows > self.max_rows:
            yield _too_many(Term.ROWS, size.rows, "records", self.max_rows)
        cells = size.rows * (max(columns, size.inputs) + outputs)
        if cells > self.max_cells:
            yield _too_many(Term.CELLS, cells, "numbers in all", self.max_cells)

    def to_network(self, family: str) -> Iterator[Objection]:
        """A network where none is opened: it would wait for ever."""
        if family == NETWORK and not self.max_networks:
            yield Objection(Term.NETWORKS, "a network", "another family")

    def to_gain(self, family: str, min_gain: int, rows: int) -> Iterator[Objection]:
        """What speaks against the family, and the smallest paid gain (ppm) with this many validation records.

        Two models that differ in a share q of n records have scores that differ by chance by about sqrt(q n)
        records. So the least gain is measured in square roots of n: 0.4 of them are one deviation if the
        models differ in 16 % of the records.
        """
        if ANY not in self.families and family not in self.families:
            yield Objection(Term.FAMILY, family, _some(self.families))
        least = least_gain_ppm(rows, self.least_gain_deviations)
        if min_gain < least:
            yield Objection(Term.GAIN, format_ppm(min_gain), f"{format_ppm(min(least, PPM))} at least")


def _too_many(term: Term, found: int, what: str, most: int) -> Objection:
    return Objection(term, f"{found} {what}", f"{most} at most")


def _some(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(names[:4]) or "nothing"
    return shown + (f" or {len(names) - 4} others" if len(names) > 4 else "")


def _names(fields: Fields, name: str) -> tuple[str, ...]:
    names = fields.items(name, 0, _MOST_NAMES)
    inner = Fields(KIND, {str(place): one for place, one in enumerate(names)}, fields.path(name))
    return tuple(inner.text(str(place), 1, 64) for place in range(len(names)))


def _wei(fields: Fields, name: str) -> int:
    text = fields.text(name, 1, 32)
    if not text.isascii() or not text.isdecimal() or int(text) >= _MOST_WEI or str(int(text)) != text:
        raise ArtifactError(KIND, fields.path(name), text, "a whole number of wei, as text")
    return int(text)


def _truth(fields: Fields, name: str) -> bool:
    value = fields.take(name)
    if not isinstance(value, bool):
        raise ArtifactError(KIND, fields.path(name), value, "true or false")
    return value
