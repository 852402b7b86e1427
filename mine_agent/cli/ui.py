"""`mine-agent ui`: the mine's pages in a browser on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pysonar.party.cli.console import Format, FormatOption, HomeOption, acting, note, print_event


@acting
def ui(
    port: Annotated[
        int, typer.Option(help="Port of 127.0.0.1 to listen on; 0 is a free one.", min=0, max=65535)
    ] = 0,
    pages: Annotated[
        Path | None, typer.Option(help="Built pages, if not those of `make web`.", show_default=False)
    ] = None,
    home: HomeOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Open the Mine UI: print a link for a browser on this machine, and serve its pages until stopped.

    See what your mine does and why; add data after a look at what was understood of them; say which of your
    columns a campaign's fields are; approve or refuse campaigns; try other rules on all open campaigns
    before you save them; earnings, gas, the privacy ledger, and every decision with its reasons. All of it
    can be done with the other commands as well; they show the same rows.

    Whoever has the link may do in this home what you may, but for spending: no account is opened here. It
    lets in one browser, once; then another link is printed for the next. From elsewhere, use an SSH tunnel.
    """
    from mine_agent.cli.connect import home_path
    from mine_agent.home import Home
    from mine_agent.ui.errors import NoWebPackagesError

    try:
        from mine_agent.ui.serving import serve
    except ModuleNotFoundError as error:
        raise NoWebPackagesError(error.name or "starlette") from None

    def say(link: str) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        print_event({"time": now, "event": "link", "url": link}, link, form=form)

    opened = Home.open(home_path(home))
    note("open this link in a browser on this machine; it lets in one browser, once")
    serve(opened, port=port, pages=pages, say=say)
