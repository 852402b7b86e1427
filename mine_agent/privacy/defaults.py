"""What a mine's budget is unless its owner says otherwise."""

DEFAULT_EPSILON, DEFAULT_PRICE, DEFAULT_DELTA = 10.0, 3.0, 1e-6
"""Eight releases in all. At a price of 3 mines of some hundred records still teach (see docs/privacy.md), at
1 they hardly do, and 10 for a single release is more than most would call protection."""
NEIGHBOURS = "one record more or less in the data set"
"""What epsilon compares, in words."""
