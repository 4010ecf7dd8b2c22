"""Which rows the board and its rows are about: only those with a value, or those without it. Kept while the folder is
open and no longer: a board that shows a part of the log tomorrow would be taken for the whole."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.roles import SERIES_ROLES
from console.session.splitting import NONE, REST, SPLITS
from console.store.grid import OTHER
from console.store.picked import COLUMN, PICKABLE, Pick
from console.store.rows import RowsQuery

if TYPE_CHECKING:
    from console.store import Workspace

MISSING, EMPTY = "missing", "(empty)"
FROM_ROWS = "Read from the rows. Alarms and the strip are about all rows."
FROM_ROLLUPS = "Alarms and the strip are about all rows."


@dataclass(frozen=True, slots=True)
class PicksView:
    """What is picked: each with its words, and what to know about all of them. Nothing is picked where there are none.
    """

    picks: tuple[tuple[Pick, str], ...] = ()
    note: str = ""


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
                         (FROM_ROWS if rows else FROM_ROLLUPS) if picks else "")

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


def said(picks: Iterable[Pick], store: Workspace) -> str:
    """In words: "Only host serve-1, not city Bonn"."""
    text = ", ".join(f"{'not' if one.out else 'only'} {title(one, store)}" for one in picks)
    return text[:1].upper() + text[1:]


def title(pick: Pick, store: Workspace) -> str:
    """The column as the log calls it, and the value."""
    name = SPLITS.get(pick.role, pick.role.value) if pick.role is not None else next(
        (column.name for stream in store.streams() if (column := pick.column(stream)) is not None), pick.key)
    return f"{name} {MISSING if pick.value is None else pick.value or EMPTY}"
