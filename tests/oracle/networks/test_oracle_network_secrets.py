"""What Capsule keeps and tells of networks: keys of their own, no secret in clear, notes that still open."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import replace

import numpy as np
import pytest

from openmined_oracle.judging.judge import Judgement, Notes
from openmined_oracle.keys.keystore import generate_key
from openmined_syft.ckks.keys import CkksPrivateKey
from openmined_syft.judging.step_search import Best
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.deeds import capsule_pins
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SecretKey, open_sealed, seal
from tests.oracle.networks.network_world import MadeUpNetworkWorld

pytestmark = pytest.mark.slow  # networks under encryption: minutes in all

DAY = 86_400


def test_every_campaign_has_a_key_and_a_bundle_of_its_own(networks: MadeUpNetworkWorld) -> None:
    networks.generate = generate_key
    first, second = (networks.opened() for _ in range(2))
    keys = [networks.published(campaign)[0].key_fingerprint for campaign in (first, second)]
    assert keys[0] != keys[1]
    for campaign, fingerprint in zip((first, second), keys, strict=True):
        assert fingerprint in networks.published(campaign)[1]
        bundle = Cid.from_bytes32(networks.record(campaign).public_key)
        assert bundle in networks.store.pins(capsule_pins(campaign))


def test_the_secret_is_on_disk_only_sealed_and_no_weight_is_in_clear(
    networks: MadeUpNetworkWorld, miner: KeyfileSigner, ckks: CkksPrivateKey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    campaign = networks.opened(target=800_000)
    networks.submit(campaign, miner)
    networks.run()
    weights = networks.result(campaign).weights
    secret = ckks.secret
    files = [path for path in networks.home.path.rglob("*") if path.is_file()]
    stored = [path for path in networks.store_path.rglob("*") if path.is_file()]
    everything = b"".join(path.read_bytes() for path in (*files, *stored))
    everything += caplog.text.encode() + repr(networks.told).encode()

    pieces = [secret[at : at + 48] for at in range(0, len(secret) - 48, len(secret) // 7)]
    for piece in pieces:
        forms = (piece, piece.hex().encode(), base64.b64encode(piece), repr(piece).encode())
        assert not [form for form in forms if form in everything]
    moved = weights[np.abs(weights - networks.start) > 1e-3][:40]
    assert len(moved) == 40
    for weight in moved:
        spelt = (weight.tobytes(), weight.byteswap().tobytes(), repr(float(weight)).encode())
        assert not [form for form in spelt if form in everything]

    # The search would find them: both are there, sealed to Capsule and to the scientist.
    (file,) = networks.home.keys.glob("*.pgp")
    assert file.stat().st_mode & 0o077 == 0
    document = json.loads(
        open_sealed(file.read_bytes(), networks.own, expected_signer=networks.own.certificate)
    )
    assert base64.b64decode(document["secret"]) == secret
    assert pieces[3] in secret


def test_no_damping_is_said_of_a_submission(networks: MadeUpNetworkWorld, miner: KeyfileSigner) -> None:
    """What Capsule tells is what is on chain."""
    campaign = networks.opened()
    networks.told.clear()
    networks.submit(campaign, miner)
    networks.run()
    (verdict,) = [details for event, _, details in networks.told if event == "verdict"]
    assert set(verdict) == {"index", "miner", "verdict", "accuracy_ppm", "version"}


def test_notes_of_verdicts_before_there_was_damping_still_open(
    networks: MadeUpNetworkWorld, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Capsule that judged was older than the one that delivers."""

    def older(notes: Notes, own: SecretKey) -> bytes:
        names = ("base_version", "step", "score", "salt", "digest", "reason")
        document = {name: getattr(notes, name) for name in names}
        document |= {name: document[name] and document[name].hex() for name in ("salt", "digest")}
        return seal(json.dumps(document).encode(), [own.certificate], own)

    notes = Judgement(Verdict.NO_GAIN, base_version=3, best=Best(0.5, np.zeros((2, 1)), 7, 0.1)).notes()
    assert Notes.open(notes.seal(networks.own), networks.own) == notes
    assert Notes.open(older(notes, networks.own), networks.own) == replace(notes, damping=None)

    campaign = networks.opened()
    with monkeypatch.context() as patch:
        patch.setattr(Notes, "seal", older)
        networks.submit(campaign, miner)
        networks.run()
    networks.node.advance(DAY)
    networks.run()
    (entry,) = networks.result(campaign).record
    assert (entry.verdict, entry.damping) == ("IMPROVED", None)
    assert entry.step is not None
