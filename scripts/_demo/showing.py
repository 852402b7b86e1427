"""The parties of the demo at work, with the pages over them, until somebody stops it."""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from pysonar.chain.contract.deployment import manifest_path
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.node.connect import connect
from scripts._demo.campaign import FUNDS, MINES, POLL, deploy_sonar
from scripts._demo.chain import CHAIN_ID, Anvil, fund
from scripts._demo.parties import Parties, Party
from scripts._demo.plan import WISHES, write_plan
from scripts._demo.stores import open_stores

MOST_SECONDS = 300


def show(folder: Path, *, port: int, until_paid: bool) -> None:
    """Run in `folder`, which is emptied first, until interrupted or, if asked for, the first payout.

    Whoever stops it leaves no process and no file behind; after a failure the logs stay in `folder`.
    """
    try:
        _show(folder, port, until_paid)
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _show(folder: Path, port: int, until_paid: bool) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folder = folder.resolve()
    console = Console(highlight=False)
    # Noise keeps the mines below this target, so that there is a campaign to look at for as long.
    wish = replace(
        WISHES["one_vs_rest"]["differential"], target="90 %", lasts='submit_for = "2h"\nreview_for = "1h"'
    )
    with ExitStack() as stack:
        console.print("a local chain, and Sonar on it ...")
        files = wish.subject.write(folder / "data", [False] * len(MINES["py"]), 0)
        chain = stack.enter_context(Anvil(folder / "anvil.log"))
        deployment = deploy_sonar(folder, chain.url)
        sonar = Sonar.open(connect(chain.url, expected_chain_id=CHAIN_ID), deployment.address)
        console.print("a scientist, a Capsule and three mines ...")
        parties = stack.enter_context(Parties(folder, MINES["py"]))
        manifest = str(manifest_path(folder, CHAIN_ID))
        stores = open_stores(folder, "embedded", parties.names, stack)
        parties.init(("--rpc", chain.url, "--deployment", manifest, *POLL), stores, privacy=wish.privacy)
        fund(chain.url, list(parties.addresses.values()), FUNDS)
        parties.add_data("digits", files)
        _ask_first(parties.mines[0])
        parties.capsule.start("run")
        capsule = parties.addresses[parties.capsule.name]
        parties.wait_until(lambda: sonar.certificate(capsule) is not None, "Capsule to register")
        store = stores[parties.scientist.name]
        write_plan(folder / "plan.toml", capsule=capsule, wish=wish)
        made = parties.scientist.ask(
            *("campaign", "create", str(folder / "plan.toml"), "--name", wish.subject.name),
            *("--validation", str(files.validation)),
            "--allow-free-riding",  # as in the demo
        )
        console.print("")
        stack.enter_context(_pages(folder, chain.url, manifest, store, port, parties.scientist, console))
        where = f"http://127.0.0.1:{port}/campaigns/{made['campaign']}"
        console.print(f"its campaign   {where}", soft_wrap=True)
        console.print(
            f"to try         {files.validation}  (records for a campaign of your own)", soft_wrap=True
        )
        console.print(f"for a wallet   {chain.url}, chain {CHAIN_ID}")
        stack.enter_context(_mine_pages(parties.mines[0], console))
        console.print(
            f"\n{parties.mines[0].name} asks you about each campaign first: see its Campaigns page."
        )
        console.print("Ctrl-C ends all of it.")
        for mine in parties.mines:
            mine.start("run")
        campaign = bytes.fromhex(made["campaign"].removeprefix("0x"))
        if until_paid:
            parties.wait_until(lambda: sonar.campaign(campaign).paid > 0, "the first payout", MOST_SECONDS)
            return
        while True:
            parties.check()
            time.sleep(1)


def _ask_first(mine: Party) -> None:
    """Its owner is whoever looks at the demo, and is asked about each campaign."""
    path = mine.home / "policy.toml"
    rules = path.read_text(encoding="utf-8")
    if "ask_first = false" not in rules:
        raise RuntimeError(f"{path} has no line `ask_first = false`")
    path.write_text(rules.replace("ask_first = false", "ask_first = true"), encoding="utf-8")


def _end(running: subprocess.Popen[str]) -> None:
    """End a process as an operator would, or by force if it does not."""
    running.terminate()
    try:
        running.wait(timeout=20)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()


@contextmanager
def _mine_pages(mine: Party, console: Console) -> Iterator[None]:
    """The Mine UI of one mine. Each link lets in one browser: each new one is shown, and kept nowhere."""
    running = mine.piped("ui", "--format", "json")
    if running.stdout is None:
        raise RuntimeError("a piped process has no output")
    links = (str(json.loads(line)["url"]) for line in running.stdout)
    console.print(f"[bold]Mine UI[/bold]       {next(links)}  ({mine.name}, for one browser)", soft_wrap=True)

    def show_further() -> None:
        for link in links:
            console.print(f"Mine UI again  {link}", soft_wrap=True)

    further = threading.Thread(target=show_further, daemon=True)
    further.start()
    try:
        yield
    finally:
        _end(running)


@contextmanager
def _pages(
    folder: Path, url: str, manifest: str, store: str, port: int, scientist: Party, console: Console
) -> Iterator[None]:
    """Sonar UI, with the scientist's account for the browsers that are let in. Links are shown and kept
    nowhere.
    """
    running = scientist.lend_to(
        *("sonar-web", "run", "--rpc", url, "--deployment", manifest, "--account", str(scientist.home)),
        *("--database", str(folder / "index.sqlite"), "--store", store, "--port", str(port)),
        *("--confirmations", "0", "--poll-seconds", "0.5"),
    )
    begun = threading.Event()

    def show_links() -> None:
        with (folder / "sonar-web.log").open("w") as log:
            for line in running.stderr or ():
                if "#token=" in line:
                    link = line.strip().removeprefix("sonar-web: ").split()[0]
                    again = " again" if begun.is_set() else "      "
                    console.print(
                        f"[bold]Sonar UI[/bold]{again} {link}  (scientist, for one browser)", soft_wrap=True
                    )
                    begun.set()
                else:
                    log.write(line)
                    log.flush()

    showing = threading.Thread(target=show_links, daemon=True)
    showing.start()
    try:
        if not begun.wait(MOST_SECONDS) or running.poll() is not None:
            raise RuntimeError(f"sonar-web did not start: see {folder / 'sonar-web.log'}")
        yield
    finally:
        _end(running)
        showing.join(timeout=5)
