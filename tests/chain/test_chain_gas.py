"""How much gas a call may take before it is not sent: a ceiling where a token's own code runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pysonar.chain.contract.calls import MOST_TOKEN_GAS
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.errors import GasTooHighError
from pysonar.chain.sending.fees import FeePolicy
from pysonar.chain.sending.transaction_maker import TransactionMaker

ID = b"\x01" * 32


def test_a_call_is_sent_at_its_ceiling_and_not_above(node: Any, sonar: Sonar, capsule: Any) -> None:
    maker = TransactionMaker(node.web3, capsule, FeePolicy())
    call = sonar.calls.register_capsule(ID)
    gas, _ = maker.prepare(call, 0)
    assert maker.prepare(replace(call, most_gas=gas), 0)[0] == gas
    with pytest.raises(GasTooHighError, match=f"register_capsule would take {gas} gas, at most {gas - 1} "):
        maker.prepare(replace(call, most_gas=gas - 1), 0)


def test_calls_that_a_token_takes_part_in_have_a_ceiling(sonar: Sonar, capsule: Any) -> None:
    calls = sonar.calls
    for call in (calls.submit(ID, ID, 0), calls.reclaim(ID, 0, ID), calls.claim(ID, capsule.address)):
        assert call.most_gas == MOST_TOKEN_GAS
    for call in (calls.register_capsule(ID), calls.settle(ID), calls.deliver(ID, ID)):
        assert call.most_gas is None
