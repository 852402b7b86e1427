"""Upper limits of what travels, in bytes: what is fetched from strangers is bounded before it is fetched.

Measured with some room: bytes that SEAL has compressed vary by a few thousandths.
"""

from openmined_syft.ckks import slots
from openmined_syft.models.network import SquareNetwork

LARGEST_ZERO = 140_000  # a half and a seed
_ZEROS = 96 * LARGEST_ZERO
LARGEST_KEY = 7_800_000  # relinearisation, and each rotation
LARGEST_CIPHERTEXT = 860_000  # of a model
LARGEST_GRADIENT = 275_000
_FIELDS = 1024  # names, numbers and lengths around them

LARGEST_BUNDLE = _ZEROS + LARGEST_KEY * (1 + slots.MOST_ROTATIONS) + _FIELDS


def bundle_bytes(network: SquareNetwork) -> int:
    """No public bundle for that network is larger in its wire form."""
    return _ZEROS + LARGEST_KEY * (1 + len(slots.galois_elements(network))) + _FIELDS


def model_bytes(network: SquareNetwork) -> int:
    """No model of that network is larger in its wire form."""
    return len(slots.model_levels(network)) * LARGEST_CIPHERTEXT + _FIELDS


def gradient_bytes(network: SquareNetwork) -> int:  # noqa: ARG001
    """No gradient of that network is larger in its wire form: one ciphertext, whatever the network."""
    return LARGEST_GRADIENT + _FIELDS
