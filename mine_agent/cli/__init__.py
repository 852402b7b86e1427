"""`mine-agent`: the command line of a mine. Each command is one file; this one only puts them together."""

from __future__ import annotations

from mine_agent.cli.campaigns import campaigns
from mine_agent.cli.data.commands import app as data_app
from mine_agent.cli.deciding import approve, explain, pause, refuse, resume
from mine_agent.cli.doctor import doctor
from mine_agent.cli.earnings import claim, earnings
from mine_agent.cli.ledger import ledger
from mine_agent.cli.policy import app as policy_app
from mine_agent.cli.run import run
from mine_agent.cli.setup import init
from mine_agent.cli.status import status
from mine_agent.cli.store import store
from mine_agent.cli.ui import ui
from pysonar.party.cli.console import App

app = App(
    name="mine-agent",
    help=(
        "Let models learn from your data without giving the data away, and be paid when they get better.\n\n"
        "A mine reads the open campaigns on Sonar. Where your data fit and your own rules allow it, it trains"
        " the encrypted model on this machine. What leaves is an encrypted gradient, never a record.\n\n"
        "First steps:\n\n"
        "* `mine-agent init --deployment FILE`, then send some ether to the account\n"
        "* `mine-agent data add NAME FILE.csv`\n"
        "* `mine-agent campaigns`\n"
        "* `mine-agent data map NAME --campaign ID`\n"
        "* `mine-agent run`\n\n"
        "Exit codes: 0 done; 1 refused or failed; 2 wrong use of the command line; 3 chain or store cannot be"
        " reached."
    ),
)
app.command()(init)
app.add_typer(data_app, name="data")
app.add_typer(policy_app, name="policy")
app.add_typer(store, name="store")
for command in (
    campaigns, explain, approve, refuse, run, status, pause, resume, earnings, claim, ledger, doctor, ui
):  # fmt: skip
    app.command()(command)
