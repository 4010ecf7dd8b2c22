"""Which rows the board and its rows are about: only those with a value, or those without it. Kept while the folder is
open and no longer: a board that shows a part of the log tomorrow would be taken for the whole."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.jobs import Job
from console.roles import SERIES_ROLES, ColumnType, StreamKind
from console.session.splitting import MANY, NONE, REST, SPLITS, few_valued
from console.store.grid import OTHER
from console.store.picked import COLUMN, PICKABLE, Pick
from console.store.rows import RowsQuery
from console.store.splits import can_split, counts
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace

MOST_CHOICES = 12
"""Values of a column that are offered; a rarer one is picked from the rows."""
MISSING, EMPTY = "missing", "(empty)"
OF_ALL_ROWS = "Alarms, changes, drift and the strip are about all rows."
FROM_ROWS = f"Read from the rows. {OF_ALL_ROWS}"


@dataclass(frozen=True, slots=True)
class PicksView:
    """What is picked: each with its words, and what to know about all of them. Nothing is picked where there are none.
    """

    picks: tuple[tuple[Pick, str], ...] = ()
    note: str = ""

    @property
    def words(self) -> str:
        """All of them: "Only host serve-1, not city Bonn"."""
        first, *more = [text for _, text in self.picks] or [""]
        return ", ".join([first, *(text[:1].lower() + text[1:] for text in more)])


@dataclass(frozen=True, slots=True)
class PickChoice:
    """A value of the rows of the shown time. share: of the rows of its stream."""

    pick: Pick
    column: str
    value: str
    rows: int
    share: float


class Picks:
    """Safe to call from several threads."""

    def __init__(self, store: Workspace) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._picks: tuple[Pick, ...] = ()

    @property
    def now(self) -> tuple[Pick, ...]:
        """What is picked."""
        return self._picks

    def view(self) -> PicksView:
        """As it is shown."""
        picks = self._picks
        rows = any(one.role is None for one in picks)
        return PicksView(tuple((one, said((one,), self._store)) for one in picks),
                         (FROM_ROWS if rows else OF_ALL_ROWS) if picks else "")

    def add(self, pick: Pick) -> PicksView:
        """That too. One value of a column is picked at a time, any number can be left out."""
        with self._lock:
            kept = tuple(one for one in self._picks if one.key != pick.key or (one.out and pick.out and one != pick))
            self._picks = (*kept, pick)
        return self.view()

    def remove(self, pick: Pick) -> PicksView:
        """No longer that."""
        with self._lock:
            self._picks = tuple(one for one in self._picks if one != pick)
        return self.view()

    def clear(self) -> PicksView:
        """All rows again."""
        with self._lock:
            self._picks = ()
        return self.view()

    def apply(self, query: RowsQuery) -> RowsQuery:
        """Rows of a stream with what is picked as its filters, beside its own."""
        stream = next((one for one in self._store.streams() if one.name == query.stream), None)
        if stream is None or stream.kind not in PICKABLE:
            return query
        more = tuple(found for one in self._picks if (found := one.row_filter(stream)) is not None
                     and found not in query.filters)
        return replace(query, filters=(*query.filters, *more))

    def of_cell(self, stream_name: str, stored: str, value: str | None, *, out: bool) -> Pick | None:
        """A value in a table of rows; None where charts know nothing of that stream or column."""
        stream = next((one for one in self._store.streams() if one.name == stream_name), None)
        if stream is None or stream.kind not in PICKABLE:
            return None
        column = next((one for one in stream.columns if one.stored == stored), None)
        if column is None:
            return None
        role = next((one for one in SERIES_ROLES[:3] if one is column.role), None)
        return Pick(role.value if role is not None else COLUMN + stored, value, out)

    def of_part(self, split: str, name: str, *, out: bool) -> Pick | None:
        """A curve of a chart that is split: its key and the name of the curve; None for the rest of all values."""
        if name in (REST, OTHER):
            return None
        return Pick(split, None if name in (NONE, "") else name, out)

    def choices(self, window: Window, job: Job) -> tuple[PickChoice, ...]:
        """What the requests of that time can be told apart by: roles first, then columns of few values; of each the
        values that occur most. Raises JobStopped."""
        found: list[PickChoice] = []
        few = few_valued(self._store)
        requests = [one for one in self._store.streams() if one.kind is StreamKind.REQUESTS and one.rows]
        largest = max(requests, key=lambda one: one.rows, default=None)
        if largest is None:
            return ()
        roles = [column for role in SERIES_ROLES[:3] if (column := largest.column(role)) is not None]
        others = [one for one in largest.columns if one not in roles and can_split(one) and one.rolled
                  and one.role not in MANY and (one.type in (ColumnType.TEXT, ColumnType.FLAG) or one.stored in few)]
        others.sort(key=lambda one: one.type is ColumnType.NUMBER)      # words before what stands for something
        for number, column in enumerate((*roles, *others)):
            job.stop_if_asked()
            job.report(number, len(roles) + len(others), f"Counting values of {column.name}")
            key = column.role.value if column in roles and column.role is not None else COLUMN + column.stored
            total, counted = counts(self._store.cursor(), largest, column, window, MOST_CHOICES + 1)
            if total and not (column not in roles and len(counted) > MOST_CHOICES and counted[0][1] < total / 20):
                found += [PickChoice(Pick(key, value), title(Pick(key, ""), self._store).removesuffix(f" {EMPTY}"),
                                     MISSING if value is None else value, n, n / total)
                          for value, n in counted[:MOST_CHOICES]]
        return tuple(found)


def said(picks: Iterable[Pick], store: Workspace) -> str:
    """In words: "Only host serve-1, not city Bonn"."""
    text = ", ".join(f"{'not' if one.out else 'only'} {title(one, store)}" for one in picks)
    return text[:1].upper() + text[1:]


def title(pick: Pick, store: Workspace) -> str:
    """The column as the log calls it, and the value."""
    name = SPLITS.get(pick.role, pick.role.value) if pick.role is not None else next(
        (column.name for stream in store.streams() if (column := pick.column(stream)) is not None), pick.key)
    return f"{name} {MISSING if pick.value is None else pick.value or EMPTY}"
