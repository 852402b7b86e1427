"""A Kubo daemon as store."""
