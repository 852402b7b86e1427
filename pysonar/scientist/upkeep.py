"""What the scientist still has of their campaigns is put back where the store has lost it."""

from __future__ import annotations

import contextlib

from pysonar.chain.contract.events import CampaignCancelled, CampaignDeclined, Settled
from pysonar.chain.sending.deeds import scientist_pins
from pysonar.protocol.cid import Cid
from pysonar.scientist.connection import Connection
from pysonar.store import StoreError
from pysonar.store.check import Kept, put_back

ENDS = (Settled, CampaignCancelled, CampaignDeclined)


def put_back_specs(connection: Connection) -> list[Cid]:
    """Put the specs of campaigns that are not over into the store again, if they are gone; which were.

    A store that is out of reach stops nobody from looking at the chain: nothing is put then.
    """
    done = []
    over = {campaign for kind in ENDS for campaign in connection.follower.campaigns_with(kind)}
    with contextlib.suppress(StoreError):
        for row in connection.journal.all():
            if row.id not in over and not connection.store.has(Cid.from_bytes32(row.terms.spec)):
                done += put_back(connection.store, [Kept(row.spec, scientist_pins(row.id))])
    return done
