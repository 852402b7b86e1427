"""The certificate as Capsule makes it known: with its operator's terms on it, signed by its own key.

Signing them gives other bytes each time, so what was signed is kept in the home, and made again only if the
terms or the key are other ones. A campaign names the bytes that were registered when it was asked for; an
older one's are found by what the chain says that this account registered.
"""

from __future__ import annotations

from pathlib import Path

from openmined_oracle.campaigns.operator_rules import published_terms
from openmined_oracle.home import CapsuleSettings
from pysonar.files.secret_file import replace_secret_file
from pysonar.protocol.artifacts import ArtifactError, parse_certificate
from pysonar.protocol.artifacts.capsule_terms import MOST_BYTES, NOTATION
from pysonar.protocol.openpgp import Certificate, SecretKey

FILE = "announced.pgp"


def announced(home: Path, rules: CapsuleSettings, own: SecretKey) -> Certificate:
    """The certificate with the terms of these rules; the same until the rules or the key change.

    ClockBehindError: by this machine's clock the key is of the future. Nothing can be signed with it or
    opened until then, so nothing older is announced in its place.
    """
    own.certificate.require_made()
    terms = published_terms(rules).to_bytes()
    if len(terms) > MOST_BYTES:
        return own.certificate  # more names than a certificate holds: this Capsule answers when it is asked
    kept = _kept(home / FILE)
    if kept is not None and kept == own.certificate and kept.notation(NOTATION) == terms.decode():
        return kept
    made = own.certificate_with(NOTATION, terms.decode())
    replace_secret_file(home / FILE, made.to_bytes())
    return made


def _kept(path: Path) -> Certificate | None:
    try:
        return parse_certificate(path.read_bytes())
    except (OSError, ArtifactError):
        return None
