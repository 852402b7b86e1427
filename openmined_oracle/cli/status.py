"""`capsule status`: is everything there that Capsule needs?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pysonar.party.cli.console import Format, FormatOption, HomeOption, command, print_record
from pysonar.party.wording import about
from pysonar.protocol.amounts import format_wei


@command
def status(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """Show account, funds, certificate, chain, store, what campaigns must offer, and
    how many of them are in which state.

    What they must offer is set in capsule.toml in the home directory: assets (a
    list of "ether" and addresses of tokens that you trust, or ["any"]); for those in
    ether, least_bounty and least_fee (such as "0.1 ether"). Others are declined.
    Of neural networks, max_networks are open at a time; further ones wait. The file
    is read when Capsule starts.

    No passphrase is needed. Exit code 3 if the chain or the store cannot be
    reached.
    """
    from openmined_oracle.cli.connect import connect_and_read, home_path, is_running
    from openmined_oracle.overview import overview
    from openmined_syft.paillier.kernels import load_kernel
    from openmined_syft.schemes import networks_here
    from pysonar.chain.node import rpc
    from pysonar.protocol.amounts import parse_wei
    from pysonar.protocol.cid import Cid

    connection = connect_and_read(home_path(home))
    opened, settings = connection.home, connection.home.settings
    certificate = connection.sonar.certificate(opened.address)
    cid = None if certificate is None else Cid.from_bytes32(certificate)
    entries = overview(connection)
    record: dict[str, Any] = {
        "home": opened.path,
        "running": is_running(opened),
        "address": opened.address,
        "balance": str(rpc.balance(connection.web3, opened.address)),
        "chain_id": settings.chain_id,
        "contract": connection.sonar.address,
        "block": rpc.block_number(connection.web3),
        "read_up_to": connection.follower.cursor,
        "store": settings.store,
        "fingerprint": opened.capsule.certificate,
        "certificate": None if cid is None else str(cid),
        "certificate_in_store": cid is not None and connection.store.has(cid),
        "kernel": load_kernel().name,
        "networks": networks_here(),
        "accepts": {
            "assets": list(opened.capsule.assets),
            "least_bounty": str(parse_wei(opened.capsule.least_bounty)),
            "least_fee": str(parse_wei(opened.capsule.least_fee)),
            "scientists": list(opened.capsule.scientists),
            "families": list(opened.capsule.families),
            "max_days": opened.capsule.max_days,
            "max_rows": opened.capsule.max_rows,
            "least_gain_deviations": opened.capsule.least_gain_deviations,
            "max_networks": opened.capsule.max_networks,
            "open_networks": connection.journal.open_networks(),
        },
        "campaigns": dict(Counter(entry.state for entry in entries)),
        "problems": sum(entry.problem is not None for entry in entries),
    }
    print_record(
        record,
        {
            "home": "Home",
            "running": "Running",
            "address": "Account",
            "balance": "Funds",
            "chain_id": "Chain id",
            "contract": "Sonar",
            "block": "Newest block",
            "read_up_to": "Read up to block",
            "store": "Store",
            "fingerprint": "OpenPGP fingerprint",
            "certificate": "Certificate on chain",
            "certificate_in_store": "Certificate in the store",
            "kernel": "Arithmetic",
            "networks": "Networks",
            "accepts": "Accepts",
            "campaigns": "Campaigns",
            "problems": "Campaigns with a problem",
        },
        form=form,
        show={
            "balance": lambda text: about(int(text)),
            "accepts": _accepts,
            "campaigns": lambda counts: ", ".join(f"{n} {state}" for state, n in counts.items()) or "none",
        },
    )


def _accepts(rules: Mapping[str, Any]) -> str:
    bounty, fee = (format_wei(int(rules[name])) for name in ("least_bounty", "least_fee"))
    return (
        f"assets: {', '.join(rules['assets']) or 'none'}; in ether, bounties from {bounty}, fees from {fee}; "
        f"networks: {rules['open_networks']} of {rules['max_networks']}"
    )
