"""Both mines decide alike: the same rules and facts give the same answer, word for word."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mine_agent.rules.decisions import Facts, decide
from mine_agent.rules.offer import Offer
from mine_agent.rules.pacing import Outcome, Past
from mine_agent.rules.policy_file import parse_policy
from mine_agent.rules.rewards import Cost
from pysonar.party.home.rules import ETHER_ADDRESS
from pysonar.protocol.cid import Cid
from tests.json_types import JsonObject
from tests.mine.mine_commands import is_built
from tests.mine_js.alike.asking import asking

pytestmark = pytest.mark.skipif(not is_built(), reason="Mine.js is not built: make build/stamps/mine-js")
Asked = Callable[[str, str], JsonObject]

ADDRESSES = [f"0x{digit * 40}" for digit in "12a"]
NAMES = ["a", "b", "größe", "__proto__", "constructor"]
PURPOSES = ["health", "finance", "unstated"]
AUDITORS = [Cid(bytes([number]) * 32) for number in (1, 2)]
WEI = st.one_of(st.integers(0, 10**6), st.integers(2**53 - 2, 2**53 + 2), st.integers(0, 10**30))
SECONDS = st.integers(0, 10_000)
FLAG = st.booleans()
HOURLY = ['"0"', '"1 wei"', '"1 gwei"', '"0.01 ETH"', '"7 ETH"']


def names(known: list[str]) -> st.SearchStrategy[str]:
    """A list as the rules write it: everything, nothing, or some."""
    some = st.lists(st.sampled_from(known), unique=True).map(
        lambda each: json.dumps(each, ensure_ascii=False)
    )
    return st.one_of(st.just('["any"]'), some)


RULES = st.fixed_dictionaries(
    {
        "scientists": names(ADDRESSES),
        "capsules": names(ADDRESSES),
        "assets": names(["ether", *ADDRESSES]),
        "fields": names(NAMES),
        "data_sets": names(["d", "e"]),
        "purposes": names(PURPOSES),
        "auditors": names([str(cid) for cid in AUDITORS]),
        "ask_first": st.sampled_from(["true", "false"]),
        "hours": st.sampled_from(['["any"]', "[]", '["22:00-06:00"]', '["08:30-12:00", "13:00-24:00"]']),
        "privacy": st.sampled_from(['"none"', '"differential"']),
        "networks": st.sampled_from(["true", "false"]),
        "minimum_submit_window": SECONDS.map(str),
        "minimum_review_window": SECONDS.map(str),
        "maximum_campaigns": st.integers(0, 3).map(str),
        "maximum_stake": WEI.map(lambda wei: f'"{wei % 2**90} wei"'),
        "minimum_reward": WEI.map(lambda wei: f'"{wei % 2**90} wei"'),
        "minimum_per_hour": st.sampled_from(HOURLY),
        "expected_share": st.floats(0, 1).map(lambda share: repr(round(share, 3))),
        "stake_risk": st.floats(0, 1).map(lambda share: repr(round(share, 3))),
        "margin": st.floats(0, 1000).map(lambda share: repr(round(share, 2))),
        "submissions": st.integers(0, 5).map(str),
        "no_gain_in_a_row": st.integers(0, 3).map(str),
        "no_gain_pause": st.integers(0, 500).map(str),
        "time_margin": st.integers(0, 100).map(str),
    }
)
OFFERS = st.builds(
    Offer,
    scientist=st.sampled_from(ADDRESSES),
    capsule=st.sampled_from(ADDRESSES),
    asset=st.sampled_from([ETHER_ADDRESS, *ADDRESSES]),
    fields=st.lists(st.sampled_from(NAMES), max_size=8).map(tuple),
    left=WEI,
    cost=st.builds(Cost, stake=WEI, fee=WEI, gas=WEI),
    floor=st.none() | st.tuples(st.sampled_from([0.5, 1.0, 8.0, 1e-3]), st.sampled_from([0.0, 1e-7, 1e-5])),
    network=FLAG,
    data=st.sampled_from(["d", "e"]),
    purpose=st.none() | st.sampled_from(PURPOSES),
    auditor=st.none() | st.sampled_from([str(cid) for cid in AUDITORS]),
    submit_window=st.none() | SECONDS,
    review_window=st.none() | SECONDS,
    minute=st.none() | st.integers(0, 1439),
    begun=FLAG,
    others=st.integers(0, 4),
    visit_seconds=st.none() | st.floats(0, 1e6) | st.sampled_from([1e-4, 0.25, 2.0]),
    payouts=st.lists(WEI, max_size=6).map(tuple),
    spent=WEI,
    word=st.sampled_from([None, "approved", "refused"]),
    symbol=st.sampled_from([None, "USDC"]),
    decimals=st.sampled_from([0, 6, 18]),
)
DIGESTS = st.sampled_from([b"\x01" * 32, b"\x02" * 32])
FACTS = st.builds(
    Facts,
    offer=OFFERS,
    lacking=st.lists(st.sampled_from(NAMES), max_size=7).map(tuple),
    closed=st.sampled_from([None, "the target is reached"]),
    past=st.lists(
        st.builds(Past, data=DIGESTS, base_model=DIGESTS, outcome=st.sampled_from(Outcome), decided=SECONDS),
        max_size=5,
    ).map(tuple),
    data=DIGESTS,
    model=DIGESTS,
    now=SECONDS,
)


@pytest.fixture(scope="module")
def mine_js() -> Iterator[Asked]:
    """`mine_js(rules, facts)`: what Mine.js decides; one process for all questions."""
    with asking("decide.mjs") as ask:
        yield lambda rules, facts: ask({"rules": rules, "facts": facts})


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules=RULES, facts=FACTS)
def test_the_same_rules_and_facts_give_the_same_decision_word_for_word(
    mine_js: Asked, rules: dict[str, str], facts: Facts
) -> None:
    text = "\n".join(f"{name} = {value}" for name, value in rules.items())
    by_python, by_node = decide(parse_policy(text, "the rules"), facts), mine_js(text, facts.to_json())

    assert by_node["answer"] == by_python.answer.value
    assert by_node["reasons"] == [
        {"rule": one.rule, "reason": one.reason, "forNow": one.for_now} for one in by_python.reasons
    ]
    assert [(one["rule"], one["wants"], one["found"], one["reason"]) for one in by_node["checks"]] == [
        (one.rule, one.wants, one.found, one.reason) for one in by_python.checks
    ]  # fmt: skip
    # What Mine.js writes down, Mine.py reads: amounts of any size, to the wei.
    assert Facts.from_json(by_node["facts"]) == facts


@pytest.mark.parametrize("facts", ["[]", "{}", '{"__proto__": {"offer": {}}}', "not JSON", '{"offer": 1}'])
def test_facts_that_are_none_are_refused(mine_js: Asked, facts: str) -> None:
    assert mine_js("", facts) == {"fault": "the facts cannot be read"}
