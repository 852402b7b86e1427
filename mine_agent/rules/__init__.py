"""The owner's rules: what a mine may join, at which pace, for which reward."""
