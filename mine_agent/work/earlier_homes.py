"""Submissions of a home that an earlier release has kept, under the name that data have under a budget now.

Then the journal held the digest of the data, and now it holds `DataSet.identity`. Without this each open
campaign would get one gradient more for a version that it has one for already, with its fee, and with a
charge where the release has another name, too.
"""

from __future__ import annotations

from collections.abc import Iterable

from mine_agent.data.datasets import DataSet
from mine_agent.journal import Journal
from mine_agent.privacy.entries import Kind
from mine_agent.privacy.ledger import Ledger


def rename_protected_submissions(journal: Journal, ledger: Ledger, data_sets: Iterable[DataSet]) -> int:
    """Give each submission under a budget, of data that are registered as they were then, their identity of
    today; how many. A second time there is none left: no submission under a budget holds a digest any more.
    """
    protected = {entry.about for entry in ledger.entries() if entry.kind is Kind.SUBMITTED}
    registered = {(data.name, data.digest): data for data in data_sets}
    renamed = 0
    for made in journal.submissions():
        data = registered.get((made.data, made.data_digest))
        if data is not None and made.update.hex() in protected:
            renamed += journal.rename_data(made, data.identity(budgeted=True))
    return renamed
