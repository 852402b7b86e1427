"""Specs and records that were written to break whoever reads them: a stranger's bytes, some of them legal."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from openmined_oracle.errors import Decline
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import SealedInput, Validation
from pysonar.protocol.canonical import dumps_json
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import seal
from pysonar.protocol.schema import input_schema, number_field
from tests.json_types import JsonObject
from tests.oracle.campaigns.test_oracle_declines import assert_declined, raw_records, with_column
from tests.oracle.capsule_world import World


def changed(world: World, **keys: object) -> bytes:
    return dumps_json({**json.loads(world.spec().to_bytes()), **keys})


def with_field(world: World, **keys: object) -> bytes:
    """The spec, with other words in the schema of its field `a`."""
    document = json.loads(world.spec().to_bytes())
    document["input_schema"]["properties"]["a"].update(keys)
    return dumps_json(document)


def hostile(world: World) -> dict[str, bytes]:
    text = world.spec().to_bytes()
    nested: JsonObject = {"type": "object", "x": [[[[[[[[[[1]]]]]]]]]]}
    return {
        "200,000 brackets": b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        "lists in lists in a schema": changed(world, input_schema=nested),
        "a pattern that takes for ever": with_field(world, pattern="(a+)+$"),
        "a reference to another host": with_field(world, **{"$ref": "http://127.0.0.1:9/x.json"}),
        "the schema of another host": changed(
            world, input_schema={**json.loads(text)["input_schema"], "$schema": "http://127.0.0.1:9/"}
        ),
        "a number above all": text.replace(b'"start_ppm":', b'"start_ppm":1e999,"x":'),
        "a number of 100,000 digits": b'{"format":' + b"9" * 100_000 + b"}",
        "a mebibyte of brackets in a text": b'{"a":"' + b"[" * 1_000_000 + b'"}',
        "a mebibyte of escapes": b'{"a":"' + b'\\"' * 500_000 + b'"}',
        "not UTF-8": b"\xff\xfe" * 100,
        "another byte order": text.decode().encode("utf-16"),
    }


def test_specs_written_to_break_their_reader_are_declined_in_one_go(world: World) -> None:
    """All of them at once, before an honest one, which is opened in the same rounds."""
    campaigns = {name: world.create(world.store.put(data)) for name, data in hostile(world).items()}
    honest = world.create()
    assert world.run().failures == {}
    undecided = [name for name, one in campaigns.items() if world.record(one).state is not State.SETTLED]
    assert undecided == []
    said = {name: world.declined_for(campaign) for name, campaign in campaigns.items()}
    assert said == dict.fromkeys(campaigns, Decline.SPEC_MALFORMED.value)
    assert world.record(honest).state is State.OPEN


@pytest.mark.parametrize(
    "title",
    [
        "\x1b[2J\x1b[31mPWNED\x07",
        "\u202egnp.exe",
        "<script>alert(1)</script>",
        "[red]paid[/red] [link=http://x]y[/link]",
        "Z" + "\u0301" * 199,
    ],
    ids=["escapes", "right to left", "script", "markup", "marks"],
)
def test_a_title_cannot_write_on_the_operator_s_terminal(
    world: World, title: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether it is opened or declined: what is printed of it is text."""
    campaign = world.create(world.store.put(changed(world, title=title)))
    assert world.run().failures == {}
    assert world.record(campaign).state in (State.OPEN, State.SETTLED)
    printed = "".join(capsys.readouterr())
    assert not {"\x1b", "\x07", "\u202e"} & set(printed)


def test_three_thousand_fields_that_nothing_fits_are_declined(world: World) -> None:
    names = {f"f{place:05d}": number_field((-1.0, 1.0)) for place in range(3_000)}
    data = changed(world, input_schema=json.loads(dumps_json(input_schema(names))))
    campaign = world.create(world.store.put(data))
    world.run()
    assert world.record(campaign).state is not State.OPEN


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("a", [float("nan")], pa.float64()),
        ("a", [float("inf")], pa.float64()),
        ("a", [float("-inf"), 0.0], pa.float64()),
        ("kind", ["mauve", "x"], pa.string()),
        ("kind", [1], pa.int64()),
    ],
    ids=[
        "not a number",
        "infinity",
        "minus infinity",
        "an unknown label",
        "a number as label",
    ],
)
def test_records_past_the_library_are_declined(
    world: World, name: str, values: list[object], kind: pa.DataType
) -> None:
    assert_declined(
        world,
        world.create(raw_validation(world, with_column(name, values, kind)(world.validation_table))),
        Decline.VALIDATION_UNFIT,
    )


def test_a_value_far_outside_the_clip_is_clipped(world: World) -> None:
    """1e308 in one field of every other record: nothing overflows."""
    records = with_column("a", [1e308, 0.5], pa.float64())(world.validation_table)
    campaign = world.create(raw_validation(world, records, start_tolerance_ppm=1_000_000))
    assert world.run().failures == {}
    assert world.record(campaign).state is State.OPEN


def raw_validation(world: World, records: pa.Table, start_tolerance_ppm: int = 10_000) -> Cid:
    bound = world.binding
    sealed = SealedInput(
        bound["chain_id"], bound["contract"], bound["scientist"], "records", raw_records(records)
    )
    cid = world.store.put(sealed.seal(world.own.certificate))
    spec = world.spec(
        validation=Validation(cid, sealed.salted_digest(), records.num_rows),
        start_tolerance_ppm=start_tolerance_ppm,
    )
    return world.store.put(spec.to_bytes())


def test_submissions_of_what_lies_in_the_store_anyway_are_malformed(
    world: World, miner: KeyfileSigner
) -> None:
    """The spec, the encrypted model, no bytes at all, sealed noise, sealed zeros that unpack to 100 MB."""
    campaign = world.opened()
    record = world.record(campaign)
    own = [world.own.certificate]
    for digest in (
        record.terms.spec,
        record.model,
        world.store.put(b"").digest,
        world.store.put(seal(bytes(range(256)) * 12, own)).digest,
        world.store.put(seal(bytes(100_000_000), own)).digest,
    ):
        world.submit_digest(campaign, miner, digest)
    assert world.run().failures == {}
    assert world.verdicts(campaign) == [Verdict.MALFORMED] * 5
    world.submit(campaign, miner)
    world.run()
    assert world.verdicts(campaign)[-1] is Verdict.IMPROVED
