# pragma version 0.4.3
"""
@title Slots: how a campaign lies in storage
@license GPL-3.0-or-later
@notice Pure packing and unpacking, and nothing else: no storage, no checks, no
        money. Vyper does not pack struct members, and one slot is 22,100 gas.
@dev Packing does not mask. Whoever packs has checked the ranges below before;
     the counters cannot leave theirs (see each). Bits, lowest first:

     hot     state 2 | gap_basis 1 | staked 1 | token 1
             | target 20 | min_gain 20 | start 20 | best 20
             | submitted 24 | evaluated 24 | forfeited 24 | version 20
             | submit_until 36 | review_until 36            (249 bits)
     judge   capsule 160 | bounty 96
     price   stake 96 | fee 96 | max_pending 24              (216 bits)
     credit  payout 128 | stakes 32 | returns 32             (192 bits)

     What is read together lies together: `submit` touches hot and price,
     `report` hot and judge, `open_campaign` hot and judge.
"""


# What changes, and every limit that is checked while it changes.
struct Hot:
    state: uint256
    gap_basis: bool
    staked: bool           # stake > 0: `report` need not read the price to know
    token: bool            # asset is an ERC-20: ether campaigns never read `asset`
    target: uint256
    min_gain: uint256
    start: uint256
    best: uint256
    submitted: uint256
    evaluated: uint256
    forfeited: uint256
    version: uint256       # each version raises `best`, so there are under 2**20
    submit_until: uint256
    review_until: uint256


struct Judge:
    capsule: address
    bounty: uint256


struct Price:
    stake: uint256
    fee: uint256
    max_pending: uint256


# What a campaign owes an account. Stakes are counted, not summed: so `report`
# never reads their price, and no sum of them can overflow.
struct Credit:
    payout: uint256        # payouts, refund, fees: after settlement
    stakes: uint256        # evaluated submissions whose stake comes back: at once
    returns: uint256       # reclaimed submissions, stake and fee: at once


AMOUNT_LIMIT: constant(uint256) = 1 << 96      # bounty, stake and fee stay below
COUNT_LIMIT: constant(uint256) = 1 << 24       # submissions of a campaign stay below

ONE_STAKE: constant(uint256) = 1 << 128        # one of Credit.stakes, in place
ONE_RETURN: constant(uint256) = 1 << 160       # one of Credit.returns, in place

_BITS_20: constant(uint256) = (1 << 20) - 1
_BITS_24: constant(uint256) = (1 << 24) - 1
_BITS_32: constant(uint256) = (1 << 32) - 1
_BITS_36: constant(uint256) = (1 << 36) - 1
_BITS_96: constant(uint256) = (1 << 96) - 1
_BITS_128: constant(uint256) = (1 << 128) - 1
_BITS_160: constant(uint256) = (1 << 160) - 1


@internal
@pure
def _pack_hot(hot: Hot) -> uint256:
    return (
        hot.state
        | (convert(hot.gap_basis, uint256) << 2)
        | (convert(hot.staked, uint256) << 3)
        | (convert(hot.token, uint256) << 4)
        | (hot.target << 5)
        | (hot.min_gain << 25)
        | (hot.start << 45)
        | (hot.best << 65)
        | (hot.submitted << 85)
        | (hot.evaluated << 109)
        | (hot.forfeited << 133)
        | (hot.version << 157)
        | (hot.submit_until << 177)
        | (hot.review_until << 213)
    )


@internal
@pure
def _unpack_hot(word: uint256) -> Hot:
    return Hot(
        state=word & 3,
        gap_basis=(word >> 2) & 1 == 1,
        staked=(word >> 3) & 1 == 1,
        token=(word >> 4) & 1 == 1,
        target=(word >> 5) & _BITS_20,
        min_gain=(word >> 25) & _BITS_20,
        start=(word >> 45) & _BITS_20,
        best=(word >> 65) & _BITS_20,
        submitted=(word >> 85) & _BITS_24,
        evaluated=(word >> 109) & _BITS_24,
        forfeited=(word >> 133) & _BITS_24,
        version=(word >> 157) & _BITS_20,
        submit_until=(word >> 177) & _BITS_36,
        review_until=(word >> 213) & _BITS_36,
    )


@internal
@pure
def _pack_judge(judge: Judge) -> uint256:
    return convert(judge.capsule, uint256) | (judge.bounty << 160)


@internal
@pure
def _unpack_judge(word: uint256) -> Judge:
    return Judge(capsule=convert(word & _BITS_160, address), bounty=word >> 160)


@internal
@pure
def _pack_price(price: Price) -> uint256:
    return price.stake | (price.fee << 96) | (price.max_pending << 192)


@internal
@pure
def _unpack_price(word: uint256) -> Price:
    return Price(stake=word & _BITS_96, fee=(word >> 96) & _BITS_96, max_pending=word >> 192)


@internal
@pure
def _pack_credit(credit: Credit) -> uint256:
    return credit.payout | (credit.stakes << 128) | (credit.returns << 160)


@internal
@pure
def _unpack_credit(word: uint256) -> Credit:
    return Credit(
        payout=word & _BITS_128, stakes=(word >> 128) & _BITS_32, returns=word >> 160
    )
