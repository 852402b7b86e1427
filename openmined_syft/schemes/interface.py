"""What an encryption scheme must offer so that Capsule and mines can run a campaign without knowing which it
is.

A scheme goes with a family of models: additive encryption (Paillier) is enough where every step is affine in
    the
weights; a hidden layer needs products of encrypted numbers (CKKS). Keys of one scheme are handed back only to
that scheme, so their types are nobody else's business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from openmined_syft.models import ModelFamily
from openmined_syft.rules import Rule

Weights = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Direction:
    """Where a decrypted gradient points: add multiples of `difference` (d, k) to the weights.

    `damping` tells, where there are several, how much it was held back; None where there is one.
    """

    difference: Weights
    damping: float | None = None


class Model(Protocol):
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

    def validate(self, public: Any) -> None:
        """Refuse another key and what is no ciphertext. Raises SyftError."""
        ...

    def decrypt(self, key: Any) -> Weights:
        """Exactly the weights that were encrypted, (d, k). Raises SyftError."""
        ...

    def to_fields(self) -> Mapping[str, Any]:
        """The wire form."""
        ...


class Gradient(Protocol):
    """What a mine's visit made, encrypted under fresh noise."""

    @property
    def base_version(self) -> int:
        """Version of the model it was trained from."""
        ...

    @property
    def key_fingerprint(self) -> bytes:
        """Of the key it is encrypted under, 32 bytes."""
        ...

    def check_base(self, model: Any) -> None:
        """Refuse one made for another model; any version of the same will do. Raises SyftError."""
        ...

    def validate(self, public: Any) -> None:
        """Refuse what is no ciphertext. Raises SyftError."""
        ...

    def decrypt(self, key: Any) -> Weights:
        """The numbers inside, (d, k), for the key's owner only. Raises SyftError."""
        ...

    def to_fields(self) -> Mapping[str, Any]:
        """The wire form."""
        ...


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


class Scheme(Protocol):
    """One way to encrypt models. Without state.

    Attributes:
        name: in specs and artifacts.
        key_sizes: what `key_bits` of a spec may be; the first is the default.
        largest_weight: no bound of weights may be above.
        fresh_rows: whether a mine learns from other rows for each version (else from all, always).
    """

    @property
    def name(self) -> str: ...

    @property
    def key_sizes(self) -> tuple[int, ...]: ...

    @property
    def largest_weight(self) -> float: ...

    @property
    def fresh_rows(self) -> bool: ...

    def require_usable(self) -> None:
        """Raises KernelError if a package it needs is not installed here."""
        ...

    # --- keys

    def generate(self, bits: int) -> PrivateHalf:
        """A new key."""
        ...

    def secret_fields(self, key: Any) -> dict[str, str]:
        """The secret as texts, to be sealed and stored."""
        ...

    def key_from_secret(self, fields: Mapping[str, Any]) -> PrivateHalf:
        """The inverse of `secret_fields`. Raises SyftError, KeyError, TypeError, ValueError."""
        ...

    def size_of(self, key: Any) -> int:
        """A private or public key's size, one of `key_sizes`."""
        ...

    def public_half(self, key: Any, family: ModelFamily) -> PublicHalf:
        """What mines need to train models of that family; may differ from call to call."""
        ...

    def public_fields(self, public: Any) -> dict[str, Any]:
        """The wire form of a public key."""
        ...

    def public_from_fields(
        self, fields: Mapping[str, Any], *, allow_small_for_tests: bool = False
    ) -> PublicHalf:
        """The inverse of `public_fields`. Raises SyftError."""
        ...

    # --- models and gradients

    def encrypt(
        self, weights: Weights, key: Any, family: ModelFamily, *, version: int, weight_bound: float
    ) -> Model:
        """Weights (d, k) as a version of a model. Raises SyftError."""
        ...

    def model_from_fields(self, fields: Mapping[str, Any]) -> Model:
        """Parse a model's wire form. Raises SyftError."""
        ...

    def gradient_from_fields(self, fields: Mapping[str, Any]) -> Gradient:
        """Parse a gradient's wire form. Raises SyftError."""
        ...

    def validate(self, gradient: Any, key: Any) -> None:
        """Refuse a gradient that is not made of ciphertexts under the private `key`. Raises SyftError."""
        ...

    def require_sound(self, key: Any) -> None:
        """Raises KernelError unless a ciphertext that is made here and now is accepted and decrypted.

        Asked before somebody is blamed for ciphertexts that are not: this machine may be out of memory or
        files.
        """
        ...

    def check_form(self, model: Any, public: Any, family: ModelFamily, weight_bound: float) -> None:
        """Whether a model has the one form that a spec gives it: all that Capsule could choose is chosen.

        Raises:
            FormError: naming field, value and what it should be.
        """
        ...

    def visit(
        self,
        family: ModelFamily,
        X: Weights,
        y: NDArray[Any],
        rule: Rule | None,
        *,
        version: int,
        salt: bytes,
    ) -> Any:
        """What a mine's rows come to for that version of the model; `salt` is the mine's own secret.

        Raises SyftError: the rows cannot be learned from.
        """
        ...

    def train(self, model: Any, public: Any, visit: Any) -> Gradient:
        """The encrypted gradient of a visit, under fresh noise. Raises SyftError; nothing leaves."""
        ...

    def directions(
        self, family: ModelFamily, weights: Weights, gradient: Weights, X: Weights
    ) -> Sequence[Direction]:
        """Where Capsule may go from `weights` after a decrypted gradient; X: rows of its own, (n,
        n_features).
        """
        ...

    def fit(self, family: ModelFamily, weights: Weights, X: Weights, y: NDArray[Any]) -> float:
        """What tells weights of the same accuracy apart: more is better."""
        ...

    def is_trainable(self, family: ModelFamily, weights: Weights, X: Weights, y: NDArray[Any]) -> bool:
        """Whether gradients from `weights` on such rows (n, n_features) and labels fit their ciphertexts,
        with room to spare.
        """
        ...

    # --- sizes

    def most_public_bytes(self, family: ModelFamily) -> int:
        """No public key for such models is longer on the wire."""
        ...

    def most_model_bytes(self, family: ModelFamily, bits: int) -> int:
        """No such model is longer on the wire."""
        ...

    def most_gradient_bytes(self, model: Any) -> int:
        """No gradient of that model is longer on the wire."""
        ...

    def effort(self, family: ModelFamily, bits: int, weight_bound: float) -> float:
        """What one version costs Capsule to encrypt, in ciphertexts of 2048-bit Paillier keys."""
        ...
