"""Arithmetic in rings of polynomials, and everything random in them: what the schemes on lattices share."""
