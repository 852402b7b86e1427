"""A mine's home directory: what is where.

    settings.toml    chain, contract, store, account (see `pysonar.party.home.settings`)
    policy.toml      the owner's rules (see `policy_file`)
    keyfile.json     the account, unless an existing keyfile is named
    data/NAME.json   which files may be used (see `datasets`); the data themselves stay where they are
    mine.sqlite      events, transactions, submissions
    ledger.sqlite    what was spent of the privacy budget, and the noised releases (see `mine_agent.privacy`)
    ledger.head      how long the ledger is
    paused           there while the owner wants nothing new to be begun
    at-work.json     what a running mine is doing, for `mine-agent status` and the Mine UI
    scale.toml       the cluster that sums are taken on, if the owner has one (see `mine_agent.scale`)
    lock             held by the one process that follows the chain and sends

No key of a campaign, no weight and no record is ever in it: a mine has nothing that opens a model, and the
gradients it keeps until their verdict are sealed to Capsule. Directories are 0700 and files 0600.
"""

from __future__ import annotations

from pathlib import Path

from mine_agent.data.datasets import DataShelf
from mine_agent.errors import HomeError
from mine_agent.privacy.ledger import Ledger
from mine_agent.rules.policy import Policy
from mine_agent.rules.policy_file import (
    POLICY_FILE,
    FirstAnswers,
    load_policy,
    parse_policy,
    write_first_policy,
)
from mine_agent.scale.scale_file import Scale, load_scale
from pysonar.files.flat_toml import MAX_BYTES, BadSettingsFileError
from pysonar.files.secret_file import make_private_directory, replace_secret_file
from pysonar.party.home.home import AgentHome
from pysonar.party.home.settings import Settings, save_settings

PAUSED_FILE = "paused"
AT_WORK_FILE = "at-work.json"


class Home(AgentHome):
    """An existing home directory; make one with `create`, open it with `open`."""

    database_name = "mine.sqlite"

    @classmethod
    def create(cls, path: Path, settings: Settings, answers: FirstAnswers) -> Home:
        """Write first policy and settings. The account's keyfile is the caller's affair. An interrupted
        `create` can be repeated: the settings are written last.

        Raises: HomeError: there is a complete home already. SettingsError: an answer cannot be used; nothing
        is overwritten.
        """
        if cls.exists(path):
            raise HomeError(
                f"{path} is already the home of a mine; choose another --home, or use it as it is"
            )
        make_private_directory(path)
        home = cls(path, settings)
        if not home.policy_file.exists():
            write_first_policy(home.policy_file, answers)
        save_settings(path, settings)
        return home

    @property
    def policy_file(self) -> Path:
        """The owner's rules."""
        return self.path / POLICY_FILE

    def policy(self) -> Policy:
        """The owner's rules as they are now. Raises SettingsError."""
        return load_policy(self.policy_file)

    @property
    def at_work_file(self) -> Path:
        """What a running mine is doing; see `mine_agent.operation.at_work`."""
        return self.path / AT_WORK_FILE

    @property
    def is_paused(self) -> bool:
        """Whether the owner wants nothing new to be begun."""
        return (self.path / PAUSED_FILE).exists()

    def pause(self) -> None:
        """Begin nothing new from now on, also after a restart; a running mine sees it in its next round."""
        replace_secret_file(self.path / PAUSED_FILE, b"")

    def resume(self) -> None:
        """Take `pause` back."""
        (self.path / PAUSED_FILE).unlink(missing_ok=True)

    def save_policy(self, text: str) -> Policy:
        """Put new rules, a whole file's text, in place of the old ones. Raises SettingsError, and then
        nothing is changed.
        """
        policy, data = parse_policy(text, str(self.policy_file)), text.encode()
        if len(data) > MAX_BYTES:  # `policy` would not read it any more
            raise BadSettingsFileError(str(self.policy_file), f"it would be longer than {MAX_BYTES} bytes")
        replace_secret_file(self.policy_file, data)
        return policy

    def privacy_ledger(self, now: int) -> Ledger:
        """What was spent of its records' privacy; made if there never was one. Raises LedgerError.

        `now`: seconds since 1970.
        """
        return Ledger.open(self.path, account=self.address, now=now)

    def scale(self) -> Scale | None:
        """The owner's cluster; None without one. Raises SettingsError."""
        return load_scale(self.path)

    def data(self) -> DataShelf:
        """The registered data sets."""
        return DataShelf(self.path / "data")
