# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Sonar: campaigns, their model addresses and their escrowed bounties
@license GPL-3.0-or-later
@notice A data scientist escrows a bounty; mines submit encrypted gradients; the
        campaign's capsule reports how far each raised the accuracy; miners are
        owed that share of the bounty. It computes payouts and keeps money. It
        judges nothing, and knows no mine before that mine submits.
@dev No owner, no admin, no pause, no upgrade, no `__default__`. Every promise
     is a difference of two values of `_paid`, so promises never add up to more
     than the bounty; every time-out lets anybody finish, so silence never locks
     money; money leaves by `claim` (and burned ether by `settle`) only.
@custom:kill Nothing can stop it. Campaigns end by their own times; a new version
             is a new address.
"""

from contracts.interfaces import ISonar
from contracts.modules import slots
from contracts.modules import tokens

implements: ISonar


# ------------------------------------------------------------------ CONSTANTS

REQUESTED: constant(uint256) = 1
OPEN: constant(uint256) = 2
SETTLED: constant(uint256) = 3

IMPROVED: constant(uint256) = 1
NO_GAIN: constant(uint256) = 2
UNAVAILABLE: constant(uint256) = 4

ONE_HUNDRED_PERCENT: constant(uint256) = 1_000_000
MAX_RUN: constant(uint256) = 365 * 86_400
MAX_REVIEW: constant(uint256) = 30 * 86_400

BURN: constant(address) = 0x000000000000000000000000000000000000dEaD


# -------------------------------------------------------------------- STORAGE

# One campaign. The first five words are written at creation, two by
# `open_campaign`, `result` by `deliver`, `asset` only for an ERC-20.
struct Record:
    hot: uint256
    judge: uint256
    price: uint256
    owner: address
    spec: bytes32
    public_key: bytes32
    model: bytes32
    result: bytes32
    asset: address


_records: HashMap[bytes32, Record]
# What waits for a verdict. An array saves `report` a hash that a map would cost.
_queue: HashMap[bytes32, bytes32[slots.COUNT_LIMIT]]
_credits: HashMap[bytes32, HashMap[address, uint256]]    # slots.Credit, packed
_certificates: HashMap[address, bytes32]


# ------------------------------------------------------------ BEFORE THE RUN

@external
def register_capsule(certificate: bytes32):
    """
    @notice Publishes the caller's current OpenPGP certificate. Campaigns that
            name an earlier one keep it.
    """
    assert certificate != empty(bytes32), "sonar: certificate is empty"
    self._certificates[msg.sender] = certificate
    log ISonar.CapsuleRegistered(capsule=msg.sender, certificate=certificate)


@external
@payable
def create_campaign(terms: ISonar.Terms, salt: bytes32) -> bytes32:
    """
    @notice Escrows the bounty and asks the capsule named in the terms to open
            the campaign. An ERC-20 bounty must have been approved.
    @param salt Tells campaigns of one owner and one spec apart.
    @return The campaign's id, `campaign_id(caller, spec, salt)`.
    """
    self._check(terms)
    id: bytes32 = self._id(msg.sender, terms.spec, salt)
    assert self._records[id].hot == 0, "sonar: campaign exists"
    assert msg.value == (terms.bounty if terms.asset == empty(address) else 0), (
        "sonar: value is not the bounty"
    )

    self._records[id].hot = REQUESTED | slots._pack_limits(
        terms.gap_basis,
        terms.stake != 0,
        terms.asset != empty(address),
        terms.target,
        terms.min_gain,
        terms.submit_until,
        terms.review_until,
    )
    self._records[id].judge = slots._pack_judge(
        slots.Judge(capsule=terms.capsule, bounty=terms.bounty)
    )
    self._records[id].price = slots._pack_price(
        slots.Price(stake=terms.stake, fee=terms.fee, max_pending=terms.max_pending)
    )
    self._records[id].owner = msg.sender
    self._records[id].spec = terms.spec
    log ISonar.CampaignCreated(
        id=id,
        owner=msg.sender,
        capsule=terms.capsule,
        spec=terms.spec,
        asset=terms.asset,
        bounty=terms.bounty,
    )
    if terms.asset != empty(address):
        self._records[id].asset = terms.asset
        tokens._take(terms.asset, terms.bounty)
    return id


@external
def cancel(id: bytes32):
    """
    @notice The owner takes back a campaign that has not been opened.
    """
    assert msg.sender == self._records[id].owner, "sonar: caller is not the owner"
    self._call_off(id)
    log ISonar.CampaignCancelled(id=id)


@external
def decline(id: bytes32, reason: String[128]):
    """
    @notice The capsule refuses a campaign that it has not opened.
    """
    assert msg.sender == self._judge(id).capsule, "sonar: caller is not the capsule"
    self._call_off(id)
    log ISonar.CampaignDeclined(id=id, reason=reason)


@external
def open_campaign(id: bytes32, public_key: bytes32, model: bytes32, start: uint256):
    """
    @notice The capsule publishes key, encrypted model and measured starting
            accuracy; from now on mines may submit.
    """
    hot: uint256 = self._records[id].hot
    assert hot & slots.STATE_BITS == REQUESTED, "sonar: campaign is not requested"
    assert msg.sender == self._judge(id).capsule, "sonar: caller is not the capsule"
    assert block.timestamp < (hot >> slots.SUBMIT_UNTIL) & slots.BITS_36, (
        "sonar: time to submit is over"
    )
    assert public_key != empty(bytes32), "sonar: public key is empty"
    assert model != empty(bytes32), "sonar: model is empty"
    room: uint256 = (hot >> slots.TARGET) & slots.BITS_20
    room -= (hot >> slots.MIN_GAIN) & slots.BITS_20
    assert start <= room, "sonar: start leaves nothing to gain"

    hot = slots._with_state(hot, OPEN)
    self._records[id].hot = hot | (start << slots.START) | (start << slots.BEST)
    self._records[id].public_key = public_key
    self._records[id].model = model
    log ISonar.CampaignOpened(id=id, public_key=public_key, model=model, start=start)


# -------------------------------------------------------------------- THE RUN

@external
@payable
def submit(id: bytes32, update: bytes32) -> uint256:
    """
    @notice A mine queues an encrypted gradient, with stake and fee (approved,
            where the asset is an ERC-20).
    @return Its index in the campaign's queue.
    """
    hot: uint256 = self._records[id].hot
    price: uint256 = self._records[id].price
    index: uint256 = (hot >> slots.SUBMITTED) & slots.BITS_24
    assert hot & slots.STATE_BITS == OPEN, "sonar: campaign is not open"
    assert block.timestamp < (hot >> slots.SUBMIT_UNTIL) & slots.BITS_36, (
        "sonar: time to submit is over"
    )
    assert (hot >> slots.BEST) & slots.BITS_20 < (hot >> slots.TARGET) & slots.BITS_20, (
        "sonar: target is reached"
    )
    assert index - ((hot >> slots.EVALUATED) & slots.BITS_24) < price >> slots.MAX_PENDING, (
        "sonar: queue is full"
    )
    assert index < slots.BITS_24, "sonar: too many submissions"
    assert update != empty(bytes32), "sonar: update is empty"
    amount: uint256 = (price & slots.BITS_96) + ((price >> slots.FEE) & slots.BITS_96)
    assert msg.value == (amount if hot & slots.TOKEN_BIT == 0 else 0), (
        "sonar: value is not stake and fee"
    )

    self._records[id].hot = hot + slots.ONE_SUBMITTED
    self._queue[id][index] = self._entry(msg.sender, update)
    log ISonar.Submitted(id=id, index=index, miner=msg.sender, update=update)
    if hot & slots.TOKEN_BIT != 0:
        tokens._take(self._records[id].asset, amount)
    return index


@external
def report(id: bytes32, reports: DynArray[ISonar.Report, 32]):
    """
    @notice The capsule's verdicts on the head of the queue, strictly in order.
    @dev An entry is cleared once judged: `queued` is what still waits.
    """
    hot: uint256 = self._records[id].hot
    judge: uint256 = self._records[id].judge
    assert hot & slots.STATE_BITS == OPEN, "sonar: campaign is not open"
    assert convert(msg.sender, uint256) == judge & slots.BITS_160, "sonar: caller is not the capsule"
    assert block.timestamp < (hot >> slots.REVIEW_UNTIL) & slots.BITS_36, (
        "sonar: time to review is over"
    )
    assert len(reports) != 0, "sonar: no reports"

    target: uint256 = (hot >> slots.TARGET) & slots.BITS_20
    model: bytes32 = empty(bytes32)

    for item: ISonar.Report in reports:
        best: uint256 = (hot >> slots.BEST) & slots.BITS_20
        index: uint256 = (hot >> slots.EVALUATED) & slots.BITS_24
        assert best < target, "sonar: target is reached"
        # `_entry` and `_paid` are written out: this is the busiest loop. Beyond
        # the last submission the queue is empty, which no entry equals.
        assert self._queue[id][index] == keccak256(abi_encode(item.miner, item.update)), (
            "sonar: not the head of the queue"
        )
        self._queue[id][index] = empty(bytes32)
        hot = unsafe_add(hot, slots.ONE_EVALUATED)
        log ISonar.Reported(id=id, index=index, miner=item.miner, verdict=item.verdict)

        credit: uint256 = 0
        if item.verdict == IMPROVED:
            assert item.accuracy <= ONE_HUNDRED_PERCENT, "sonar: accuracy is over 100 %"
            assert item.model != empty(bytes32), "sonar: model is empty"
            accuracy: uint256 = min(item.accuracy, target)
            least: uint256 = unsafe_add(best, (hot >> slots.MIN_GAIN) & slots.BITS_20)
            assert accuracy >= min(least, target), "sonar: gain is under the minimum"
            start: uint256 = (hot >> slots.START) & slots.BITS_20
            denominator: uint256 = target
            if hot & slots.GAP_BASIS_BIT != 0:
                denominator = unsafe_sub(target, start)
            # bounty < 2**96, the others < 2**20, start <= best < accuracy <= target.
            credit = unsafe_sub(
                unsafe_div(unsafe_mul(judge >> slots.BOUNTY, unsafe_sub(accuracy, start)), denominator),
                unsafe_div(unsafe_mul(judge >> slots.BOUNTY, unsafe_sub(best, start)), denominator),
            )
            hot = unsafe_add(hot, unsafe_sub(accuracy, best) << slots.BEST)
            hot = unsafe_add(hot, slots.ONE_VERSION)
            model = item.model
            log ISonar.Improved(
                id=id,
                index=index,
                version=(hot >> slots.VERSION) & slots.BITS_20,
                accuracy=accuracy,
                payout=credit,
                model=model,
            )
        else:
            assert item.verdict != 0 and item.verdict <= UNAVAILABLE, "sonar: unknown verdict"
            assert item.accuracy == 0, "sonar: accuracy without a gain"
            assert item.model == empty(bytes32), "sonar: model without a gain"

        if item.verdict > NO_GAIN:
            hot = unsafe_add(hot, slots.ONE_FORFEITED)
        else:
            if hot & slots.STAKED_BIT != 0:
                credit = unsafe_add(credit, slots.ONE_STAKE)
            if credit != 0:
                self._credits[id][item.miner] += credit

    self._records[id].hot = hot
    if model != empty(bytes32):
        self._records[id].model = model


@external
def reclaim(id: bytes32, index: uint256, update: bytes32):
    """
    @notice A miner takes stake and fee of a submission that will never be
            judged; `claim` pays them at once.
    """
    hot: slots.Hot = self._hot(id)
    assert hot.state >= OPEN, "sonar: campaign is not open"
    assert hot.best == hot.target or block.timestamp >= hot.review_until, (
        "sonar: it may still be evaluated"
    )
    # Judged entries are cleared as reclaimed ones are, so this refuses both.
    assert index < slots.COUNT_LIMIT, "sonar: no such submission of the caller"
    assert self._queue[id][index] == self._entry(msg.sender, update), (
        "sonar: no such submission of the caller"
    )
    self._queue[id][index] = empty(bytes32)
    self._credits[id][msg.sender] += slots.ONE_RETURN
    price: slots.Price = slots._unpack_price(self._records[id].price)
    log ISonar.Reclaimed(
        id=id, index=index, miner=msg.sender, amount=price.stake + price.fee
    )


# -------------------------------------------------------------- AFTER THE RUN

@external
def deliver(id: bytes32, result: bytes32):
    """
    @notice The capsule names the sealed result: once the campaign is finished,
            or after its settlement, when it no longer moves any money.
    @dev May be repeated; the last one counts. A result is sealed anew, with
         another address, whenever the scientist could not fetch or open it.
    """
    hot: slots.Hot = self._hot(id)
    assert msg.sender == self._judge(id).capsule, "sonar: caller is not the capsule"
    assert result != empty(bytes32), "sonar: result is empty"
    assert self._records[id].model != empty(bytes32), "sonar: campaign was never opened"
    assert hot.state == SETTLED or self._finished(hot), "sonar: campaign is not finished"
    self._records[id].result = result
    log ISonar.Delivered(id=id, result=result)


@external
def settle(id: bytes32):
    """
    @notice Anybody ends a campaign: one never opened when the time to submit is
            over; one finished and delivered; any when the time to review is over.
    """
    word: uint256 = self._records[id].hot
    hot: slots.Hot = slots._unpack_hot(word)
    if hot.state == REQUESTED:
        assert block.timestamp >= hot.submit_until, "sonar: it may still be opened"
    else:
        assert hot.state == OPEN, "sonar: nothing to settle"
        if block.timestamp < hot.review_until:
            assert self._finished(hot), "sonar: campaign is not finished"
            assert self._records[id].result != empty(bytes32), "sonar: result is not delivered"

    judge: slots.Judge = self._judge(id)
    price: slots.Price = slots._unpack_price(self._records[id].price)
    paid: uint256 = self._paid(word, judge.bounty, hot.best)
    refund: uint256 = judge.bounty - paid
    fees: uint256 = price.fee * hot.evaluated
    burned: uint256 = price.stake * hot.forfeited

    self._records[id].hot = slots._with_state(word, SETTLED)
    self._owe(id, self._records[id].owner, refund)
    self._owe(id, judge.capsule, fees)
    # Nobody may hold up a settlement: no token is called here (`claim` sends its
    # burned stakes, for anybody), and no refusal by the burn address matters.
    if burned != 0:
        if hot.token or not raw_call(BURN, b"", value=burned, revert_on_failure=False):
            self._owe(id, BURN, burned)
    log ISonar.Settled(id=id, paid=paid, refund=refund, fees=fees, burned=burned)


@external
def claim(id: bytes32, to: address) -> uint256:
    """
    @notice Sends all that the campaign owes the caller now: stakes at once;
            payouts, refund and fees after settlement.
    @dev With the burn address as receiver it sends, for whoever calls, the
         burned stakes that `settle` left: those in tokens.
    @param to Where to send it; an account that cannot receive names another.
    @return The amount sent.
    """
    assert to != empty(address), "sonar: receiver is empty"
    assert to != self, "sonar: receiver is Sonar"
    account: address = BURN if to == BURN else msg.sender
    hot: uint256 = self._records[id].hot
    state: uint256 = hot & slots.STATE_BITS
    credit: uint256 = self._credits[id][account]
    amount: uint256 = self._due(id, state, credit)
    assert amount != 0, "sonar: nothing to claim"

    self._credits[id][account] = 0 if state == SETTLED else credit & slots.BITS_128
    log ISonar.Claimed(id=id, account=account, to=to, amount=amount)
    if hot & slots.TOKEN_BIT != 0:
        tokens._give(self._records[id].asset, to, amount)
    else:
        assert raw_call(to, b"", value=amount, revert_on_failure=False), "sonar: receiver refused"
    return amount


# ---------------------------------------------------------------------- VIEWS

@external
@view
def campaign(id: bytes32) -> ISonar.Campaign:
    """
    @notice Everything about a campaign; all zero if there is none.
    """
    hot: slots.Hot = self._hot(id)
    judge: slots.Judge = self._judge(id)
    price: slots.Price = slots._unpack_price(self._records[id].price)
    return ISonar.Campaign(
        owner=self._records[id].owner,
        state=hot.state,
        terms=ISonar.Terms(
            spec=self._records[id].spec,
            capsule=judge.capsule,
            asset=self._records[id].asset,
            bounty=judge.bounty,
            stake=price.stake,
            fee=price.fee,
            target=hot.target,
            min_gain=hot.min_gain,
            submit_until=hot.submit_until,
            review_until=hot.review_until,
            max_pending=price.max_pending,
            gap_basis=hot.gap_basis,
        ),
        public_key=self._records[id].public_key,
        model=self._records[id].model,
        version=hot.version,
        start=hot.start,
        best=hot.best,
        submitted=hot.submitted,
        evaluated=hot.evaluated,
        forfeited=hot.forfeited,
        paid=0 if hot.state == 0 else self._paid(self._records[id].hot, judge.bounty, hot.best),
        result=self._records[id].result,
    )


@external
@view
def campaign_id(owner: address, spec: bytes32, salt: bytes32) -> bytes32:
    """
    @notice The id that a campaign of this owner, spec and salt has or will have.
    """
    return self._id(owner, spec, salt)


@external
@view
def certificate(capsule: address) -> bytes32:
    """
    @notice The capsule's current certificate; empty if it never registered one.
    """
    return self._certificates[capsule]


@external
@view
def queued(id: bytes32, index: uint256) -> bytes32:
    """
    @notice keccak256(abi_encode(miner, update)) of a submission that waits;
            empty once it was judged or reclaimed.
    """
    if index >= slots.COUNT_LIMIT:
        return empty(bytes32)
    return self._queue[id][index]


@external
@view
def claimable(id: bytes32, account: address) -> uint256:
    """
    @notice What `claim` would send the account now.
    """
    return self._due(id, self._records[id].hot & slots.STATE_BITS, self._credits[id][account])


@external
@view
def owed(id: bytes32, account: address) -> uint256:
    """
    @notice What is credited to the account, whether it can be claimed now or
            only after settlement. Refund and fees are credited by settlement.
    """
    return self._due(id, SETTLED, self._credits[id][account])


# ------------------------------------------------------------------- INTERNAL

@internal
@view
def _check(terms: ISonar.Terms):
    assert terms.spec != empty(bytes32), "sonar: spec is empty"
    assert terms.capsule != empty(address), "sonar: capsule is empty"
    assert terms.capsule != msg.sender, "sonar: the owner cannot be the capsule"
    assert terms.bounty != 0, "sonar: bounty is zero"
    assert terms.bounty < slots.AMOUNT_LIMIT, "sonar: bounty is too large"
    assert terms.stake < slots.AMOUNT_LIMIT, "sonar: stake is too large"
    assert terms.fee < slots.AMOUNT_LIMIT, "sonar: fee is too large"
    assert terms.target <= ONE_HUNDRED_PERCENT, "sonar: target is over 100 %"
    assert terms.min_gain != 0, "sonar: minimum gain is zero"
    assert terms.min_gain <= terms.target, "sonar: minimum gain is over the target"
    assert block.timestamp < terms.submit_until, "sonar: time to submit is over"
    assert terms.submit_until <= block.timestamp + MAX_RUN, "sonar: time to submit is too long"
    assert terms.submit_until < terms.review_until, "sonar: review ends before submission"
    assert terms.review_until <= terms.submit_until + MAX_REVIEW, (
        "sonar: time to review is too long"
    )
    assert terms.max_pending != 0, "sonar: no submission may wait"
    assert terms.max_pending < slots.COUNT_LIMIT, "sonar: too many may wait"


@internal
@view
def _id(owner: address, spec: bytes32, salt: bytes32) -> bytes32:
    # A re-org cannot make a pending transaction land on another campaign.
    return keccak256(abi_encode(chain.id, self, owner, spec, salt))


@internal
@pure
def _entry(miner: address, update: bytes32) -> bytes32:
    return keccak256(abi_encode(miner, update))


@internal
@view
def _hot(id: bytes32) -> slots.Hot:
    return slots._unpack_hot(self._records[id].hot)


@internal
@view
def _judge(id: bytes32) -> slots.Judge:
    return slots._unpack_judge(self._records[id].judge)


@internal
@pure
def _paid(hot: uint256, bounty: uint256, best: uint256) -> uint256:
    # All that an accuracy of `best` has earned. A payout is a difference of two
    # such values: the roundings telescope, so there is no dust.
    start: uint256 = (hot >> slots.START) & slots.BITS_20
    denominator: uint256 = (hot >> slots.TARGET) & slots.BITS_20
    if hot & slots.GAP_BASIS_BIT != 0:
        denominator -= start
    return bounty * (best - start) // denominator


@internal
@view
def _finished(hot: slots.Hot) -> bool:
    return hot.state == OPEN and (
        hot.best == hot.target
        or (block.timestamp >= hot.submit_until and hot.evaluated == hot.submitted)
    )


@internal
@view
def _due(id: bytes32, state: uint256, packed: uint256) -> uint256:
    credit: slots.Credit = slots._unpack_credit(packed)
    amount: uint256 = 0
    if state == SETTLED:
        amount = credit.payout
    if credit.stakes + credit.returns != 0:
        price: slots.Price = slots._unpack_price(self._records[id].price)
        amount += price.stake * credit.stakes + (price.stake + price.fee) * credit.returns
    return amount


@internal
def _owe(id: bytes32, account: address, amount: uint256):
    if amount != 0:
        self._credits[id][account] += amount


@internal
def _call_off(id: bytes32):
    hot: uint256 = self._records[id].hot
    assert hot & slots.STATE_BITS == REQUESTED, "sonar: campaign is not requested"
    self._records[id].hot = slots._with_state(hot, SETTLED)
    self._owe(id, self._records[id].owner, self._judge(id).bounty)
