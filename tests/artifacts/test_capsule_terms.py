"""A Capsule's terms: read back as they were written, signed by its certificate's key, and what speaks
against a campaign at both edges of each.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmined_oracle.campaigns.operator_rules import published_terms
from openmined_oracle.errors import LONGEST_REASON, Decline, DeclinedError
from openmined_oracle.home import CapsuleSettings
from openmined_oracle.keys.announced import announced
from pysonar.protocol.artifacts import ArtifactError
from pysonar.protocol.artifacts.capsule_terms import (
    ETHER_ADDRESS,
    NOTATION,
    CapsuleTerms,
    Objection,
    Size,
    Term,
)
from pysonar.protocol.canonical import dumps_json, loads_json
from pysonar.protocol.openpgp import Certificate, SecretKey, seal
from pysonar.protocol.openpgp.messages import open_sealed
from tests.builders.changes import with_fields

RULES = CapsuleSettings(certificate="0" * 40)
TERMS = published_terms(RULES)
TOKEN = "0x" + "dd" * 20
SIZE = Size(weights=(5, 3), inputs=4, rows=10, draws_features=False, ciphertexts=15.0)
WHOLE = st.integers(0, 1 << 60)


@pytest.fixture(scope="module")
def capsule() -> SecretKey:
    return SecretKey.generate("Capsule")


def terms_against(objections: Iterable[Objection]) -> list[Term]:
    return [objection.term for objection in objections]


@given(
    st.builds(
        CapsuleTerms,
        assets=st.lists(st.sampled_from([ETHER_ADDRESS, TOKEN]), max_size=3).map(tuple),
        least_bounty=st.integers(0, (1 << 96) - 1),
        least_fee=st.integers(0, (1 << 96) - 1),
        families=st.lists(st.sampled_from(["linear", "mlp", "any"]), max_size=3).map(tuple),
        scientists_listed=st.booleans(),
        max_days=st.integers(1, 395),
        least_gain_deviations=st.floats(0, 10),
        **{name: st.integers(0, (1 << 53) - 1) for name in (
            "max_networks", "max_weights", "max_ciphertexts", "max_rows", "max_cells",
        )},
    )
)  # fmt: skip
def test_terms_are_read_back_as_they_were_written(terms: CapsuleTerms) -> None:
    assert CapsuleTerms.parse(terms.to_bytes()) == terms
    assert CapsuleTerms.parse(terms.to_bytes()).to_bytes() == terms.to_bytes()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", "openmined/capsule_terms/2"), ("least_fee", "1e18"), ("least_fee", "-1"), ("least_fee", 1),
        ("least_bounty", str(1 << 96)), ("least_bounty", "01"), ("least_bounty", "\u0661"), ("assets", "any"),
        ("assets", [""]), ("families", ["x" * 65]), ("max_rows", -1), ("max_rows", True), ("max_days", 0),
        ("scientists_listed", 1), ("least_gain_deviations", -0.5), ("another", 1),
    ],
)  # fmt: skip
def test_terms_of_another_form_are_refused_by_name(field: str, value: object) -> None:
    values = loads_json(TERMS.to_bytes(), max_bytes=1 << 16)
    with pytest.raises(ArtifactError) as caught:
        CapsuleTerms.parse(dumps_json({**values, field: value}))
    assert caught.value.field.startswith(field)


def test_terms_travel_with_the_certificate_which_stays_good_to_seal_to(
    capsule: SecretKey, tmp_path: Path
) -> None:
    made = announced(tmp_path, RULES, capsule)
    read = Certificate.from_bytes(made.to_bytes())
    assert read == capsule.certificate
    assert CapsuleTerms.parse((read.notation(NOTATION) or "").encode()) == TERMS
    assert capsule.certificate.notation(NOTATION) is None
    assert read.made_at <= time.time()
    author = SecretKey.generate("scientist")
    sealed = seal(b"records", [read], author)
    assert open_sealed(sealed, capsule, expected_signer=author.certificate) == b"records"


def test_the_same_terms_are_signed_once_and_others_anew(capsule: SecretKey, tmp_path: Path) -> None:
    first = announced(tmp_path, RULES, capsule)
    assert announced(tmp_path, RULES, capsule).to_bytes() == first.to_bytes()
    dearer = replace(RULES, least_fee="1 ether")
    second = announced(tmp_path, dearer, capsule)
    assert '"1000000000000000000"' in (second.notation(NOTATION) or "")
    other = announced(tmp_path, dearer, SecretKey.generate("rotated"))
    assert other != second
    (tmp_path / "announced.pgp").write_bytes(b"damaged")
    assert announced(tmp_path, RULES, capsule).notation(NOTATION) == first.notation(NOTATION)


def test_nobody_else_can_put_terms_on_the_certificate(capsule: SecretKey) -> None:
    import pysequoia

    stranger = SecretKey.generate("stranger").native().certifier()
    forged = capsule.certificate.native().set_notations(stranger, [pysequoia.Notation(NOTATION, "{}")])
    assert Certificate.from_bytes(bytes(forged)).notation(NOTATION) is None


def test_a_list_that_is_too_long_to_publish_is_not_published(capsule: SecretKey, tmp_path: Path) -> None:
    many = replace(RULES, assets=tuple(f"0x{number:040x}" for number in range(1, 1000)))
    assert announced(tmp_path, many, capsule).notation(NOTATION) is None


def test_which_scientists_are_on_the_list_is_not_published() -> None:
    listed = published_terms(replace(RULES, scientists=(TOKEN,)))
    assert listed.scientists_listed
    assert not TERMS.scientists_listed
    assert TOKEN.encode() not in listed.to_bytes()


@pytest.mark.parametrize(
    ("field", "edge", "term"),
    [
        ("max_weights", 15, Term.WEIGHTS),
        ("max_ciphertexts", 15, Term.CIPHERTEXTS),
        ("max_rows", 10, Term.ROWS),
        ("max_cells", 80, Term.CELLS),
    ],
)
def test_sizes_at_both_edges(field: str, edge: int, term: Term) -> None:
    enough, few = with_fields(TERMS, {field: edge}), with_fields(TERMS, {field: edge - 1})
    assert terms_against(enough.to_model(SIZE)) == []
    assert terms_against(few.to_model(SIZE)) == [term]


def test_a_feature_maps_numbers_count_and_so_does_a_network_where_none_is_taken() -> None:
    mapped = replace(SIZE, draws_features=True, inputs=20, rows=1)
    assert terms_against(replace(TERMS, max_cells=100).to_model(mapped)) == []
    assert terms_against(replace(TERMS, max_cells=99).to_model(mapped)) == [Term.MAP_CELLS]
    assert terms_against(replace(TERMS, max_networks=0).to_network("mlp")) == [Term.NETWORKS]
    assert terms_against(replace(TERMS, max_networks=0).to_network("linear")) == []
    assert terms_against(replace(TERMS, max_networks=1).to_network("mlp")) == []


@given(st.sampled_from(list(Decline)), WHOLE, WHOLE)
def test_a_decline_says_its_numbers_or_leaves_them_out_and_fits_the_contract(
    reason: Decline, found: int, needed: int
) -> None:
    error = DeclinedError(reason, f"{found} weights; needs {needed} at most")
    assert len(error.text.encode()) <= LONGEST_REASON
    assert error.text.startswith(reason.value)
    assert DeclinedError(reason).text == reason.value


@pytest.mark.parametrize(
    ("objections", "said"),
    [
        (
            replace(TERMS, least_bounty=3 * 10**17).to_payment(ETHER_ADDRESS, 10**17, 10**18),
            "the bounty is smaller than this Capsule works for: 0.1 ETH; needs 0.3 ETH at least",
        ),
        (
            replace(TERMS, least_gain_deviations=0.4).to_gain("linear", 5_000, 360),
            "the smallest paid gain is too small for the number of validation records: it pays for luck:"
            " 0.5 %; needs 2.2223 % at least",
        ),
    ],
)
def test_usual_declines_have_room_for_their_numbers(objections: Iterable[Objection], said: str) -> None:
    (objection,) = objections
    reason = {Term.BOUNTY: Decline.BOUNTY_SMALL, Term.GAIN: Decline.GAIN_SMALL}[objection.term]
    assert DeclinedError(reason, objection.numbers).text == said
