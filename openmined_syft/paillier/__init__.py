"""Linear models under Paillier encryption: keys, packed ciphertexts, kernels, and one visit of a mine."""
