"""Fresh encryptions of zero, r^n mod n^2: what every ciphertext that leaves a machine is multiplied with.

Noise: r uniform in [1, n). That gcd(r, n) = 1 is not checked; a counterexample would factor n.
"""

import secrets

from openmined_syft.paillier.kernels import Kernel
from openmined_syft.paillier.keys import PrivateKey, PublicKey


def fresh_noise(count: int, public: PublicKey, kernel: Kernel) -> list[int]:
    """`count` independent values r^n mod n^2, r uniform in [1, n)."""
    bound = int(public.n) - 1
    return kernel.powers([secrets.randbelow(bound) + 1 for _ in range(count)], public.n, public.n_squared)


def owner_noise(count: int, key: PrivateKey, kernel: Kernel) -> list[int]:
    """`count` values distributed as r^n mod n^2, at about a quarter of the price, by the key's owner.

    Modulo p^2 the n-th powers of units are the p-th powers, as q does not divide p (p - 1); x^p mod p^2
    depends on x mod p only. So x uniform in [1, p) and y uniform in [1, q) give every n-th residue exactly
    once.
    """
    left = kernel.powers([secrets.randbelow(int(key.p) - 1) + 1 for _ in range(count)], key.p, key.p_squared)
    right = kernel.powers([secrets.randbelow(int(key.q) - 1) + 1 for _ in range(count)], key.q, key.q_squared)
    return [
        a + (b - a) * key.p_squared_inverse % key.q_squared * key.p_squared
        for a, b in zip(left, right, strict=True)
    ]
