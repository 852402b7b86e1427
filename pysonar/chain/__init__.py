"""Everything that touches the chain: the client of Sonar, the log follower, the transaction outbox, the
signer.

Nothing here knows IPFS, OpenPGP or learning. Import the names from the modules below; this package imports
nothing itself, so that a `--help` does not pay for web3.
"""
