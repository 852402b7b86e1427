"""Compare what a chain holds with the source in this tree: `ape run verify-deployment --network ...`."""

from pathlib import Path

import click
from ape.api import ProviderAPI
from ape.cli import ConnectedProviderCommand, network_option

from scripts._ape import say_errors


@click.command(cls=ConnectedProviderCommand)
@network_option()
@click.option(
    "--deployments",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("deployments"),
    show_default=True,
    help="Folder of the manifests, one <chain-id>.json each.",
)
@say_errors
def cli(provider: ProviderAPI, deployments: Path) -> None:
    """Say whether the deployed Sonar is the one in this tree; exit with 1 if it is not.

    Compared are the run-time code on the chain, byte for byte, and all that the manifest says of how that
    code came about.
    """
    from pysonar.chain.contract.deployment import manifest_path, read_deployment
    from scripts._compiler import compile_sonar

    compiled = compile_sonar()
    known = read_deployment(manifest_path(deployments, provider.chain_id))
    checks = {
        "code on the chain": bytes(provider.get_code(known.address)) == compiled.runtime,
        "chain": known.chain_id == provider.chain_id,
        "digest of the code": known.runtime_sha256 == compiled.runtime_sha256,
        "rule set of the chain": known.evm_version == compiled.evm_version,
        "compiler": known.compiler == compiled.compiler,
        "integrity of the sources": known.integrity == compiled.integrity,
        "storage layout": known.layout == compiled.layout,
    }
    for name, good in checks.items():
        click.echo(f"{'same' if good else 'DIFFERENT':10} {name}")
    if not all(checks.values()):
        raise click.ClickException(f"{known.address} on chain {known.chain_id} is not the Sonar of this tree")
    click.echo(f"{known.address} on chain {known.chain_id} is the Sonar of this tree")
