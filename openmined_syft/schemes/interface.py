"""What an encryption scheme must offer so that Capsule and mines can run a campaign without knowing which it
is.

A scheme serves some families of models: additive encryption (Paillier) is enough where every step is affine
in the weights; a hidden layer needs products of encrypted numbers (CKKS). A scheme names its own types for
keys, models, gradients and visits, and three roles make it up: `Keys`, `Wire` and `Learning`. Whoever runs a
campaign holds these objects without looking inside (the aliases at the end) and hands them back to the scheme
they came from. To add a scheme: one module beside this one, and one line in the table of this package.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from openmined_syft.blocks import Blocks
from openmined_syft.models import Inputs, Learnable, ModelFamily
from openmined_syft.rules import Rule
from openmined_syft.schemes.ahead import Ahead

Weights = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Direction:
    """Where a decrypted gradient points: add multiples of `difference` (d, k) to the weights.

    `damping` tells, where there are several, how much it was held back; None where there is one.
    """

    difference: Weights
    damping: float | None = None


class PublicHalf(Protocol):
    """What a mine needs of a key."""

    @property
    def fingerprint(self) -> bytes:
        """32 bytes."""
        ...


class PrivateHalf(Protocol):
    """What Capsule keeps of a key."""

    @property
    def fingerprint(self) -> bytes:
        """The public half's, 32 bytes."""
        ...


_PublicIn = TypeVar("_PublicIn", contravariant=True)
_PrivateIn = TypeVar("_PrivateIn", contravariant=True)
_ModelIn = TypeVar("_ModelIn", contravariant=True)


class ModelOf(Protocol[_PublicIn, _PrivateIn]):
    """One version of a campaign's weights, encrypted."""

    @property
    def version(self) -> int:
        """Number of improvements so far."""
        ...

    @property
    def key_fingerprint(self) -> bytes:
        """Of the key it is encrypted under, 32 bytes."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """(d, k)."""
        ...

    @property
    def weight_bits(self) -> int:
        """Fraction bits: weights are multiples of 2**-weight_bits."""
        ...

    @property
    def weight_bound(self) -> float:
        """Every weight is at most this in absolute value."""
        ...

    @property
    def bytes_in_memory(self) -> int:
        """About how much memory it takes."""
        ...

    def validate(self, public: _PublicIn) -> None:
        """Refuse another key and what is not a ciphertext. Raises SyftError."""
        ...

    def decrypt(self, key: _PrivateIn) -> Weights:
        """Exactly the weights that were encrypted, (d, k). Raises SyftError."""
        ...

    def to_fields(self) -> Mapping[str, Any]:
        """The wire form."""
        ...


class GradientOf(Protocol[_ModelIn, _PrivateIn]):
    """What a mine's visit made, encrypted under fresh noise."""

    @property
    def base_version(self) -> int:
        """Version of the model it was trained from."""
        ...

    @property
    def key_fingerprint(self) -> bytes:
        """Of the key it is encrypted under, 32 bytes."""
        ...

    def check_base(self, model: _ModelIn) -> None:
        """Refuse one made for another model; any version of the same will do. Raises SyftError."""
        ...

    def decrypt(self, key: _PrivateIn) -> Weights:
        """The numbers inside, (d, k), for the key's owner only. Raises SyftError."""
        ...

    def to_fields(self) -> Mapping[str, Any]:
        """The wire form."""
        ...


PublicT = TypeVar("PublicT", bound=PublicHalf)
PrivateT = TypeVar("PrivateT", bound=PrivateHalf)
ModelT = TypeVar("ModelT", bound=ModelOf[Any, Any])
GradientT = TypeVar("GradientT", bound=GradientOf[Any, Any])
VisitT = TypeVar("VisitT")


class Keys(ABC, Generic[PublicT, PrivateT]):
    """Key pairs: made, kept and published.

    Attributes:
        key_sizes: what `key_bits` of a spec may be; the first is the default.
    """

    key_sizes: ClassVar[tuple[int, ...]]

    @abstractmethod
    def generate(self, bits: int) -> PrivateT:
        """A new key."""

    @abstractmethod
    def secret_fields(self, key: PrivateT) -> dict[str, str]:
        """The secret as texts, to be sealed and stored."""

    @abstractmethod
    def key_from_secret(self, fields: Mapping[str, Any]) -> PrivateT:
        """The inverse of `secret_fields`. Raises SyftError, KeyError, TypeError, ValueError."""

    @abstractmethod
    def size_of(self, key: PrivateT | PublicT) -> int:
        """A private or public key's size, one of `key_sizes`."""

    @abstractmethod
    def public_half(self, key: PrivateT, family: ModelFamily) -> PublicT:
        """What mines need to train models of that family; may differ from call to call."""

    @abstractmethod
    def public_fields(self, public: PublicT) -> dict[str, Any]:
        """The wire form of a public key."""

    @abstractmethod
    def public_from_fields(
        self, fields: Mapping[str, Any], *, allow_small_for_tests: bool = False
    ) -> PublicT:
        """The inverse of `public_fields`. Raises SyftError."""


class Wire(ABC, Generic[PublicT, PrivateT, ModelT, GradientT]):
    """Models and gradients as they travel: parsed, checked, and how large they may be."""

    @abstractmethod
    def encrypt(
        self,
        weights: Weights,
        key: PrivateT,
        family: ModelFamily,
        *,
        version: int,
        weight_bound: float,
        ahead: Ahead | None = None,
    ) -> ModelT:
        """Weights (d, k) as a version of a model; `ahead` of `ahead_of_model`. Raises SyftError."""

    def ahead_of_model(self, model: ModelT, key: PrivateT) -> Ahead | None:  # noqa: ARG002
        """What can be computed now of the encryption of the model's next version; None: nothing."""
        return None

    @abstractmethod
    def model_from_fields(self, fields: Mapping[str, Any]) -> ModelT:
        """Parse a model's wire form. Raises SyftError."""

    @abstractmethod
    def gradient_from_fields(self, fields: Mapping[str, Any]) -> GradientT:
        """Parse a gradient's wire form. Raises SyftError."""

    @abstractmethod
    def validate(self, gradient: GradientT, key: PrivateT) -> None:
        """Refuse a gradient that is not made of ciphertexts under the private `key`. Raises SyftError."""

    @abstractmethod
    def require_sound(self, key: PrivateT) -> None:
        """Raises KernelError unless a ciphertext that is made here and now is accepted and decrypted.

        Asked before somebody is blamed for ciphertexts that are not: this machine may be out of memory or
        files.
        """

    @abstractmethod
    def check_form(self, model: ModelT, public: PublicT, family: ModelFamily, weight_bound: float) -> None:
        """Whether a model has the one form that a spec gives it: all that Capsule could choose is chosen.

        Raises:
            FormError: naming field, value and what it should be.
        """

    @abstractmethod
    def most_public_bytes(self, family: ModelFamily) -> int:
        """No public key for such models is longer on the wire."""

    @abstractmethod
    def most_model_bytes(self, family: ModelFamily, bits: int) -> int:
        """No such model is longer on the wire."""

    @abstractmethod
    def most_gradient_bytes(self, model: ModelT) -> int:
        """No gradient of that model is longer on the wire."""


class Learning(ABC, Generic[PublicT, ModelT, GradientT, VisitT]):
    """A visit at the mine, and what Capsule makes of its gradient.

    Attributes:
        fresh_rows: whether a mine learns from other rows for each version (else from all, always).
        largest_weight: no bound of weights may be above.
    """

    fresh_rows: ClassVar[bool]
    largest_weight: ClassVar[float]

    @abstractmethod
    def visit(
        self,
        family: ModelFamily,
        data: Learnable,
        rule: Rule | None,
        *,
        version: int,
        salt: bytes,
    ) -> VisitT:
        """What a mine's data come to for that version of the model; `salt` is the mine's own secret.

        Raises:
            SyftError: the rows cannot be learned from.
            PrivacyError: no release can stand in for the rows under this scheme.
        """

    @abstractmethod
    def train(
        self,
        model: ModelT,
        public: PublicT,
        visit: VisitT,
        *,
        ahead: Ahead | None = None,
        blocks: Blocks | None = None,
    ) -> GradientT:
        """The encrypted gradient of a visit, under fresh noise.

        Args:
            ahead: of `ahead_of_visit`.
            blocks: who works on its rows in the place of this thread, where the scheme can cut it into
                blocks; they see what the visit is made of.

        Raises:
            SyftError: nothing leaves.
        """

    def ahead_of_visit(self, model: ModelT, public: PublicT) -> Ahead | None:  # noqa: ARG002
        """What can be computed now of the next visit to such a model; None: nothing."""
        return None

    @abstractmethod
    def plain_gradient(
        self, family: ModelFamily, weights: Weights, visit: VisitT, bits: int, weight_bound: float
    ) -> Weights:
        """What `train` would encrypt of these weights, after the same checks: for rehearsals and simulations
        on data of one's own.

        Args:
            bits: the size of the key that `train` would work under.

        Raises:
            BoundError: `train` would refuse the visit.
        """

    @abstractmethod
    def directions(
        self, family: ModelFamily, weights: Weights, gradient: Weights, X: Inputs
    ) -> Sequence[Direction]:
        """Where Capsule may go from `weights` after a decrypted gradient; X: rows of its own, (n,
        n_features).
        """

    @abstractmethod
    def fit(self, family: ModelFamily, weights: Weights, X: Inputs, y: NDArray[Any]) -> float:
        """What tells weights of the same accuracy apart: more is better."""

    @abstractmethod
    def is_trainable(self, family: ModelFamily, weights: Weights, X: Inputs, y: NDArray[Any]) -> bool:
        """Whether gradients from `weights` on such rows (n, n_features) and labels fit their ciphertexts,
        with room to spare.
        """

    @abstractmethod
    def check_size(self, family: ModelFamily, bits: int, weight_bound: float) -> None:
        """Whether mines can train such models at all: asked before a bounty is in escrow, and by Capsule.

        Raises:
            SizeError: it is too large; says what the largest is that works.
        """

    @abstractmethod
    def effort(self, family: ModelFamily, bits: int, weight_bound: float) -> float:
        """What one version costs Capsule to encrypt, in ciphertexts of 2048-bit Paillier keys."""


class Scheme(
    Keys[PublicT, PrivateT],
    Wire[PublicT, PrivateT, ModelT, GradientT],
    Learning[PublicT, ModelT, GradientT, VisitT],
    Generic[PublicT, PrivateT, ModelT, GradientT, VisitT],
):
    """One way to encrypt models. Without state.

    Attributes:
        name: in specs and artifacts.
    """

    name: ClassVar[str]

    @abstractmethod
    def require_usable(self) -> None:
        """Raises KernelError if a package it needs is not installed here."""


# Of whichever scheme a campaign uses: opaque to all but that scheme.
Model: TypeAlias = ModelOf[PublicHalf, PrivateHalf]
Gradient: TypeAlias = GradientOf[Model, PrivateHalf]
AnyScheme: TypeAlias = Scheme[PublicHalf, PrivateHalf, Model, Gradient, object]
