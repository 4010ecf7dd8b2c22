"""Files that cannot be read yet, and when to ask again: empty, not to be read, refused, still being copied."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

from console.logs.identity import Identity, OnDisk

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0


@dataclass(slots=True)
class _Asked:
    identity: Identity
    since: float                # it has been like this
    pause_s: float
    again: float                # asked then, even if it looks the same
    not_before: float           # nor earlier than that, even if it looks different


class Patience:
    """What is known of files that are asked again later, by name. Times are of the clock given."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._asked: dict[str, _Asked] = {}

    def is_due(self, file: OnDisk) -> bool:
        """Whether to ask now: it was never asked, has changed, or has waited long enough."""
        asked = self._asked.get(file.name)
        if asked is None:
            return True
        now = self._clock()
        return now >= asked.not_before and (asked.identity != file.identity or now >= asked.again)

    def wait(self, file: OnDisk, *, cost_s: float = 0.0) -> None:
        """Ask later, each time after twice as long. `cost_s` is what asking took: it takes a tenth of the time."""
        before = self._asked.get(file.name)
        now = self._clock()
        same = before is not None and before.identity == file.identity
        pause = min(LONGEST_PAUSE_S, 2 * before.pause_s) if before is not None and same else FIRST_PAUSE_S
        since = before.since if before is not None and same else now
        self._asked[file.name] = _Asked(file.identity, since, pause, now + pause, now + 10 * cost_s)

    def only_when_changed(self, file: OnDisk) -> None:
        """Ask when it looks different, else never."""
        self._asked[file.name] = _Asked(file.identity, self._clock(), math.inf, math.inf, -math.inf)

    def unchanged_s(self, file: OnDisk) -> float:
        """How long it has been as it is now, as far as it was asked."""
        asked = self._asked.get(file.name)
        return self._clock() - asked.since if asked is not None and asked.identity == file.identity else 0.0

    def over(self, name: str) -> None:
        """It is read now."""
        self._asked.pop(name, None)

    def hurry(self) -> None:
        """Whoever waits for something is asked now: what it waited for may have come."""
        for asked in self._asked.values():
            if math.isfinite(asked.again):
                asked.again = asked.not_before = -math.inf

    def keep(self, names: Collection[str]) -> None:
        """Forgets all others: they are not there any more."""
        for name in self._asked.keys() - set(names):
            del self._asked[name]
