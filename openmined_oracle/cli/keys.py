"""`capsule keys list | rotate | backup | hand-over | restore`: keys that last longer than machines do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    acting,
    command,
    note,
    print_record,
    print_rows,
    warn,
)

keys = typer.Typer(
    help="Look after the keys: list them, make a new certificate, back them up, move to another machine.",
    no_args_is_help=True,
)


@keys.command("list")
@command
def list_keys(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """List the OpenPGP certificates of this Capsule, and the campaigns that need them.

    A certificate is needed until the last campaign that names it is settled and its
    result delivered; keep it at least as long. No passphrase is needed.
    """
    from openmined_oracle.cli.connect import connect_and_read, home_path
    from openmined_oracle.keys.inventory import certificates

    connection = connect_and_read(home_path(home))
    rows: list[dict[str, Any]] = [vars(row) for row in certificates(connection)]
    columns = {
        "fingerprint": "OpenPGP fingerprint",
        "state": "state",
        "registered": "on chain",
        "campaigns": "campaigns that need it",
    }
    print_rows(rows, columns, form=form)
    stored = len(list(connection.home.keys.glob("*.pgp")))
    note(f"{stored} keys of campaigns are in {connection.home.keys}")


@keys.command()
@acting
def rotate(
    suspected: Annotated[
        bool,
        typer.Option(
            "--suspected",
            help="Somebody else may have the old secret: decline new campaigns that name it.",
        ),
    ] = False,
    name: Annotated[
        str, typer.Option(help="A name for people to read, in the public certificate.")
    ] = "Capsule",
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Make a new OpenPGP certificate for the campaigns to come.

    Running campaigns name the old one until they end, so its secret stays here. The
    new one is registered on chain by `capsule run`; start it again after this.
    """
    from openmined_oracle.cli.connect import home_path, is_running
    from openmined_oracle.home import Home
    from pysonar.party.home.passphrase import read_passphrase

    opened = Home.open(home_path(home))
    before = opened.capsule.certificate
    after = opened.rotate(
        read_passphrase(passphrase_file, what=str(opened.path)), name=name, suspected=suspected
    )
    print_record(
        {"certificate": after.capsule.certificate, "before": before, "suspected": suspected},
        {"certificate": "Certificate", "before": "The one before", "suspected": "Not trusted any more"},
        form=form,
    )
    if is_running(opened):
        warn("this Capsule is running with the old certificate: start it again")
    note("make a backup now: `capsule keys backup FILE`")


@keys.command()
@acting
def backup(
    file: Annotated[Path, typer.Argument(help="A new file; the date in its name helps.", show_default=False)],
    home: HomeOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Write settings, keys and journal into one file, also while the agent runs.

    Everything secret in it is sealed by the passphrase, which it does not contain:
    keep that elsewhere. Make one after each new campaign, or set keys_copy in
    capsule.toml: the key of a campaign that was opened later is in no backup. What
    is in the store is not in it; it comes from IPFS.
    """
    from openmined_oracle.cli.connect import home_path
    from openmined_oracle.home import Home
    from openmined_oracle.keys.backup import write_backup

    opened = Home.open(home_path(home))
    manifest = write_backup(opened, file)
    print_record(
        {
            "file": file,
            "bytes": file.stat().st_size,
            "account": manifest.account,
            "certificates": manifest.certificates,
            "campaign_keys": manifest.campaign_keys,
        },
        {
            "file": "Backup",
            "bytes": "Bytes",
            "account": "Account",
            "certificates": "Certificates",
            "campaign_keys": "Keys of campaigns",
        },
        form=form,
        show={"certificates": ", ".join},
    )


@keys.command("hand-over")
@acting
def hand_over(
    file: Annotated[Path, typer.Argument(help="A new file for the last backup.", show_default=False)],
    home: HomeOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Let another machine or operator go on with all open campaigns: the last backup.

    Stop `capsule run` first. Afterwards it refuses to run here, as two machines with
    one account take each other's nonces. Whoever takes over runs `capsule keys restore FILE`,
    checks rpc and store in settings.toml, and then `capsule run`. Send the passphrase by another route.
    """
    from openmined_oracle.cli.connect import home_path
    from openmined_oracle.home import Home
    from openmined_oracle.keys.hand_over import hand_over as handed_over

    manifest = handed_over(Home.open(home_path(home)), file)
    print_record(
        {
            "file": file,
            "bytes": file.stat().st_size,
            "account": manifest.account,
            "campaign_keys": manifest.campaign_keys,
        },
        {"file": "Backup", "bytes": "Bytes", "account": "Account", "campaign_keys": "Keys of campaigns"},
        form=form,
    )
    note("this home no longer runs; on the other machine: `capsule keys restore FILE`, then `capsule run`")


@keys.command()
@acting
def restore(
    file: Annotated[Path, typer.Argument(help="What `keys backup` wrote.", show_default=False)],
    copies: Annotated[
        Path | None,
        typer.Option(
            "--keys",
            help="The directory of keys_copy, for campaigns that were opened after the backup.",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Make a home from a backup; then `capsule run` goes on with every open campaign.

    What was sent since the backup was made is taken from the chain, and nothing is
    sent twice. Never run two machines with the same home: be sure that the old one
    is off for good.
    """
    from openmined_oracle.cli.connect import home_path
    from openmined_oracle.keys.restore import read_manifest, restore_backup
    from pysonar.party.home.passphrase import read_passphrase

    path = home_path(home)
    manifest = read_manifest(file)
    passphrase = read_passphrase(passphrase_file, what=f"the backup of {manifest.made}")
    restored = restore_backup(file, path, passphrase, keys=copies)
    print_record(
        {
            "home": restored.path,
            "made": manifest.made,
            "account": restored.address,
            "contract": restored.settings.contract,
            "store": restored.settings.store,
            "certificate": restored.capsule.certificate,
            "campaign_keys": len(list(restored.keys.glob("*.pgp"))),
        },
        {
            "home": "Home",
            "made": "Backup of",
            "account": "Account",
            "contract": "Sonar",
            "store": "Store",
            "certificate": "Certificate in use",
            "campaign_keys": "Keys of campaigns",
        },
        form=form,
    )
    note("check rpc and store in settings.toml, make sure that the old machine is off, then `capsule run`")
