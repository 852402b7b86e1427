"""The Mine: trains encrypted models on its owner's own data, on its owner's own terms."""
