"""Capsule's keys: sealed at rest, and registered on chain."""
