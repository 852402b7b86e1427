"""Capsule, the oracle: makes keys, encrypts models, measures gradients, reports and delivers."""
