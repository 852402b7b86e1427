"""How large a stored artifact of each kind may be, in bytes: what `Store.get` is called with.

A sealed artifact is limited as it is stored; what is inside is always smaller. Where a campaign's own numbers
give a smaller limit (`Scheme.most_..._bytes`), use that.
"""

KIB, MIB = 1024, 1024 * 1024

MAX_BYTES: dict[str, int] = {
    "certificate": 64 * KIB,
    "spec": 1 * MIB,
    "sealed_input": 256 * MIB,
    "public_key": 256 * MIB,  # rotation keys of a network; a Paillier key has some hundred bytes
    "model": 256 * MIB,
    "gradient": 256 * MIB,
    "result": 256 * MIB,
    "audit_package": 512 * MIB,  # a validation set, sealed weights, and some bytes a submission
}
