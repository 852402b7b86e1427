"""The rows of RESULTS.md, each measured in a process of its own."""
