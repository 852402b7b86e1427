"""Which versions of Sonar there are. A version never changes; each has its ABI beside this file."""

FIRST = 1
NEWEST = 2
ABI_FILES = {FIRST: "Sonar-1.json", NEWEST: "Sonar.json"}
"""The versions that this package can work with, each with the file of its ABI."""
