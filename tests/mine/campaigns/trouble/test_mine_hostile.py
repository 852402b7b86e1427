"""Campaigns, stores and files that are wrong: each is refused with its type, costs nothing, stops nobody."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mine_agent.agent import Agent
from mine_agent.campaigns.overview import open_campaigns
from mine_agent.connection import Connection
from mine_agent.home import Home
from mine_agent.work.gradient import train_on
from openmined_syft.paillier.cipher_array import CipherArray
from openmined_syft.paillier.encrypted import EncryptedModel
from openmined_syft.paillier.keys import PrivateKey, generate_keypair
from pysonar.chain.contract.events import Submitted
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import ModelArtifact
from pysonar.protocol.canonical import dumps_json
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SecretKey
from pysonar.store import cid_of
from tests.builders.opaque import as_model
from tests.conftest import Anvil
from tests.gnupg import gpg, key_of
from tests.json_types import JsonObject
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.noting import noting
from tests.roles import Tell

__all__ = ["gpg"]  # a fixture


@pytest.fixture
def agent(home: Home, miner: KeyfileSigner, tell: Tell, colours: Path) -> Agent:
    home.data().add("colours", colours, replace=False)
    connection = Connection.open(home)
    return Agent(connection, connection.outbox(miner), tell=tell)


def errors_and_campaigns(agent: Agent, home: Home) -> tuple[list[Exception], list[bytes]]:
    """One round: its errors, and the campaigns that were submitted to."""
    errors = agent.round()
    connection = Connection.open(home)
    while rpc.nonce(connection.web3, home.address) < rpc.nonce(connection.web3, home.address, "pending"):
        time.sleep(0.02)
    connection.read_events()
    history = [entry.event for entry in connection.follower.history(Submitted)]
    return list(errors), [event.id for event in history if isinstance(event, Submitted)]


@pytest.fixture(scope="module")
def other_key() -> PrivateKey:
    return generate_keypair(2048)


def lies_about_its_schema(capsule: SmallCapsule, _: object) -> bytes:
    """The schema asks for three numbers, the model has weights for seven."""
    return capsule.opened_with(model=capsule.model(np.zeros((8, 3))))


def lies_about_its_classes(capsule: SmallCapsule, _: object) -> bytes:
    return capsule.opened_with(model=capsule.model(np.zeros((4, 4))))


def is_no_spec(capsule: SmallCapsule, _: object) -> bytes:
    return capsule.opened_with(b'{"format": "openmined/spec/1"}')


def is_an_endless_spec(capsule: SmallCapsule, _: object) -> bytes:
    return capsule.opened_with(b" " * (2 * 1024 * 1024))


def would_show_the_model_to_its_mine(capsule: SmallCapsule, _: object) -> bytes:
    """`proximal` with a rho so small that the new model is the mine's own part of it."""
    document = json.loads(capsule.spec().to_bytes())
    document["algorithm"]["rule"] = {"name": "proximal", "rho": 1e-6, "l2": 0, "damping": 1}
    return capsule.opened_with(dumps_json(document))


def is_too_wide(capsule: SmallCapsule, _: object) -> bytes:
    """Five columns that one-hot encoding turns into more than any scheme carries."""
    from pysonar.protocol.schema import category_field, input_schema

    fields = input_schema({name: category_field(list(range(1024))) for name in ("a", "b", "c", "d", "name")})
    return capsule.opened_with(capsule.spec(input_schema=fields))


def has_a_model_of_another_key(capsule: SmallCapsule, other: PrivateKey) -> bytes:
    return capsule.opened_with(model=capsule.model(key=other))


def has_another_key_for_its_model(capsule: SmallCapsule, other: PrivateKey) -> bytes:
    return capsule.opened_with(public_key=capsule.public_key(other.public))


def has_a_small_key(capsule: SmallCapsule, _: object) -> bytes:
    small = generate_keypair(1024, allow_small_for_tests=True)
    return capsule.opened_with(public_key=capsule.public_key(small.public), model=capsule.model(key=small))


def has_a_smaller_key_than_it_says(capsule: SmallCapsule, _: object) -> bytes:
    return capsule.open(capsule.spec(key_bits=3072))


def has_a_model_of_another_version(capsule: SmallCapsule, _: object) -> bytes:
    return capsule.opened_with(model=capsule.model(version=1))


def has_a_larger_bound_than_it_says(capsule: SmallCapsule, _: object) -> bytes:
    return capsule.opened_with(model=capsule.model(bound=9.0))


def has_an_oversized_model(capsule: SmallCapsule, _: object) -> bytes:
    return capsule.opened_with(model=b"\x00" * 300_000)


def has_numbers_that_are_no_ciphertexts(capsule: SmallCapsule, _: object) -> bytes:
    honest = EncryptedModel.encrypt(capsule.start, capsule.key, version=0, weight_bound=8.0)
    first, *rest = honest.ciphertexts
    numbers = (int(capsule.key.p) * 12345, *rest)
    array = CipherArray.from_bytes(
        b"".join(int(c).to_bytes(512, "big") for c in numbers), honest.key_fingerprint, 2048
    )
    assert first not in numbers
    forged = ModelArtifact(as_model(dataclasses.replace(honest, array=array))).to_bytes()
    return capsule.opened_with(model=forged)


def names_a_certificate_that_is_not_capsules(capsule: SmallCapsule, _: object) -> bytes:
    foreign = SecretKey.generate("an eavesdropper").certificate.to_bytes()
    return capsule.open(capsule.spec(capsule_certificate=capsule.store.put_pinned(foreign, "x")))


def has_a_model_that_nobody_stores(capsule: SmallCapsule, _: object) -> bytes:
    campaign = capsule.create(capsule.spec())
    key = capsule.store.put_pinned(capsule.public_key(), "capsule").digest
    call = capsule.sonar.calls.open_campaign(campaign, key, cid_of(b"nobody has this").digest, 0)
    capsule.transact(capsule.node, capsule.signers["capsule"], call)
    return bytes(campaign)


HOSTILE: dict[Callable[..., bytes], tuple[str, str]] = {
    lies_about_its_schema: ("ArtifactError", "shape"),
    lies_about_its_classes: ("ArtifactError", "shape"),
    is_no_spec: ("MalformedError", "spec"),
    is_an_endless_spec: ("TooLargeError", ""),
    would_show_the_model_to_its_mine: ("ArtifactError", "needs a number from 0.001"),
    is_too_wide: ("ArtifactError", "at most 4096 inputs"),
    has_a_model_of_another_key: ("ArtifactError", "key_fingerprint"),
    has_another_key_for_its_model: ("ArtifactError", "key_fingerprint"),
    has_a_small_key: ("ArtifactError", "1024 bits"),
    has_a_smaller_key_than_it_says: ("ArtifactError", "3072 bits"),
    has_a_model_of_another_version: ("ArtifactError", "version"),
    has_a_larger_bound_than_it_says: ("ArtifactError", "weight_limit"),
    has_an_oversized_model: ("TooLargeError", ""),
    has_numbers_that_are_no_ciphertexts: ("ArtifactError", "ciphertexts"),
    names_a_certificate_that_is_not_capsules: ("WrongBindingError", "capsule_certificate"),
    has_a_model_that_nobody_stores: ("NotFoundError", ""),
}


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.__name__)
def test_a_campaign_that_is_wrong_is_refused_and_stops_nobody_else(
    hostile: Callable[..., bytes],
    agent: Agent,
    home: Home,
    small_capsule: SmallCapsule,
    other_key: PrivateKey,
    node: Anvil,
    happenings: list[JsonObject],
) -> None:
    campaign = hostile(small_capsule, other_key)
    honest = small_capsule.open(salt=b"\xaa" * 32)
    errors, submitted = errors_and_campaigns(agent, home)
    kind, says = HOSTILE[hostile]
    assert [type(error).__name__ for error in errors] == [kind]
    assert says in str(errors[0])
    assert submitted == [honest]
    connection = Connection.open(home)
    failure = connection.journal.failure(campaign, "colours")
    assert failure is not None
    assert failure.count == 1
    (told,) = [happening for happening in happenings if happening["event"] == "problem"]
    assert (told["campaign"], told["error"]) == ("0x" + campaign.hex(), kind)
    record = small_capsule.sonar.campaign(campaign)
    named = [Cid.from_bytes32(digest) for digest in (record.terms.spec, record.public_key, record.model)]
    assert any(str(cid) in failure.message for cid in named)
    assert errors_and_campaigns(agent, home) == ([], [honest])  # it is not tried again at once


def test_a_stored_artifact_whose_bytes_were_changed_is_refused(
    agent: Agent, home: Home, small_capsule: SmallCapsule, store_folder: Path
) -> None:
    campaign = small_capsule.open()
    honest = small_capsule.open(salt=b"\xaa" * 32)
    model = small_capsule.store.get(
        Cid.from_bytes32(small_capsule.sonar.campaign(campaign).model), max_bytes=10**6
    )
    (file,) = [f for f in store_folder.rglob("*") if f.is_file() and model in f.read_bytes()]
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    errors, submitted = errors_and_campaigns(agent, home)
    assert [type(error).__name__ for error in errors] == ["WrongBytesError"]
    assert str(Cid.from_bytes32(small_capsule.sonar.campaign(campaign).model)) in str(errors[0])
    assert submitted == [honest]


def test_a_campaign_that_would_take_hours_of_work_is_refused(
    agent: Agent, home: Home, small_capsule: SmallCapsule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openmined_syft.schemes.paillier.LARGEST_WORK", 4 * 4 - 1)
    small_capsule.open()
    errors, submitted = errors_and_campaigns(agent, home)
    assert "too large for paillier: 2 x 3 is the largest" in str(errors[0])
    assert submitted == []


def test_as_much_work_as_is_allowed_is_done(
    agent: Agent, home: Home, small_capsule: SmallCapsule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openmined_syft.schemes.paillier.LARGEST_WORK", 4 * 4)
    campaign = small_capsule.open()
    assert errors_and_campaigns(agent, home) == ([], [campaign])


def test_an_older_certificate_of_the_capsule_is_sealed_to(
    agent: Agent, home: Home, small_capsule: SmallCapsule, node: Anvil
) -> None:
    campaign = small_capsule.open()
    newer = small_capsule.store.put_pinned(SecretKey.generate("newer").certificate.to_bytes(), "capsule")
    register = small_capsule.sonar.calls.register_capsule(newer.digest)
    small_capsule.transact(node, small_capsule.signers["capsule"], register)
    errors, submitted = errors_and_campaigns(agent, home)
    assert (errors, submitted) == ([], [campaign])


def test_nothing_is_trained_that_could_not_be_sealed_as_this_clock_is_behind_capsules_key(
    agent: Agent,
    home: Home,
    small_capsule: SmallCapsule,
    node: Anvil,
    gpg: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor again after each pause; what others ask for is done meanwhile."""
    certificate = small_capsule.store.put_pinned(
        key_of(gpg, time.time() + 3600).certificate.to_bytes(), "capsule"
    )
    honest = small_capsule.open()
    small_capsule.transact(
        node, small_capsule.signers["capsule"], small_capsule.sonar.calls.register_capsule(certificate.digest)
    )
    small_capsule.open(small_capsule.spec(capsule_certificate=certificate), salt=b"\xaa" * 32)
    trained: list[tuple[object, ...]] = []
    monkeypatch.setattr("mine_agent.work.new_submissions.train_on", noting(train_on, trained))
    errors, submitted = errors_and_campaigns(agent, home)
    assert [type(error).__name__ for error in errors] == ["ClockBehindError"]
    assert submitted == [honest]
    assert len(trained) == 1


# --- the owner's own files --------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["NaN", "inf", "", "five", "1e999"])
def test_a_cell_that_is_no_number_is_named_by_its_place_and_not_told(
    cell: str,
    agent: Agent,
    home: Home,
    small_capsule: SmallCapsule,
    colours: Path,
    happenings: list[JsonObject],
) -> None:
    lines = colours.read_text().splitlines()
    first, _, *rest = lines[7].split(",")
    lines[7] = ",".join([first, cell, *rest])
    colours.write_text("\n".join(lines) + "\n")
    home.data().add("colours", colours, replace=True)
    campaign = small_capsule.open()
    errors, submitted = errors_and_campaigns(agent, home)
    assert [type(error).__name__ for error in errors] == ["BadValueError"]
    assert submitted == []
    failure = Connection.open(home).journal.failure(campaign, "colours")
    assert failure is not None
    assert "colours.csv: row 8, column 'b'" in failure.message
    if cell:
        assert cell not in failure.message
        assert cell not in json.dumps(happenings)


def test_a_label_outside_the_classes_is_refused(
    agent: Agent, home: Home, small_capsule: SmallCapsule, colours: Path
) -> None:
    colours.write_text(colours.read_text().replace(",blue,", ",mauve,"))
    home.data().add("colours", colours, replace=True)
    small_capsule.open()
    errors, submitted = errors_and_campaigns(agent, home)
    assert [type(error).__name__ for error in errors] == ["BadValueError"]
    assert submitted == []


def test_a_file_that_changed_after_it_was_added_is_not_trained_on(
    agent: Agent, home: Home, small_capsule: SmallCapsule, colours: Path
) -> None:
    small_capsule.open()
    colours.write_text(colours.read_text() + "1,2,3,red,x\n")
    errors, submitted = errors_and_campaigns(agent, home)
    assert [type(error).__name__ for error in errors] == ["DataChangedError"]
    assert submitted == []


def test_a_file_that_changes_between_two_visits_is_not_trained_on(
    agent: Agent, home: Home, small_capsule: SmallCapsule, colours: Path
) -> None:
    from pysonar.chain.contract.types import Verdict

    campaign = small_capsule.open()
    errors_and_campaigns(agent, home)
    (event,) = [entry.event for entry in Connection.open(home).follower.history(Submitted)]
    small_capsule.report(campaign, home.address, event.update, Verdict.IMPROVED, 300_000)
    colours.unlink()
    errors, submitted = errors_and_campaigns(agent, home)
    assert [type(error).__name__ for error in errors] == ["DataChangedError"]
    assert submitted == [campaign]


# --- the store, and the program itself --------------------------------------------------------------------


def test_a_store_that_fails_after_training_loses_nothing(
    agent: Agent, home: Home, small_capsule: SmallCapsule, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pysonar.store import StoreFullError
    from pysonar.store.embedded.store import EmbeddedStore

    campaign = small_capsule.open()

    def full(*_: object) -> None:
        raise StoreFullError("no room")

    with monkeypatch.context() as broken:
        broken.setattr(EmbeddedStore, "put_pinned", full)
        errors, submitted = errors_and_campaigns(agent, home)
    assert [type(error).__name__ for error in errors] == ["StoreFullError"]
    assert submitted == []
    (waiting,) = Connection.open(home).journal.submissions()
    errors, submitted = errors_and_campaigns(agent, home)
    assert (errors, submitted) == ([], [campaign])
    (sent,) = Connection.open(home).journal.submissions()
    assert sent == waiting  # the same bytes, not a second gradient


def test_a_fault_of_the_program_with_one_campaign_is_named_by_its_place_only(
    agent: Agent, home: Home, small_capsule: SmallCapsule, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mine_agent.work.compiled_data import CompiledData

    small_capsule.open()

    def faulty(*_: object) -> None:
        raise ValueError("0.4711 is a value of the owner's data")

    monkeypatch.setattr(CompiledData, "visit", faulty)
    errors, _ = errors_and_campaigns(agent, home)
    assert [type(error).__name__ for error in errors] == ["UnexpectedError"]
    assert "ValueError at test_mine_hostile.py" in str(errors[0])
    assert "0.4711" not in str(errors[0])


def test_the_overview_shows_a_broken_campaign_beside_the_good_one(
    agent: Agent, home: Home, small_capsule: SmallCapsule
) -> None:
    is_no_spec(small_capsule, None)
    small_capsule.open(salt=b"\xaa" * 32)
    connection = Connection.open(home)
    connection.read_events()
    broken, good = open_campaigns(connection, home.data().all(), home.policy())
    assert broken.campaign_spec is None
    assert broken.fault
    assert good.joined
