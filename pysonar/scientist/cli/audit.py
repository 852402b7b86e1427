"""`sonar audit`: believe nobody's totals, derive them anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pysonar.party.cli.console import (
    ExitCode,
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    command,
    print_json,
    print_rows,
)
from pysonar.party.cli.progress import progress
from pysonar.scientist.cli.connect import CampaignArgument

if TYPE_CHECKING:
    from pysonar.protocol.openpgp import SecretKey
    from pysonar.scientist.auditing.check import Check
    from pysonar.scientist.connection import Connection


@command
def audit(
    campaign: CampaignArgument,
    validation: Annotated[
        Path | None,
        typer.Option(
            help="Your own campaign's validation records: opens the delivered model and measures it again.",
            show_default=False,
        ),
    ] = None,
    auditor_key: Annotated[
        Path | None,
        typer.Option(
            help="The secret OpenPGP key of the auditor whom the campaign's spec names (openpgp.json of a"
            " home): judges every submission again (asks for its passphrase).",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Also write every check to this file, and to FILE.sig your signature over it (asks for the"
            " passphrase).",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Check a campaign from its events and public artifacts alone: every hash, order, time and wei.

    No key is needed, and the contract's totals are not trusted: they are
    derived again, by separate code, and compared. With --validation (for the
    scientist, asks for the passphrase) the delivered model and record are opened,
    too, and the model's accuracy is measured again.

    With --auditor-key the sealed gradients are opened, and every verdict, step, score
    and version is computed again. Only the auditor whom the spec names can do that,
    after Capsule has delivered. Without it nobody but Capsule knows whether a verdict
    on a sealed gradient was right.

    Prints what differs, the first difference first; exit code 1 if anything does.
    What only Capsule can vouch for (that something did not open, or could not be fetched)
    is listed as "claimed" in --format json and in the report.

    --report writes something to hand on: the checks as canonical JSON, and a
    detached OpenPGP signature (`gpg --verify FILE.sig FILE`).
    """
    from pysonar.scientist.auditing.opening import audit_with_key
    from pysonar.scientist.cli.connect import connect_and_read

    connection = connect_and_read(home)
    asked, key = connection.find(campaign), None
    with progress() as shown:
        shown.add_task("deriving anew", total=None)
        checks = list(_public(connection, asked))
        if validation is not None:
            checks += _own(connection, asked, validation, passphrase_file)
        if auditor_key is not None:
            key = _auditor(auditor_key, passphrase_file)
            checks += audit_with_key(connection, key, asked)
    if report is not None:
        key = key or _home_key(connection, passphrase_file)
        _write_report(connection, asked, checks, report, key)
    wrong = [check for check in checks if not check.passed]
    if form is Format.JSON:
        print_json(
            {
                "campaign": "0x" + asked.hex(),
                "block": connection.follower.cursor,
                "checks": len(checks),
                "passed": not wrong,
                "first_difference": wrong[0].what if wrong else None,
                "claimed": [f"{check.what}: {check.found}" for check in checks if check.claimed],
                "differences": [vars(check) for check in wrong],
            }
        )
    else:
        print_rows(
            [vars(check) for check in wrong],
            {"what": "what", "found": "found", "expected": "expected"},
            form=form,
            empty=f"all {len(checks)} checks passed, up to block {connection.follower.cursor}",
        )
    if wrong:
        raise typer.Exit(int(ExitCode.FAILED))


def _write_report(
    connection: Connection, campaign: bytes, checks: list[Check], path: Path, key: SecretKey
) -> None:
    """The report and its signature, as two new files."""
    from pysonar.files.secret_file import create_secret_file
    from pysonar.protocol.canonical import dumps_json
    from pysonar.protocol.openpgp import sign_detached
    from pysonar.scientist.errors import CampaignError

    document = dumps_json(
        {
            "format": "openmined/audit_report/1",
            "chain_id": connection.sonar.chain_id,
            "contract": connection.sonar.address,
            "campaign": "0x" + campaign.hex(),
            "block": connection.follower.cursor,
            "auditor": key.certificate.fingerprint,
            "passed": all(check.passed for check in checks),
            "checks": [{**vars(check), "passed": check.passed} for check in checks],
        }
    )
    signature = path.with_name(path.name + ".sig")
    try:
        create_secret_file(path, document)
        create_secret_file(signature, sign_detached(document, key))
    except FileExistsError as error:
        raise CampaignError(f"{error.filename2 or path} already exists; name a new file") from None


def _auditor(path: Path, passphrase_file: Path | None) -> SecretKey:
    from pysonar.party.home.passphrase import read_passphrase
    from pysonar.protocol.openpgp import SecretKey

    return SecretKey.open_from_file(path, read_passphrase(passphrase_file, what=str(path)))


def _home_key(connection: Connection, passphrase_file: Path | None) -> SecretKey:
    from pysonar.party.home.passphrase import read_passphrase

    home = connection.home
    return home.secret_key(read_passphrase(passphrase_file, what=str(home.path)))


def _public(connection: Connection, campaign: bytes) -> list[Check]:
    from functools import cache

    from pysonar.chain.contract.events import CapsuleRegistered
    from pysonar.chain.errors import UnexpectedAnswerError
    from pysonar.chain.node import rpc
    from pysonar.scientist.auditing.artifacts import audit_artifacts
    from pysonar.scientist.auditing.events import audit_chain

    record, node = connection.confirmed(campaign), connection.web3
    history = connection.follower.history(campaign=campaign)
    blocks = {logged.block_number: logged.block_hash for logged in history}

    @cache
    def time_of(number: int) -> int:
        block = rpc.block(node, number)
        if block is None or block.hash != blocks[number]:  # what has no time cannot be too late
            expected = f"block {number} as it was when its events were read, 0x{blocks[number].hex()}"
            raise UnexpectedAnswerError("eth_getBlockByNumber", expected, rpc.shown(node))
        return block.timestamp

    registered = frozenset(
        logged.event.certificate
        for logged in connection.follower.history(CapsuleRegistered)
        if logged.event.capsule == record.terms.capsule
    )
    return [
        *audit_chain(record, history, time_of),
        *audit_artifacts(record, history, registered, connection.store),
    ]


def _own(connection: Connection, campaign: bytes, validation: Path, file: Path | None) -> list[Check]:
    from openmined_syft.errors import OpenMinedError
    from pysonar.scientist.auditing.check import Check
    from pysonar.scientist.auditing.final_score import final_score
    from pysonar.scientist.result.delivery import open_delivery

    key = _home_key(connection, file)
    try:
        delivery = open_delivery(connection, key, connection.home.address, campaign)
    except OpenMinedError as error:
        return [Check("the delivered result", str(error), "opens and agrees with the chain")]
    measured = final_score(connection, key, delivery, validation)
    return [
        Check("the delivered result", "opens and agrees with the chain", "opens and agrees with the chain"),
        Check("the accuracy of the delivered model in ppm", str(measured), str(delivery.result.final_ppm)),
    ]
