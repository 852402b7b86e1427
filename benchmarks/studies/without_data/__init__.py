"""What somebody without data earns on campaigns of many kinds, with the defaults, and what those cost honest
mines: `python -m benchmarks.studies.without_data` writes a table of docs/noise-mining.md.
"""
