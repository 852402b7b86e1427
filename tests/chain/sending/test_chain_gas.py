"""What the gas of a call may cost: a ceiling in money where a token's own code runs, and none elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.errors import TokenCallTooDearError
from pysonar.chain.node.connect import NodeProvider
from pysonar.chain.node.handle import NodeHandle
from pysonar.chain.sending.fees import FeePolicy, suggest
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.chain.sending.transaction_maker import TransactionMaker
from tests.conftest import Anvil
from tests.json_types import Json
from tests.meddling import Params

ID = b"\x01" * 32
TOKEN = "0x" + "11" * 20


class DearGas(NodeProvider):
    """A chain that counts its data as gas, as many second layers do: `times` what the call alone takes."""

    def __init__(self, url: str, times: int) -> None:
        super().__init__(url)
        self.times = times

    def make_request(self, method: str, params: Params) -> Json:
        answer: Json = super().make_request(method, params)
        if method == "eth_estimateGas":
            answer = answer | {"result": hex(int(answer["result"], 16) * self.times)}
        return answer


USUAL = FeePolicy()


@pytest.fixture
def maker(node: Anvil, capsule: KeyfileSigner) -> Callable[..., TransactionMaker]:
    """`maker(times=1, policy=USUAL)`: of the capsule's account, where gas is so many times as dear."""

    def make(times: int = 1, policy: FeePolicy = USUAL) -> TransactionMaker:
        web3 = NodeHandle(DearGas(node.url, times))
        return TransactionMaker(web3, capsule, policy, chain_id=1337)

    return make


def test_a_token_call_is_sent_up_to_its_ceiling_in_money_and_not_above(
    node: Anvil, sonar: Sonar, maker: Callable[..., TransactionMaker]
) -> None:
    call = replace(sonar.calls.register_capsule(ID), runs_token=True)
    gas, _ = maker().prepare(call, 0)
    offer = suggest(node.web3, FeePolicy())
    base_fee = (offer.max_fee - offer.tip) // 2
    cheapest = gas * (base_fee + 1)  # with the least tip

    _, fits = maker(policy=FeePolicy(max_token_call=cheapest)).prepare(call, 0)

    assert gas * fits.max_fee <= cheapest
    with pytest.raises(TokenCallTooDearError, match="'max_token_call'") as dear:
        maker(policy=FeePolicy(max_token_call=cheapest - gas)).prepare(call, 0)
    assert (dear.value.gas, dear.value.most) == (gas, cheapest - gas)


def test_a_call_without_a_token_has_no_ceiling_of_its_own(
    sonar: Sonar, maker: Callable[..., TransactionMaker]
) -> None:
    """Else stakes and payouts could not be had where a small call takes millions of gas."""
    call = sonar.calls.register_capsule(ID)
    alone, _ = maker().prepare(call, 0)
    dear, _ = maker(times=100, policy=FeePolicy(max_token_call=1)).prepare(call, 0)
    assert dear > 50 * alone > 500_000


def test_calls_that_move_a_token_are_told_from_others(sonar: Sonar, capsule: KeyfileSigner) -> None:
    calls, to = sonar.calls, capsule.address
    for asset, runs_token in (("0x" + "00" * 20, False), (TOKEN, True)):
        assert calls.submit(ID, ID, to, 7, asset=asset).runs_token is runs_token
        assert calls.reclaim(ID, 0, ID, to, asset=asset).runs_token is runs_token
        assert calls.claim(ID, to, asset=asset).runs_token is runs_token
    for call in (calls.register_capsule(ID), calls.settle(ID), calls.deliver(ID, ID)):
        assert call.runs_token is False


def test_a_stake_in_tokens_sends_no_ether(sonar: Sonar) -> None:
    assert sonar.calls.submit(ID, ID, TOKEN, 7).value == 7
    assert sonar.calls.submit(ID, ID, TOKEN, 7, asset=TOKEN).value == 0
