"""What a mine does while it waits for the next round: it prepares its next visits, as far as that needs
neither model nor data. See `openmined_syft.schemes.Ahead`.

Only for keys that it has worked under lately, and as much as one visit takes: where a campaign ends, that
much was in vain. Nothing of it is written down.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from mine_agent.work.gradient import Base
from openmined_syft.schemes import Ahead, scheme_named

MOST_KEYS = 8


class IdleWork:
    """One mine's. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, bytes], Ahead] = OrderedDict()

    def ahead(self, base: Base) -> Ahead | None:
        """What was prepared for a visit to that model; from now on its key is one to prepare for."""
        key = base.scheme, base.public.fingerprint
        if key not in self._kept:
            made = scheme_named(base.scheme).ahead_of_visit(base.model, base.public)
            if made is None:
                return None
            self._kept[key] = made
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEYS:
            self._kept.popitem(last=False)
        return self._kept[key]

    def go_on(self, stopping: Callable[[], bool], seconds: float) -> None:
        """Prepare, the key used last first, until all is done, `seconds` have passed, or it is to stop."""
        until = self._clock() + seconds
        for ahead in reversed(self._kept.values()):
            while ahead.wanted:
                if stopping() or self._clock() >= until:
                    return
                ahead.work()
