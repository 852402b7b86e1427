"""`capsule init`: a home directory with settings, an account and an OpenPGP key; then Capsule makes
itself known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pysonar.party.cli.console import (
    Format,
    acting,
    note,
    print_record,
    warn,
)
from pysonar.party.cli.options import NewHome, makes_a_home

if TYPE_CHECKING:
    from openmined_oracle.home import Home
    from pysonar.chain.sending.signer import KeyfileSigner
    from pysonar.protocol.openpgp import SecretKey

REGISTER_SECONDS = 60.0


@acting
@makes_a_home
def init(
    new: NewHome,
    name: Annotated[
        str, typer.Option(help="A name for people to read, in the public certificate.")
    ] = "Capsule",
) -> None:
    """Make the home directory of a Capsule, and make the Capsule known.

    The account and the OpenPGP key are sealed by one passphrase; without it,
    and without the home directory, no campaign of this Capsule can be
    continued, so keep copies of both. The certificate is put into the store and
    registered on chain: now if the account has ether, else by `capsule run` as
    soon as it has.

    Run it again with the same --home to register after the account was funded;
    nothing is made twice.
    """
    from openmined_oracle.cli.connect import home_path
    from openmined_oracle.home import Home
    from pysonar.party.cli.account import make_or_keep

    path = home_path(new.home)
    unlocked = make_or_keep(
        Home,
        path,
        new,
        create=lambda settings, passphrase: Home.create(path, settings, passphrase, name=name),
    )
    own = next(iter(unlocked.home.secret_keys(unlocked.passphrase).values()))
    _introduce(unlocked.home, unlocked.signer, own, new.form)


def _introduce(home: Home, signer: KeyfileSigner, own: SecretKey, form: Format) -> None:
    """Publish and register the certificate as far as that is possible now, and say what is still missing."""
    from openmined_oracle.connection import Connection
    from pysonar.chain.errors import AlreadyRunningError, InsufficientFundsError
    from pysonar.party.home.home_lock import home_lock
    from pysonar.party.wording import at_least
    from pysonar.store import cid_of

    connection = Connection.open(home)
    problem = None
    try:
        with home_lock(home.lock):
            registration = connection.registration(own, connection.outbox(signer))
            problem = registration.finish(REGISTER_SECONDS)
    except AlreadyRunningError:
        note("this Capsule is running; it registers itself")
    certificate = cid_of(connection.announced(own).to_bytes())
    registered = connection.sonar.certificate(signer.address) == certificate.digest
    record = {
        "address": signer.address,
        "home": home.path,
        "certificate": str(certificate),
        "fingerprint": own.certificate.fingerprint,
        "registered": registered,
    }
    labels = {
        "address": "Account",
        "home": "Home",
        "certificate": "Certificate",
        "fingerprint": "OpenPGP fingerprint",
        "registered": "Registered on chain",
    }
    print_record(record, labels, form=form)
    if isinstance(problem, InsufficientFundsError):
        lacking = at_least(problem.needed - problem.balance)
        warn(
            f"not registered yet: send at least {lacking} to {signer.address}, then `capsule run`:"
            " it registers itself first"
        )
    elif problem is not None:
        warn(f"not registered yet: {problem}; `capsule run` tries again")
