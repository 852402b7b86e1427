"""Watching a Capsule: what its state comes to in numbers, where they are read, and what is wrong."""
