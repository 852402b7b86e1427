"""How the tokens of campaigns are counted: symbol and decimals, as each token says them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pysonar.chain.address import ZERO_ADDRESS
from pysonar.chain.contract.tokens import asset_at
from pysonar.chain.errors import NotATokenError
from pysonar.chain.node.handle import Node
from sonar_web.index.rows import Database, storable, upsert


class TokenReader:
    """Asks each token once. `connect` opens the index for writing."""

    def __init__(self, connect: Callable[[], Database], web3: Node) -> None:
        self._connect = connect
        self._web3 = web3
        self.found = 0

    def round(self, stop: threading.Event | None = None) -> int:
        """Ask those that were not asked; how many answered. DatabaseUnusableError, ChainError."""
        found = 0
        database = self._connect()
        try:
            rows = database.execute(
                "select distinct asset from campaign where asset <> ? and not exists"
                " (select 1 from token where token.address = campaign.asset) limit 100",
                (ZERO_ADDRESS,),
            ).fetchall()
            for address in [row["asset"] for row in rows]:
                if stop is not None and stop.is_set():
                    break
                symbol, decimals = token_at(self._web3, address)
                row = {"address": address, "symbol": symbol and storable(symbol), "decimals": decimals}
                upsert(database, "token", ("address",), row)
                found += 1
        finally:
            database.close()
        self.found += found
        return found


def token_at(web3: Node, address: str) -> tuple[str | None, int]:
    """Symbol and decimals; (None, 0) of what is not a token. ChainError if the node cannot say."""
    try:
        asset = asset_at(web3, address)
    except NotATokenError:
        return None, 0
    return asset.symbol, asset.decimals
