"""Certificate: an OpenPGP certificate as an artifact. The one kind whose bytes are not ours, so without
`format`.
"""

from __future__ import annotations

from pysonar.protocol.artifacts.parts.errors import MalformedError, Said, naming
from pysonar.protocol.artifacts.parts.sealed import require_size
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate, CertificateError

KIND = "certificate"


def parse_certificate(data: bytes, *, cid: Cid | None = None) -> Certificate:
    """Read a certificate from the store.

    Raises:
        ArtifactError: too large, or not one valid certificate; it names the CID.
    """
    with naming(cid):
        require_size(KIND, data)
        try:
            return Certificate.from_bytes(data)
        except CertificateError as error:
            raise MalformedError(KIND, "", Said(str(error)), "an OpenPGP certificate") from None
