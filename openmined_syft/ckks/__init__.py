"""Networks under CKKS encryption: keys, slots, arithmetic on ciphertexts, and one visit of a mine."""
