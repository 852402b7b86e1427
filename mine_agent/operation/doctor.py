"""Looks at everything a mine depends on and says what works, what fails, and what to do about it."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from mine_agent.data.datasets import DataSet
from mine_agent.home import Home
from mine_agent.rules.hours import minute_of_day
from mine_agent.scale.scale_file import SCALE_FILE
from openmined_syft.errors import OpenMinedError
from openmined_syft.schemes import networks_here
from pysonar.chain.errors import NodeError
from pysonar.party.finding import Finding
from pysonar.party.wording import about

MOST_BEHIND = 15 * 60  # seconds: a quiet chain may be without a block for a while
CLUSTER_SECONDS = 5
MOST_AHEAD = 2 * 60  # seconds: no block may come from the future
_PROBE = b"mine-agent doctor"


class TroubleError(OpenMinedError):
    """Something the doctor found by itself."""


def examine(path: Path, passphrase: Callable[[], str]) -> Iterator[Finding]:
    """Every finding, in an order in which each rests on those before. Raises nothing that has a type of
    ours.
    """
    yield _check("python", _python, "install CPython 3.11 or 3.12")
    yield _check("arithmetic", _arithmetic, "install gmpy2 into the environment of mine-agent")
    yield Finding("networks", True, networks_here())
    try:
        home = Home.open(path)
    except OpenMinedError as error:
        yield Finding("home", False, str(error), "run `mine-agent init`, or name the right --home")
        return
    yield Finding("home", True, str(path))
    policy = _check("policy", lambda: _policy(home), f"edit {home.policy_file}")
    yield policy
    yield _check(
        "keyfile", lambda: _keyfile(home, passphrase), "give the passphrase that the keyfile was made with"
    )
    node = _check(
        "node", lambda: _node(home), "start the node, or correct `rpc` and `chain_id` in settings.toml"
    )
    yield node
    if node.ok:
        yield from _on_chain(home)
    yield _check("store", lambda: _store(home), "correct `store` in settings.toml, or start the IPFS daemon")
    if policy.ok or _is_read(home):
        yield from _by_the_rules(home)
    yield from _data(home)


def _on_chain(home: Home) -> Iterator[Finding]:
    """What rests on the node: a node that is away is one cause, reported once."""
    yield _check("contract", lambda: _contract(home), "correct `contract` in settings.toml")
    yield _check(
        "clock", lambda: _clock(home), "set this machine's clock, or look whether the node is in sync"
    )
    yield _check("balance", lambda: _balance(home), "send ether to the account")


def _by_the_rules(home: Home) -> Iterator[Finding]:
    """What rests on policy.toml, if it can be read."""
    yield _check("privacy", lambda: _privacy(home), "see `mine-agent ledger`, and privacy in policy.toml")
    yield _check("memory", lambda: _memory(home), "lower memory_mb in policy.toml")
    if (home.path / SCALE_FILE).exists():
        advice = "start the cluster, or delete scale.toml to work alone"
        yield _check("cluster", lambda: _cluster(home), advice)
    yield _check("work", lambda: _work(home), "mine-agent resume, or mine-agent approve ID")


def _is_read(home: Home) -> bool:
    try:
        home.policy()
    except OpenMinedError:
        return False
    return True


def _check(name: str, look: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(name, True, look())
    except NodeError as error:  # what it asked of the node is neither right nor wrong
        return Finding(
            name, False, str(error), advice if name == "node" else "look at the node, and try again"
        )
    except OpenMinedError as error:
        return Finding(name, False, str(error), advice)


def _python() -> str:
    version = platform.python_version()
    if not (3, 11) <= sys.version_info[:2] < (3, 13):
        raise TroubleError(f"Python {version}; 3.11 or 3.12 is needed")
    return version


def _arithmetic() -> str:
    if importlib.util.find_spec("gmpy2") is None:
        raise TroubleError("gmpy2 is not installed")
    import gmpy2

    from openmined_syft.paillier.kernels import load_kernel

    return f"kernel {load_kernel().name}, gmpy2 {gmpy2.version()}"


def _policy(home: Home) -> str:
    policy = home.policy()
    lists = {
        "scientists": policy.scientists,
        "capsules": policy.capsules,
        "assets": policy.assets,
        "fields": policy.fields,
        "data_sets": policy.data_sets,
        "purposes": policy.purposes,
    }
    empty = [name for name, allowed in lists.items() if not (allowed.names or allowed.everything)]
    if empty:
        raise TroubleError(f"it joins no campaign: {', '.join(empty)} empty")
    unknown = sorted(policy.data_sets.names - {data.name for data in home.data().all()})
    if unknown:
        raise TroubleError(f"data_sets names what is not registered: {', '.join(unknown)}")
    if policy.hours.spans == ():
        raise TroubleError("it begins nothing: hours is empty")
    return "read"


def _keyfile(home: Home, passphrase: Callable[[], str]) -> str:
    from pysonar.chain.sending.signer import KeyfileSigner

    address = KeyfileSigner.open(home.keyfile, passphrase()).address
    if address != home.address:
        raise TroubleError(f"the keyfile says it is for {home.address}, but holds the key of {address}")
    return address


def _node(home: Home) -> str:
    from pysonar.chain.node import rpc
    from pysonar.chain.node.connect import connect

    web3 = connect(home.settings.rpc, expected_chain_id=home.settings.chain_id)
    return f"chain {home.settings.chain_id}, block {rpc.latest(web3).number}"


def _contract(home: Home) -> str:
    from pysonar.chain.contract.sonar import Sonar
    from pysonar.chain.node.connect import connect

    settings = home.settings
    sonar = Sonar.open(connect(settings.rpc), settings.contract, version=settings.contract_version or None)
    return f"Sonar at {sonar.address}, version {sonar.version}"


def _clock(home: Home) -> str:
    from pysonar.chain.node import rpc
    from pysonar.chain.node.connect import connect

    behind = int(time.time()) - rpc.latest(connect(home.settings.rpc)).timestamp
    if behind > MOST_BEHIND:
        raise TroubleError(f"the newest block is {behind} s old")
    if -behind > MOST_AHEAD:
        raise TroubleError(f"the newest block is {-behind} s ahead of this machine's clock")
    return f"the newest block is {behind} s old"


def _balance(home: Home) -> str:
    from mine_agent.campaigns.offer import SUBMIT_GAS
    from pysonar.chain.node import rpc
    from pysonar.chain.node.connect import connect
    from pysonar.chain.sending.fees import GasPrice

    web3 = connect(home.settings.rpc)
    held, needed = rpc.balance(web3, home.address), SUBMIT_GAS * GasPrice(web3, home.address).now()
    if held < needed:
        raise TroubleError(
            f"{home.address} holds {about(held)}; the gas of one submission is {about(needed)}"
        )
    return about(held)


def _store(home: Home) -> str:
    from pysonar.store import cid_of, open_store

    store = open_store(home.settings.store)
    cid = store.put(_PROBE)
    if cid != cid_of(_PROBE) or store.get(cid, max_bytes=len(_PROBE)) != _PROBE:
        raise TroubleError(f"the store gives {cid} for bytes whose CID is {cid_of(_PROBE)}")
    return f"{home.settings.store}: bytes come back under their CID"


def _privacy(home: Home) -> str:
    from mine_agent.privacy.report import LedgerReport
    from openmined_syft.privacy import require_delta

    budget = home.policy().privacy
    report = LedgerReport(home.privacy_ledger(int(time.time())).entries(), budget)
    if budget is None:
        return "none: gradients leave without noise, by the owner's word"
    for data in home.data().all():
        require_delta(budget.delta, rows=data.rows)
    if not report.releases_left:
        raise TroubleError(
            f"the budget is spent: epsilon {budget.shown(report.spent):.3g} of {budget.epsilon:g}"
        )
    return (
        f"epsilon {budget.shown(report.spent):.3g} of {budget.epsilon:g} spent, delta {budget.delta:g};"
        f" {report.releases_left} more releases at {budget.price:g}"
    )


def _memory(home: Home) -> str:
    """What the rules allow against what the machine has."""
    wanted = home.policy().memory
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = f"{wanted >> 20} MB for all campaigns, of {there >> 20} MB"
    if wanted > there:
        raise TroubleError(found)
    return found


def _cluster(home: Home) -> str:
    """Whether the owner's cluster is there."""
    from mine_agent.scale.cluster import Cluster

    scale = home.scale()
    if scale is None:
        raise TroubleError(f"{SCALE_FILE} was deleted just now")
    return f"{Cluster(scale, connect_seconds=CLUSTER_SECONDS).workers()} workers at {scale.dask}"


def _work(home: Home) -> str:
    """Whether anything keeps the mine from beginning new work: a pause, the hours, campaigns that wait for
    the owner's word.
    """
    from mine_agent.campaigns.decisions.records import waiting_for_a_word

    if home.is_paused:
        raise TroubleError("paused by its owner: nothing new is begun")
    waiting = waiting_for_a_word(home.database)
    if waiting:
        shown = ", ".join(f"0x{campaign.hex()[:8]}" for campaign in waiting[:5])
        raise TroubleError(f"{len(waiting)} campaigns wait for your word: {shown}")
    hours = home.policy().hours
    if minute_of_day(time.time()) not in hours:
        return f"rests now: new work begins in the hours {hours}"
    return "new work may begin"


def _data(home: Home) -> Iterator[Finding]:
    try:
        data_sets = home.data().all()
    except OpenMinedError as error:
        yield Finding("data", False, str(error), "delete the file that is named and add the data set again")
        return
    if not data_sets:
        yield Finding("data", False, "no data set is registered", "mine-agent data add NAME FILE")
    for data in data_sets:
        advice = f"mine-agent data add {data.name} {data.location} --replace"
        yield _check(f"data {data.name}", partial(_unchanged, data), advice)


def _unchanged(data: DataSet) -> str:
    renewed = data.renewed()
    changed = "changed since, and taken as it is now" if renewed.digest != data.digest else "unchanged"
    fields = "" if data.mapping is None else f", {len(data.mapping.origins)} fields mapped"
    return f"{data.kind}, {data.rows} rows, {changed}{fields}"
