"""What a transaction took that was lost for a line unlike the others: it comes again, its lines opened one by one."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import fields, replace

from console.logs.contents import Broken, Item
from console.logs.identity import FileState
from console.logs.pieces import Piece
from console.logs.reading import cutter_of
from console.logs.writing import Streams

MOST_LOST = 3           # transactions of a stream; from then on its lines are opened before they are written


class Taken:
    """What one transaction has taken so far, and what its files were before."""

    def __init__(self) -> None:
        self.items: list[tuple[Item, bool]] = []        # with whether there were rows: they are let go of meanwhile
        self._before: dict[int, tuple[FileState, FileState]] = {}

    def add(self, item: Item) -> None:
        """To be told before anything is done with it."""
        state, what = item
        self._before.setdefault(id(state), (state, replace(state, ignored=state.ignored.copy())))
        self.items.append((item, isinstance(what, Piece) and bool(what.cut.tables)))

    def undo(self) -> None:
        """All files are what they were before."""
        for state, was in self._before.values():
            for field in fields(state):
                setattr(state, field.name, getattr(was, field.name))


class Items(Iterator[Item]):
    """Items in order, those of a lost transaction before what follows."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._items: Iterator[Item] = iter(())
        self._again: deque[tuple[Item, bool]] = deque()
        self._gone: set[int] = set()        # files whose bytes could not be read again
        self._lost: Counter[str] = Counter()

    def read_from(self, items: Iterator[Item]) -> None:
        """Where they come from."""
        self._items = items

    def opens(self, stream: str) -> bool:
        """Whether the lines of a stream are to be opened before they are written."""
        return self._lost[stream] >= MOST_LOST

    def lost(self, stream: str, taken: Taken, following: Item | None) -> None:
        """A transaction was lost for a line of that stream. following: what was asked for after what it had taken."""
        self._lost[stream] += 1
        taken.undo()
        self._again = deque([*taken.items, *([(following, False)] if following is not None else []), *self._again])

    def __next__(self) -> Item:
        while True:
            item, again = self._again.popleft() if self._again else (next(self._items), False)
            state, what = item
            if id(state) in self._gone:
                continue
            if not isinstance(what, Piece) or not (again or (what.cut.shape and self.opens(state.stream))):
                return item
            if self._cut_again(state, what):
                return item
            self._gone.add(id(state))
            return state, Broken("It has changed while it was read")

    def _cut_again(self, state: FileState, piece: Piece) -> bool:
        cutter = cutter_of(state.plan, self._streams.known(state.stream))
        try:
            return piece.cut_again(cutter)
        finally:
            cutter.close()
            piece.forget()
