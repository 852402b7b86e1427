"""The settings that every agent keeps in its home directory, as `settings.toml`. No secret is ever a
setting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from pysonar.chain.contract.versions import ABI_FILES
from pysonar.files.flat_toml import check, read_settings, setting, write_settings
from pysonar.files.secret_file import make_private_directory, require_private
from pysonar.party.home.rules import amount_setting
from pysonar.protocol.account_address import is_address
from pysonar.protocol.amounts import parse_wei

FILE_NAME = "settings.toml"


def _is_rpc(value: str | Sequence[str]) -> bool:
    named = [value] if isinstance(value, str) else value
    return bool(named) and all(url.startswith(("http://", "https://")) for url in named)


def _is_store(value: str) -> bool:
    kind, _, place = value.partition(":")
    return kind in ("embedded", "kubo") and bool(place)


@dataclass(frozen=True)
class Settings:
    """What every agent needs to know.

    Attributes:
        contract_version: which Sonar it must be; 0, as in homes of earlier releases, asks the contract.
        account: the address of the keyfile's account; empty in homes of earlier releases, which ask the
            keyfile.
        start_block: where the contract was deployed, or 0.
        max_fee_gwei: the most to pay per gas. max_tip_gwei: the most of it to tip; 0 follows the node's
            suggestion.
        max_token_call: the most that the gas of a call may cost in which a campaign's token takes part.
    """

    rpc: str | tuple[str, ...] = setting(
        "the node's address, such as 'http://127.0.0.1:8545', or a list of them, the preferred one first",
        _is_rpc,
        hidden=True,
    )
    chain_id: int = setting("a whole number of 1 or more", lambda v: v >= 1)
    contract: str = setting("Sonar's address: 0x and 40 hexadecimal digits", is_address)
    store: str = setting("'embedded:/directory' or 'kubo:/ip4/127.0.0.1/tcp/5001/http'", _is_store)
    contract_version: int = setting(
        "the version of the contract, 1 or 2; 0 asks the contract",
        lambda v: v == 0 or v in ABI_FILES,
        default=0,
    )
    keyfile: str = setting(
        "the path of the account's keyfile, relative ones from the home directory",
        bool,
        default="keyfile.json",
    )
    account: str = setting(
        "the account's address: 0x and 40 hexadecimal digits", lambda v: not v or is_address(v), default=""
    )
    confirmations: int = setting("a whole number from 0 to 1000", lambda v: 0 <= v <= 1000, default=12)
    poll_seconds: float = setting("seconds from 0.05 to 3600", lambda v: 0.05 <= v <= 3600, default=2.0)
    start_block: int = setting("the block from which to read, 0 or more", lambda v: v >= 0, default=0)
    max_fee_gwei: float = setting(
        "the most to pay per gas in gwei, more than 0", lambda v: 0 < v <= 1e9, default=300.0
    )
    max_tip_gwei: float = setting(
        "the most to tip per gas in gwei; 0 follows the node's suggestion up to max_fee_gwei",
        lambda v: 0 <= v <= 1e9,
        default=0.0,
    )
    max_token_call: str = amount_setting("0.02 ether", default="0.02 ether")

    def __post_init__(self) -> None:
        check("the settings given", self)

    def keyfile_path(self, home: Path) -> Path:
        """The keyfile's path, relative ones from the home directory."""
        return home / Path(self.keyfile).expanduser()

    @property
    def max_fee_wei(self) -> int:
        """The most to pay per gas, in wei."""
        return int(self.max_fee_gwei * 10**9)

    @property
    def max_tip_wei(self) -> int | None:
        """The most to tip per gas, in wei; None for no limit of its own."""
        return int(self.max_tip_gwei * 10**9) or None

    @property
    def max_token_call_wei(self) -> int:
        """The most to pay for the gas of a call that runs a token's code, in wei."""
        return parse_wei(self.max_token_call)

    def __repr__(self) -> str:  # the node's address may hold a credential
        shown = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "rpc"}
        return f"Settings(rpc=..., {', '.join(f'{key}={value!r}' for key, value in shown.items())})"


def default_home(agent: str) -> Path:
    """The directory of `--home` if none is given, by the rules of the operating system."""
    from platformdirs import user_data_path

    return user_data_path("openmined") / agent


def load_settings(home: Path) -> Settings:
    """The settings of the home directory.

    Raises:
        NotPrivateError: others can read or write the directory.
        SettingsError: NoSettingsError, BadSettingsFileError, UnknownSettingError, MissingSettingError or
            BadSettingError.
    """
    require_private(home)
    return read_settings(home / FILE_NAME, Settings)


def save_settings(home: Path, settings: Settings) -> None:
    """Write them (mode 0600: the node's address may hold a credential), whole or not at all."""
    make_private_directory(home)
    write_settings(home / FILE_NAME, settings)
