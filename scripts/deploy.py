"""Deploy Sonar once per chain, and write down where: `ape run deploy --network ... --account ...`."""

from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import ConnectedProviderCommand, account_option, network_option

from scripts._ape import say_errors


@click.command(cls=ConnectedProviderCommand)
@network_option()
@account_option()
@click.option(
    "--deployments",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("deployments"),
    show_default=True,
    help="Folder of the manifests, one <chain-id>.json each.",
)
@say_errors
def cli(provider: ProviderAPI, account: AccountAPI, deployments: Path) -> None:
    """Deploy Sonar on the connected chain and write its manifest.

    Running it again on the same chain changes nothing: a manifest whose address holds this very code is kept.
    If the address holds other code, the command stops; move the old manifest away to deploy a second Sonar.
    """
    from ape import project

    from pysonar.chain.contract.deployment import Deployment, manifest_path, read_deployment
    from scripts._compiler import compile_sonar

    compiled = compile_sonar()
    path = manifest_path(deployments, provider.chain_id)
    if path.exists():
        known = read_deployment(path)
        code = bytes(provider.get_code(known.address))
        if code == compiled.runtime:
            click.echo(f"Sonar is already deployed at {known.address} on chain {known.chain_id} ({path})")
            return
        found = "other code" if code else "no code"
        raise click.ClickException(
            f"{path} names {known.address}, which holds {found} on chain {provider.chain_id}. "
            "Move that file away to deploy a new Sonar."
        )

    # Only Sonar: the mocks of the tests need not be compiled for it.
    contract = account.deploy(project.load_contracts("contracts/Sonar.vy")["Sonar"])
    receipt = contract.creation_metadata.receipt
    if bytes(provider.get_code(contract.address)) != compiled.runtime:
        raise click.ClickException(
            f"the code at {contract.address} is not what contracts/Sonar.vy compiles to"
        )
    deployment = Deployment(
        chain_id=provider.chain_id,
        address=str(contract.address),
        block=receipt.block_number,
        transaction=str(receipt.txn_hash),
        compiler=compiled.compiler,
        evm_version=compiled.evm_version,
        integrity=compiled.integrity,
        runtime_sha256=compiled.runtime_sha256,
        layout=compiled.layout,
        version=int(contract.version()),
    )
    if not deployments.exists():
        click.echo(f"the directory {deployments} is made: it keeps a file for each deployment")
    written = deployment.write(deployments)
    click.echo(f"Sonar {deployment.address} on chain {deployment.chain_id}, written to {written}")
