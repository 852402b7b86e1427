"""An Ethereum node: how to reach it, and what its answers mean."""
