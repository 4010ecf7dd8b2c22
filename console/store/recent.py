"""Numbers that were read from rows, kept for the next time they are asked for.

Buckets shorter than the finest rollup are made from rows. A chart of the last minutes of a busy log would read millions
of them ten times a second, though the log has only grown at its end: so what was read is kept bucket by bucket, and
only those from the first changed one on are read again. As with rollups in memory (`resident`), a commit says from
which time on numbers differ, and while one is under way nothing is taken in.

Rows are committed a moment before the rollups that say so. Until then the old numbers stand, here as in rollups.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from console.store.grid import Grid
from console.store.model import Floats

MOST = 64
"""Answers that are kept; each is some hundred buckets of some columns."""

LONGEST = 5000
"""Buckets of an answer that is kept: more are no chart."""


@dataclass(slots=True)
class _Held:
    first_us: int
    until_us: int
    tables: frozenset[str]
    values: Mapping[str, Floats]


class Recent:
    """Answers of a workspace. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[Hashable, _Held] = OrderedDict()
        self._said: dict[Hashable, tuple[int, bool]] = {}
        self._version = 0
        self._under_way = 0

    def begin(self) -> None:
        """A commit may begin that changes rollups."""
        with self._lock:
            self._under_way += 1
            self._version += 1

    def end(self, changes: Sequence[tuple[str, int]]) -> None:
        """It is done, and has changed these tables from these times on (microseconds); "" stands for all of them."""
        with self._lock:
            self._under_way -= 1
            self._version += 1
            for table, since_us in changes:
                for held in self._held.values():
                    if table == "" or table in held.tables:
                        held.until_us = min(held.until_us, since_us)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
            self._said.clear()
            self._version += 1

    def once(self, question: Hashable, ask: Callable[[], bool]) -> bool:
        """What is so until rollups change next."""
        with self._lock:
            version = self._version
            known = self._said.get(question)
            if known is not None and known[0] == version and not self._under_way:
                return known[1]
        found = ask()
        with self._lock:
            if version == self._version and not self._under_way:
                self._said[question] = version, found
        return found

    def over(self, question: Hashable, tables: Sequence[str], grid: Grid,
             read: Callable[[Grid], Mapping[str, Floats]]) -> Mapping[str, Floats]:
        """Arrays over the grid, each bucket of which depends on its own rows alone.

        question  what is asked, but for the grid     tables  the rollups that change when the answer does
        read      answers it for a grid: always the same names, shapes (grid.count,)
        """
        if grid.count > LONGEST:
            return read(grid)
        key = question, grid.step_us, grid.first_us % grid.step_us
        end_us = grid.first_us + grid.count * grid.step_us
        with self._lock:
            version = self._version
            held, known, values, at = self._held.get(key), 0, {}, 0
            if held is not None and held.first_us <= grid.first_us:
                known = (min(held.until_us, end_us) - grid.first_us) // grid.step_us
                values, at = dict(held.values), (grid.first_us - held.first_us) // grid.step_us
        if known > 0:
            new = read(Grid(grid.first_us + known * grid.step_us, grid.step_us, grid.count - known)) if (
                known < grid.count) else {}
            found: Mapping[str, Floats] = {
                name: np.concatenate([value[at:at + known], new[name]]) if new else value[at:at + known]
                for name, value in values.items()}
        else:
            found = read(grid)
        with self._lock:
            if version == self._version and not self._under_way:
                self._held[key] = _Held(grid.first_us, end_us, frozenset(tables), found)
                self._held.move_to_end(key)
                while len(self._held) > MOST:
                    self._held.popitem(last=False)
        return found
