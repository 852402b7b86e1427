"""The move from version 1 of Sonar to version 2 with whole agents, rehearsed on a fork.

A campaign runs on version 1. Its chain is forked, and copies of the agents' homes go on working on the fork;
there version 2 is deployed, and other homes of the same programs open a campaign on it. Both run out.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import State
from pysonar.chain.contract.versions import FIRST, NEWEST
from scripts._demo.parties import CommandFailedError, Parties
from tests.builders.terms import ETHER
from tests.conftest import Anvil
from tests.demo.small_campaign import write_people, write_plan

pytestmark = pytest.mark.slow  # nine processes, two chains

BOUNTY, STAKE, FEE = 2 * ETHER, ETHER // 100, ETHER // 1000
MONEY = {"bounty": "2 ETH", "stake": "0.01 ETH", "fee": "0.001 ETH"}
NAMES = ("scientist", "capsule", "mine 1")


def found(parties: Parties, chain: Anvil, sonar: Sonar, folder: Path) -> None:
    """Make homes for a contract, and give everybody ether and the mine its data."""
    settings = (
        *("--rpc", chain.url, "--contract", sonar.address),
        *("--confirmations", "0", "--poll-seconds", "0.2"),
    )
    parties.init(settings, dict.fromkeys(parties.names, f"embedded:{folder / 'store'}"), privacy="none")
    for address in parties.addresses.values():
        chain.fund(address)
    parties.mines[0].run("data", "add", "people", str(write_people(folder / "mine.csv", 200, seed=1)))


def launch(parties: Parties, sonar: Sonar, folder: Path) -> bytes:
    """Start the capsule, and create a campaign that it opens."""
    address = parties.addresses
    parties.capsule.start("run")
    parties.wait_until(lambda: sonar.certificate(address["capsule"]) is not None, "Capsule to register", 180)
    plan = write_plan(folder / "plan.toml", address["capsule"], **MONEY)
    people = write_people(folder / "validation.csv", 100, seed=2)
    created = parties.scientist.ask(
        "campaign", "create", str(plan), "--name", "heavy", "--validation", str(people)
    )
    campaign = bytes.fromhex(created["campaign"][2:])
    parties.wait_until(lambda: sonar.campaign(campaign).state is State.OPEN, "the campaign to open", 180)
    return campaign


def run_out(parties: Parties, sonar: Sonar, campaign: bytes) -> None:
    """The mine works until the target is reached; everybody takes what they are owed."""
    parties.mines[0].start("run")
    parties.wait_until(
        lambda: sonar.campaign(campaign).state is State.SETTLED, "the campaign to be settled", 240
    )
    parties.scientist.run("campaign", "result", "heavy")
    parties.scientist.run("campaign", "claim", "heavy")
    owed = parties.addresses.values()
    parties.wait_until(lambda: not any(sonar.owed(campaign, who) for who in owed), "all claims", 180)


def moved(parties: Parties, old: Anvil, new: Anvil) -> None:
    """Let homes that were copied know another node."""
    for party in parties.all:
        settings = party.home / "settings.toml"
        told = settings.read_text()
        assert old.url in told
        settings.write_text(told.replace(old.url, new.url))


def fingerprint(chain: Anvil) -> tuple[str, str]:
    newest = chain.rpc("eth_getBlockByNumber", "latest", False)
    return newest["hash"], newest["stateRoot"]


def test_agents_serve_both_versions_until_the_old_campaign_has_run_out(
    start_anvil: Callable[..., Anvil],
    deploy_first: Callable[[Anvil], Sonar],
    deploy_sonar: Callable[[Anvil], str],
    tmp_path: Path,
) -> None:
    live = start_anvil()
    first = deploy_first(live)
    passphrases = {name: f"of {name}, for a test" for name in NAMES}
    (tmp_path / "live").mkdir()
    with Parties(tmp_path / "live", mines=["mine-agent"], passphrases=passphrases) as people:
        found(people, live, first, tmp_path)
        campaign = launch(people, first, tmp_path)
        addresses = people.addresses
    before = fingerprint(live)

    # The fork: the old homes go on with version 1, new ones begin with version 2.
    fork = start_anvil("--fork-url", live.url)
    second = Sonar.open(fork.web3, deploy_sonar(fork), version=NEWEST)
    first = Sonar.open(fork.web3, first.address, version=FIRST)
    shutil.copytree(tmp_path / "live", tmp_path / "fork")
    (tmp_path / "new").mkdir()
    with (
        Parties(tmp_path / "fork", mines=["mine-agent"], passphrases=passphrases) as old,
        Parties(tmp_path / "new", mines=["mine-agent"], passphrases=passphrases) as new,
    ):
        old.addresses = addresses
        moved(old, live, fork)
        old.capsule.start("run")
        found(new, fork, second, tmp_path)
        later = launch(new, second, tmp_path)
        assert (fork.balance(first.address), fork.balance(second.address)) == (BOUNTY, BOUNTY)
        run_out(old, first, campaign)
        assert fork.balance(second.address) == BOUNTY
        run_out(new, second, later)

        # What either earned is by the same rules, and nothing is left.
        for sonar, own, who in ((first, campaign, addresses), (second, later, new.addresses)):
            record = sonar.campaign(own)
            assert record.best >= 850_000
            assert record.delivered
            assert sonar.owed(own, who["mine 1"]) == 0
        assert (fork.balance(first.address), fork.balance(second.address)) == (0, 0)

        # A home of one version touches nothing of the other.
        for parties, right, wrong in ((old, first, second), (new, second, first)):
            capsule, account = parties.capsule, parties.addresses["capsule"]
            capsule.stop()
            settings = capsule.home / "settings.toml"
            settings.write_text(settings.read_text().replace(right.address, wrong.address))
            sent = fork.rpc("eth_getTransactionCount", account, "latest")
            with pytest.raises(CommandFailedError, match=f"version {right.version} was expected"):
                capsule.run("run", "--once")
            assert fork.rpc("eth_getTransactionCount", account, "latest") == sent
    assert fingerprint(live) == before, "the rehearsal reached the live chain"
