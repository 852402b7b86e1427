"""The public read-only API over the index."""
