"""`sonar-web`: index Sonar's logs, and serve what they tell."""

from __future__ import annotations

import ipaddress
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pysonar.party.cli.console import App, command, note
from pysonar.party.cli.options import (
    LOCAL_NODE,
    ConfirmationsOption,
    ContractOption,
    DeploymentOption,
    PollSecondsOption,
    RpcOption,
    StartBlockOption,
    StoreOption,
)
from pysonar.party.home.settings import default_home

if TYPE_CHECKING:
    from sonar_web.index.indexer import Indexer

app = App(
    name="sonar-web",
    help=(
        "Show what Sonar does: an index of its logs, and an API over it that anybody may read.\n\n"
        "It holds no key and sends no transaction, unless --account lends it one for the pages of this"
        " machine. Every number follows from the chain's logs alone, and every answer names the block it"
        " belongs to.\n\n"
        "First step:  sonar-web run --deployment FILE\n\n"
        "Exit codes: 0 done; 1 refused or failed; 2 wrong use of the command line; 3 the chain cannot be"
        " reached."
    ),
)

DatabaseOption = Annotated[
    str,
    typer.Option(
        help="A file for SQLite, or postgresql://USER@HOST/NAME (the password in the variable PGPASSWORD).",
        envvar="SONAR_WEB_DATABASE",
    ),
]
INDEX_FILE = "sonar-index.sqlite"


@app.command()
@command
def run(
    rpc: RpcOption = LOCAL_NODE,
    contract: ContractOption = None,
    deployment: DeploymentOption = None,
    database: DatabaseOption = INDEX_FILE,
    host: Annotated[str, typer.Option(help="Where to listen; put a proxy with TLS before it.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8770,
    confirmations: ConfirmationsOption = 12,
    poll_seconds: PollSecondsOption = 2.0,
    start_block: StartBlockOption = None,
    requests_a_minute: Annotated[
        int, typer.Option(help="The most requests from one address in a minute.", min=1)
    ] = 600,
    store: StoreOption = None,
    answer_to: Annotated[
        list[str] | None,
        typer.Option(help="A host name that browsers may use for this service. Repeat for more."),
    ] = None,
    take_artifacts: Annotated[
        bool | None,
        typer.Option(
            help="Let the page for new campaigns put artifacts into the store. By default only on a"
            " loopback address.",
            show_default=False,
        ),
    ] = None,
    account: Annotated[
        Path | None,
        typer.Option(
            help="A home made by `sonar init`, whose account signs what this machine's browsers create and"
            " claim. Only on a loopback address; a link lets in one browser.",
            show_default=False,
        ),
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="The passphrase of --account.", show_default=False)
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            help="The address of a reverse proxy before this service: what it says of who asks"
            " (X-Forwarded-For) is believed. Repeat it for others.",
            show_default=False,
        ),
    ] = None,
    pages: Annotated[
        Path | None, typer.Option(help="Built pages, if not those of `make web`.", show_default=False)
    ] = None,
) -> None:
    """Keep the index up to date, show its pages and answer questions about it, until stopped.

    Questions: /api/v1/campaigns, /miners, /capsules, /days and more (/openapi.json lists all of them),
    /api/v1/export/campaigns.csv for whole tables, /api/v1/news for what is new, /healthz and /metrics.
    """
    from pysonar.chain.database_errors import DatabaseWaitError
    from pysonar.chain.errors import NodeError
    from pysonar.files.web_pages import BUILT, LOOPBACK, read_pages
    from pysonar.party.signals import Goodbye, stop_on_signals
    from pysonar.store import open_reader, open_store
    from sonar_web.api.app import Serving, make_app
    from sonar_web.api.connections import Door, Server
    from sonar_web.api.reading import Place, Reader
    from sonar_web.desk.opening import open_desk
    from sonar_web.errors import DatabaseAwayError
    from sonar_web.index.beside import BesideReader, read_beside
    from sonar_web.index.gas import GasReader
    from sonar_web.index.reading import open_for_reading
    from sonar_web.index.titles import TitleReader
    from sonar_web.index.tokens import TokenReader, token_at

    proxies = frozenset(map(_proxy, proxy or ()))
    indexer, chain_id, address = _indexer(
        rpc, contract, deployment, database, confirmations, poll_seconds, start_block
    )
    try:
        indexer.check()
    except (NodeError, DatabaseWaitError, DatabaseAwayError) as error:
        note(str(error))  # the loop waits for it; what is not ours to use ends here
    reader = Reader(Place(chain_id, address), lambda: open_for_reading(database))
    artifacts = open_reader(store or f"embedded:{default_home('store')}")
    takes = host in LOOPBACK if take_artifacts is None else take_artifacts
    beside: list[BesideReader] = [
        TitleReader(indexer.another_connection, artifacts),
        TokenReader(indexer.another_connection, indexer.web3),
        GasReader(indexer.another_connection, indexer.web3),
    ]
    files = read_pages(pages or BUILT / "sonar")
    if not files:
        note("the pages are not built, only the API is served: run `make web`")
    desk = open_desk(
        account,
        passphrase_file,
        is_local=host in LOOPBACK and not answer_to,
        where=f"http://{host}:{port}/",
        say=note,
    )
    serving = Serving(
        hosts=LOOPBACK | {host.lower()} | {name.lower() for name in answer_to or []},
        requests_a_minute=requests_a_minute,
        store=artifacts,
        taker=open_store(store or f"embedded:{default_home('store')}") if takes else None,
        pages=files,
        beside=lambda: sum(one.found for one in beside),
        ask_token=lambda token: token_at(indexer.web3, token),
        desk=desk.routers,
        stopping=lambda: server.should_exit,
    )
    goodbye = Goodbye(lambda: note("stopped"))
    stop = goodbye.stop
    server = Server(
        make_app(reader, indexer.progress, serving),
        host,
        port,
        door=Door(proxies=proxies),
        asked_to_stop=goodbye.ask,
    )
    with stop_on_signals(goodbye.ask):
        reading = threading.Thread(target=indexer.run, args=(stop, note), name="index")
        reads = (beside, stop, poll_seconds)
        naming = threading.Thread(target=read_beside, args=reads, name="beside", daemon=True)
        signing = threading.Thread(target=desk.run, args=(stop,), name="desk")
        reading.start()
        naming.start()
        signing.start()
        desk.begin()
        note(f"http://{host}:{port}/" if files else f"http://{host}:{port}/api/v1/campaigns")
        try:
            server.run()
        finally:
            goodbye.ask()  # also after an end that nobody asked for: a port that is taken
            reading.join()
            signing.join()
            goodbye.say()


@app.command()
@command
def rebuild(
    rpc: RpcOption = LOCAL_NODE,
    contract: ContractOption = None,
    deployment: DeploymentOption = None,
    database: DatabaseOption = INDEX_FILE,
    confirmations: ConfirmationsOption = 12,
    start_block: StartBlockOption = None,
) -> None:
    """Read everything again from the first block: for an index that you do not trust."""
    indexer, _, _ = _indexer(rpc, contract, deployment, database, confirmations, 2.0, start_block)
    indexer.rebuild()
    found = indexer.poll()
    note(f"{found} events up to block {indexer.progress.block}")
    indexer.close()


def _proxy(address: str) -> str:
    """A proxy's address as the server compares it: a name or a network would never be believed, * always."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        raise typer.BadParameter(
            f"{address!r} is not an address such as 127.0.0.1", param_hint="--proxy"
        ) from None


def _indexer(
    rpc: list[str],
    contract: str | None,
    deployment: Path | None,
    database: str,
    confirmations: int,
    poll_seconds: float,
    start_block: int | None,
) -> tuple[Indexer, int, str]:
    from pysonar.chain.contract.sonar import Sonar
    from pysonar.chain.node.connect import connect
    from pysonar.party.home.place import find_place
    from sonar_web.index.indexer import Indexer, collect_seldom

    collect_seldom()
    place = find_place(rpc, contract, deployment)
    web3 = connect(rpc)
    sonar = Sonar.open(web3, place.contract)
    indexer = Indexer(
        web3,
        sonar,
        database,
        confirmations=confirmations,
        start_block=place.start_block if start_block is None else start_block,
        poll_seconds=poll_seconds,
        say=note,
    )
    return indexer, place.chain_id, sonar.address
