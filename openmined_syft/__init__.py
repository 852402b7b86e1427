"""Models that can be trained while they stay encrypted: no input or output, no chain, no IPFS."""
