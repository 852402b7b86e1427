"""`mine-agent init`: a home directory with settings, an account and the owner's first rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from pysonar.console import (
    Format,
    FormatOption,
    HomeOption,
    PassphraseFileOption,
    command,
    note,
    print_record,
)


@dataclass(frozen=True)
class _Place:
    chain_id: int
    contract: str
    start_block: int


@command
def init(
    rpc: Annotated[str, typer.Option(help="Address of the Ethereum node.")] = "http://127.0.0.1:8545",
    contract: Annotated[
        str | None, typer.Option(help="Address of Sonar; or give --deployment.", show_default=False)
    ] = None,
    deployment: Annotated[
        Path | None,
        typer.Option(
            help="File deployments/CHAIN-ID.json, which names chain and contract.", show_default=False
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="Where models and gradients are exchanged: embedded:/DIRECTORY shared by the parties of one"
            " machine, or kubo:/ip4/127.0.0.1/tcp/5001/http.",
            show_default=False,
        ),
    ] = None,
    keyfile: Annotated[
        Path | None,
        typer.Option(
            help="An existing keyfile (web3 keystore, as Ape writes it, too); else a new account is made.",
            show_default=False,
        ),
    ] = None,
    allow_scientist: Annotated[
        list[str] | None,
        typer.Option(help='Address of a scientist whose models may learn here, or "any". Repeat for more.'),
    ] = None,
    allow_capsule: Annotated[
        list[str] | None,
        typer.Option(help='Address of a Capsule that may open your gradients, or "any". Repeat for more.'),
    ] = None,
    allow_field: Annotated[
        list[str] | None,
        typer.Option(
            help='Column of your data that campaigns may use (the label too), or "any". Repeat for more.'
        ),
    ] = None,
    minimum_reward: Annotated[
        str, typer.Option(help="A campaign must have at least this much left to pay.", metavar="AMOUNT")
    ] = "0",
    maximum_stake: Annotated[
        str, typer.Option(help="Largest stake of one submission.", metavar="AMOUNT")
    ] = "0.1 ether",
    confirmations: Annotated[
        int, typer.Option(help="Blocks on top of an event before it counts.", min=0, max=1000)
    ] = 12,
    poll_seconds: Annotated[
        float, typer.Option(help="Seconds between two looks at the chain.", min=0.05, max=3600)
    ] = 2.0,
    start_block: Annotated[
        int | None, typer.Option(help="Block of Sonar's deployment; saves reading older ones.", min=0)
    ] = None,
    home: HomeOption = None,
    passphrase_file: PassphraseFileOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Make the home directory of a mine: settings, an account, and your first rules.

    What you allow here is all that is allowed: a mine that was told nothing joins nothing. The rules are in
    the file policy.toml, with an explanation beside each; change them there at any time. "any" allows
    everybody or everything, and has to be said. The account needs ether before `mine-agent run` can submit;
    making it needs none.
    """
    from mine_agent.home import Home
    from mine_agent.policy_file import FirstAnswers
    from pysonar.passphrase import choose_passphrase
    from pysonar.settings import Settings, default_home

    path = (home or default_home("mine")).expanduser().absolute()
    place = _place(rpc, contract, deployment)
    settings = Settings(
        rpc=rpc,
        chain_id=place.chain_id,
        contract=place.contract,
        store=store or f"embedded:{default_home('store')}",
        keyfile=str(keyfile.expanduser().absolute()) if keyfile else Settings.keyfile,
        confirmations=confirmations,
        poll_seconds=poll_seconds,
        start_block=place.start_block if start_block is None else start_block,
    )
    answers = FirstAnswers(
        scientists=tuple(allow_scientist or ()),
        capsules=tuple(allow_capsule or ()),
        fields=tuple(allow_field or ()),
        minimum_reward=minimum_reward,
        maximum_stake=maximum_stake,
    )
    passphrase = None if keyfile else choose_passphrase(passphrase_file, what="the new account")
    made = Home.create(path, settings, answers, passphrase)
    print_record(
        {"address": made.address, "home": made.path, "policy": made.policy_file},
        {"address": "Account", "home": "Home", "policy": "Rules"},
        form=form,
    )
    undecided = [
        option
        for option, given in (
            ("--allow-scientist", allow_scientist),
            ("--allow-capsule", allow_capsule),
            ("--allow-field", allow_field),
        )
        if not given
    ]
    if undecided:
        note(f"no campaign will be joined yet: {', '.join(undecided)} not given; edit {made.policy_file}")
    note(
        "next: send some ether to the account, then `mine-agent data add NAME FILE.csv` and `mine-agent run`"
    )


def _place(rpc: str, contract: str | None, deployment: Path | None) -> _Place:
    """Chain, contract and first block, from the manifest or from the node."""
    from pysonar.chain import rpc as requests
    from pysonar.chain.connect import connect
    from pysonar.chain.sonar import Sonar
    from pysonar.deployment import read_deployment

    if deployment is not None and contract is None:
        manifest = read_deployment(deployment)
        return _Place(manifest.chain_id, manifest.address, manifest.block)
    if contract is None or deployment is not None:
        raise typer.BadParameter("give one of --contract and --deployment")
    web3 = connect(rpc)
    return _Place(requests.chain_id(web3), Sonar.open(web3, contract).address, 0)
