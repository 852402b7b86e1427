"""Scientists and miners who want to stop Capsule, hold it up for everybody, or keep its fees from it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pysequoia
import pytest

from openmined_oracle.errors import Decline
from pysonar.artifacts import Algorithm, SealedInput, Validation
from pysonar.canonical import dumps_json
from pysonar.chain.types import State
from pysonar.openpgp import Certificate, SecretKey
from pysonar.schema import Schema, boolean_field, category_field, class_label, input_schema, output_schema

DAY = 86_400


def expiring(seconds: int) -> SecretKey:
    """A scientist's key whose certificate ends soon."""
    tsk = pysequoia.Tsk.generate("soon gone", validity_seconds=seconds)
    return SecretKey(tsk, Certificate.from_bytes(bytes(tsk.extract_certificate())))


def test_a_family_that_no_spec_can_have_is_declined(world: Any) -> None:
    document = json.loads(world.spec().to_bytes())
    document["algorithm"]["family"] = "ridge"
    campaign = world.create(world.store.put(dumps_json(document)))
    agent = world.run()
    assert agent.failures == {}
    assert world.declined_for(campaign) == Decline.SPEC_MALFORMED.value


def test_a_certificate_that_ends_meanwhile_keeps_no_fee_from_capsule(world: Any, miner: Any) -> None:
    scientist = expiring(4)
    spec = world.spec(scientist_certificate=world.store.put(scientist.certificate.to_bytes()))
    campaign = world.opened(spec)
    world.submit(campaign, miner)
    world.run()
    time.sleep(4)
    world.node.advance(3 * DAY)
    agent = world.run()
    print(agent.failures, world.record(campaign))
    world.forget_failures()
    agent = world.run()
    assert world.record(campaign).state is State.SETTLED
    assert world.sonar.claimable(campaign, world.capsule.address) == 0
