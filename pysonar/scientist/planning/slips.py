"""What in a plan's terms is allowed and yet looks like a slip: asked back before a bounty is escrowed."""

from __future__ import annotations

from pysonar.protocol.amounts import format_ppm, format_seconds, format_wei
from pysonar.scientist.planning.plan import Plan

SUBMIT_GAS, CLAIM_GAS = 75_000, 60_000  # a little above their ceilings in snapshots/gas.json
SHORTEST = 60  # seconds in which a mine can hear of a campaign, train and submit


def slips(plan: Plan, *, gas_price: int) -> list[str]:
    """One sentence for each.

    Args:
        gas_price: wei that one gas costs now.
    """
    said = []
    if not plan.asset.is_ether:
        gas_price = 0  # what gas costs in ether cannot be set against a token
    claiming, working = CLAIM_GAS * gas_price, (SUBMIT_GAS + CLAIM_GAS) * gas_price
    smallest = plan.bounty * plan.min_gain // plan.target
    if plan.bounty < claiming:
        said.append(
            f"the bounty of {format_wei(plan.bounty)} is less than the gas of claiming it,"
            f" {format_wei(claiming)}"
        )
    elif smallest < working:
        said.append(
            f"the smallest gain that is paid, {format_ppm(plan.min_gain)}, earns {format_wei(smallest)}, and"
            f" the gas of submitting and claiming costs {format_wei(working)}"
        )
    if plan.submit_for < SHORTEST:
        said.append(f"mines have {format_seconds(plan.submit_for)} to hear of it, to train and to submit")
    return said
