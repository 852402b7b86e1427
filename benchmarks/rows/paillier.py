"""Batches of encryptions, noises and decryptions against python-paillier with gmpy2, value by value as it
works.
"""

import secrets

from benchmarks.measure import Row, by_turns
from openmined_syft.paillier.cipher_array import decrypt_integers, encrypt_integers
from openmined_syft.paillier.kernels import Kernel, describe_kernels, load_kernel
from openmined_syft.paillier.keys import generate_keypair
from openmined_syft.paillier.zeros import fresh_noise

BATCH = 16
PROTECTS = "the same: phe encrypts the same integers under the same key"


def kernels() -> list[Kernel]:
    """The kernels a user would train with here."""
    return [load_kernel(s.name) for s in describe_kernels() if s.usable and s.name != "python"]


def rows(bits: int) -> list[Row]:
    """Encrypt by the key's owner, encrypt with the public key, decrypt: all full strength."""
    key = generate_keypair(bits)
    public, secret = key.public.to_phe(), key.to_phe()
    numbers = [secrets.randbelow(1 << (bits - 9)) for _ in range(BATCH)]
    array = encrypt_integers(numbers, key)
    theirs = [public.encrypt(number) for number in numbers[:4]]
    result = []
    for kernel in kernels():
        ours, peer = by_turns(
            lambda k=kernel: encrypt_integers(numbers, key, k),
            lambda: [public.encrypt(number) for number in numbers[:4]],
        )
        target = 9.0 if kernel.name == "ifma" else None
        note = f"{BATCH} plaintexts, {PROTECTS}"
        result.append(
            Row(
                f"encrypt, owner, {bits} bit",
                "phe encrypt",
                ours / BATCH,
                peer / 4,
                target,
                kernel.name,
                note,
            )
        )
        ours, peer = by_turns(
            lambda k=kernel: fresh_noise(BATCH, key.public, k),
            lambda: [public.encrypt(number) for number in numbers[:4]],
        )
        result.append(
            Row(f"encrypt r^n without the secret, {bits} bit", "phe encrypt", ours / BATCH, peer / 4,
                target, kernel.name, note)
        )  # fmt: skip
        ours, peer = by_turns(
            lambda k=kernel: decrypt_integers(array, key, k), lambda: [secret.decrypt(c) for c in theirs]
        )
        result.append(
            Row(f"decrypt, {bits} bit", "phe decrypt", ours / BATCH, peer / 4, target, kernel.name, note)
        )
    return result
