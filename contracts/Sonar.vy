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
@dev Version 2. No owner, no admin, no pause, no upgrade, no `__default__`. Every
     promise is a difference of two values of `rules._paid`, so promises never add
     up to more than the bounty; every time-out lets anybody finish, so silence
     never locks money; money leaves by `claim` (and what is forfeited by `settle`)
     only. Storage and whatever changes it are in this file; modules keep no state:
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

VERSION: constant(uint256) = 2
BURN: constant(address) = 0x000000000000000000000000000000000000dEaD
# What a token gets to move what is burned: more than any honest one needs.
BURN_GAS: constant(uint256) = 200_000


# -------------------------------------------------------------------- STORAGE

# Two words that `submit` reads together: so both cost one hash.
struct Head:
    hot: uint256
    price: uint256


# Who is in it, and for what: written once, all three for one hash.
struct Request:
    judge: uint256
    owner: address
    spec: bytes32


# One campaign. The first five words are written at creation, two by
# `open_campaign`, `result` by `deliver`, `asset` only for an ERC-20.
struct Record:
    head: Head
    request: Request
    public_key: bytes32
    model: bytes32
    result: bytes32
    asset: address


_records: HashMap[bytes32, Record]
# What waits for a verdict: a ring of 2**ring places, of which `report` clears none.
# Only those from `evaluated` to below `submitted` mean anything; they never overlap,
# for no more than `max_pending` wait. An array saves the hash that a map would cost.
_queue: HashMap[bytes32, bytes32[slots.COUNT_LIMIT]]
_credits: HashMap[bytes32, HashMap[address, uint256]]    # slots.Credit, packed
_certificates: HashMap[address, bytes32]


# ------------------------------------------------------------ BEFORE THE RUN

@external
def register_capsule(certificate: bytes32):
    """
    @notice Publishes the caller's current OpenPGP certificate. Campaigns that
            name an earlier one keep it.
    @param certificate Its CID.
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
    @param terms What is promised; see `ISonar.Terms` and `limits`.
    @param salt Tells campaigns of one owner and one spec apart.
    @return The campaign's id, `campaign_id(caller, spec, salt)`.
    """
    return self._create(terms, salt)


@external
def create_campaign_with_permit(
    terms: ISonar.Terms, salt: bytes32, permit: ISonar.Permit
) -> bytes32:
    """
    @notice `create_campaign` with a bounty in a token that has EIP-2612 permits.
    @param terms What is promised.
    @param salt Tells campaigns of one owner and one spec apart.
    @param permit The caller's signature for Sonar to take exactly the bounty.
    @return The campaign's id.
    """
    tokens._permit(terms.asset, terms.bounty, permit)
    return self._create(terms, salt)


@external
def cancel(id: bytes32):
    """
    @notice The owner takes back a campaign to which nothing was ever submitted,
            opened or not.
    @param id The campaign.
    """
    assert msg.sender == self._records[id].request.owner, "sonar: caller is not the owner"
    hot: uint256 = self._records[id].head.hot
    if hot & slots.STATE_BITS == slots.OPEN:
        assert (hot >> slots.SUBMITTED) & slots.BITS_24 == 0, "sonar: there are submissions"
    else:
        assert hot & slots.STATE_BITS == slots.REQUESTED, "sonar: campaign is settled"
    self._call_off(id, hot, self._records[id].request.judge, msg.sender)
    log ISonar.CampaignCancelled(id=id)


@external
def decline(id: bytes32, reason: Bytes[128]):
    """
    @notice The capsule refuses a campaign that it has not opened.
    @param id The campaign.
    @param reason Why, meant as UTF-8 text, which nobody checks.
    """
    self._check_calldata((len(reason) + 31) & ~convert(31, uint256))
    hot: uint256 = self._records[id].head.hot
    judge: uint256 = self._records[id].request.judge
    assert convert(msg.sender, uint256) == judge & slots.BITS_160, (
        "sonar: caller is not the capsule"
    )
    assert hot & slots.STATE_BITS == slots.REQUESTED, "sonar: campaign is not requested"
    self._call_off(id, hot, judge, self._records[id].request.owner)
    log ISonar.CampaignDeclined(id=id, reason=reason)


@external
def open_campaign(id: bytes32, public_key: bytes32, model: bytes32, start: uint256):
    """
    @notice The capsule publishes key, encrypted model and measured starting
            accuracy; from now on mines may submit.
    @param id The campaign.
    @param public_key CID of the key that the model is encrypted to.
    @param model CID of the encrypted model, version 0.
    @param start Its accuracy, no more than the terms' `max_start`.
    """
    head: Head = self._records[id].head
    hot: uint256 = head.hot
    assert hot & slots.STATE_BITS == slots.REQUESTED, "sonar: campaign is not requested"
    assert convert(msg.sender, uint256) == self._records[id].request.judge & slots.BITS_160, (
        "sonar: caller is not the capsule"
    )
    assert block.timestamp < (hot >> slots.SUBMIT_UNTIL) & slots.BITS_34, (
        "sonar: time to submit is over"
    )
    assert public_key != empty(bytes32), "sonar: public key is empty"
    assert model != empty(bytes32), "sonar: model is empty"
    # `limits` has seen to it that this leaves room for one gain.
    assert start <= (head.price >> slots.MAX_START) & slots.BITS_20, "sonar: start is over its maximum"

    hot = slots._with_state(hot, slots.OPEN)
    self._records[id].head.hot = hot | (start << slots.START) | (start << slots.BEST)
    self._records[id].public_key = public_key
    self._records[id].model = model
    log ISonar.CampaignOpened(id=id, public_key=public_key, model=model, start=start)


# -------------------------------------------------------------------- THE RUN

@external
@payable
def submit(id: bytes32, update: bytes32, miner: address) -> uint256:
    """
    @notice Queues a miner's encrypted gradient, with stake and fee (approved,
            where the asset is an ERC-20). Anybody may, for any miner: the seal of
            the gradient names the miner, and only the miner is ever paid.
    @param id The campaign.
    @param update CID of the sealed gradient.
    @param miner Who made it, and is owed what it earns and what comes back.
    @return Its index among the campaign's submissions.
    """
    return self._submit(id, update, miner)


@external
def submit_with_permit(
    id: bytes32, update: bytes32, miner: address, permit: ISonar.Permit
) -> uint256:
    """
    @notice `submit` to a campaign in a token that has EIP-2612 permits.
    @param id The campaign.
    @param update CID of the sealed gradient.
    @param miner Who made it.
    @param permit The caller's signature for Sonar to take exactly stake and fee.
    @return Its index among the campaign's submissions.
    """
    price: uint256 = self._records[id].head.price
    amount: uint256 = (price & slots.BITS_96) + ((price >> slots.FEE) & slots.BITS_96)
    tokens._permit(self._records[id].asset, amount, permit)
    return self._submit(id, update, miner)


@external
def report(id: bytes32, reports: DynArray[ISonar.Report, 32]):
    """
    @notice The capsule's verdicts on the head of the queue, strictly in order.
    @param id The campaign.
    @param reports One for each submission judged, from the first that waits on.
    """
    self._check_calldata(160 * len(reports))
    hot: uint256 = self._records[id].head.hot
    judge: uint256 = self._records[id].request.judge
    assert hot & slots.STATE_BITS == slots.OPEN, "sonar: campaign is not open"
    assert convert(msg.sender, uint256) == judge & slots.BITS_160, (
        "sonar: caller is not the capsule"
    )
    assert block.timestamp < rules._review_until(hot), "sonar: time to review is over"
    assert len(reports) != 0, "sonar: no reports"

    target: uint256 = (hot >> slots.TARGET) & slots.BITS_20
    best: uint256 = (hot >> slots.BEST) & slots.BITS_20
    first: uint256 = (hot >> slots.EVALUATED) & slots.BITS_24
    index: uint256 = first
    # Behind the last submission lie old ones.
    assert unsafe_add(first, len(reports)) <= (hot >> slots.SUBMITTED) & slots.BITS_24, (
        "sonar: not the head of the queue"
    )
    ring: uint256 = ~(max_value(uint256) << (hot >> slots.RING))
    verdicts: uint256 = 0
    stake: uint256 = slots.ONE_STAKE if hot & slots.STAKED_BIT != 0 else 0
    model: bytes32 = empty(bytes32)

    for item: ISonar.Report in reports:
        assert best < target, "sonar: target is reached"
        assert self._queue[id][index & ring] == keccak256(abi_encode(item.miner, item.update)), (
            "sonar: not the head of the queue"
        )
        verdicts = (verdicts << 8) | item.verdict

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
                unsafe_div(unsafe_mul(judge >> slots.BOUNTY, unsafe_sub(accuracy, start)), denominator),
                unsafe_div(unsafe_mul(judge >> slots.BOUNTY, unsafe_sub(best, start)), denominator),
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

    log ISonar.Verdicts(
        id=id,
        first=first,
        verdicts=convert(verdicts << unsafe_sub(256, len(reports) << 3), bytes32),
    )
    self._records[id].head.hot = slots._with_turn(unsafe_add(hot, len(reports) << slots.EVALUATED))
    if model != empty(bytes32):
        self._records[id].model = model


@external
def reclaim(id: bytes32, index: uint256, update: bytes32, miner: address):
    """
    @notice Credits a miner with stake and fee of a submission that will never be
            judged; `claim` pays them at once. Anybody may.
    @param id The campaign.
    @param index The submission, as `submit` returned it.
    @param update Its CID.
    @param miner Its miner.
    """
    head: Head = self._records[id].head
    hot: uint256 = head.hot
    price: uint256 = head.price
    assert hot & slots.STATE_BITS > slots.REQUESTED, "sonar: campaign is not open"
    if (
        hot & slots.STATE_BITS == slots.OPEN
        and (hot >> slots.BEST) & slots.BITS_20 != (hot >> slots.TARGET) & slots.BITS_20
    ):
        assert block.timestamp >= rules._review_until(hot), "sonar: it may still be evaluated"
    assert (
        index >= (hot >> slots.EVALUATED) & slots.BITS_24
        and index < (hot >> slots.SUBMITTED) & slots.BITS_24
    ), "sonar: no such submission"
    place: uint256 = index & ~(max_value(uint256) << (hot >> slots.RING))
    assert self._queue[id][place] == keccak256(abi_encode(miner, update)), "sonar: no such submission"
    # From here on nothing is reported any more, so nothing comes to this place again.
    self._queue[id][place] = empty(bytes32)
    self._credits[id][miner] += slots.ONE_RETURN
    log ISonar.Reclaimed(
        id=id,
        index=index,
        miner=miner,
        amount=unsafe_add(price & slots.BITS_96, (price >> slots.FEE) & slots.BITS_96),
    )


# -------------------------------------------------------------- AFTER THE RUN

@external
def deliver(id: bytes32, result: bytes32):
    """
    @notice The capsule names the sealed result: once the campaign is finished;
            or after a settlement without one, when it no longer moves any money.
    @dev May be repeated until the settlement: a result is sealed anew, with another
         address, whenever the scientist could not fetch or open it. Then it is final.
    @param id The campaign.
    @param result CID of the result.
    """
    assert convert(msg.sender, uint256) == self._records[id].request.judge & slots.BITS_160, (
        "sonar: caller is not the capsule"
    )
    assert result != empty(bytes32), "sonar: result is empty"
    hot: uint256 = self._records[id].head.hot
    if hot & slots.STATE_BITS == slots.OPEN:
        assert rules._finished(hot), "sonar: campaign is not finished"
    else:
        assert self._records[id].model != empty(bytes32), "sonar: campaign was never opened"
        assert self._records[id].result == empty(bytes32), "sonar: result is final"
    self._records[id].result = result
    log ISonar.Delivered(id=id, result=result)


@external
def settle(id: bytes32):
    """
    @notice Anybody ends a campaign: one never opened when the time to submit is
            over; one finished and delivered; one whose capsule was silent for as
            long as it may review; any when the time to review is over. Who has
            delivered nothing gets no fees: they go back to the scientist.
    @param id The campaign.
    """
    head: Head = self._records[id].head
    hot: uint256 = head.hot
    delivered: bool = False
    if hot & slots.STATE_BITS == slots.REQUESTED:
        assert block.timestamp >= (hot >> slots.SUBMIT_UNTIL) & slots.BITS_34, (
            "sonar: it may still be opened"
        )
    else:
        assert hot & slots.STATE_BITS == slots.OPEN, "sonar: nothing to settle"
        # Only what is finished gets a result, and it stays finished.
        delivered = self._records[id].result != empty(bytes32)
        if not delivered:
            if block.timestamp < rules._review_until(hot) and not rules._is_silent(hot):
                assert rules._finished(hot), "sonar: campaign is not finished"
                raise "sonar: result is not delivered"

    judge: uint256 = self._records[id].request.judge
    bounty: uint256 = judge >> slots.BOUNTY
    price: uint256 = head.price
    paid: uint256 = rules._paid(hot, bounty)
    refund: uint256 = bounty - paid
    # Amounts are below 2**96, counts below 2**24.
    fees: uint256 = unsafe_mul(
        (price >> slots.FEE) & slots.BITS_96, (hot >> slots.EVALUATED) & slots.BITS_24
    )
    burned: uint256 = unsafe_mul(price & slots.BITS_96, (hot >> slots.FORFEITED) & slots.BITS_24)

    self._records[id].head.hot = slots._with_state(hot, slots.SETTLED)
    if fees != 0:
        if not delivered:
            refund = unsafe_add(refund, fees)
            fees = 0
        else:
            self._credits[id][convert(judge & slots.BITS_160, address)] += fees
    if refund != 0:
        self._credits[id][self._records[id].request.owner] += refund
    log ISonar.Settled(id=id, paid=paid, refund=refund, fees=fees, burned=burned)
    if burned != 0:
        self._burn(id, hot, burned)


@external
def claim(id: bytes32, account: address, to: address) -> uint256:
    """
    @notice Sends all that the campaign owes an account now: stakes at once;
            payouts, refund and fees after settlement. Anybody may have it sent to
            the account itself; only the account sends it elsewhere.
    @param id The campaign.
    @param account Who is owed it; the burn address for what could not be burned.
    @param to Where to send it; an account that cannot receive names another.
    @return The amount sent.
    """
    assert to != empty(address), "sonar: receiver is empty"
    assert to != self, "sonar: receiver is Sonar"
    assert to == account or msg.sender == account, "sonar: receiver is not the account"
    hot: uint256 = self._records[id].head.hot
    credit: uint256 = self._credits[id][account]
    amount: uint256 = 0
    if credit > slots.BITS_128:
        price: uint256 = self._records[id].head.price
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


@external
@reentrant
def burn(asset: address, amount: uint256):
    """
    @notice For Sonar alone, which calls it while it settles: so that whatever a
            token does then is undone as a whole, or stands.
    @param asset The token.
    @param amount What was forfeited.
    """
    assert msg.sender == self, "sonar: caller is not Sonar"
    tokens._give(asset, BURN, amount)


# ---------------------------------------------------------------------- VIEWS

@external
@view
def campaign(id: bytes32) -> ISonar.Campaign:
    """
    @notice Everything about a campaign; all zero if there is none.
    @param id The campaign.
    """
    hot: slots.Hot = slots._unpack_hot(self._records[id].head.hot)
    judge: slots.Judge = slots._unpack_judge(self._records[id].request.judge)
    price: slots.Price = slots._unpack_price(self._records[id].head.price)
    return ISonar.Campaign(
        owner=self._records[id].request.owner,
        state=hot.state,
        terms=ISonar.Terms(
            spec=self._records[id].request.spec,
            capsule=judge.capsule,
            asset=self._records[id].asset,
            bounty=judge.bounty,
            stake=price.stake,
            fee=price.fee,
            target=hot.target,
            min_gain=hot.min_gain,
            max_start=price.max_start,
            submit_until=hot.submit_until,
            review_until=hot.submit_until + hot.review,
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
    @param owner Who creates it.
    @param spec CID of its spec.
    @param salt As given to `create_campaign`.
    """
    return self._id(owner, spec, salt)


@external
@view
def certificate(capsule: address) -> bytes32:
    """
    @notice The capsule's current certificate; empty if it never registered one.
    @param capsule Its account.
    """
    return self._certificates[capsule]


@external
@view
def queued(id: bytes32, index: uint256) -> bytes32:
    """
    @notice keccak256(abi_encode(miner, update)) of a submission that waits;
            empty once it was judged or reclaimed.
    @param id The campaign.
    @param index The submission, as `submit` returned it.
    """
    hot: slots.Hot = slots._unpack_hot(self._records[id].head.hot)
    if index < hot.evaluated or index >= hot.submitted:
        return empty(bytes32)
    return self._queue[id][index & ~(max_value(uint256) << hot.ring)]


@external
@view
def claimable(id: bytes32, account: address) -> uint256:
    """
    @notice What `claim` would send for the account now.
    @param id The campaign.
    @param account Who is owed it.
    """
    settled: bool = self._records[id].head.hot & slots.STATE_BITS == slots.SETTLED
    return self._due(id, account, settled)


@external
@view
def owed(id: bytes32, account: address) -> uint256:
    """
    @notice What is credited to the account, whether it can be claimed now or
            only after settlement. Refund and fees are credited by settlement.
    @param id The campaign.
    @param account Who is owed it.
    """
    return self._due(id, account, True)


@external
@pure
def version() -> uint256:
    """
    @notice Which Sonar this is. Agents use no other than they know.
    """
    return VERSION


# ------------------------------------------------------------------- INTERNAL

@internal
@payable
def _create(terms: ISonar.Terms, salt: bytes32) -> bytes32:
    limits._check(terms)
    id: bytes32 = self._id(msg.sender, terms.spec, salt)
    assert self._records[id].head.hot == 0, "sonar: campaign exists"
    assert msg.value == (terms.bounty if terms.asset == empty(address) else 0), (
        "sonar: value is not the bounty"
    )

    head: Head = Head(
        hot=slots.REQUESTED | slots._pack_limits(
            terms.gap_basis,
            terms.stake != 0,
            terms.asset != empty(address),
            terms.target,
            terms.min_gain,
            terms.submit_until,
            unsafe_sub(terms.review_until, terms.submit_until),
            slots._ring(terms.max_pending),
        ),
        price=slots._pack_price(
            slots.Price(
                stake=terms.stake,
                fee=terms.fee,
                max_start=terms.max_start,
                max_pending=terms.max_pending,
            )
        ),
    )
    self._records[id].head = head
    self._records[id].request = Request(
        judge=slots._pack_judge(slots.Judge(capsule=terms.capsule, bounty=terms.bounty)),
        owner=msg.sender,
        spec=terms.spec,
    )
    log ISonar.CampaignCreated(
        id=id,
        owner=msg.sender,
        capsule=terms.capsule,
        spec=terms.spec,
        asset=terms.asset,
        bounty=terms.bounty,
        limits=head.hot,
        price=head.price,
        salt=salt,
    )
    if terms.asset != empty(address):
        self._records[id].asset = terms.asset
        tokens._take(terms.asset, terms.bounty)
    return id


@internal
@payable
def _submit(id: bytes32, update: bytes32, miner: address) -> uint256:
    head: Head = self._records[id].head
    index: uint256 = (head.hot >> slots.SUBMITTED) & slots.BITS_24
    waiting: uint256 = unsafe_sub(index, (head.hot >> slots.EVALUATED) & slots.BITS_24)
    assert head.hot & slots.STATE_BITS == slots.OPEN, "sonar: campaign is not open"
    assert block.timestamp < (head.hot >> slots.SUBMIT_UNTIL) & slots.BITS_34, (
        "sonar: time to submit is over"
    )
    assert (head.hot >> slots.BEST) & slots.BITS_20 < (head.hot >> slots.TARGET) & slots.BITS_20, (
        "sonar: target is reached"
    )
    assert waiting < head.price >> slots.MAX_PENDING, "sonar: queue is full"
    assert index < slots.BITS_24, "sonar: too many submissions"
    assert update != empty(bytes32), "sonar: update is empty"
    assert miner != empty(address), "sonar: miner is empty"
    assert miner != self, "sonar: miner is Sonar"

    self._queue[id][index & ~(max_value(uint256) << (head.hot >> slots.RING))] = keccak256(
        abi_encode(miner, update)
    )
    if waiting == 0:
        # As `slots._with_turn`, written out: this is the busiest call.
        head.hot = (head.hot & slots.NO_SINCE) | (
            ((block.timestamp >> slots.TICK_BITS) & slots.BITS_18) << slots.SINCE
        )
    self._records[id].head.hot = unsafe_add(head.hot, slots.ONE_SUBMITTED)
    log ISonar.Submitted(id=id, index=index, miner=miner, update=update)

    if head.hot & slots.TOKEN_BIT == 0:
        assert msg.value == unsafe_add(
            head.price & slots.BITS_96, (head.price >> slots.FEE) & slots.BITS_96
        ), "sonar: value is not stake and fee"
    else:
        assert msg.value == 0, "sonar: value is not stake and fee"
        tokens._take(
            self._records[id].asset,
            unsafe_add(head.price & slots.BITS_96, (head.price >> slots.FEE) & slots.BITS_96),
        )
    return index


@internal
@view
def _check_calldata(tail: uint256):
    # Vyper reads what is missing of a list or a text as zeros. A call whose last of two
    # arguments is one has exactly this length, and its offset is this.
    assert len(msg.data) == 100 + tail, "sonar: call is cut short or padded"
    assert convert(slice(msg.data, 36, 32), uint256) == 64, "sonar: call is cut short or padded"


@internal
def _call_off(id: bytes32, hot: uint256, judge: uint256, owner: address):
    self._records[id].head.hot = slots._with_state(hot, slots.SETTLED)
    self._credits[id][owner] += judge >> slots.BOUNTY


@internal
def _burn(id: bytes32, hot: uint256, amount: uint256):
    # Nobody may hold up a settlement: what does not arrive is kept for the burn
    # address. Nor may the caller have it fail for want of gas. Ether goes with the
    # 2,300 gas that the machine gives, a token gets `BURN_GAS`.
    done: bool = False
    if hot & slots.TOKEN_BIT == 0:
        done = raw_call(BURN, b"", value=amount, gas=0, revert_on_failure=False)
    else:
        assert msg.gas > BURN_GAS + BURN_GAS // 32, "sonar: too little gas to burn"
        done = raw_call(
            self,
            abi_encode(self._records[id].asset, amount, method_id=method_id("burn(address,uint256)")),
            gas=BURN_GAS,
            revert_on_failure=False,
        )
    if done:
        log ISonar.Claimed(id=id, account=BURN, to=BURN, amount=amount)
    else:
        self._credits[id][BURN] += amount


@internal
@view
def _due(id: bytes32, account: address, settled: bool) -> uint256:
    # `claim` computes the same, written out.
    credit: slots.Credit = slots._unpack_credit(self._credits[id][account])
    price: slots.Price = slots._unpack_price(self._records[id].head.price)
    amount: uint256 = price.stake * (credit.stakes + credit.returns) + price.fee * credit.returns
    if settled:
        amount += credit.payout
    return amount


@internal
@view
def _id(owner: address, spec: bytes32, salt: bytes32) -> bytes32:
    # A re-org cannot make a pending transaction land on another campaign.
    return keccak256(abi_encode(chain.id, self, owner, spec, salt))
