"""What a mine gives away of its records: bounded by a budget, charged beforehand, written down for good.

The mechanism is `openmined_syft.privacy`. Here are the owner's budget, the ledger of everything that was
spent, and the releases themselves.
"""
