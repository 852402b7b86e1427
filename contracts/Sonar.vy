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
     is a difference of two values of `rules._paid`, so promises never add up to
     more than the bounty; every time-out lets anybody finish, so silence never
     locks money; money leaves by `claim` (and burned ether by `settle`) only.
     Storage and whatever changes it are in this file; modules keep no state:
     `slots` packs, `limits` checks the terms, `rules` computes, `tokens` moves.
@custom:kill Nothing can stop it. Campaigns end by their own times; a new version
             is a new address.
"""

from contracts.interfaces import ISonar
from contracts.modules import limits
from contracts.modules import rules
from contracts.modules import slots
from contracts.modules import tokens

implements: ISonar


# ------------------------------------------------------------------ CONSTANTS

IMPROVED: constant(uint256) = 1
NO_GAIN: constant(uint256) = 2
UNAVAILABLE: constant(uint256) = 4

BURN: constant(address) = 0x000000000000000000000000000000000000dEaD


# -------------------------------------------------------------------- STORAGE

# Two words that are mostly read together: so both cost one hash.
struct Head:
    hot: uint256
    judge: uint256


# One campaign. The first five words are written at creation, two by
# `open_campaign`, `result` by `deliver`, `asset` only for an ERC-20.
struct Record:
    head: Head
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
    limits._check(terms)
    id: bytes32 = self._id(msg.sender, terms.spec, salt)
    assert self._records[id].head.hot == 0, "sonar: campaign exists"
    assert msg.value == (terms.bounty if terms.asset == empty(address) else 0), (
        "sonar: value is not the bounty"
    )

    self._records[id].head = Head(
        hot=slots.REQUESTED | slots._pack_limits(
            terms.gap_basis,
            terms.stake != 0,
            terms.asset != empty(address),
            terms.target,
            terms.min_gain,
            terms.submit_until,
            terms.review_until,
        ),
        judge=slots._pack_judge(slots.Judge(capsule=terms.capsule, bounty=terms.bounty)),
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
    self._call_off(id, self._records[id].head, msg.sender)
    log ISonar.CampaignCancelled(id=id)


@external
def decline(id: bytes32, reason: String[128]):
    """
    @notice The capsule refuses a campaign that it has not opened.
    """
    head: Head = self._records[id].head
    assert convert(msg.sender, uint256) == head.judge & slots.BITS_160, (
        "sonar: caller is not the capsule"
    )
    self._call_off(id, head, self._records[id].owner)
    log ISonar.CampaignDeclined(id=id, reason=reason)


@external
def open_campaign(id: bytes32, public_key: bytes32, model: bytes32, start: uint256):
    """
    @notice The capsule publishes key, encrypted model and measured starting
            accuracy; from now on mines may submit.
    """
    head: Head = self._records[id].head
    hot: uint256 = head.hot
    assert hot & slots.STATE_BITS == slots.REQUESTED, "sonar: campaign is not requested"
    assert convert(msg.sender, uint256) == head.judge & slots.BITS_160, (
        "sonar: caller is not the capsule"
    )
    assert block.timestamp < (hot >> slots.SUBMIT_UNTIL) & slots.BITS_36, (
        "sonar: time to submit is over"
    )
    assert public_key != empty(bytes32), "sonar: public key is empty"
    assert model != empty(bytes32), "sonar: model is empty"
    room: uint256 = (hot >> slots.TARGET) & slots.BITS_20
    room -= (hot >> slots.MIN_GAIN) & slots.BITS_20
    assert start <= room, "sonar: start leaves nothing to gain"

    hot = slots._with_state(hot, slots.OPEN)
    self._records[id].head.hot = hot | (start << slots.START) | (start << slots.BEST)
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
    hot: uint256 = self._records[id].head.hot
    price: uint256 = self._records[id].price
    index: uint256 = (hot >> slots.SUBMITTED) & slots.BITS_24
    assert hot & slots.STATE_BITS == slots.OPEN, "sonar: campaign is not open"
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

    self._records[id].head.hot = hot + slots.ONE_SUBMITTED
    self._queue[id][index] = keccak256(abi_encode(msg.sender, update))
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
    head: Head = self._records[id].head
    hot: uint256 = head.hot
    assert hot & slots.STATE_BITS == slots.OPEN, "sonar: campaign is not open"
    assert convert(msg.sender, uint256) == head.judge & slots.BITS_160, (
        "sonar: caller is not the capsule"
    )
    assert block.timestamp < hot >> slots.REVIEW_UNTIL, "sonar: time to review is over"
    assert len(reports) != 0, "sonar: no reports"

    target: uint256 = (hot >> slots.TARGET) & slots.BITS_20
    best: uint256 = (hot >> slots.BEST) & slots.BITS_20
    index: uint256 = (hot >> slots.EVALUATED) & slots.BITS_24
    stake: uint256 = slots.ONE_STAKE if hot & slots.STAKED_BIT != 0 else 0
    model: bytes32 = empty(bytes32)

    for item: ISonar.Report in reports:
        assert best < target, "sonar: target is reached"
        # Beyond the last submission the queue is empty, which no entry equals.
        assert self._queue[id][index] == keccak256(abi_encode(item.miner, item.update)), (
            "sonar: not the head of the queue"
        )
        self._queue[id][index] = empty(bytes32)
        log ISonar.Reported(id=id, index=index, miner=item.miner, verdict=item.verdict)

        credit: uint256 = stake
        if item.verdict == IMPROVED:
            assert item.accuracy <= limits.ONE_HUNDRED_PERCENT, "sonar: accuracy is over 100 %"
            assert item.model != empty(bytes32), "sonar: model is empty"
            accuracy: uint256 = min(item.accuracy, target)
            least: uint256 = unsafe_add(best, (hot >> slots.MIN_GAIN) & slots.BITS_20)
            assert accuracy >= least or accuracy == target, "sonar: gain is under the minimum"
            start: uint256 = (hot >> slots.START) & slots.BITS_20
            denominator: uint256 = target
            if hot & slots.GAP_BASIS_BIT != 0:
                denominator = unsafe_sub(target, start)
            # `rules._paid`, written out: this is the busiest loop. The bounty is below
            # 2**96, the others below 2**20, and start <= best < accuracy <= target.
            payout: uint256 = unsafe_sub(
                unsafe_div(unsafe_mul(head.judge >> slots.BOUNTY, unsafe_sub(accuracy, start)), denominator),
                unsafe_div(unsafe_mul(head.judge >> slots.BOUNTY, unsafe_sub(best, start)), denominator),
            )
            credit = unsafe_add(credit, payout)
            hot = unsafe_add(hot, unsafe_add(unsafe_sub(accuracy, best) << slots.BEST, slots.ONE_VERSION))
            best = accuracy
            model = item.model
            log ISonar.Improved(
                id=id,
                index=index,
                version=(hot >> slots.VERSION) & slots.BITS_20,
                accuracy=accuracy,
                payout=payout,
                model=model,
            )
        else:
            assert unsafe_sub(item.verdict, NO_GAIN) <= UNAVAILABLE - NO_GAIN, "sonar: unknown verdict"
            assert item.accuracy == 0, "sonar: accuracy without a gain"
            assert item.model == empty(bytes32), "sonar: model without a gain"
            if item.verdict != NO_GAIN:
                credit = 0
                hot = unsafe_add(hot, slots.ONE_FORFEITED)

        index = unsafe_add(index, 1)
        if credit != 0:
            self._credits[id][item.miner] += credit

    self._records[id].head.hot = unsafe_add(hot, len(reports) << slots.EVALUATED)
    if model != empty(bytes32):
        self._records[id].model = model


@external
def reclaim(id: bytes32, index: uint256, update: bytes32):
    """
    @notice A miner takes stake and fee of a submission that will never be
            judged; `claim` pays them at once.
    """
    hot: uint256 = self._records[id].head.hot
    price: uint256 = self._records[id].price
    assert hot & slots.STATE_BITS > slots.REQUESTED, "sonar: campaign is not open"
    if (hot >> slots.BEST) & slots.BITS_20 != (hot >> slots.TARGET) & slots.BITS_20:
        assert block.timestamp >= hot >> slots.REVIEW_UNTIL, "sonar: it may still be evaluated"
    # Judged entries are cleared as reclaimed ones are, so this refuses both.
    assert index < slots.COUNT_LIMIT, "sonar: no such submission of the caller"
    assert self._queue[id][index] == keccak256(abi_encode(msg.sender, update)), (
        "sonar: no such submission of the caller"
    )
    self._queue[id][index] = empty(bytes32)
    self._credits[id][msg.sender] += slots.ONE_RETURN
    log ISonar.Reclaimed(
        id=id,
        index=index,
        miner=msg.sender,
        amount=unsafe_add(price & slots.BITS_96, (price >> slots.FEE) & slots.BITS_96),
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
    head: Head = self._records[id].head
    assert convert(msg.sender, uint256) == head.judge & slots.BITS_160, (
        "sonar: caller is not the capsule"
    )
    assert result != empty(bytes32), "sonar: result is empty"
    if head.hot & slots.STATE_BITS == slots.OPEN:
        assert rules._finished(head.hot), "sonar: campaign is not finished"
    else:
        assert self._records[id].model != empty(bytes32), "sonar: campaign was never opened"
    self._records[id].result = result
    log ISonar.Delivered(id=id, result=result)


@external
def settle(id: bytes32):
    """
    @notice Anybody ends a campaign: one never opened when the time to submit is
            over; one finished and delivered; any when the time to review is over.
    """
    head: Head = self._records[id].head
    hot: uint256 = head.hot
    if hot & slots.STATE_BITS == slots.REQUESTED:
        assert block.timestamp >= (hot >> slots.SUBMIT_UNTIL) & slots.BITS_36, (
            "sonar: it may still be opened"
        )
    else:
        assert hot & slots.STATE_BITS == slots.OPEN, "sonar: nothing to settle"
        if block.timestamp < hot >> slots.REVIEW_UNTIL:
            assert rules._finished(hot), "sonar: campaign is not finished"
            assert self._records[id].result != empty(bytes32), "sonar: result is not delivered"

    bounty: uint256 = head.judge >> slots.BOUNTY
    price: uint256 = self._records[id].price
    paid: uint256 = rules._paid(hot, bounty)
    refund: uint256 = bounty - paid
    # Amounts are below 2**96, counts below 2**24.
    fees: uint256 = unsafe_mul(
        (price >> slots.FEE) & slots.BITS_96, (hot >> slots.EVALUATED) & slots.BITS_24
    )
    burned: uint256 = unsafe_mul(price & slots.BITS_96, (hot >> slots.FORFEITED) & slots.BITS_24)

    self._records[id].head.hot = slots._with_state(hot, slots.SETTLED)
    if refund != 0:
        self._credits[id][self._records[id].owner] += refund
    if fees != 0:
        self._credits[id][convert(head.judge & slots.BITS_160, address)] += fees
    # Nobody may hold up a settlement: no token is called here (`claim` sends its
    # burned stakes, for anybody), and no refusal by the burn address matters.
    if burned != 0:
        if hot & slots.TOKEN_BIT != 0 or not raw_call(BURN, b"", value=burned, revert_on_failure=False):
            self._credits[id][BURN] += burned
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
    hot: uint256 = self._records[id].head.hot
    credit: uint256 = self._credits[id][account]
    amount: uint256 = 0
    if credit > slots.BITS_128:
        price: uint256 = self._records[id].price
        returns: uint256 = credit >> slots.RETURNS
        # Stake for what was judged, stake and fee for what was reclaimed. Amounts are
        # below 2**96, counts below 2**32, the payout below 2**128.
        stakes: uint256 = unsafe_add((credit >> slots.STAKES) & slots.BITS_32, returns)
        amount = unsafe_add(
            unsafe_mul(price & slots.BITS_96, stakes),
            unsafe_mul((price >> slots.FEE) & slots.BITS_96, returns),
        )
        credit &= slots.BITS_128
    if hot & slots.STATE_BITS == slots.SETTLED:
        amount = unsafe_add(amount, credit)
        credit = 0
    assert amount != 0, "sonar: nothing to claim"

    self._credits[id][account] = credit
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
    hot: slots.Hot = slots._unpack_hot(self._records[id].head.hot)
    judge: slots.Judge = slots._unpack_judge(self._records[id].head.judge)
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
        paid=0 if hot.state == 0 else rules._paid(self._records[id].head.hot, judge.bounty),
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
    settled: bool = self._records[id].head.hot & slots.STATE_BITS == slots.SETTLED
    return self._due(id, account, settled)


@external
@view
def owed(id: bytes32, account: address) -> uint256:
    """
    @notice What is credited to the account, whether it can be claimed now or
            only after settlement. Refund and fees are credited by settlement.
    """
    return self._due(id, account, True)


# ------------------------------------------------------------------- INTERNAL

@internal
def _call_off(id: bytes32, head: Head, owner: address):
    assert head.hot & slots.STATE_BITS == slots.REQUESTED, "sonar: campaign is not requested"
    self._records[id].head.hot = slots._with_state(head.hot, slots.SETTLED)
    self._credits[id][owner] += head.judge >> slots.BOUNTY


@internal
@view
def _due(id: bytes32, account: address, settled: bool) -> uint256:
    # `claim` computes the same, written out.
    credit: slots.Credit = slots._unpack_credit(self._credits[id][account])
    price: slots.Price = slots._unpack_price(self._records[id].price)
    amount: uint256 = price.stake * (credit.stakes + credit.returns) + price.fee * credit.returns
    if settled:
        amount += credit.payout
    return amount


@internal
@view
def _id(owner: address, spec: bytes32, salt: bytes32) -> bytes32:
    # A re-org cannot make a pending transaction land on another campaign.
    return keccak256(abi_encode(chain.id, self, owner, spec, salt))
