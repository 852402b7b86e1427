"""On which chain and at which address an agent finds Sonar, as the options of `init` say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer


@dataclass(frozen=True)
class Place:
    """Where Sonar is, and of which version. `start_block`: of its deployment, or 0 if that is not known."""

    chain_id: int
    contract: str
    start_block: int
    version: int


def find_place(rpc: Sequence[str], contract: str | None, deployment: Path | None) -> Place:
    """The place, from the deployment's manifest or, for an address, from the node.

    Raises:
        typer.BadParameter: none or both of contract and deployment are given.
        DeploymentError: the manifest cannot be used.
        ChainError: the node is down, or has no Sonar at the address.
    """
    from pysonar.chain.contract.deployment import read_deployment
    from pysonar.chain.contract.sonar import Sonar
    from pysonar.chain.node import rpc as requests
    from pysonar.chain.node.connect import connect

    if deployment is not None and contract is None:
        manifest = read_deployment(deployment)
        return Place(manifest.chain_id, manifest.address, manifest.block, manifest.version)
    if contract is None or deployment is not None:
        raise typer.BadParameter("give one of --contract and --deployment")
    web3 = connect(rpc)
    sonar = Sonar.open(web3, contract)
    return Place(requests.chain_id(web3), sonar.address, 0, sonar.version)
