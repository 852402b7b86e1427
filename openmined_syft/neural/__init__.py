"""A neural network with all weights encrypted: CKKS through the SEAL bindings of TenSEAL (extra `nn`).

One hidden layer, squares as activation. Paillier is not enough here: a hidden layer multiplies encrypted
numbers with encrypted numbers. Nothing in this package is imported by the linear models.
"""
