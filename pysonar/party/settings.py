"""The settings that every agent keeps in its home directory, as `settings.toml`. No secret is ever a
setting.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, cast

from pysonar.files.flat_toml import Field, check_values, read_toml, write_toml
from pysonar.files.secret_file import make_private_directory

FILE_NAME = "settings.toml"


def _is_address(value: str) -> bool:
    from eth_utils.address import is_address

    return value.startswith("0x") and bool(is_address(value))


SETTINGS_FIELDS: tuple[Field, ...] = (
    Field(
        "rpc", str, "the node's address, such as 'http://127.0.0.1:8545'",
        lambda v: v.startswith(("http://", "https://")),
    ),
    Field("chain_id", int, "a whole number of 1 or more", lambda v: v >= 1),
    Field("contract", str, "Sonar's address: 0x and 40 hexadecimal digits", _is_address),
    Field(
        "store", str, "'embedded:/directory' or 'kubo:/ip4/127.0.0.1/tcp/5001/http'",
        lambda v: v.partition(":")[0] in ("embedded", "kubo") and bool(v.partition(":")[2]),
    ),
    Field(
        "keyfile", str, "the path of the account's keyfile, relative ones from the home directory",
        bool, required=False,
    ),
    Field("confirmations", int, "a whole number from 0 to 1000", lambda v: 0 <= v <= 1000, required=False),
    Field("poll_seconds", float, "seconds from 0.05 to 3600", lambda v: 0.05 <= v <= 3600, required=False),
    Field("start_block", int, "the block from which to read, 0 or more", lambda v: v >= 0, required=False),
    Field(
        "max_fee_gwei", float, "the most to pay per gas in gwei, more than 0",
        lambda v: 0 < v <= 1e9, required=False,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What every agent needs to know. `start_block`: where the contract was deployed, or 0."""

    rpc: str
    chain_id: int
    contract: str
    store: str
    keyfile: str = "keyfile.json"
    confirmations: int = 12
    poll_seconds: float = 2.0
    start_block: int = 0
    max_fee_gwei: float = 300.0

    def __post_init__(self) -> None:
        check_values("the settings given", asdict(self), SETTINGS_FIELDS)

    def keyfile_path(self, home: Path) -> Path:
        """The keyfile's path, relative ones from the home directory."""
        return home / Path(self.keyfile).expanduser()

    @property
    def max_fee_wei(self) -> int:
        """The most to pay per gas, in wei."""
        return int(self.max_fee_gwei * 10**9)

    def __repr__(self) -> str:  # the node's address may hold a credential
        shown = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "rpc"}
        return f"Settings(rpc=..., {', '.join(f'{key}={value!r}' for key, value in shown.items())})"


def default_home(agent: str) -> Path:
    """The directory of `--home` if none is given, by the rules of the operating system."""
    from platformdirs import user_data_path

    return user_data_path("openmined") / agent


def load_settings(home: Path) -> Settings:
    """The settings of the home directory: NoSettingsError, BadSettingsFileError, UnknownSettingError,
    MissingSettingError, BadSettingError."""
    values = read_toml(home / FILE_NAME, SETTINGS_FIELDS)
    defaults = {field.name: field.default for field in fields(Settings)}
    return Settings(**{**{k: v for k, v in defaults.items() if k in values}, **cast(dict[str, Any], values)})


def save_settings(home: Path, settings: Settings) -> None:
    """Write them (mode 0600: the node's address may hold a credential), whole or not at all."""
    make_private_directory(home)
    write_toml(home / FILE_NAME, asdict(settings), SETTINGS_FIELDS)
