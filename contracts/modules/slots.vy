# pragma version 0.4.3
"""
@title Slots: how a campaign lies in storage
@license GPL-3.0-or-later
@notice Pure packing and unpacking, and nothing else: no storage, no checks, no
        money. Vyper does not pack struct members, and one slot is 22,100 gas.
@dev Packing does not mask. Whoever packs has checked the ranges below before;
     the counters cannot leave theirs (see each). Bits, lowest first:

     hot     state 2 | gap_basis 1 | staked 1 | token 1
             | target 20 | min_gain 20 | start 20 | submitted 24
             | best 20 | evaluated 24 | forfeited 24 | version 20
             | submit_until 36 | review_until 36            (249 bits)
     judge   capsule 160 | bounty 96
     price   stake 96 | fee 96 | max_pending 24              (216 bits)
     credit  payout 128 | stakes 32 | returns 32             (192 bits)

     What is read together lies together: `submit` touches hot and price,
     `report` hot and judge, `open_campaign` hot and judge.
"""

REQUESTED: constant(uint256) = 1
OPEN: constant(uint256) = 2
SETTLED: constant(uint256) = 3


# What changes, and every limit that is checked while it changes.
struct Hot:
    state: uint256
    gap_basis: bool
    staked: bool           # stake > 0: `report` need not read the price to know
    token: bool            # asset is an ERC-20: ether campaigns never read `asset`
    target: uint256
    min_gain: uint256
    start: uint256
    submitted: uint256
    best: uint256
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

# Where the fields of `hot` begin, for whoever needs few of them: unpacking all
# costs some 700 gas. Nothing lies above REVIEW_UNTIL that had to be masked.
TARGET: constant(uint256) = 5
MIN_GAIN: constant(uint256) = 25
START: constant(uint256) = 45
SUBMITTED: constant(uint256) = 65
BEST: constant(uint256) = 89
EVALUATED: constant(uint256) = 109
FORFEITED: constant(uint256) = 133
VERSION: constant(uint256) = 157
SUBMIT_UNTIL: constant(uint256) = 177
REVIEW_UNTIL: constant(uint256) = 213

STATE_BITS: constant(uint256) = 3
GAP_BASIS_BIT: constant(uint256) = 1 << 2
STAKED_BIT: constant(uint256) = 1 << 3
TOKEN_BIT: constant(uint256) = 1 << 4
ONE_SUBMITTED: constant(uint256) = 1 << SUBMITTED
ONE_EVALUATED: constant(uint256) = 1 << EVALUATED
ONE_FORFEITED: constant(uint256) = 1 << FORFEITED
ONE_VERSION: constant(uint256) = 1 << VERSION

# The same for `judge`, `price` and `credit`.
BOUNTY: constant(uint256) = 160
FEE: constant(uint256) = 96
MAX_PENDING: constant(uint256) = 192
STAKES: constant(uint256) = 128
RETURNS: constant(uint256) = 160

BITS_20: constant(uint256) = (1 << 20) - 1
BITS_24: constant(uint256) = (1 << 24) - 1
BITS_32: constant(uint256) = (1 << 32) - 1
BITS_36: constant(uint256) = (1 << 36) - 1
BITS_96: constant(uint256) = (1 << 96) - 1
BITS_128: constant(uint256) = (1 << 128) - 1
BITS_160: constant(uint256) = (1 << 160) - 1


@internal
@pure
def _pack_limits(
    gap_basis: bool,
    staked: bool,
    token: bool,
    target: uint256,
    min_gain: uint256,
    submit_until: uint256,
    review_until: uint256,
) -> uint256:
    # `hot` as it is created, but for the state: nothing has been counted yet.
    return (
        (convert(gap_basis, uint256) << 2)
        | (convert(staked, uint256) << 3)
        | (convert(token, uint256) << 4)
        | (target << TARGET)
        | (min_gain << MIN_GAIN)
        | (submit_until << SUBMIT_UNTIL)
        | (review_until << REVIEW_UNTIL)
    )


@internal
@pure
def _unpack_hot(word: uint256) -> Hot:
    return Hot(
        state=word & STATE_BITS,
        gap_basis=word & GAP_BASIS_BIT != 0,
        staked=word & STAKED_BIT != 0,
        token=word & TOKEN_BIT != 0,
        target=(word >> TARGET) & BITS_20,
        min_gain=(word >> MIN_GAIN) & BITS_20,
        start=(word >> START) & BITS_20,
        submitted=(word >> SUBMITTED) & BITS_24,
        best=(word >> BEST) & BITS_20,
        evaluated=(word >> EVALUATED) & BITS_24,
        forfeited=(word >> FORFEITED) & BITS_24,
        version=(word >> VERSION) & BITS_20,
        submit_until=(word >> SUBMIT_UNTIL) & BITS_36,
        review_until=(word >> REVIEW_UNTIL) & BITS_36,
    )


@internal
@pure
def _with_state(word: uint256, state: uint256) -> uint256:
    return (word & ~STATE_BITS) | state


@internal
@pure
def _pack_judge(judge: Judge) -> uint256:
    return convert(judge.capsule, uint256) | (judge.bounty << BOUNTY)


@internal
@pure
def _unpack_judge(word: uint256) -> Judge:
    return Judge(capsule=convert(word & BITS_160, address), bounty=word >> BOUNTY)


@internal
@pure
def _pack_price(price: Price) -> uint256:
    return price.stake | (price.fee << FEE) | (price.max_pending << MAX_PENDING)


@internal
@pure
def _unpack_price(word: uint256) -> Price:
    return Price(stake=word & BITS_96, fee=(word >> FEE) & BITS_96, max_pending=word >> MAX_PENDING)


@internal
@pure
def _unpack_credit(word: uint256) -> Credit:
    return Credit(
        payout=word & BITS_128, stakes=(word >> 128) & BITS_32, returns=word >> 160
    )
