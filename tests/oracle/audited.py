"""A campaign whose scientist hands it to an auditor, and the fixtures for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from openmined_oracle.keys.announced import announced
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.home.settings import save_settings
from pysonar.protocol.openpgp import SecretKey, secret_keys
from pysonar.scientist.auditing import opening
from pysonar.scientist.auditing.check import Check
from pysonar.scientist.auditing.judging import Bench
from pysonar.scientist.cli import app
from pysonar.scientist.connection import Connection
from pysonar.scientist.home import Home
from pysonar.store import cid_of
from tests.builders.specs import SpecChanges
from tests.oracle.capsule_world import DAY, World

Lie = Callable[[pytest.MonkeyPatch], None]
ROW = 16_667
"""One validation record of sixty, in ppm."""


@pytest.fixture(scope="session")
def auditor() -> SecretKey:
    return SecretKey.generate("auditor")


@pytest.fixture
def audited(world: World, auditor: SecretKey, miner: KeyfileSigner, second_miner: KeyfileSigner) -> Audited:
    return Audited(world, auditor, miner, second_miner)


class Audited:
    """A campaign with an auditor: a good gradient, another one, and one that learned nothing."""

    def __init__(
        self, world: World, auditor: SecretKey, miner: KeyfileSigner, second_miner: KeyfileSigner
    ) -> None:
        self.world, self.key, self.miners = world, auditor, (miner, second_miner, miner)
        self.campaign = b""

    def run(self, **changes: Unpack[SpecChanges]) -> None:
        """To its end, by the Capsule as it is."""
        world = self.world
        certificate = world.store.put(self.key.certificate.to_bytes())
        own = cid_of(announced(world.home.path, world.home.capsule, world.own).to_bytes())
        named = SpecChanges(steps=(0.5, 1.0), auditor_certificate=certificate, capsule_certificate=own)
        self.campaign = world.opened(world.spec(**(changes | named)))
        for seed, signer in zip((2, 3, 4), self.miners, strict=True):
            visit = world.visit(seed=seed, rows=30)
            useless = replace(visit, c=np.zeros_like(visit.c)) if seed == 4 else visit
            gradient = world.gradient(self.campaign, useless)
            world.submit(self.campaign, signer, world.envelope(self.campaign, signer, gradient))
        self.finish()

    def finish(self) -> None:
        self.world.run()
        self.world.node.advance(DAY)
        self.world.run()
        assert self.world.record(self.campaign).delivered

    def connection(self) -> Connection:
        home = Home(self.world.home.path.parent / "auditor", self.world.home.settings)
        connection = Connection.open(home)
        connection.read_events()
        return connection

    def checks(self, key: SecretKey | None = None) -> list[Check]:
        return list(opening.audit_with_key(self.connection(), key or self.key, self.campaign))

    def home(self, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A home for the command line; the sealed key of the auditor in it."""
        path = self.world.home.path.parent / "auditor"
        save_settings(path, self.world.home.settings)
        with monkeypatch.context() as patch:
            patch.setattr(secret_keys, "SCRYPT_N", secret_keys.MIN_SCRYPT_N)
            self.key.seal_to_file(path / "openpgp.json", self.world.passphrase)
        return path / "openpgp.json"

    def command(self, *options: str) -> Result:
        home = self.world.home.path.parent / "auditor"
        asked = ["audit", "0x" + self.campaign.hex(), "--home", str(home), "--format", "json", *options]
        return CliRunner().invoke(app, asked, env={"OPENMINED_PASSPHRASE": self.world.passphrase})

    def bench(self, monkeypatch: pytest.MonkeyPatch) -> Bench:
        """What is judged anew, opened."""
        kept: list[Bench] = []
        with monkeypatch.context() as patch:
            patch.setattr(opening, "audit_verdicts", lambda bench: kept.append(bench) or ())  # type: ignore[func-returns-value]
            self.checks()
        return kept[0]

    @property
    def first(self) -> str:
        """The first difference."""
        return next(check.what for check in self.checks() if not check.passed)
