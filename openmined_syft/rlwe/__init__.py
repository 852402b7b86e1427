"""Ring-LWE for the linear families: models of thousands of inputs, exact, without rotations or evaluation
keys.

Coefficient packing as in Cheetah (Huang, Lu, Hong and Ding, USENIX Security 2022): a product of two
polynomials holds a matrix-vector product in chosen coefficients, and only those are sent.
"""
