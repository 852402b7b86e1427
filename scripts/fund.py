"""Send ether to new accounts: `ape run fund HOME... --amount "10 ETH" --network ... --account ...`."""

from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import ConnectedProviderCommand, account_option, network_option

from scripts._ape import say_errors


@click.command(cls=ConnectedProviderCommand)
@network_option()
@account_option()
@click.argument("receivers", metavar="RECEIVER...", nargs=-1, required=True)
@click.option("--amount", default="100 ETH", show_default=True, help="For each address, with its unit.")
@say_errors
def cli(provider: ProviderAPI, account: AccountAPI, receivers: tuple[str, ...], amount: str) -> None:
    """Send the same amount of ether to each RECEIVER: an address, or the home directory of an agent.

    Meant for a local chain, where Ape's test accounts are rich: --account TEST::0.
    """
    from pysonar.protocol.amounts import format_wei, parse_wei

    wei = parse_wei(amount)
    for address in [_address(receiver) for receiver in receivers]:
        account.transfer(address, wei)
        held = format_wei(int(provider.get_balance(address)))
        click.echo(f"{address} now holds {held}")


def _address(receiver: str) -> str:
    from pysonar.chain.address import require_address
    from pysonar.party.home.home import AgentHome

    if (home := Path(receiver).expanduser()).is_dir():
        return AgentHome.open(home).address
    return require_address("the receiver", receiver)
