"""What an agent's owner allows, as settings files say it: lists of names and amounts with their unit.

Both agents have such rules: a mine's are in `policy.toml`, Capsule's in `capsule.toml`. An empty list allows
nothing; ["any"] allows everything and stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pysonar.chain.address import ZERO_ADDRESS
from pysonar.files.flat_toml import setting
from pysonar.protocol.amounts import AmountError, parse_wei

ANY = "any"
ETHER_ADDRESS = ZERO_ADDRESS  # stands for ether where an asset is named
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@dataclass(frozen=True)
class Allowed:
    """A list of names that are allowed, or all of them. Addresses are in lower case."""

    names: frozenset[str] = frozenset()
    everything: bool = False

    @classmethod
    def any(cls) -> Allowed:
        """Everything."""
        return cls(everything=True)

    @classmethod
    def only(cls, names: Iterable[str]) -> Allowed:
        """These and nothing else."""
        return cls(names=frozenset(names))

    def __contains__(self, name: object) -> bool:
        return self.everything or name in self.names

    def __str__(self) -> str:
        return ANY if self.everything else ", ".join(sorted(self.names)) or "none"


NOTHING = Allowed()


def allowed(names: Sequence[str]) -> Allowed:
    """What a list of names in a settings file allows."""
    return Allowed.any() if ANY in names else Allowed.only(names)


def allowed_addresses(names: Sequence[str]) -> Allowed:
    """The same for addresses, among which "ether" stands for the asset that is not a token."""
    return allowed([ETHER_ADDRESS if name == "ether" else name.lower() for name in names])


def addresses_setting(comment: str = "", *, default: tuple[str, ...] = ()) -> Any:
    """A list of addresses."""
    expected = 'a list of addresses (0x and 40 hexadecimal digits), or ["any"]'
    return setting(expected, lambda v: _any_or(v, _is_address), default=default, comment=comment)


def assets_setting(comment: str = "", *, default: tuple[str, ...] = ()) -> Any:
    """A list of assets."""
    return setting(
        'a list of "ether" and addresses of tokens, or ["any"]',
        lambda v: _any_or(v, lambda asset: asset == "ether" or _is_address(asset)),
        default=default,
        comment=comment,
    )


def names_setting(
    expected: str,
    comment: str = "",
    *,
    default: tuple[str, ...] = (),
    fits: Callable[[str], bool] = bool,
) -> Any:
    """A list of names, each of which `fits`."""
    return setting(expected, lambda v: _any_or(v, fits), default=default, comment=comment)


def amount_setting(example: str, comment: str = "", *, default: str = "0") -> Any:
    """An amount of ether that the contract could hold."""
    expected = f"an amount with its unit, such as '{example}'"
    return setting(expected, _is_amount, default=default, comment=comment)


def _any_or(names: Sequence[str], fits: Callable[[str], bool]) -> bool:
    return list(names) == [ANY] or (ANY not in names and all(fits(name) for name in names))


def _is_address(name: str) -> bool:
    return bool(_ADDRESS.fullmatch(name))


def _is_amount(text: str) -> bool:
    try:
        return parse_wei(text) < 1 << 96
    except AmountError:
        return False
