"""`capsule`: the command line of the oracle. Each command is one file; this one only puts them together."""

from __future__ import annotations

from openmined_oracle.cli.campaigns import campaigns
from openmined_oracle.cli.doctor import doctor
from openmined_oracle.cli.earnings import earnings
from openmined_oracle.cli.keys import keys
from openmined_oracle.cli.run import run
from openmined_oracle.cli.setup import init
from openmined_oracle.cli.status import status
from openmined_oracle.cli.store import store
from pysonar.party.cli.console import App

app = App(
    name="capsule",
    help=(
        "Capsule keeps the keys of campaigns and measures what mines contribute.\n\n"
        "For every campaign on Sonar that names it, it makes a key pair, encrypts the model, measures each"
        " submitted gradient on the scientist's sealed validation set, reports the verdict on chain, and at"
        " the end delivers the trained model, sealed to the scientist. It earns the campaign's fee for every"
        " submission.\n\n"
        "First steps:\n\n"
        "* `capsule init --deployment FILE`, then send some ether to the account\n"
        "* `capsule run`\n\n"
        "Exit codes: 0 done; 1 refused or failed; 2 wrong use of the command line; 3 chain or store cannot be"
        " reached."
    ),
)
for command in (init, run, campaigns, earnings, status, doctor):
    app.command()(command)
app.add_typer(keys, name="keys")
app.add_typer(store, name="store")
