"""Events are cut out of their words as a general decoder would read them; what does not fit is refused."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from pysonar.chain.contract import abi
from pysonar.chain.contract.abi import EventAbi
from pysonar.chain.contract.events import BY_NAME, SonarEvent, from_json, to_json
from pysonar.chain.contract.types import Verdict
from pysonar.chain.errors import UndecodableLogError
from tests.json_types import JsonObject

EVENTS = sorted(abi.events().values(), key=lambda event: event.name)
VALUES: dict[str, st.SearchStrategy[object]] = {
    "address": st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
    "bytes32": st.binary(min_size=32, max_size=32),
    "uint256": st.integers(0, 2**256 - 1),
    "string": st.text(max_size=128),
    "bytes": st.binary(max_size=128),
}


def log_of(event: EventAbi, values: JsonObject) -> tuple[list[bytes], bytes]:
    """Topics and data as the chain has them."""
    topics = [encode([kind], [values[name]]) for name, kind, indexed in event.fields if indexed]
    plain = [(name, kind) for name, kind, indexed in event.fields if not indexed]
    data = encode([kind for _, kind in plain], [values[name] for name, _ in plain])
    return [event.topic, *topics], data


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_an_event_is_read_as_it_was_encoded(event: EventAbi) -> None:
    fields = {name: VALUES[kind] for name, kind, _ in event.fields}

    @given(st.fixed_dictionaries(fields))
    def check(values: JsonObject) -> None:
        assert event.decode(*log_of(event, values)) == values

    check()


@given(st.sampled_from(EVENTS), st.binary(max_size=256), st.lists(st.binary(max_size=40), max_size=4))
def test_whatever_a_log_holds_it_is_read_or_refused(
    event: EventAbi, data: bytes, topics: list[bytes]
) -> None:
    try:
        found = event.decode([event.topic, *topics], data)
    except UndecodableLogError:
        return
    assert found.keys() == {name for name, _, _ in event.fields}


@pytest.mark.parametrize("kind", BY_NAME.values(), ids=lambda kind: kind.name)
def test_an_event_is_kept_as_the_standard_library_would_write_it(kind: type[SonarEvent]) -> None:
    forms = {
        "bytes": st.binary(min_size=32, max_size=32),
        "int": st.integers(0, 2**256 - 1),
        "str": st.text(),
        "tuple[Verdict, ...]": st.lists(st.sampled_from(Verdict), max_size=32).map(tuple),
    }

    @given(st.fixed_dictionaries({field.name: forms[str(field.type)] for field in fields(kind)}))
    def check(values: JsonObject) -> None:
        event = kind(**values)
        plain = {name: "0x" + v.hex() if isinstance(v, bytes) else v for name, v in vars(event).items()}
        assert to_json(event) == json.dumps(plain)
        assert from_json(kind.name, to_json(event)) == event

    check()


def test_dirty_words_are_refused() -> None:
    event = next(one for one in EVENTS if one.name == "Claimed")
    values = {"id": bytes(32), "account": "0x" + "11" * 20, "to": "0x" + "22" * 20, "amount": 5}
    topics, data = log_of(event, values)
    assert event.decode(topics, data)["amount"] == 5
    for place in range(1, len(topics)):
        if event.fields[place - 1][1] == "address":
            dirty = [*topics]
            dirty[place] = b"\x01" + dirty[place][1:]
            with pytest.raises(UndecodableLogError):
                event.decode(dirty, data)
    with pytest.raises(UndecodableLogError):
        event.decode(topics, data[:-1])
