"""The things parties exchange through IPFS: formats, limits, and the errors that name what is wrong with one.

Every artifact carries `format` ("openmined/<kind>/<version>"), has a size limit, has exactly one sequence of
bytes, and is never a pickle. Fetching and storing them is `pysonar.store`'s affair.
"""

from pysonar.protocol.artifacts.audit_package import AuditPackage, Opening
from pysonar.protocol.artifacts.certificate import parse_certificate
from pysonar.protocol.artifacts.gradient import GradientEnvelope, PrivacyStatement, most_gradient_bytes
from pysonar.protocol.artifacts.model import ModelArtifact
from pysonar.protocol.artifacts.parts.errors import (
    ArtifactError,
    MalformedError,
    OversizedError,
    WrongBindingError,
    WrongDigestError,
)
from pysonar.protocol.artifacts.parts.limits import MAX_BYTES
from pysonar.protocol.artifacts.public_key import PublicKeyArtifact
from pysonar.protocol.artifacts.result import Result, SubmissionRecord, version_digest
from pysonar.protocol.artifacts.sealed_input import SealedInput
from pysonar.protocol.artifacts.spec.algorithm import Algorithm
from pysonar.protocol.artifacts.spec.initial import FromCampaign, SealedWeights, Zeros
from pysonar.protocol.artifacts.spec.spec import DEFAULT_STEPS, WIDE_STEPS, PrivacyFloor, Spec, Validation

__all__ = [
    "DEFAULT_STEPS",
    "MAX_BYTES",
    "WIDE_STEPS",
    "Algorithm",
    "ArtifactError",
    "AuditPackage",
    "FromCampaign",
    "GradientEnvelope",
    "MalformedError",
    "ModelArtifact",
    "Opening",
    "OversizedError",
    "PrivacyFloor",
    "PrivacyStatement",
    "PublicKeyArtifact",
    "Result",
    "SealedInput",
    "SealedWeights",
    "Spec",
    "SubmissionRecord",
    "Validation",
    "WrongBindingError",
    "WrongDigestError",
    "Zeros",
    "most_gradient_bytes",
    "parse_certificate",
    "version_digest",
]
