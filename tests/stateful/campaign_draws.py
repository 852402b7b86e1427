"""What the state machine draws: people, terms of campaigns, and verdicts on the head of a queue."""

from dataclasses import replace

from eth_utils import keccak, to_checksum_address
from hypothesis import strategies as st

from tests.builders.changes import with_fields
from tests.stateful.ledger_twin import DAY, ETHER, HOUR, IMPROVED, Campaign, Terms, Verdict


def account(name: str) -> str:
    """An address nobody has the key of."""
    return to_checksum_address(keccak(text=name)[:20])


SCIENTISTS = [account(f"scientist {n}") for n in range(2)]
CAPSULES = [account(f"capsule {n}") for n in range(2)]
MINERS = [account(f"miner {n}") for n in range(3)]
PEOPLE = [*SCIENTISTS, *CAPSULES, *MINERS, account("stranger")]

PPM = st.one_of(st.integers(0, 1_000_001), st.sampled_from([0, 1, 500_000, 999_999, 1_000_000, 1_000_001]))
AMOUNT = st.sampled_from([0, 1, 7, 2**96 - 1, 2**96, 2**256 - 1])
TOKENS = ("plain", "silent", "fickle")  # one answers nothing, one begins to lie


@st.composite
def sensible_terms(draw: st.DrawFn, time: int) -> Terms:
    """Terms that are accepted at `time`, with limits close enough to be reached."""
    target = draw(st.integers(1, 1_000_000))
    submit_until = time + draw(st.integers(100, 9_000))
    return Terms(
        capsule=draw(st.sampled_from(CAPSULES * 4 + PEOPLE)),
        asset=draw(st.sampled_from([ETHER, ETHER, *TOKENS])),
        bounty=draw(st.one_of(st.integers(1, 10**20), st.sampled_from([1, 2**96 - 1]))),
        stake=draw(st.one_of(st.integers(0, 1_000), st.just(2**96 - 1))),
        fee=draw(st.one_of(st.integers(0, 100), st.just(2**96 - 1))),
        target=target,
        min_gain=(min_gain := draw(st.integers(1, max(1, target // 20)))),
        max_start=draw(st.one_of(st.just(target - min_gain), st.integers(0, target - min_gain))),
        submit_until=submit_until,
        review_until=submit_until + draw(st.integers(HOUR, 9_000)),
        max_pending=draw(st.one_of(st.integers(1, 5), st.sampled_from([16, 33, 40]))),
        gap_basis=draw(st.booleans()),
    )


@st.composite
def odd_terms(draw: st.DrawFn, time: int) -> Terms:
    """Sensible terms with one field at or beyond an edge."""
    terms = draw(sensible_terms(time))
    odd: dict[str, st.SearchStrategy[object]] = {
        "capsule": st.sampled_from(SCIENTISTS),
        "bounty": AMOUNT,
        "stake": AMOUNT,
        "fee": AMOUNT,
        "target": PPM,
        "min_gain": st.one_of(PPM, st.sampled_from([terms.target, terms.target + 1])),
        "max_start": st.sampled_from([0, terms.target - terms.min_gain + 1, terms.target, 2**256 - 1]),
        "submit_until": st.sampled_from([time - 1, time, time + 1, time + 365 * DAY, time + 365 * DAY + 1]),
        "review_until": st.sampled_from([-1, 0, HOUR - 1, HOUR, 30 * DAY, 30 * DAY + 1]).map(
            terms.submit_until.__add__
        ),
        "max_pending": st.sampled_from([0, 1, 2**24 - 1, 2**24]),
    }
    name = draw(st.sampled_from(sorted(odd)))
    terms = with_fields(terms, {name: draw(odd[name])})
    if name == "submit_until":
        terms = replace(terms, review_until=terms.submit_until + HOUR)
    return terms


@st.composite
def verdicts(draw: st.DrawFn, campaign: Campaign) -> list[Verdict]:
    """Up to 33 reports, of which most are right."""
    drawn: list[Verdict] = []
    best, terms = campaign.best, campaign.terms
    waiting = campaign.queue[campaign.evaluated :] or campaign.queue[-1:]
    for submission in waiting[: draw(st.sampled_from([1, 1, 2, 3, 4, 31, 32, 33]))]:
        verdict = draw(st.sampled_from([1, 1, 1, 1, 2, 2, 2, 3, 4] + [0, 5] * (not drawn)))
        accuracy, has_model, miner = 0, False, submission.miner
        if verdict == IMPROVED:
            least = min(best + terms.min_gain, terms.target)
            near, far = st.integers(least, least + 50_000), st.integers(least, 1_000_000)
            accuracy = draw(st.one_of(near, far, st.sampled_from([least - 1, least, least + 1])))
            best, has_model = max(best, min(accuracy, terms.target)), True
        corrupt = draw(st.sampled_from(["nothing"] * 30 + ["miner", "model", "accuracy"]))
        if corrupt == "miner":
            miner = draw(st.sampled_from(MINERS))
        elif corrupt == "model":
            has_model = not has_model
        elif corrupt == "accuracy":
            accuracy = draw(PPM)
        drawn.append(Verdict(miner, submission.update, verdict, accuracy, has_model))
    return drawn
