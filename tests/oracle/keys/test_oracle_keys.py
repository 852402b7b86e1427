"""Keys for years: a new certificate beside running campaigns, backups of a running Capsule, a new machine."""

from __future__ import annotations

import io
import json
import shutil
import stat
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openmined_oracle.cli import app
from openmined_oracle.connection import Connection
from openmined_oracle.errors import BackupError, KeyStoreError
from openmined_oracle.home import CAPSULE_FILE, Home
from openmined_oracle.keys.backup import write_backup
from openmined_oracle.keys.inventory import certificates
from openmined_oracle.keys.restore import restore_backup
from openmined_syft.paillier.keys import PrivateKey
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner, create_keyfile
from pysonar.protocol.artifacts import parse_certificate
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import WrongKeyPassphraseError
from tests.json_types import JsonObject
from tests.oracle.capsule_world import World
from tests.roles import as_a, there

DAY = 86_400


@pytest.fixture(autouse=True)
def _quick_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pysonar.protocol.openpgp.secret_keys.SCRYPT_N", 2**14)


def capsule(world: World, *arguments: str) -> JsonObject:
    """What a command says with --format json."""
    environment = {"OPENMINED_PASSPHRASE": world.passphrase}
    done = CliRunner().invoke(app, [*arguments, "--format", "json"], env=environment)
    assert done.exit_code == 0, done.output
    shown: JsonObject = json.loads(done.stdout)
    return shown


def start(world: World, home: Home) -> None:
    """From now on the world's Capsule works with that home, as a new process would."""
    world.home, world.keys = home, home.secret_keys(world.passphrase)


def settled(world: World, campaign: bytes) -> None:
    world.node.advance(DAY)
    world.run()
    assert world.record(campaign).state is State.SETTLED


def assert_said_once(world: World, campaign: bytes, submissions: int) -> None:
    """Every verdict once, nothing reverted, and no transaction besides: none that reverted."""
    assert len(world.verdicts(campaign)) == submissions
    for kind in ("CampaignOpened", "Delivered", "Settled", "Claimed"):
        assert world.count(kind, campaign) == 1, kind
    registration, ends = 1, 4
    reports = world.count("Verdicts", campaign)
    assert rpc.nonce(world.node.web3, world.capsule.address) == registration + ends + reports


# --- rotation --------------------------------------------------------------------------------------------


def test_a_campaign_ends_with_the_certificate_it_began_with(installed: World, miner: KeyfileSigner) -> None:
    world = installed
    campaign = world.opened()
    old = world.own
    start(world, world.home.rotate(world.passphrase, name="Capsule"))
    assert world.own.certificate != old.certificate
    world.keys, new_order = {old.certificate.fingerprint: old}, world.keys
    world.submit(campaign, miner)  # sealed to the certificate that the spec names
    world.keys = new_order
    world.run()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]
    settled(world, campaign)
    world.keys = {old.certificate.fingerprint: old}
    assert world.result(campaign).version == 1


def test_a_new_campaign_works_with_the_new_certificate(installed: World, miner: KeyfileSigner) -> None:
    world = installed
    world.run()
    start(world, world.home.rotate(world.passphrase, name="Capsule"))
    world.run()
    registered = world.sonar.certificate(world.capsule.address)
    named = world.store.get(Cid.from_bytes32(there(registered)), max_bytes=1 << 16)
    assert parse_certificate(named) == world.own.certificate
    campaign = world.opened()
    world.submit(campaign, miner)
    world.run()
    settled(world, campaign)
    assert world.result(campaign).version == 1


def test_a_suspected_certificate_opens_nothing_and_ends_what_it_began(
    installed: World, miner: KeyfileSigner
) -> None:
    world = installed
    running, old = world.opened(), world.own
    start(world, world.home.rotate(world.passphrase, name="Capsule", suspected=True))
    new = world.keys
    world.keys = {old.certificate.fingerprint: old}
    late, spec = world.create(), world.spec()
    world.submit(running, miner)
    world.keys = new
    world.run()
    assert "does not trust any more" in world.declined_for(late)
    assert world.verdicts(running) == [Verdict.IMPROVED]
    assert spec.capsule_certificate == world.store.put(old.certificate.to_bytes())


def test_rotation_leaves_the_operator_s_own_words_in_the_settings(installed: World) -> None:
    file, old = installed.home.path / CAPSULE_FILE, installed.home.capsule.certificate
    file.write_text(
        f'# the lab\'s Capsule\nmax_rows = 5_000 # our disk is small\ncertificate = "{old}"   # made in May\n'
        "# call Ada before you change this\nretry_seconds = 1"
    )
    home = Home.open(installed.home.path).rotate(installed.passphrase, name="Capsule", suspected=True)
    new = home.capsule.certificate
    assert file.read_text() == (
        f'# the lab\'s Capsule\nmax_rows = 5_000 # our disk is small\ncertificate = "{new}"   # made in May\n'
        f'# call Ada before you change this\nretry_seconds = 1\nsuspected = ["{old}"]\n'
    )
    assert Home.open(home.path).capsule == home.capsule
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_wrong_passphrase_rotates_nothing(installed: World) -> None:
    before = sorted(installed.home.path.rglob("*.json"))
    with pytest.raises(WrongKeyPassphraseError):
        installed.home.rotate("another", name="Capsule")
    assert sorted(installed.home.path.rglob("*.json")) == before
    assert Home.open(installed.home.path).capsule == installed.home.capsule


def test_the_list_says_who_needs_which_certificate(installed: World) -> None:
    world = installed
    world.opened()
    old = world.own.certificate.fingerprint
    done = capsule(world, "keys", "rotate", "--suspected", "--home", str(world.home.path))
    start(world, Home.open(world.home.path))
    world.run()
    rows = capsule(world, "keys", "list", "--home", str(world.home.path))
    assert rows == [
        {"fingerprint": done["certificate"], "state": "in use", "registered": True, "campaigns": 0},
        {"fingerprint": old, "state": "suspected", "registered": True, "campaigns": 1},
    ]
    (world.home.path / "certificates" / f"{old}.json").unlink()
    assert certificates(Connection.open(world.home))[1].state == "lost"


# --- backup and restore ----------------------------------------------------------------------------------


def test_a_new_machine_goes_on_from_a_backup_older_than_the_last_reports(
    installed: World, miner: KeyfileSigner, second_miner: KeyfileSigner, tmp_path: Path
) -> None:
    """The backup is made while the agent runs. After it two submissions are judged and reported."""
    world = installed
    campaign = world.opened()
    agent = world.agent()
    agent.run_once()
    file = tmp_path / "backup"
    capsule(world, "keys", "backup", str(file), "--home", str(world.home.path))
    small = world.gradient(campaign, world.visit(rows=12))
    world.submit(campaign, miner, world.envelope(campaign, miner, small))
    agent.run_once()
    world.submit(campaign, second_miner)
    agent.run_once()
    agent.close()
    assert world.record(campaign).evaluated == 2
    shutil.rmtree(world.home.path)

    capsule(world, "keys", "restore", str(file), "--home", str(tmp_path / "new"))
    start(world, Home.open(tmp_path / "new"))
    world.submit(campaign, miner)
    world.run()
    settled(world, campaign)
    assert_said_once(world, campaign, 3)
    result = world.result(campaign)
    assert [entry.miner for entry in result.record] == [miner.address, second_miner.address, miner.address]
    assert result.version == world.record(campaign).version >= 1


@pytest.mark.parametrize("point", ["verdict decided", "report stored", "report sent"])
def test_a_backup_from_the_middle_of_a_report_says_nothing_twice(
    installed: World, miner: KeyfileSigner, tmp_path: Path, point: str
) -> None:
    """The old machine went on after the backup, and reported what the backup was about to."""
    world = installed
    campaign = world.opened()
    world.submit(campaign, miner)
    world.node.set_automine(point != "report sent")
    world.run_killed(point)
    write_backup(world.home, tmp_path / "backup")
    world.node.set_automine(True)
    world.node.mine()
    world.run()
    assert world.record(campaign).evaluated == 1

    start(world, restore_backup(tmp_path / "backup", tmp_path / "new", world.passphrase))
    settled(world, campaign)
    assert_said_once(world, campaign, 1)
    assert world.result(campaign).version == 1


def test_with_copies_of_keys_no_backup_is_too_old(
    installed: World, miner: KeyfileSigner, tmp_path: Path
) -> None:
    """A campaign that was opened after the backup: lost without the copy of its key, and kept with it."""
    world = installed
    file = world.home.path / "capsule.toml"
    file.write_text(file.read_text().replace('keys_copy = ""', f'keys_copy = "{tmp_path / "copies"}"'))
    start(world, Home.open(world.home.path))
    write_backup(world.home, tmp_path / "backup")
    campaign = world.opened()
    world.submit(campaign, miner)

    without = restore_backup(tmp_path / "backup", tmp_path / "without", world.passphrase)
    start(world, without)
    assert isinstance(world.run().failures[campaign], KeyStoreError)

    copies = tmp_path / "copies"
    start(world, restore_backup(tmp_path / "backup", tmp_path / "with", world.passphrase, keys=copies))
    world.run()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]


def test_without_room_for_the_copy_of_its_key_no_campaign_opens(installed: World, tmp_path: Path) -> None:
    world = installed
    (tmp_path / "file").write_text("")
    file = world.home.path / "capsule.toml"
    file.write_text(file.read_text().replace('keys_copy = ""', f'keys_copy = "{tmp_path / "file" / "x"}"'))
    start(world, Home.open(world.home.path))
    campaign = world.create()
    assert "the copy of a campaign's key cannot be written" in str(world.run().failures[campaign])
    assert world.record(campaign).state is State.REQUESTED
    (tmp_path / "file").unlink()
    world.run()
    assert world.record(campaign).state is State.OPEN


def test_nothing_secret_is_in_clear_in_a_backup(installed: World, tmp_path: Path) -> None:
    world = installed
    campaign = world.opened()
    write_backup(world.home, tmp_path / "backup")
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o600
    raw = (tmp_path / "backup").read_bytes()
    prime = int(as_a(PrivateKey, world.agent().context.keystore.stored_key(campaign)).p)
    for secret in (str(prime).encode(), prime.to_bytes(128, "big"), world.passphrase.encode()):
        assert secret not in raw
    assert world.own.certificate.fingerprint.encode() in raw


def test_a_backup_is_never_overwritten(installed: World, tmp_path: Path) -> None:
    write_backup(installed.home, tmp_path / "backup")
    before = (tmp_path / "backup").read_bytes()
    with pytest.raises(BackupError, match="never overwritten"):
        write_backup(installed.home, tmp_path / "backup")
    assert (tmp_path / "backup").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.fixture
def saved(installed: World, tmp_path: Path) -> Path:
    """A backup of a Capsule with one open campaign."""
    installed.opened()
    write_backup(installed.home, tmp_path / "backup")
    return tmp_path / "backup"


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The backup with other members, its list made anew unless `change` leaves it."""
    with tarfile.open(path) as tar:
        members = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    change(members)
    target = path.with_name("changed")
    with tarfile.open(target, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return target


def listed(members: dict[str, bytes], changes: Mapping[str, bytes]) -> None:
    """Change members and the list with them."""
    import hashlib

    members.update(changes)
    manifest = json.loads(members["manifest.json"])
    for name, data in changes.items():
        manifest["files"][name] = (len(data), hashlib.sha256(data).hexdigest())
    members["manifest.json"] = json.dumps(manifest).encode()


def refused(installed: World, path: Path, tmp_path: Path, match: str) -> None:
    """It is refused with these words, and no home is there afterwards."""
    with pytest.raises(BackupError, match=match):
        restore_backup(path, tmp_path / "new", installed.passphrase)
    assert not (tmp_path / "new").exists()
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".restoring")] == []


def test_a_whole_backup_is_restored_with_private_modes(installed: World, saved: Path, tmp_path: Path) -> None:
    home = restore_backup(saved, tmp_path / "new", installed.passphrase)
    found = {str(path.relative_to(home.path)) for path in home.path.rglob("*") if path.is_file()}
    kept = {str(path.relative_to(installed.home.path)) for path in installed.home.path.rglob("*")}
    assert {name for name in found if not name.startswith("capsule.sqlite")} <= kept
    for path in home.path.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda m: m.update({"capsule.sqlite": m["capsule.sqlite"][:-1] + b"?"}), "is damaged"),
        (lambda m: m.pop("capsule.sqlite"), "is missing: it was cut off"),
        (lambda m: m.update({"../evil": b""}), "is not what its list says"),
        (lambda m: listed(m, {"../evil": b"x"}), "which no backup has"),
        (lambda m: listed(m, {"keys/../../evil.pgp": b"x"}), "which no backup has"),
        (lambda m: listed(m, {"capsule.sqlite": b"no database"}), "the database in the backup is damaged"),
        (lambda m: listed(m, {"capsule.toml": b"x = 1"}), "there is no setting 'x'"),
        (lambda m: m.update({"manifest.json": b"{}"}), "is not a backup of format"),
        (lambda m: m.pop("manifest.json"), "is not a backup of format"),
    ],
)
def test_what_is_no_whole_backup_is_refused(
    installed: World, saved: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], match: str
) -> None:
    refused(installed, rewritten(saved, change), tmp_path, match)


@pytest.mark.parametrize("size", [0, 100, 511, 20_000])
def test_a_backup_that_was_cut_off_is_refused(
    installed: World, saved: Path, tmp_path: Path, size: int
) -> None:
    (tmp_path / "cut").write_bytes(saved.read_bytes()[:size])
    refused(installed, tmp_path / "cut", tmp_path, "backup|cut off|missing")


def test_parts_of_another_capsule_are_refused(installed: World, saved: Path, tmp_path: Path) -> None:
    create_keyfile(tmp_path / "other.json", installed.passphrase)
    other = (tmp_path / "other.json").read_bytes()
    mixed = rewritten(saved, lambda members: listed(members, {"keyfile.json": other}))
    refused(installed, mixed, tmp_path, "parts of two Capsules: its account is 0x")


def test_the_home_of_another_capsule_is_never_restored_over(
    installed: World, saved: Path, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match=f"the home of the Capsule {installed.home.address}"):
        restore_backup(saved, installed.home.path, installed.passphrase)


def test_a_wrong_passphrase_restores_nothing(installed: World, saved: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongKeyPassphraseError):
        restore_backup(saved, tmp_path / "new", "another")
    assert not (tmp_path / "new").exists()


def test_a_keyfile_elsewhere_is_part_of_the_backup(installed: World, tmp_path: Path) -> None:
    from dataclasses import replace

    from pysonar.party.home.settings import save_settings

    home = installed.home
    (home.path / "keyfile.json").rename(tmp_path / "account.json")
    save_settings(home.path, replace(home.settings, keyfile=str(tmp_path / "account.json")))
    write_backup(Home.open(home.path), tmp_path / "backup")
    (tmp_path / "account.json").unlink()
    restored = restore_backup(tmp_path / "backup", tmp_path / "new", installed.passphrase)
    assert (restored.keyfile, restored.address) == (
        tmp_path / "new" / "keyfile.json",
        installed.capsule.address,
    )


def test_the_result_of_an_old_certificate_is_still_read(installed: World) -> None:
    """A campaign's key that an older certificate sealed is opened after two rotations."""
    world = installed
    campaign = world.opened()
    for _ in range(2):
        start(world, world.home.rotate(world.passphrase, name="Capsule"))
    world.run()
    assert world.problem(campaign) is None
    cid = Cid.from_bytes32(world.record(campaign).model)
    assert world.store.has(cid)
    assert world.agent().context.keystore.stored_key(campaign).fingerprint
