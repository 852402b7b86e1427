"""A whole visit under ring-LWE through the artifacts that travel: to the mine and back, exactly."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits

from openmined_oracle.keys.keystore import KeyStore
from openmined_syft.affine import AffineMap
from openmined_syft.fixed_point import fixed_map, to_fixed
from openmined_syft.models import Rows
from openmined_syft.rlwe.gradient import RlweGradient
from openmined_syft.rlwe.keys import RlwePrivateKey
from openmined_syft.schemes import scheme_named
from pysonar.protocol.artifacts import Algorithm, GradientEnvelope, ModelArtifact, PublicKeyArtifact, Spec
from pysonar.protocol.artifacts.parts.errors import ArtifactError
from pysonar.protocol.schema import class_label, input_schema, number_field, output_schema
from tests.roles import as_a

CASES = {
    "breast cancer 31 x 1": ("logistic", load_breast_cancer, 2),
    "digits 65 x 10": ("one_vs_rest", load_digits, 10),
}


@pytest.fixture(params=CASES, ids=str)
def learned(request, spec):
    """A spec for a real table, and the table."""
    family, load, classes = CASES[request.param]
    X, y = load(return_X_y=True)
    X = np.clip((X - X.mean(0)) / np.where(X.std(0) > 1e-9, X.std(0), 1.0), -4, 4)
    wanted = replace(
        spec,
        algorithm=Algorithm(family, {"steps": 50}, scheme="rlwe"),
        scheme="",
        key_bits=8192,
        input_schema=input_schema({f"x{number}": number_field((-4, 4)) for number in range(X.shape[1])}),
        output_schema=output_schema("label", class_label(list(range(classes)))),
    )
    return wanted, Rows(X, y)


def test_what_capsule_decrypts_is_the_integers_of_the_plaintext(learned, capsule, place, tmp_path):
    wanted, rows = learned
    spec = Spec.parse(wanted.to_bytes())
    spec.check_size()
    assert (spec.scheme, spec.key_bits) == ("rlwe", 8192)
    scheme, family = scheme_named(spec.scheme), spec.family_for(place.campaign)

    # Capsule: a key at rest, the public half, version 4 of the model.
    key = KeyStore(tmp_path, capsule).key_for(place.campaign, spec.scheme, spec.key_bits)
    weights = np.random.default_rng(0).normal(size=spec.weights_shape) / 2
    published = PublicKeyArtifact(scheme.public_half(key, family), "rlwe").to_bytes()
    model = scheme.encrypt(weights, key, family, version=4, weight_bound=spec.weight_bound)
    version = ModelArtifact(model, "rlwe").to_bytes()
    assert len(published) < 200
    assert len(version) < scheme.most_model_bytes(family, spec.key_bits)

    # The mine: everything checked, one visit, sealed.
    public = PublicKeyArtifact.parse(published, scheme="rlwe").key
    theirs = ModelArtifact.parse(version, scheme="rlwe").for_key(public)
    scheme.check_form(theirs, public, family, spec.weight_bound)
    rule = spec.algorithm.training_rule()
    visit = as_a(AffineMap, scheme.visit(family, rows, rule, version=4, salt=b""))
    envelope = GradientEnvelope(
        place.chain_id, place.contract, place.campaign, 4, place.base_cid, place.miner,
        scheme.train(theirs, public, visit), None, "rlwe",
    )  # fmt: skip
    sealed = envelope.seal(capsule.certificate)

    # Capsule again, with the key as a restart would have it.
    opened = GradientEnvelope.open(
        sealed, capsule, chain_id=place.chain_id, contract=place.contract, campaign=place.campaign,
        miner=place.miner, scheme="rlwe",
    )  # fmt: skip
    opened.gradient.check_base(model)
    again = KeyStore(tmp_path, capsule).stored_key(place.campaign)
    scheme.validate(opened.gradient, again)
    matrix, start = fixed_map(visit.A, 22).astype(object), to_fixed(weights, 22, "W").astype(object)
    exact = matrix @ start + np.rint(np.ldexp(visit.c, 44)).astype(np.int64)
    np.testing.assert_array_equal(
        as_a(RlweGradient, opened.gradient).integers(as_a(RlwePrivateKey, again)).astype(object), exact
    )


def test_a_spec_names_a_scheme_of_its_family_and_the_schemes_own_size(spec):
    for change, field in (
        ({"algorithm": replace(spec.algorithm, scheme="paillier"), "key_bits": 8192}, "key_bits"),
        ({"scheme": "rlwe"}, "scheme"),
    ):
        with pytest.raises(ArtifactError) as refused:
            replace(spec, **change)
        assert refused.value.field == field
    with pytest.raises(ArtifactError, match="paillier, rlwe"):
        replace(spec.algorithm, scheme="ckks")
