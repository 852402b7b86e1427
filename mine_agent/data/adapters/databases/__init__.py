"""Databases, opened read-only, their connections never written down."""
