"""Capsule, a scientist and a miner on one chain, with a campaign of the size that is measured, and as many
small idle ones beside it as are wanted.

Cheap: one key serves all campaigns, gradients are encrypted by the key's owner in place of being trained
under encryption, and one sealed gradient fills many places of the queue. Capsule does for each of them all
that it does for any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pyarrow as pa
from eth_utils.address import to_checksum_address
from numpy.typing import NDArray

from openmined_oracle.home import CapsuleSettings, Home
from openmined_syft.fixed_point import to_fixed
from openmined_syft.paillier.cipher_array import encrypt_integers
from openmined_syft.paillier.encrypted import EncryptedGradient
from openmined_syft.paillier.keys import PrivateKey, generate_keypair
from openmined_syft.paillier.layout import Layout
from openmined_syft.paillier.packing import pack
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.home.settings import Settings
from pysonar.protocol.artifacts import Algorithm, SealedInput, Spec, Validation
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SecretKey
from pysonar.protocol.schema import Schema, class_label, input_schema, number_field, output_schema
from pysonar.store import open_store
from tests.builders.specs import SpecChanges, spec_of
from tests.builders.terms import OtherTerms
from tests.conftest import Anvil, compiled, sent
from tests.oracle.capsule_world import FEE, STAKE, World

VALIDATION = 360
RICH = 10**24  # wei
IN_A_BLOCK = 100
IDLE_BITS = 2048
MOST_PENDING = (1 << 24) - 1


@dataclass(frozen=True)
class Size:
    """What is measured: inputs without the bias, classes, bits of the key."""

    inputs: int
    classes: int
    bits: int

    def __str__(self) -> str:
        return f"{self.inputs + 1}x{self.classes}, {self.bits} bits"

    @cached_property
    def input_schema(self) -> Mapping[str, Any]:
        return input_schema({f"x{place}": number_field((-8.0, 8.0)) for place in range(self.inputs)})

    @cached_property
    def output_schema(self) -> Mapping[str, Any]:
        return output_schema("kind", class_label([f"c{place}" for place in range(self.classes)]))

    @cached_property
    def schema(self) -> Schema:
        return Schema(self.input_schema, self.output_schema)

    def rows(self, count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Inputs around a centre for each class, (count, inputs), and the classes."""
        draw, labels = np.random.default_rng(seed), np.arange(count) % self.classes
        # So near to each other that nobody tells all of them apart: a campaign at its target is over.
        centres = np.random.default_rng(7).standard_normal((self.classes, self.inputs))
        centres *= np.sqrt(12 / self.inputs)
        return np.clip(centres[labels] + draw.standard_normal((count, self.inputs)), -8, 8), labels

    def table(self, count: int, seed: int) -> pa.Table:
        """The same as records."""
        X, labels = self.rows(count, seed)
        columns = {f"x{place}": X[:, place] for place in range(self.inputs)}
        return pa.table({**columns, "kind": [f"c{label}" for label in labels]})

    def learned(self) -> NDArray[np.float64]:
        """Weights that know the classes (inputs + 1, classes), by least squares on rows of their own."""
        records = self.table(1_000, 3)
        X, labels = self.schema.encode(records), self.schema.encode_labels(records)
        full = np.hstack([X, np.ones((len(X), 1))])
        hits = np.eye(self.classes)[labels] - 1 / self.classes
        return np.linalg.solve(full.T @ full + np.eye(full.shape[1]), full.T @ hits)


@dataclass
class Party(World):
    """The world of Capsule's tests, with a campaign of the wanted size."""

    size: Size = field(kw_only=True)
    key: PrivateKey = field(kw_only=True)

    def busy_spec(self) -> Spec:
        """The spec of the campaign that is measured."""
        size = self.size
        sealed = SealedInput.of_records(size.table(VALIDATION, 1), size.schema, **self.binding)
        named = SpecChanges(
            title=f"Capsule at work: {size}",
            input_schema=size.input_schema,
            output_schema=size.output_schema,
            algorithm=Algorithm("one_vs_rest", {"name": "gradient_descent", "steps": 3}),
            validation=Validation(
                self.store.put(sealed.seal(self.own.certificate)), sealed.salted_digest(), VALIDATION
            ),
            capsule_certificate=self.store.put(self.own.certificate.to_bytes()),
            scientist_certificate=self.store.put(self.scientist_key.certificate.to_bytes()),
            key_bits=size.bits,
            difference_norm=1000.0,
            start_ppm=round(1e6 / size.classes),
            start_tolerance_ppm=50_000,
        )
        return spec_of(**named)

    def ask(self, spec: Cid, **terms: Unpack[OtherTerms]) -> bytes:
        """A campaign on chain, paid so little that thousands can be; its id."""
        usual = OtherTerms(bounty=10**16, min_gain=2_000, max_pending=MOST_PENDING)
        return self.create(spec, **(usual | terms))

    def gradient_of(self, campaign: bytes, difference: NDArray[np.float64]) -> EncryptedGradient:
        """A difference (inputs + 1, classes) as a mine would send it, encrypted by the key's owner."""
        model, _ = self.model(campaign)
        layout = model.layout
        fixed = to_fixed(difference, layout.gradient_bits, "difference")
        bits = int(np.abs(fixed).max()).bit_length() + 1
        array = encrypt_integers(_packed(fixed, layout), self.key)
        return EncryptedGradient(array, layout, model.version, bits)

    def fill_queue(self, campaign: bytes, miner: KeyfileSigner, updates: Iterable[Cid]) -> None:
        """A submission for each, a hundred in a block, past the outbox."""
        self.node.rpc("anvil_impersonateAccount", miner.address)
        self.node.set_automine(False)
        nonce = rpc.nonce(self.node.web3, miner.address, "pending")
        for count, cid in enumerate(updates, 1):
            call = self.sonar.calls.submit(campaign, cid.digest, miner.address, STAKE + FEE)
            request = {
                "from": miner.address,
                "to": call.to,
                "value": hex(call.value),
                "data": "0x" + call.data.hex(),
                "gas": hex(200_000),
                "nonce": hex(nonce + count - 1),
            }
            self.node.rpc("eth_sendTransaction", request)
            if count % IN_A_BLOCK == 0:
                self.node.mine()
        self.node.mine()
        self.node.set_automine(True)


def _packed(fixed: NDArray[np.int64], layout: Layout) -> list[int]:
    """The slots of a gradient, as `EncryptedGradient.decrypt` reads them."""
    plain = []
    for columns in map(layout.columns_of, range(layout.column_blocks)):
        for rows in map(layout.rows_of, range(layout.row_groups)):
            block = np.zeros((layout.rows_per_ciphertext, len(columns)), np.int64)
            block[: len(rows)] = fixed[rows.start : rows.stop, columns.start : columns.stop]
            plain.append(pack(block.T.ravel().tolist(), layout.slot_bits))
    return plain


@contextmanager
def party(folder: Path, size: Size) -> Iterator[tuple[Party, KeyfileSigner]]:
    """Everybody on a chain of their own, and the miner; the chain ends with the `with` block."""
    node = Anvil.start()
    try:
        (payer, *_) = node.rpc("eth_accounts")
        request = {"from": payer, "data": "0x" + compiled("contracts/Sonar.vy").hex()}
        receipt = node.receipt(node.rpc("eth_sendTransaction", request))
        sonar = Sonar(node.web3, str(to_checksum_address(receipt["contractAddress"])))
        signers = [KeyfileSigner.from_key(bytes([number]) * 32) for number in (1, 2, 3)]
        for signer in signers:
            node.fund(signer.address, RICH)
        own, scientist = SecretKey.generate("capsule"), SecretKey.generate("scientist")
        settings = Settings(
            rpc=node.url,
            chain_id=sonar.chain_id,
            contract=sonar.address,
            store=f"embedded:{folder / 'store'}",
            confirmations=0,
            poll_seconds=0.05,
        )
        fingerprint = own.certificate.fingerprint
        capsule = CapsuleSettings(certificate=fingerprint, retry_seconds=0.1)
        keys = {bits: generate_keypair(bits) for bits in {size.bits, IDLE_BITS}}
        yield (
            Party(
                node=node, sonar=sonar, store=open_store(settings.store), store_path=folder / "store",
                home=Home(folder / "home", settings, capsule), keys={fingerprint: own}, capsule=signers[0],
                scientist=signers[1], scientist_key=scientist, transact=sent, size=size, key=keys[size.bits],
                generate=lambda _scheme, bits: keys[bits],
            ),
            signers[2],
        )  # fmt: skip
    finally:
        node.stop()
