"""From which time on a stream has other rows than those that somebody has counted."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from console.store.resident import Change
from console.store.tracks import ALWAYS

ROLLUP = "rollup_"


class Moved:
    """For the one who counts rows into memory. Told of what commits did to rollups, which follow all rows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all = False
        self._since_us: dict[int, int] = {}

    def note(self, changes: Sequence[Change]) -> None:
        """A commit did this."""
        with self._lock:
            for table, since_us in changes:
                if not table:
                    self._all = True
                elif (stream := table.removeprefix(ROLLUP)).isdigit():
                    number = int(stream)
                    self._since_us[number] = min(since_us, self._since_us.get(number, since_us))

    def take(self, stream_id: int) -> int | None:
        """Since the last time this was asked: the first time that has other rows (ALWAYS: any may), or None."""
        with self._lock:
            since_us = self._since_us.pop(stream_id, None)
            everything, self._all = self._all, False
        return ALWAYS if everything else since_us
