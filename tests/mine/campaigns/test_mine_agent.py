"""A whole mine on a real chain, with real keys and a small Capsule: it works, is paid, gives nothing away."""

from __future__ import annotations

import gc
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mine_agent.campaigns.earnings import earnings
from mine_agent.campaigns.overview import open_campaigns
from mine_agent.home import Home
from mine_agent.rules.policy_file import FirstAnswers
from openmined_syft.applying import quantised
from openmined_syft.paillier.encrypted import EncryptedGradient
from openmined_syft.paillier.keys import PrivateKey
from openmined_syft.paillier.noise_pool import NoisePool
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.cid import Cid
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.small_capsule import Records, SmallCapsule
from tests.roles import Tell, as_a, linear, there


@pytest.fixture
def mine(home: Home, miner: KeyfileSigner, tell: Tell, colours: Path) -> Mine:
    """The miner's mine with the colours registered."""
    home.data().add("colours", colours, replace=False)
    return Mine(home, miner, tell)


def twin(small_capsule: SmallCapsule, rows: Records, weights: np.ndarray) -> np.ndarray:
    """The same training in plain numpy."""
    spec = small_capsule.spec()
    X = np.array([row[:3] for row in rows])
    y = np.array([small_capsule.CLASSES.index(row[3]) for row in rows])
    return linear(spec.family_for(b"")).visit(X, y, there(spec.algorithm.training_rule()))(weights)


def test_a_mine_trains_submits_and_is_paid(
    mine: Mine, small_capsule: SmallCapsule, rows: Records, happenings: list[JsonObject], node: Anvil
) -> None:
    before = node.balance(mine.address)
    campaign = small_capsule.open()
    assert mine.round() == []
    (event,) = mine.submitted(campaign)
    envelope = small_capsule.envelope(campaign, mine.address, event.update)
    assert (envelope.base_version, envelope.privacy) == (0, None)
    assert envelope.base == Cid.from_bytes32(small_capsule.sonar.campaign(campaign).model)
    small_capsule.report(campaign, mine.address, event.update, Verdict.IMPROVED, 500_000)
    assert np.abs(small_capsule.weights[campaign] - twin(small_capsule, rows, np.zeros((4, 3)))).max() < 1e-6
    assert mine.round() == []
    assert mine.round() == []
    _, second = mine.submitted(campaign)
    assert small_capsule.envelope(campaign, mine.address, second.update).base_version == 1
    small_capsule.report(campaign, mine.address, second.update, Verdict.NO_GAIN)
    small_capsule.settle(campaign)
    for _ in range(3):
        assert mine.round() == []
    books = earnings(mine.connection, campaign)
    assert books.promised == 10 * 10**18 * 500_000 // 950_000
    assert (books.claimable, books.pending) == (0, 0)
    assert node.balance(mine.address) - before == books.net
    told = [happening["event"] for happening in happenings]
    assert told == ["training", "submitted", "verdict", "training", "submitted", "verdict", "claiming"]


def pools_but(others: list[NoisePool]) -> list[NoisePool]:
    """All in this process but those of other tests, which may not be collected yet."""
    found = [pool for pool in gc.get_objects() if isinstance(pool, NoisePool)]
    return [pool for pool in found if not any(pool is other for other in others)]


def test_the_second_version_is_trained_from_the_second_version_with_noise_made_between(
    mine: Mine, small_capsule: SmallCapsule, rows: Records
) -> None:
    campaign = small_capsule.open()
    weights = np.zeros((4, 3))
    others = pools_but([])
    for accuracy in (300_000, 400_000):
        mine.round()
        pools = pools_but(others)
        assert [pool.wanted for pool in pools] == [True]
        mine.agent.idle(lambda: False, 60)
        assert not pools[0].wanted
        event = mine.submitted(campaign)[-1]
        small_capsule.report(campaign, mine.address, event.update, Verdict.IMPROVED, accuracy)
        weights = quantised(twin(small_capsule, rows, weights))
        assert np.abs(small_capsule.weights[campaign] - weights).max() < 1e-5
        mine.round()


def test_an_unchanged_model_is_not_trained_again(mine: Mine, small_capsule: SmallCapsule) -> None:
    campaign = small_capsule.open()
    mine.round()
    mine.round()
    assert len(mine.submitted()) == 1
    small_capsule.report(campaign, mine.address, mine.submitted()[0].update, Verdict.NO_GAIN)
    for _ in range(3):
        mine.time += 1000
        mine.round()
    assert len(mine.submitted()) == 1


def test_only_a_confirmed_version_is_trained(
    make_home: Callable[..., Home],
    second_miner: KeyfileSigner,
    tell: Tell,
    colours: Path,
    small_capsule: SmallCapsule,
    mine: Mine,
    node: Anvil,
) -> None:
    home = make_home("second_miner", confirmations=3)
    home.data().add("colours", colours, replace=False)
    careful = Mine(home, second_miner, tell)
    campaign = small_capsule.open()
    mine.round()
    assert careful.round() == []
    node.mine(3)
    small_capsule.report(campaign, mine.address, mine.submitted()[0].update, Verdict.IMPROVED, 300_000)
    careful.round()
    node.mine(3)
    careful.round()
    (event,) = [event for event in careful.submitted() if event.miner == careful.address]
    assert small_capsule.envelope(campaign, careful.address, event.update).base_version == 0
    assert small_capsule.sonar.campaign(campaign).version == 1


def test_a_burned_stake_ends_the_work_for_a_campaign(mine: Mine, small_capsule: SmallCapsule) -> None:
    campaign = small_capsule.open()
    mine.round()
    small_capsule.report(campaign, mine.address, mine.submitted()[0].update, Verdict.MALFORMED)
    mine.round()
    assert earnings(mine.connection, campaign).burned == 10**16
    other = small_capsule.open(salt=b"\x01" * 32)
    mine.round()
    assert [event.id for event in mine.submitted()] == [campaign, other]


def test_two_data_sets_and_two_campaigns_are_all_worked_for(
    mine: Mine, small_capsule: SmallCapsule, home: Home, colours: Path, tmp_path: Path
) -> None:
    more = tmp_path / "more.csv"
    more.write_text("\n".join(colours.read_text().splitlines()[:31]) + "\n")
    home.data().add("more", more, replace=False)
    campaigns = [small_capsule.open(salt=bytes([number]) * 32) for number in (1, 2)]
    mine.round()
    assert sorted(event.id for event in mine.submitted()) == sorted(campaigns)
    for campaign in campaigns:
        small_capsule.report(campaign, mine.address, mine.submitted(campaign)[0].update, Verdict.NO_GAIN)
    mine.time += 100
    mine.round()
    mine.time += 100
    mine.round()
    made = mine.connection.journal.submissions()
    assert sorted((entry.campaign, entry.data) for entry in made) == sorted(
        (campaign, data) for campaign in campaigns for data in ("colours", "more")
    )


def test_the_same_file_under_two_names_is_one_data_set(
    mine: Mine, small_capsule: SmallCapsule, home: Home, colours: Path
) -> None:
    home.data().add("again", colours, replace=False)
    campaign = small_capsule.open()
    mine.round()
    small_capsule.report(campaign, mine.address, mine.submitted()[0].update, Verdict.NO_GAIN)
    for _ in range(2):
        mine.time += 100
        mine.round()
    assert len(mine.submitted()) == 1


# --- what the owner decides -------------------------------------------------------------------------------


def test_a_mine_that_was_told_nothing_joins_nothing(
    make_home: Callable[..., Home],
    second_miner: KeyfileSigner,
    tell: Tell,
    colours: Path,
    small_capsule: SmallCapsule,
) -> None:
    home = make_home("second_miner", FirstAnswers())
    home.data().add("colours", colours, replace=False)
    silent = Mine(home, second_miner, tell)
    small_capsule.open()
    assert silent.round() == []
    assert silent.submitted() == []
    (listing,) = open_campaigns(silent.connection, home.data().all(), home.policy())
    assert [entry.rule for entry in listing.refusals] == ["scientists", "capsules", "fields"]
    assert not listing.joined
    text = home.policy_file.read_text()
    for name in ("scientists", "capsules", "fields"):
        text = text.replace(f"{name} = []", f'{name} = ["any"]')
    home.policy_file.write_text(text)  # the owner thinks better of it while the mine runs
    silent.round()
    assert len(silent.submitted()) == 1


def test_a_campaign_that_asks_for_more_than_the_data_have_is_not_joined(
    mine: Mine, small_capsule: SmallCapsule, home: Home
) -> None:
    from pysonar.protocol.schema import input_schema, number_field

    wide = small_capsule.spec(
        input_schema=input_schema({name: number_field((-4, 4)) for name in ("a", "salary", "b", "age")})
    )
    small_capsule.open(wide)
    assert mine.round() == []
    assert mine.submitted() == []
    (listing,) = open_campaigns(mine.connection, home.data().all(), home.policy())
    assert listing.fits[0].missing == ("salary", "age")
    assert not listing.joined


def test_a_campaign_without_the_mines_label_is_not_joined(mine: Mine, small_capsule: SmallCapsule) -> None:
    from pysonar.protocol.schema import class_label, output_schema

    small_capsule.open(
        small_capsule.spec(output_schema=output_schema("taste", class_label(["sweet", "sour"])))
    )
    assert mine.round() == []
    assert mine.submitted() == []


def test_nothing_is_begun_close_to_the_deadline(mine: Mine, small_capsule: SmallCapsule, node: Anvil) -> None:
    campaign = small_capsule.open()
    until = small_capsule.sonar.campaign(campaign).terms.submit_until
    node.advance_to(until - 30)
    mine.round()
    assert mine.submitted() == []


def test_there_is_still_time_one_second_earlier(mine: Mine, small_capsule: SmallCapsule, node: Anvil) -> None:
    campaign = small_capsule.open()
    until = small_capsule.sonar.campaign(campaign).terms.submit_until
    node.advance_to(until - 31)
    mine.round()
    assert len(mine.submitted()) == 1


def test_an_account_without_money_trains_nothing_and_says_what_is_missing(
    mine: Mine, small_capsule: SmallCapsule, node: Anvil, happenings: list[JsonObject]
) -> None:
    small_capsule.open()
    node.fund(mine.address, 10**16)
    assert mine.round() == ["InsufficientFundsError"]
    assert [happening["event"] for happening in happenings] == ["problem"]
    assert mine.connection.journal.submissions() == []
    assert mine.round() == []  # it pauses before it tries again
    mine.time += 5
    assert mine.round() == ["InsufficientFundsError"]
    assert [happening["event"] for happening in happenings] == ["problem"]  # once, however often it is met
    node.fund(mine.address, 10**18)
    mine.time += 10
    assert mine.round() == []
    assert len(mine.submitted()) == 1


# --- what leaves the mine ---------------------------------------------------------------------------------


def test_no_record_leaves_the_mine(
    mine: Mine, small_capsule: SmallCapsule, rows: Records, store_folder: Path, node: Anvil, home: Home
) -> None:
    campaign = small_capsule.open()
    mine.round()
    small_capsule.report(campaign, mine.address, mine.submitted()[0].update, Verdict.IMPROVED, 300_000)
    mine.round()
    mine.round()
    traces = [str(value).encode() for row in rows for value in row[:3]]
    traces += [struct.pack(order + "d", value) for row in rows for value in row[:3] for order in "<>"]
    traces += [f"secret-{number}".encode() for number in range(60)]
    blocks = [
        node.rpc("eth_getBlockByNumber", hex(number), True)
        for number in range(int(node.rpc("eth_blockNumber"), 16) + 1)
    ]
    places = {
        "store": b"".join(file.read_bytes() for file in store_folder.rglob("*") if file.is_file()),
        "chain": b"".join(
            bytes.fromhex(sent["input"][2:]) for block in blocks for sent in block["transactions"]
        ),
        "home": b"".join(file.read_bytes() for file in home.path.rglob("*") if file.is_file()),
    }
    assert len(places["store"]) > 5_000
    assert mine.submitted()[0].update in places["chain"]
    for place, content in places.items():
        assert not [trace for trace in traces if trace in content], place


def test_the_homes_files_open_no_model(
    mine: Mine, small_capsule: SmallCapsule, home: Home, campaign_key: PrivateKey
) -> None:
    campaign = small_capsule.open()
    mine.round()
    small_capsule.report(campaign, mine.address, mine.submitted()[0].update, Verdict.IMPROVED, 300_000)
    mine.round()
    files = [file for file in home.path.rglob("*") if file.is_file()]
    content = b"".join(file.read_bytes() for file in files)
    for secret in (campaign_key.p, campaign_key.q):
        number = int(secret)
        assert number.to_bytes(128, "big") not in content
        assert number.to_bytes(128, "little") not in content
        assert str(number).encode() not in content
    weights = small_capsule.weights[campaign]
    assert not [value for value in weights.ravel() if value and struct.pack("<d", value) in content]
    assert {file.stat().st_mode & 0o077 for file in files} == {0}


def test_the_gradient_is_for_capsule_only(mine: Mine, small_capsule: SmallCapsule) -> None:
    from pysonar.protocol.openpgp import NotForThisKeyError, SecretKey, open_sealed

    small_capsule.open()
    mine.round()
    blob = small_capsule.store.get(Cid.from_bytes32(mine.submitted()[0].update), max_bytes=10**7)
    with pytest.raises(NotForThisKeyError):
        open_sealed(blob, SecretKey.generate("somebody else"))


def test_two_mines_with_the_same_data_send_different_bytes(
    mine: Mine,
    make_home: Callable[..., Home],
    second_miner: KeyfileSigner,
    tell: Tell,
    colours: Path,
    small_capsule: SmallCapsule,
) -> None:
    other_home = make_home("second_miner")
    other_home.data().add("colours", colours, replace=False)
    other = Mine(other_home, second_miner, tell)
    campaign = small_capsule.open()
    mine.round()
    other.round()
    first, second = other.submitted(campaign)
    a, b = (
        as_a(EncryptedGradient, small_capsule.envelope(campaign, event.miner, event.update).gradient)
        for event in (first, second)
    )
    assert not set(a.ciphertexts) & set(b.ciphertexts)
    assert np.array_equal(a.decrypt(small_capsule.key), b.decrypt(small_capsule.key))
