"""One run of the demo: from an empty chain to a delivered model and a ledger that adds up."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from pysonar.chain.contract.deployment import Deployment, manifest_path, read_deployment
from pysonar.chain.contract.events import LoggedEvent
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.database import open_database
from pysonar.chain.follower import Follower
from pysonar.chain.node import rpc
from pysonar.chain.node.connect import connect
from pysonar.scientist.planning.plan_file import read_plan
from pysonar.scientist.result.estimator import Estimator
from scripts._demo.chain import CHAIN_ID, Anvil, fund
from scripts._demo.ledger import read_ledger
from scripts._demo.parties import CommandFailedError, Parties
from scripts._demo.plan import Wish, write_plan
from scripts._demo.privacy import read_privacy
from scripts._demo.report import Report
from scripts._demo.stores import open_stores
from scripts._demo.twin import ridge_ceiling, rows_of, train_twin

MINES = {
    "py": ("mine-agent",) * 3,
    "js": ("mine-agent-js",) * 3,
    "mixed": ("mine-agent-js", "mine-agent", "mine-agent"),
}
"""The commands of the mines, in Python and in JavaScript."""
FUNDS = 100 * 10**18
# Five agents that look more often take the cores from those who train.
POLL = ("--confirmations", "0", "--poll-seconds", "0.5")


class Stopwatch:
    """Seconds by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str, told: str, console: Console) -> Iterator[None]:
        """Time one phase and say that it began."""
        console.print(f"[dim]{sum(self.seconds.values()):5.1f} s[/dim]  {told}")
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - began


def run_campaign(
    folder: Path,
    *,
    seed: int,
    ipfs: str,
    wish: Wish,
    passphrases: Mapping[str, str] | None = None,
    mines: str = "py",
) -> Report:
    """Run a whole campaign in `folder`, which is emptied first.

    `mines`: which of the two mines take part, one of `MINES`.

    `passphrases` by party, for whoever wants to look into the homes afterwards; else nobody ever knows them.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folder = folder.resolve()
    console = Console(highlight=False)
    name, watch = wish.subject.name, Stopwatch()
    with ExitStack() as stack:
        with watch.phase("chain", "a local chain, and Sonar on it", console):
            commands = MINES[mines]
            csv_only = [command == "mine-agent-js" for command in commands]
            chain = stack.enter_context(Anvil(folder / "anvil.log"))
            with ThreadPoolExecutor(1) as beside:
                written = beside.submit(wish.subject.write, folder / "data", csv_only, seed)
                deployment = deploy_sonar(folder, chain.url)
                files = written.result()
            web3 = connect(chain.url, expected_chain_id=CHAIN_ID)
            sonar = Sonar.open(web3, deployment.address)
        with watch.phase(
            "accounts", "homes and accounts for a scientist, a Capsule and three mines", console
        ):
            parties = stack.enter_context(Parties(folder, commands, passphrases))
            common = ("--rpc", chain.url, "--deployment", str(manifest_path(folder, CHAIN_ID)), *POLL)
            parties.init(common, open_stores(folder, ipfs, parties.names, stack), privacy=wish.privacy)
            fund(chain.url, list(parties.addresses.values()), FUNDS)
            parties.add_data(wish.subject.name, files)
            parties.print_table(console)
        with watch.phase("escrow", "Capsule registers, the scientist escrows the bounty", console):
            parties.capsule.start("run")
            capsule = parties.addresses[parties.capsule.name]
            parties.wait_until(lambda: sonar.certificate(capsule) is not None, "Capsule to register")
            write_plan(folder / "plan.toml", capsule=capsule, wish=wish)
            created = parties.scientist.ask(
                *("campaign", "create", str(folder / "plan.toml"), "--name", name),
                *("--validation", str(files.validation)),
                "--allow-free-riding",  # the plans' own terms: small gains, so that all mines take part
            )
        with watch.phase("training", f"the mines train the encrypted model: {wish.told}", console):
            for mine in parties.mines:
                mine.start("run")
            parties.scientist.show("campaign", "watch", name)
            parties.check()
        with watch.phase("claims", "everybody claims", console):
            campaign = bytes.fromhex(created["campaign"].removeprefix("0x"))
            parties.scientist.run("campaign", "claim", name)
            owing = [address for address in parties.addresses.values() if sonar.owed(campaign, address)]
            parties.wait_until(
                lambda: not any(sonar.owed(campaign, who) for who in owing), "all claims", wish.most_seconds
            )
            parties.stop()  # nothing is left to do for them
        with watch.phase("delivery", "the scientist opens the delivered model", console):
            saved = folder / "model.safetensors"
            opened = parties.scientist.ask(
                *("campaign", "result", name, "--test", str(files.test), "--save", str(saved))
            )
        with watch.phase("twin", "the same steps in plaintext, to compare", console):
            plan = read_plan(folder / "plan.toml")
            releases = {mine.address: mine.release for mine in read_privacy(parties) if mine.release}
            rows = rows_of(plan, files, [parties.addresses[mine.name] for mine in parties.mines])
            twin = train_twin(plan, campaign, opened["record"], rows, files.validation, releases)
            ceiling = ridge_ceiling(plan, rows, files) if wish.ceiling else None
        history = _read_history(folder, sonar, deployment, campaign)
        return Report(
            campaign=created["campaign"],
            seed=seed,
            start_ppm=opened["start_ppm"],
            final_ppm=opened["final_ppm"],
            target_ppm=opened["target_ppm"],
            evaluations=len(opened["record"]),
            names={address: name for name, address in parties.addresses.items()},
            ledger=read_ledger(sonar, campaign, history),
            test_accuracy=opened["test_accuracy"],
            validation_accuracy=Estimator.load(saved).score(files.validation),
            plaintext_twin_accuracy=twin.score(files.test),
            ceiling_accuracy=ceiling,
            plaintext_twin_validation_accuracy=twin.score(files.validation),
            privacy=[mine.told for mine in read_privacy(parties)],
            seconds={**watch.seconds, "total": sum(watch.seconds.values())},
        )


def deploy_sonar(folder: Path, url: str) -> Deployment:
    """Deploy Sonar with the Ape script, as anybody would."""
    done = subprocess.run(
        [
            *("ape", "run", "deploy", "--network", f"ethereum:local:{url}"),
            *("--account", "TEST::0", "--deployments", str(folder)),
        ],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise CommandFailedError(f"`ape run deploy` failed\n{done.stdout}{done.stderr}")
    return read_deployment(manifest_path(folder, CHAIN_ID))


def _read_history(folder: Path, sonar: Sonar, deployment: Deployment, campaign: bytes) -> list[LoggedEvent]:
    """All events of the campaign, read from the chain by an observer of its own."""
    database = open_database(
        folder / "observer.sqlite",
        chain_id=CHAIN_ID,
        genesis=rpc.genesis(sonar.web3),
        contract=sonar.address,
    )
    follower = Follower(database, sonar.web3, sonar, confirmations=0, start_block=deployment.block)
    follower.poll()
    history: list[LoggedEvent] = list(follower.history(campaign=campaign))
    database.close()
    return history
