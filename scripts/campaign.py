"""Campaigns of a Data Scientist, paid by an Ape account: `ape run campaign create ...`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import ConnectedProviderCommand, account_option, network_option

from scripts._ape import home_option, say_errors

if TYPE_CHECKING:
    from pysonar.scientist.connection import Scientist

scientists_home = home_option("The scientist's home, made by `sonar init`.")


@click.group()
def cli() -> None:
    """Open a campaign and get its model, as `sonar campaign` does, with Ape's network and account.

    The home keeps the OpenPGP key and the records; OPENMINED_PASSPHRASE, or the terminal, opens the key.
    """


@cli.command(cls=ConnectedProviderCommand)
@network_option()
@account_option()
@click.argument("plan", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--validation", type=click.Path(path_type=Path, dir_okay=False, exists=True), required=True)
@click.option("--capsule", help="Address of the Capsule, if the plan names none.")
@click.option("--name", help="Your own name for the campaign; by default made from the title.")
@click.option("--few-records", is_flag=True, help="Although the records are so few that luck is paid.")
@click.option("--allow-free-riding", is_flag=True, help="Although somebody without a record would profit.")
@scientists_home
@say_errors
def create(
    provider: ProviderAPI,
    account: AccountAPI,
    plan: Path,
    validation: Path,
    capsule: str | None,
    name: str | None,
    few_records: bool,
    allow_free_riding: bool,
    home: Path,
) -> None:
    """Seal the VALIDATION records, publish the spec of PLAN, escrow the bounty."""
    from pysonar.scientist.campaign import Campaign
    from pysonar.scientist.planning.plan_file import read_plan

    wanted = read_plan(plan, {} if capsule is None else {"capsule": capsule})
    campaign = Campaign(_scientist(home, provider, account), wanted, validation, name=name)
    campaign.launch(few_records=few_records, allow_free_riding=allow_free_riding)
    click.echo(f"{campaign.name}: 0x{campaign.id.hex()}")


@cli.command(cls=ConnectedProviderCommand)
@network_option()
@account_option()
@click.argument("campaign")
@click.option("--save", type=click.Path(path_type=Path, dir_okay=False), required=True)
@scientists_home
@say_errors
def result(provider: ProviderAPI, account: AccountAPI, campaign: str, save: Path, home: Path) -> None:
    """Wait for the model of CAMPAIGN, check it against the chain, and keep it in a file."""
    from pysonar.protocol.amounts import format_ppm
    from pysonar.scientist.campaign import Campaign

    own = Campaign.attach(_scientist(home, provider, account), campaign).wait()
    own.result().save(save.absolute())
    click.echo(f"{format_ppm(own.record.best)} of {format_ppm(own.record.terms.target)}, saved to {save}")


@cli.command(cls=ConnectedProviderCommand)
@network_option()
@account_option()
@click.argument("campaign")
@scientists_home
@say_errors
def claim(provider: ProviderAPI, account: AccountAPI, campaign: str, home: Path) -> None:
    """Settle CAMPAIGN if nobody has, and take back what nobody earned."""
    from pysonar.chain.contract.tokens import asset_for_people
    from pysonar.scientist.campaign import Campaign

    scientist = _scientist(home, provider, account)
    own = Campaign.attach(scientist, campaign)
    own.settle()
    asset = asset_for_people(scientist.connection.web3, own.record.terms.asset)
    click.echo(f"claimed {asset.show(own.claim())}")


def _scientist(home: Path, provider: ProviderAPI, account: AccountAPI) -> "Scientist":
    from pysonar.party.home.passphrase import read_passphrase
    from pysonar.scientist.connection import Scientist
    from scripts._ape import ApeSigner, web3_of

    scientist = Scientist.open(
        home.absolute(),
        read_passphrase(None, what=str(home)),
        web3=web3_of(provider),
        signer=ApeSigner(account, provider),
    )
    scientist.connection.read_events()
    return scientist
