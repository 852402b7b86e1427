"""Canonical JSON and deterministic CBOR: what is read is exactly what would be written, and nothing else."""

import json
import struct
import time

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.protocol.canonical import (
    MAX_CBOR_ITEMS,
    MAX_DEPTH,
    CanonicalError,
    TooManyBytesError,
    dumps_cbor,
    dumps_json,
    loads_cbor,
    loads_json,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def trees(leaves):
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
    )


# A whole number of 2^53 or more would be written like an integer and is refused (see the test below).
JSON_FLOATS = FINITE.filter(lambda x: not 2**53 - 1 < abs(x) < 1e21)
JSON_VALUES = trees(st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | JSON_FLOATS | TEXT)
CBOR_VALUES = trees(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | FINITE | TEXT | st.binary(max_size=20)
)


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@given(JSON_VALUES)
def test_json_round_trip(value):
    data = dumps_json(value)
    assert loads_json(data, max_bytes=10**6) == value
    assert dumps_json(loads_json(data, max_bytes=10**6)) == data


@given(CBOR_VALUES)
def test_cbor_round_trip(value):
    data = dumps_cbor(value)
    assert loads_cbor(data, max_bytes=10**6) == value
    assert dumps_cbor(loads_cbor(data, max_bytes=10**6)) == data


def test_floats_take_two_bytes_wherever_two_hold_them():
    """cbor2 takes four from 32,768 on; RFC 8949 says the shortest."""
    finite = (number for number in range(1 << 16) if number >> 10 & 31 != 31)
    for number in finite:
        packed = number.to_bytes(2, "big")
        assert dumps_cbor(struct.unpack(">e", packed)[0]) == b"\xf9" + packed


@given(CBOR_VALUES)
def test_cbor_reader_agrees_with_cbor2(value):
    data = dumps_cbor(value)
    assert loads_cbor(data, max_bytes=10**6) == cbor2.loads(data)


@given(st.binary(max_size=60))
def test_cbor_reader_takes_any_bytes(data):
    try:
        value = loads_cbor(data, max_bytes=60)
    except CanonicalError:
        return
    assert dumps_cbor(value) == data


@given(
    st.binary(max_size=60)
    | st.text(alphabet='{}[]":,0123456789.eE-+ \\untrfals', max_size=40).map(str.encode)
)
def test_json_reader_takes_any_bytes(data):
    try:
        value = loads_json(data, max_bytes=60)
    except CanonicalError:
        return
    assert dumps_json(value) == data


# The examples of RFC 8785 (sections 3.2.2 and 3.2.3) and RFC 8949 (appendix A), which are nobody's code.
def test_rfc_8785_example():
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '€$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert dumps_json(value) == expected.encode()


def test_rfc_8785_key_order_is_by_utf16():
    assert list(json.loads(dumps_json({"\ufb33": 1, "\U0001f600": 2, "€": 3, "\r": 4, "1": 5}))) == [
        "\r",
        "1",
        "€",
        "\U0001f600",
        "\ufb33",
    ]


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (1000000000000, "1b000000e8d4a51000"),
        (18446744073709551615, "1bffffffffffffffff"),
        (-18446744073709551616, "3bffffffffffffffff"),
        (1.5, "f93e00"),
        (100000.0, "fa47c35000"),
        (1.1, "fb3ff199999999999a"),
        (bytes.fromhex("01020304"), "4401020304"),
        ("\u00fc", "62c3bc"),
        ([1, [2, 3], [4, 5]], "8301820203820405"),
        ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
        (None, "f6"),
    ],
)
def test_rfc_8949_examples(value, data):
    assert dumps_cbor(value).hex() == data
    assert loads_cbor(bytes.fromhex(data), max_bytes=100) == value


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"a":1,"a":1}', "'a' comes twice"),
        (b'{"b":{"a":1,"c":2,"a":1}}', "'a' comes twice"),
        (b"NaN", "NaN"),
        (b"-Infinity", "Infinity"),
        (b"1e400", "inf"),
        (b'{"b":1,"a":2}', "not canonical"),
        (b"[1, 2]", "not canonical"),
        (b"1.0", "not canonical"),
        (b"-0", "not canonical"),
        (b'"\\u0041"', "not canonical"),
        (b"9007199254740992", "integer of 54 bits"),
        (b'"\\ud800"', "Unicode"),
        (b"\xff", "UTF-8 at byte 0"),
        (b"\xef\xbb\xbf1", "not JSON at character 0"),
        (b"", "not JSON"),
        (b"[" * 3000, "nested deeper"),
        (b"1" * 5000, "number is too long"),
        (b"1 2", "not JSON"),
    ],
)
def test_json_refuses(data, says):
    with pytest.raises(CanonicalError, match=says):
        loads_json(data, max_bytes=10_000)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("c24100", "tag 2"),  # a bignum
        ("d8236161", "tag 35"),  # an expression cbor2 would compile
        ("c4821b7fffffffffffffff01", "tag 4"),  # a decimal fraction
        ("9f01ff", "indefinite"),
        ("5f41ffff", "indefinite"),
        ("1801", "not deterministic"),
        ("fb0000000000000000", "not deterministic"),
        ("a2616200616100", "not deterministic"),
        ("f97e00", "not a finite"),
        ("f97c00", "not a finite"),
        ("a2616101616102", "'a' comes twice"),
        ("a10101", "not a text"),
        ("62fffe", "not UTF-8"),
        ("f7", "simple value 23"),
        ("e0", "simple value 0"),
        ("0101", "1 bytes follow"),
        ("", "1 bytes too early"),
        ("43aabb", "1 bytes too early"),
        ("9bffffffffffffffff", "announces 18446744073709551615 items"),
        ("bb7fffffffffffffff", "items in 0 bytes"),
        ("5bffffffffffffffff", "too early"),
        ("1c", "reserved"),
        ("81" * 40 + "00", "nested deeper"),
    ],
)
def test_cbor_refuses(data, says):
    with pytest.raises(CanonicalError, match=says):
        loads_cbor(bytes.fromhex(data), max_bytes=10_000)


@pytest.mark.parametrize("value", [[None] * 99, {str(place): {} for place in range(49)}, [[0]] * 49])
def test_cbor_of_too_many_values_is_refused_and_of_as_many_as_allowed_is_read(value):
    """Bytes alone say little: an empty map is one byte, and takes 64 of memory."""
    count = {99: 100, 49: 99}[len(value)]  # with the keys of maps, and the whole
    assert loads_cbor(dumps_cbor(value), max_bytes=1000, max_items=count) == value
    with pytest.raises(CanonicalError, match=f"more than {count - 1} values"):
        loads_cbor(dumps_cbor(value), max_bytes=1000, max_items=count - 1)


def test_megabytes_of_small_values_are_given_up_at_once():
    data = b"\x9a" + (8_000_000).to_bytes(4, "big") + b"\xa0" * 8_000_000
    began = time.process_time()
    with pytest.raises(CanonicalError, match=f"more than {MAX_CBOR_ITEMS} values"):
        loads_cbor(data, max_bytes=10**7)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(("dumps", "loads"), [(dumps_json, loads_json), (dumps_cbor, loads_cbor)])
class TestBothEncodings:
    def test_size_cap_has_two_edges(self, dumps, loads):
        data = dumps([1, 2, 3])
        assert loads(data, max_bytes=len(data)) == [1, 2, 3]
        with pytest.raises(TooManyBytesError, match=f"{len(data)} bytes"):
            loads(data, max_bytes=len(data) - 1)

    def test_depth_cap_has_two_edges(self, dumps, loads):
        assert loads(dumps(nested(MAX_DEPTH)), max_bytes=1000) == nested(MAX_DEPTH)
        with pytest.raises(CanonicalError, match="nested deeper"):
            dumps(nested(MAX_DEPTH + 1))
        with pytest.raises(CanonicalError, match="nested deeper"):
            loads(b"[" * (MAX_DEPTH + 1) + b"1" + b"]" * (MAX_DEPTH + 1), max_bytes=1000) if (
                loads is loads_json
            ) else loads(b"\x81" * (MAX_DEPTH + 1) + b"\x01", max_bytes=1000)

    @pytest.mark.parametrize(
        "value", [float("nan"), float("inf"), {1: 2}, (1, 2), {1}, object(), 2**65, "\ud800", {"\ud800": 1}]
    )
    def test_values_without_a_form(self, dumps, loads, value):
        with pytest.raises(CanonicalError):
            dumps(value)


def test_bytes_are_for_cbor_only():
    assert loads_cbor(dumps_cbor(b"x"), max_bytes=9) == b"x"
    with pytest.raises(CanonicalError, match="bytes has no canonical form"):
        dumps_json(b"x")


def test_json_floats_that_look_like_integers():
    for fine in (2.0**53 - 1, -(2.0**53) + 1, 1e21, -1e21, 1.7e308):
        assert loads_json(dumps_json(fine), max_bytes=99) == fine
    for unsafe in (2.0**53, -(2.0**53), 9.9e20):
        with pytest.raises(CanonicalError, match="whole numbers up to"):
            dumps_json(unsafe)
        assert loads_cbor(dumps_cbor(unsafe), max_bytes=99) == unsafe
