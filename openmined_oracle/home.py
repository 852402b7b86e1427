"""Capsule's home directory: what is where, and who may use it at a time.

    settings.toml           chain, contract, store (see `pysonar.party.settings`)
    capsule.toml            Capsule's own settings, below
    keyfile.json            the account, unless an existing keyfile is named
    certificates/<F>.json   OpenPGP secrets, sealed by the passphrase; <F> is the fingerprint
    keys/<campaign>.pgp     secret keys of the models, sealed to the certificate
    capsule.sqlite          follower, outbox, journal
    lock                    held by the one process that runs

Directories are 0700 and files 0600. Older certificates stay, so that campaigns which name them can end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from openmined_oracle.errors import HomeError
from pysonar.files.flat_toml import Field, read_toml, write_toml
from pysonar.files.secret_file import make_private_directory
from pysonar.party.home import AgentHome
from pysonar.party.rules import amount_field, assets_field
from pysonar.party.settings import Settings, load_settings, save_settings
from pysonar.protocol.openpgp import SecretKey

CAPSULE_FILE = "capsule.toml"

CAPSULE_FIELDS = (
    Field("certificate", str, "the fingerprint of an OpenPGP certificate", lambda v: v.isalnum()),
    Field("unavailable_seconds", int, "seconds from 0 to 86400", lambda v: 0 <= v <= 86400, required=False),
    Field(
        "max_weights", int, "a whole number from 1 to 16777216", lambda v: 1 <= v <= 1 << 24, required=False
    ),
    Field("max_ciphertexts", int, "a whole number from 1 on", lambda v: v >= 1, required=False),
    Field("max_rows", int, "a whole number from 1 on", lambda v: v >= 1, required=False),
    Field("max_cells", int, "a whole number from 1 on", lambda v: v >= 1, required=False),
    Field("retry_seconds", float, "seconds from 0.1 to 600", lambda v: 0.1 <= v <= 600, required=False),
    Field("fetch_threads", int, "a whole number from 1 to 32", lambda v: 1 <= v <= 32, required=False),
    assets_field("assets"),
    amount_field("least_bounty", "0.1 ether"),
    amount_field("least_fee", "0.001 ether"),
    Field("max_networks", int, "a whole number from 0 on", lambda v: v >= 0, required=False),
)


@dataclass(frozen=True)
class CapsuleSettings:
    """What only Capsule needs to know.

    Attributes:
        certificate: fingerprint of the certificate in use for new campaigns.
        unavailable_seconds: how long after its block a submission may be unfetchable (docs/protocol.md,
            section 2).
        max_weights: campaigns with a larger model are declined: encrypting it would hold up everybody else.
        max_ciphertexts: the same for the ciphertexts of the model, counted as ones of 2048 bits: one of 3072
            costs as much as 3.4 of them, one of 4096 as 8.
        max_rows: campaigns with more validation records are declined: each is measured at every step.
        max_cells: campaigns with more numbers in the validation set are declined (records times columns after
            one-hot encoding and outputs), and no more than these, 8 bytes each, are kept in memory between
            two rounds.
        fetch_threads: submissions of one campaign fetched at the same time.
        retry_seconds: between two tries to fetch a submission.
        assets: in what campaigns may be paid; others are declined. A token is a stranger's code, which
            Capsule runs when it claims its fees: name those that you trust.
        least_bounty, least_fee: campaigns in ether with less are declined; amounts with their unit.
        max_networks: with so many campaigns of networks open, a further one waits: each has a public key of
            over a hundred megabytes and every version of its model in the store until it ends.
    """

    certificate: str
    unavailable_seconds: int = 900
    max_weights: int = 250_000
    max_ciphertexts: int = 16_384
    max_rows: int = 100_000
    max_cells: int = 1 << 24
    fetch_threads: int = 4
    retry_seconds: float = 10.0
    assets: Sequence[str] = ("ether",)
    least_bounty: str = "0"
    least_fee: str = "0"
    max_networks: int = 32


class Home(AgentHome):
    """An existing home directory, opened with `Home.open` or made with `Home.create`."""

    database_name = "capsule.sqlite"

    def __init__(self, path: Path, settings: Settings, capsule: CapsuleSettings) -> None:
        super().__init__(path, settings)
        self.capsule = capsule

    @classmethod
    def create(cls, path: Path, settings: Settings, passphrase: str, *, name: str) -> Home:
        """Make the OpenPGP key and write the settings. The account's keyfile is the caller's affair.

        The secret is on disk before the settings that name it, so an interrupted `create` can be repeated.

        Raises:
            HomeError: there is a complete home already.
        """
        if cls.exists(path):
            raise HomeError(
                f"{path} is already the home of a Capsule; choose another --home, or use it as it is"
            )
        make_private_directory(path)
        secret = SecretKey.generate(name)
        capsule = CapsuleSettings(certificate=secret.certificate.fingerprint)
        home = cls(path, settings, capsule)
        secret.seal_to_file(home._secret_path(capsule.certificate), passphrase)
        save_settings(path, settings)
        values = asdict(capsule) | {"assets": list(capsule.assets)}
        write_toml(path / CAPSULE_FILE, values, CAPSULE_FIELDS)
        return home

    @classmethod
    def open(cls, path: Path) -> Home:
        """Read the settings; `SettingsError` names what is missing or wrong."""
        settings = load_settings(path)
        values = read_toml(path / CAPSULE_FILE, CAPSULE_FIELDS)
        return cls(path, settings, CapsuleSettings(**cast(dict[str, Any], values)))

    @staticmethod
    def exists(path: Path) -> bool:
        """Whether a complete home is there."""
        return (path / CAPSULE_FILE).exists()

    def secret_keys(self, passphrase: str) -> dict[str, SecretKey]:
        """All OpenPGP keys of this home by fingerprint, the one in use first.

        Raises:
            HomeError: the certificate in use has no secret here.
            pysonar.protocol.openpgp.SealError: the passphrase is wrong or a file damaged.
        """
        in_use = self._secret_path(self.capsule.certificate)
        if not in_use.exists():
            raise HomeError(f"{in_use} is missing: the secret of the certificate that {CAPSULE_FILE} names")
        others = sorted(path for path in in_use.parent.glob("*.json") if path != in_use)
        keys = [SecretKey.open_from_file(path, passphrase) for path in (in_use, *others)]
        return {key.certificate.fingerprint: key for key in keys}

    @property
    def keys(self) -> Path:
        """The directory of the secret keys that models are encrypted under."""
        return self.path / "keys"

    def _secret_path(self, fingerprint: str) -> Path:
        return self.path / "certificates" / f"{fingerprint}.json"
