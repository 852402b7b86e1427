# pragma version 0.4.3
"""
@title EventMill
@notice Logs what campaigns log in their life, many at a time and without their rules: a chain of
        a hundred thousand events in a minute. It holds no money.
"""

from contracts.interfaces import ISonar

MINERS: constant(uint256) = 997


@external
def run(first: uint256, campaigns: uint256, rounds: uint256, limits: uint256, price: uint256):
    """
    @param first number of the first campaign
    @param campaigns so many lives
    @param rounds submissions of each; every fourth of them improves the model
    @param limits the packed terms, as ISonar.vyi says
    @param price the rest of them
    """
    for life: uint256 in range(first, first + campaigns, bound=1000):
        id: bytes32 = keccak256(convert(life, bytes32))
        log ISonar.CampaignCreated(
            id=id, owner=msg.sender, capsule=convert(1 + life % 7, address), spec=id,
            asset=empty(address), bounty=10 ** 18, limits=limits, price=price, salt=id,
        )
        log ISonar.CampaignOpened(id=id, public_key=id, model=id, start=0)
        for place: uint256 in range(rounds, bound=1000):
            miner: address = convert(1000 + (life * rounds + place) % MINERS, address)
            log ISonar.Submitted(id=id, index=place, miner=miner, update=id)
            if place % 4 == 0:
                log ISonar.Improved(id=id, index=place, version=place // 4 + 1, accuracy=place + 1, payout=10 ** 12, model=id)
            verdict: uint256 = 1 if place % 4 == 0 else 2
            log ISonar.Verdicts(id=id, first=place, verdicts=convert(verdict << 248, bytes32))
        log ISonar.Settled(id=id, paid=0, refund=10 ** 18, fees=0, burned=0)
