"""Capsule's home directory: what is where, and who may use it at a time.

    settings.toml           chain, contract, store (see `pysonar.party.home.settings`)
    capsule.toml            Capsule's own settings, below
    keyfile.json            the account, unless an existing keyfile is named
    certificates/<F>.json   OpenPGP secrets, sealed by the passphrase; <F> is the fingerprint
    keys/<campaign>.pgp     secret keys of the models, sealed to the certificate
    announced.pgp           the certificate in use with Capsule's terms, as it is registered; public
    capsule.sqlite          follower, outbox, journal
    lock                    held by the one process that runs

Directories are 0700 and files 0600. Older certificates stay, so that campaigns which name them can end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from openmined_oracle.errors import HomeError
from openmined_oracle.workers import EXPECTED, fits
from openmined_syft.models import family_names
from pysonar.files.edit_toml import edited
from pysonar.files.flat_toml import read_settings, read_settings_and_text, setting, write_settings
from pysonar.files.secret_file import make_private_directory, replace_secret_file
from pysonar.party.home.home import AgentHome
from pysonar.party.home.rules import ANY, addresses_setting, amount_setting, assets_setting, names_setting
from pysonar.party.home.settings import Settings, load_settings, save_settings
from pysonar.protocol.openpgp import SecretKey

CAPSULE_FILE = "capsule.toml"


def _whole(least: int, comment: str, *, default: int, most: int | None = None) -> Any:
    expected = f"a whole number from {least} {'on' if most is None else f'to {most}'}"
    return setting(
        expected, lambda v: least <= v and (most is None or v <= most), default=default, comment=comment
    )


@dataclass(frozen=True)
class CapsuleSettings:
    """What only Capsule needs to know; what each key does is said in its comment."""

    certificate: str = setting(
        "the fingerprint of an OpenPGP certificate",
        lambda v: v.isalnum(),
        comment="Fingerprint of the certificate in use for new campaigns.",
    )
    suspected: tuple[str, ...] = setting(
        "a list of fingerprints of OpenPGP certificates",
        lambda v: all(one.isalnum() for one in v),
        default=(),
        comment="Fingerprints of certificates whose secrets somebody else may have: campaigns that name one"
        " are declined, unless they are open already.",
    )
    keys_copy: str = setting(
        "a directory, or nothing",
        default="",
        comment="A second directory for the sealed keys of campaigns, best on another disk: each is written"
        " there before its campaign opens, so that a backup of the rest is never too old.",
    )
    unavailable_seconds: int = setting(
        "seconds from 900 to 86400",
        lambda v: 900 <= v <= 86400,
        default=900,
        comment="Seconds after its block in which a submission must be fetchable; then its stake is burned.",
    )
    max_weights: int = _whole(
        1,
        "Campaigns with a larger model are declined: encrypting it would hold up everybody else.",
        default=250_000,
        most=1 << 24,
    )
    max_ciphertexts: int = _whole(
        1,
        "The same for the ciphertexts of the model, counted as ones of 2048 bits: one of 3072 costs as much"
        " as 3.4 of them, one of 4096 as 8.",
        default=16_384,
    )
    max_rows: int = _whole(
        1,
        "Campaigns with more validation records are declined: each is measured at every step.",
        default=100_000,
    )
    max_cells: int = _whole(
        1,
        "Campaigns with more numbers in the validation set are declined (records times columns after"
        " one-hot encoding and outputs), and no more than these, 8 bytes each, are kept in memory between"
        " two rounds.",
        default=1 << 24,
    )
    metrics_port: int = setting(
        "a port from 1 to 65535, or 0",
        lambda v: 0 <= v <= 65_535,
        default=0,
        comment="Port of /metrics (for Prometheus) and /healthz on 127.0.0.1; 0 for none.",
    )
    fetch_threads: int = setting(
        "a whole number from 1 to 32",
        lambda v: 1 <= v <= 32,
        default=16,
        comment="Submissions of one campaign that are fetched at the same time.",
    )
    retry_seconds: float = setting(
        "seconds from 0.1 to 600",
        lambda v: 0.1 <= v <= 600,
        default=10.0,
        comment="Seconds between two tries to fetch a submission.",
    )
    assets: tuple[str, ...] = assets_setting(
        'What campaigns may be paid in ("ether", or addresses of tokens); others are declined. A token is a'
        " stranger's code, which Capsule runs when it claims its fees: name those that you trust.",
        default=("ether",),
    )
    least_bounty: str = amount_setting(
        "0.1 ether",
        "Campaigns in ether with a smaller bounty are declined: even one of a single wei costs gas and work.",
        default="0.01 ether",
    )
    least_fee: str = amount_setting(
        "0.001 ether",
        "Campaigns in ether with a smaller fee are declined: a queue without fees is blocked for nothing.",
        default="0.0001 ether",
    )
    scientists: tuple[str, ...] = addresses_setting(
        'Scientists that campaigns are opened for: addresses, or "any". Others are declined.', default=(ANY,)
    )
    families: tuple[str, ...] = names_setting(
        f'a list of {", ".join(family_names())}, or ["any"]',
        'Families of models that campaigns are opened for, or "any". Others are declined.',
        default=(ANY,),
        fits=lambda name: name in family_names(),
    )
    max_days: int = _whole(
        1,
        "Campaigns that run for more days, the review counted, are declined: keys and funds must last.",
        default=395,
        most=395,
    )
    least_gain_deviations: float = setting(
        "a number from 0 to 10",
        lambda v: 0 <= v <= 10,
        default=0.0,
        comment="Campaigns are declined if their smallest paid gain, in validation records, is less than"
        " this many square roots of the number of those records: a smaller gain pays for luck. sonar"
        " proposes 0.4, or 0.6 of those that pay where others only guide; 0 accepts any.",
    )
    decline_budget: str = amount_setting(
        "0.02 ether",
        "What declines may cost in gas within a day. Further ones wait, or are taken back by their"
        " scientists.",
        default="0.02 ether",
    )
    workers: str = setting(
        EXPECTED,
        fits,
        default="threads",
        comment="Where models are encrypted and gradients decrypted: threads (on all cores), processes:N, or"
        " a Dask cluster of your own machines. Keys go there: never name machines that belong to somebody"
        " else.",
    )
    max_networks: int = _whole(
        0,
        "While this many campaigns of networks are open, a further one waits: each has a public key of over a"
        " hundred megabytes, and every version of its model stays in the store until it ends.",
        default=32,
    )


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
        write_settings(path / CAPSULE_FILE, capsule)
        return home

    @classmethod
    def open(cls, path: Path) -> Home:
        """Read the settings; `SettingsError` names what is missing or wrong."""
        return cls(path, load_settings(path), read_settings(path / CAPSULE_FILE, CapsuleSettings))

    @classmethod
    def exists(cls, path: Path) -> bool:
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

    def rotate(self, passphrase: str, *, name: str, suspected: bool = False) -> Home:
        """The home with a new OpenPGP key for campaigns to come; the old one stays for those that name it.

        The secret is on disk before the settings name it. The agent that runs notices at its next start.

        Args:
            suspected: somebody else may have the old secret: no new campaign that names it is opened.

        Raises:
            WrongKeyPassphraseError: it does not open what is here; then nothing is made.
        """
        in_use = next(iter(self.secret_keys(passphrase)))
        secret = SecretKey.generate(name)
        fingerprint = secret.certificate.fingerprint
        secret.seal_to_file(self._secret_path(fingerprint), passphrase)
        distrusted = (*self.capsule.suspected, in_use) if suspected else self.capsule.suspected
        capsule = replace(self.capsule, certificate=fingerprint, suspected=distrusted)
        file = self.path / CAPSULE_FILE
        changes: dict[str, object] = {"certificate": fingerprint}
        if suspected:
            changes["suspected"] = distrusted
        text = read_settings_and_text(file, CapsuleSettings)[1]
        replace_secret_file(file, edited(text, changes, CapsuleSettings, str(file)).encode())
        return Home(self.path, self.settings, capsule)

    @property
    def certificates(self) -> list[str]:
        """Fingerprints of the OpenPGP keys that are here, the one in use first; nothing is opened."""
        in_use = self.capsule.certificate
        others = sorted(path.stem for path in self._secret_path(in_use).parent.glob("*.json"))
        return [in_use, *(other for other in others if other != in_use)]

    @property
    def keys_copy(self) -> Path | None:
        """The second directory for campaign keys."""
        copy = self.capsule.keys_copy
        return self.path / Path(copy).expanduser() if copy else None

    @property
    def keys(self) -> Path:
        """The directory of the secret keys that models are encrypted under."""
        return self.path / "keys"

    def _secret_path(self, fingerprint: str) -> Path:
        return self.path / "certificates" / f"{fingerprint}.json"
