"""OpenPGP for the project: certificates, secret keys, sealed messages. The only importer of pysequoia.

What it promises: binary messages, integrity protected, uncompressed; one typed error per way a message can be
wrong; secret keys only ever on disk under a passphrase. What it is not: a general OpenPGP client. It makes
version 4 keys (RFC 4880 profile), which every client can verify, and opens what this project seals.
"""

from pysonar.protocol.openpgp.certificates import MAX_CERTIFICATE_BYTES, Certificate
from pysonar.protocol.openpgp.errors import (
    CertificateError,
    ClockBehindError,
    ExpandingMessageError,
    NotForThisKeyError,
    NotOpenPGPError,
    SealError,
    SecretFileError,
    TamperedError,
    WrongKeyPassphraseError,
    WrongSignerError,
)
from pysonar.protocol.openpgp.messages import is_sealed_to, open_sealed, seal
from pysonar.protocol.openpgp.secret_keys import SecretKey
from pysonar.protocol.openpgp.session_keys import open_with_session_key, session_key, unshowable
from pysonar.protocol.openpgp.signatures import sign_detached, verify_detached

__all__ = [
    "MAX_CERTIFICATE_BYTES",
    "Certificate",
    "CertificateError",
    "ClockBehindError",
    "ExpandingMessageError",
    "NotForThisKeyError",
    "NotOpenPGPError",
    "SealError",
    "SecretFileError",
    "SecretKey",
    "TamperedError",
    "WrongKeyPassphraseError",
    "WrongSignerError",
    "is_sealed_to",
    "open_sealed",
    "open_with_session_key",
    "seal",
    "session_key",
    "sign_detached",
    "unshowable",
    "verify_detached",
]
