"""Capsule's keys: sealed at rest, registered on chain, backed up, and restored on a new machine."""
