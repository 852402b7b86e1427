"""`sonar`: the Data Scientist's command line. Each command is in one file; this one only puts them
together.
"""

from __future__ import annotations

import typer

from pysonar.party.cli.console import App
from pysonar.scientist.cli.audit import audit
from pysonar.scientist.cli.campaign.closing import cancel, claim, settle
from pysonar.scientist.cli.campaign.create import create
from pysonar.scientist.cli.campaign.drafting import check, draft, simulate
from pysonar.scientist.cli.campaign.listings import list_, show
from pysonar.scientist.cli.campaign.result import result
from pysonar.scientist.cli.campaign.watch import watch
from pysonar.scientist.cli.certificate import certificate
from pysonar.scientist.cli.setup import init
from pysonar.scientist.cli.store import store

app = App(
    name="sonar",
    help=(
        "Have a model trained on data that you may not see, and pay for measured improvement only.\n\n"
        "A campaign escrows a bounty on Sonar. Its Capsule encrypts a model; mines train it on their own data"
        " while it stays encrypted; each improvement, measured on your validation records, earns its miner a"
        " share of the bounty. At the end you get the model, and the part of the bounty that nobody"
        " earned.\n\n"
        "First steps:\n\n"
        "* `sonar init --deployment FILE`, then send some ether to the account\n"
        "* `sonar campaign draft DATA.csv --label COLUMN --out PLAN.toml`\n"
        "* `sonar campaign create PLAN.toml --validation DATA.csv --capsule ADDRESS`\n"
        "* `sonar campaign watch NAME`\n"
        "* `sonar campaign result NAME`\n\n"
        "Exit codes: 0 done; 1 refused or failed; 2 wrong use of the command line; 3 chain or store cannot be"
        " reached."
    ),
)
campaign = typer.Typer(
    help=(
        "Open campaigns, follow them, and get the model and the rest of the bounty.\n\n"
        "A campaign is named by the name given at `create`, by its id, or by the first digits of its id."
    ),
    no_args_is_help=True,
)
app.command()(init)
app.command()(audit)
app.command()(certificate)
app.add_typer(campaign, name="campaign")
app.add_typer(store, name="store")
for command in (draft, check, simulate, create, show, watch, result, claim, settle, cancel):
    campaign.command()(command)
campaign.command("list")(list_)
