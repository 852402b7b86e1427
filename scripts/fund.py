"""Send ether to new accounts: `ape run fund ADDRESS... --amount "10 ETH" --network ... --account ...`."""

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import ConnectedProviderCommand, account_option, network_option

from scripts._ape import say_errors


@click.command(cls=ConnectedProviderCommand)
@network_option()
@account_option()
@click.argument("addresses", nargs=-1, required=True)
@click.option("--amount", default="100 ETH", show_default=True, help="For each address, with its unit.")
@say_errors
def cli(provider: ProviderAPI, account: AccountAPI, addresses: tuple[str, ...], amount: str) -> None:
    """Send the same amount of ether to each of the ADDRESSES.

    Meant for a local chain, where Ape's test accounts are rich: --account TEST::0.
    """
    from pysonar.amounts import format_wei, parse_wei
    from pysonar.chain.address import require_address

    wei = parse_wei(amount)
    receivers = [require_address("the receiver", address) for address in addresses]
    for address in receivers:
        account.transfer(address, wei)
        held = format_wei(int(provider.get_balance(address)))
        click.echo(f"{address} now holds {held}")
