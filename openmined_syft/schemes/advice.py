"""Which scheme a model of some size is better off with. Advice: both give the same numbers."""

from openmined_syft.errors import SyftError
from openmined_syft.models import ModelFamily
from openmined_syft.paillier.estimate import expected_products
from openmined_syft.paillier.layout import Layout
from openmined_syft.schemes import PAILLIER, RLWE, scheme_named, schemes_for

PATIENCE_SECONDS = 1.0
_PRODUCT_SECONDS = 5e-6  # modulo a square of 4,096 bits, with gmpy2


def advised_scheme(family: ModelFamily, key_bits: int, weight_bound: float) -> str:
    """The scheme's name: the family's first, as it is what reviewers know and travels light, unless a visit
    takes more than a second under it, or it does not carry the model.

    Args:
        key_bits: of a Paillier key; another scheme's stands for the default.
    """
    first, *others = schemes_for(family.name)
    if first != PAILLIER or RLWE not in others:
        return first
    paillier = scheme_named(PAILLIER)
    bits = key_bits if key_bits in paillier.key_sizes else paillier.key_sizes[0]
    try:
        paillier.check_size(family, bits, weight_bound)
        layout = Layout.choose(family.weights_shape, bits, weight_bound)
    except SyftError:
        return RLWE
    noise = layout.gradient_ciphertexts * bits * 6 / 5
    seconds = (expected_products(layout, "gmpy2") + noise) * _PRODUCT_SECONDS * (bits / 2048) ** 2
    return PAILLIER if seconds <= PATIENCE_SECONDS else RLWE
