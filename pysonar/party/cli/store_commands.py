"""`store usage | check | repair | gc`, the same in every command line: what lies in the store, whether it is
whole, putting back what is still known here, and taking away what nobody needs.

No passphrase and no node is needed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pysonar.party.cli.console import (
    ExitCode,
    Format,
    FormatOption,
    HomeOption,
    command,
    note,
    print_record,
    print_rows,
)
from pysonar.party.cli.progress import progress
from pysonar.party.wording import short

if TYPE_CHECKING:
    from pysonar.party.home.home import AgentHome
    from pysonar.store import Store
    from pysonar.store.check import Kept, Pinned

OpenHome = Callable[[Path | None], "AgentHome"]
WhatIsKept = Callable[["AgentHome"], Iterable["Kept"]]
"""What the home still has of what its party has put into the store."""

MineOnly = Annotated[
    bool, typer.Option("--all", help="Also what other parties pin in the same store.", show_default=False)
]


def store_commands(prefix: str, open_home: OpenHome, what_is_kept: WhatIsKept) -> typer.Typer:
    """The commands of one command line. `prefix`: how the owners of its party's pins begin."""
    app = typer.Typer(
        help="Look after the store of artifacts: whether all is there, how much space it takes, what can be"
        " removed.",
        no_args_is_help=True,
    )

    @app.command()
    @command
    def usage(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
        """Show how much space the store takes, its quota, and how much is pinned.

        The quota is part of the setting `store` in settings.toml, such as
        embedded:/directory?quota=20GB.
        """
        opened = open_home(home)
        store = _store(opened)
        print_record(
            {
                "store": opened.settings.store,
                "used_bytes": store.used_bytes(),
                "quota_bytes": store.quota_bytes,
                "owners": len(store.owners()),
                "pins": sum(len(store.pins(owner)) for owner in store.owners()),
            },
            {
                "store": "Store",
                "used_bytes": "Bytes used",
                "quota_bytes": "Quota",
                "owners": "Owners of pins",
                "pins": "Pins",
            },
            form=form,
            show={"used_bytes": _bytes, "quota_bytes": lambda n: "none" if n is None else _bytes(n)},
        )

    @app.command()
    @command
    def check(
        everything: MineOnly = False, home: HomeOption = None, form: FormatOption = Format.TABLE
    ) -> None:
        """Read every pinned artifact and hash every block of it.

        Lists what is missing or damaged; exit code 1 if anything is. `store repair`
        puts back what can be put back.
        """
        found = _checked(_store(open_home(home)), None if everything else prefix)
        broken = [pinned for pinned in found if pinned.problem is not None]
        rows: list[dict[str, Any]] = [
            {"cid": str(pinned.cid), "owners": list(pinned.owners), "problem": pinned.problem}
            for pinned in broken
        ]
        print_rows(
            rows,
            {"cid": "artifact", "owners": "pinned by", "problem": "problem"},
            form=form,
            show={"owners": lambda owners: ", ".join(map(short, owners))},
            empty=f"all {len(found)} pinned artifacts are whole",
        )
        if broken:
            raise typer.Exit(int(ExitCode.FAILED))

    @app.command()
    @command
    def repair(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
        """Put back what is missing or damaged: from this home's records, else from the network behind the
        store.

        Exit code 1 if something stays damaged: then only whoever made it can
        put it back. A running agent puts back its own records by itself.
        """
        from pysonar.store import StoreError
        from pysonar.store.check import check as check_store
        from pysonar.store.check import put_back

        opened = open_home(home)
        store = _store(opened)
        rows: list[dict[str, Any]] = [
            {"cid": str(cid), "result": "put back from this home's records"}
            for cid in put_back(store, what_is_kept(opened))
        ]
        failed = False
        for pinned in check_store(store):
            if pinned.problem is None:
                continue
            try:
                store.pin(pinned.cid, pinned.owners[0])  # fetches what is missing, where there is a network
                for _ in store.get_stream(pinned.cid, max_bytes=1 << 32):
                    pass
                rows.append({"cid": str(pinned.cid), "result": "fetched again"})
            except StoreError as error:
                failed = True
                rows.append({"cid": str(pinned.cid), "result": f"still damaged: {error.reason}"})
        print_rows(
            rows, {"cid": "artifact", "result": "result"}, form=form, empty="nothing needed to be repaired"
        )
        if failed:
            raise typer.Exit(int(ExitCode.FAILED))

    @app.command()
    @command
    def gc(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
        """Remove what nobody pins and nobody wrote within the last hour.

        Nothing is removed while something pinned is damaged: repair that first.
        """
        taken = _store(open_home(home)).collect_garbage()
        print_record(
            {"blocks": taken.blocks, "bytes": taken.bytes},
            {"blocks": "Blocks removed", "bytes": "Bytes freed"},
            form=form,
            show={"bytes": _bytes},
        )

    return app


def read_records(home: AgentHome) -> sqlite3.Connection | None:
    """The home's database, to read only; None if there is none yet. Works beside a running agent."""
    if not home.database.exists():
        return None
    database = sqlite3.connect(f"file:{home.database}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    return database


def _store(home: AgentHome) -> Store:
    from pysonar.store import open_store

    return open_store(home.settings.store)


def _checked(store: Store, prefix: str | None) -> list[Pinned]:
    """What is pinned, or what those pin whose names begin so, with a line that says how far it is."""
    from pysonar.store.check import check

    with progress() as shown:
        task = shown.add_task("reading and hashing", total=None)
        found = list(check(store, looked=lambda done, total: shown.update(task, completed=done, total=total)))
    ours = [p for p in found if prefix is None or any(owner.startswith(prefix) for owner in p.owners)]
    if len(ours) < len(found):
        note(f"{len(found) - len(ours)} artifacts of other parties are left out; --all shows them, too")
    return ours


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("the last unit ends the loop")
