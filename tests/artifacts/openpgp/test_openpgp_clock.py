"""A clock that is behind a key or a seal: said with the time that is lacking, and never called damage."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from pysonar.protocol.openpgp import (
    Certificate,
    ClockBehindError,
    SecretKey,
    TamperedError,
    WrongSignerError,
    open_sealed,
    seal,
    sign_detached,
    verify_detached,
)
from tests.gnupg import at, key_of

AHEAD = 30 * 86_400
HALF_A_DAY = 43_200


@pytest.fixture
def then() -> list[str]:
    """What makes GnuPG work 30 days from now."""
    return at(time.time() + AHEAD)


@pytest.fixture
def later(gpg: Callable[..., bytes]) -> SecretKey:
    """A key that is made 30 days from now."""
    return key_of(gpg, time.time() + AHEAD)


def sealed_then(
    gpg: Callable[..., bytes], then: list[str], to: Certificate, signer: SecretKey | None = None
) -> bytes:
    gpg("--import", data=to.to_bytes())
    options = ["--trust-model", "always", "--compress-algo", "none", "--recipient", to.fingerprint]
    if signer is not None:
        gpg("--import", data=bytes(signer.native()))
        options += ["--sign", "--local-user", signer.certificate.fingerprint]
    return gpg(*then, *options, "--encrypt", data=b"from the future")


def assert_behind(error: pytest.ExceptionInfo[ClockBehindError], what: str) -> None:
    assert AHEAD - HALF_A_DAY < error.value.seconds <= AHEAD
    said = str(error.value)
    assert datetime.fromtimestamp(time.time() + error.value.seconds, UTC).strftime(" of %Y-%m-%d ") in said
    assert what in said
    assert "Nothing is damaged" in said


def test_a_key_that_is_made_later_is_waited_for_wherever_it_is_used(gpg, then, later, capsule):
    fingerprint = later.certificate.fingerprint
    sealed = sealed_then(gpg, then, later.certificate)
    for use in (
        lambda: seal(b"x", [capsule.certificate, later.certificate]),
        lambda: seal(b"x", [capsule.certificate], later),
        lambda: sign_detached(b"x", later),
        lambda: open_sealed(sealed, later),
        lambda: open_sealed(seal(b"x", [capsule.certificate]), capsule, expected_signer=later.certificate),
        lambda: later.certificate.user_ids,
        lambda: later.certificate.expiration,
    ):
        with pytest.raises(ClockBehindError) as caught:
            use()
        assert_behind(caught, fingerprint)


def test_a_key_can_be_used_from_the_second_on_in_which_all_of_it_is_made(capsule):
    made = capsule.certificate.made_at
    assert made <= time.time() < made + 3600
    assert capsule.certificate.user_ids
    assert open_sealed(seal(b"x", [capsule.certificate]), capsule) == b"x"


def test_a_key_counts_as_made_once_its_last_part_is(gpg):
    gpg("--passphrase", "", "--quick-gen-key", "somebody@example.org", "ed25519", "sign", "never")
    fingerprint = next(
        line.split(":")[9] for line in gpg("--with-colons", "--list-keys").decode().splitlines()
        if line[:3] == "fpr"
    )  # fmt: skip
    moment = int(time.time() + AHEAD)
    before = Certificate.from_bytes(gpg("--export", fingerprint))
    gpg(*at(moment), "--passphrase", "", "--quick-add-key", fingerprint, "cv25519", "encr", "never")
    assert before.made_at <= time.time()
    assert Certificate.from_bytes(gpg("--export", fingerprint)).made_at == moment


def test_a_signature_of_the_future_is_no_change_where_the_message_was_there_by_then(
    gpg, then, scientist, capsule
):
    """The scientist's clock was set back after Capsule had delivered."""
    signer = capsule.certificate
    blob = sealed_then(gpg, then, scientist.certificate, capsule)
    assert open_sealed(blob, scientist) == b"from the future"
    with pytest.raises(ClockBehindError) as caught:
        open_sealed(blob, scientist, expected_signer=signer, there_at=time.time() + AHEAD)
    assert_behind(caught, "a signature")
    with pytest.raises(TamperedError):  # nothing says that it was ever there
        open_sealed(blob, scientist, expected_signer=signer, there_at=time.time() - 1)


def test_what_was_changed_and_what_a_stranger_signed_stay_what_they_are(scientist, capsule, stranger):
    blob = bytearray(seal(b"the result", [scientist.certificate], capsule))
    blob[-30] ^= 1
    with pytest.raises(TamperedError):
        open_sealed(bytes(blob), scientist, expected_signer=capsule.certificate, there_at=time.time() - 1)
    foreign = seal(b"the result", [scientist.certificate], stranger)
    with pytest.raises(WrongSignerError):
        open_sealed(foreign, scientist, expected_signer=capsule.certificate, there_at=time.time() + AHEAD)


def test_a_detached_signature_of_the_future_is_waited_for_and_a_wrong_one_is_not(gpg, then, capsule):
    gpg("--import", data=bytes(capsule.native()))
    signature = gpg(*then, "--local-user", capsule.certificate.fingerprint, "--detach-sign", data=b"these")
    with pytest.raises(ClockBehindError) as caught:
        verify_detached(b"these", signature, expected_signer=capsule.certificate)
    assert_behind(caught, "a signature")
    with pytest.raises(TamperedError):
        verify_detached(b"those", sign_detached(b"these", capsule), expected_signer=capsule.certificate)
