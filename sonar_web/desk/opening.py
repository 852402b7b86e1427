"""The desk of one service: advice always, an account where the service is for this machine alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter

from pysonar.party.browser_sessions import Sessions
from sonar_web.desk.account import Account
from sonar_web.desk.routes import account_router, advice_router
from sonar_web.errors import NotLocalError


@dataclass(frozen=True)
class Desk:
    """Routes, and what runs beside them: `run` until its argument is set, `begin` once the server listens."""

    routers: Sequence[APIRouter]
    run: Callable[[threading.Event], None]
    begin: Callable[[], None]


def open_desk(
    home: Path | None, passphrase_file: Path | None, *, is_local: bool, where: str, say: Callable[[str], None]
) -> Desk:
    """Open the account of a scientist's home, if one is given.

    Args:
        is_local: whether only this machine can ask.
        where: the address of the pages. say: is given each link that lets a browser in.

    Raises:
        NotLocalError: others could ask. Else see `Scientist.open`.
    """
    if home is None:
        return Desk([advice_router()], lambda _: None, lambda: None)
    if not is_local:
        raise NotLocalError(where)
    from pysonar.party.home.passphrase import read_passphrase
    from pysonar.scientist.connection import Scientist

    passphrase = read_passphrase(passphrase_file, what=str(home))
    account = Account(lambda: Scientist.open(home, passphrase))
    lent = f"(lets in one browser, with the account {account.address})"
    sessions = Sessions(lambda token: say(f"{where}#token={token}  {lent}"))
    routers = [advice_router(), account_router(account, sessions)]
    return Desk(routers, lambda stop: account.look_after(stop, say), sessions.begin)
