"""What releases cost, records on the grid, and noise from given randomness."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from mine_agent.campaigns.artifacts import CampaignSpec
from mine_agent.data.datasets import DataSet
from mine_agent.privacy.entries import FIRST, Entry, Kind
from mine_agent.privacy.release_key import release_key
from openmined_syft.models.family import LinearFamily
from openmined_syft.privacy import Clip, epsilon_at, on_grid, rho_for
from openmined_syft.privacy.discrete_gaussian import sample_discrete_gaussian
from openmined_syft.privacy.sums import variances
from pysonar.protocol.artifacts import Algorithm, Spec
from pysonar.protocol.artifacts.spec.record_clip import record_clip
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema import category_field, input_schema, number_field
from tests.builders.specs import spec_of
from tests.json_types import JsonObject
from tests.vectors.drawing import unit, words

_LENGTHS = (1e-9, 0.3, 1.0, 4.0, 1e9, 1e200)


class Counted:
    """Numbers below a bound from the words of `drawing`, in their order: the lowest bits, by rejection."""

    def __init__(self, name: str, count: int) -> None:
        self._words = iter(words(name, count).tolist())

    def below(self, bound: int) -> int:
        """The next words, lowest first, as many as the bound needs; too large ones are passed over."""
        bits = (bound - 1).bit_length()
        while True:
            value = 0
            for place in range(-(-bits // 64)):
                value |= next(self._words) << (64 * place)
            value &= (1 << bits) - 1
            if value < bound:
                return value


def accounting_and_grid() -> JsonObject:
    """Prices, clipped records, samples, and a line of a ledger."""
    costs = [(3.0, 1e-6), (10.0, 1e-6), (0.01, 1e-9), (50.0, 0.001)]
    rhos = [Fraction(1, 128), Fraction(23, 7), Fraction(3, 1 << 40)]
    clip = Clip(2.0, 1.5)
    rows = [[scale * (value - 0.5) for value in unit(f"row {scale}", 4)] for scale in _LENGTHS]
    grid = on_grid(np.column_stack([rows, np.ones(len(rows))]), np.array(rows)[:, :1], clip)
    source = Counted("gaussian", 1 << 14)
    entry = Entry(1, 1_700_000_000, Kind.OPENED, b"", "", b"", Fraction(0), "0x" + "31" * 20, FIRST).sealed()
    charge = Entry(
        2, 1_700_000_001, Kind.CHARGED, bytes(32), "digits", b"\1" * 32, Fraction(23, 128), "", entry.hash
    )
    return {
        "about": "Costs as fractions; epsilons agree within 1e-9; the grid, samples and hashes exactly.",
        "rho_for": [{"epsilon": e, "delta": d, "rho": str(rho_for(e, d))} for e, d in costs],
        "epsilon_at": [{"rho": str(rho), "delta": 1e-6, "epsilon": epsilon_at(rho, 1e-6)} for rho in rhos],
        "variances": [{"rho": str(rho), "variances": [str(v) for v in variances(rho)]} for rho in rhos],
        "clip": [clip.inputs, clip.targets],
        "bias_unit": clip.bias_unit,
        "rows": rows,
        "inputs": grid.inputs.astype(int).tolist(),
        "targets": grid.targets.astype(int).tolist(),
        "gaussian": [
            str(sample_discrete_gaussian(variance, source))
            for variance in (1, 7, 10**6, 10**15)
            for _ in range(8)
        ],
        "ledger": [entry.hash.hex(), charge.sealed().hash.hex()],
    }


def release_names() -> JsonObject:
    """Specs with the names of their releases: words for people make no other release, a bound does."""
    fields = {"title": number_field((-1.0, 2.5)), "kind": category_field(["a", "ö"])}
    worded = {"title": {**fields["title"], "description": "how long"}, "kind": fields["kind"]}
    fourier = Algorithm(
        "one_vs_rest",
        {"name": "gradient_descent", "steps": 50},
        {"features": {"name": "fourier", "count": 8, "gamma": 0.5}},
    )
    specs = {
        "plain": spec_of(),
        "renamed": spec_of(title="Others"),
        "kinds": spec_of(input_schema=input_schema(fields)),
        "worded": spec_of(input_schema=input_schema(worded, "Records")),
        "bounded": spec_of(input_schema=input_schema({**fields, "title": number_field((-1.0, 2.75))})),
        "fourier": spec_of(algorithm=fourier),
    }
    return {
        "about": "The names of releases at rho 23/128 of data with a registration of 16 bytes of 07.",
        "releases": [
            {"name": name, "spec": spec.to_bytes().decode(), "key": _name_of(spec)}
            for name, spec in specs.items()
        ],
    }


def _name_of(spec: Spec) -> str:
    campaign_spec = CampaignSpec(bytes(32), Cid(b"\1" * 32), spec)
    family = campaign_spec.family
    assert isinstance(family, LinearFamily)
    data = DataSet("rows", "csv", "", b"", 0, (), (), registration="07" * 16)
    return release_key(campaign_spec, data, record_clip(spec.schema, family), Fraction(23, 128)).hex()
