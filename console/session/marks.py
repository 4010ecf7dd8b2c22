"""Notes that people put at a moment: kept with the log, on every chart and on the strip; changes can be undone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from console.errors import BadSettings

if TYPE_CHECKING:
    from console.store import Workspace

ORIGIN = "note"
"""Of what people write; what the program notes has origins of its own."""
LONGEST = 500
MOST_STEPS = 50

Notes = list[tuple[datetime, str]]


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment about which something is noted. origin: ORIGIN for people's own, which alone can be changed."""

    at: datetime
    text: str
    origin: str

    @property
    def own(self) -> bool:
        """Whether a person wrote it."""
        return self.origin == ORIGIN


class Marks:
    """The notes of one log. Safe to call from several threads."""

    def __init__(self, store: Workspace) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._done: list[tuple[tuple[datetime, str], ...]] = []

    def all(self) -> tuple[Mark, ...]:
        """Of people and of the program, in the order of time."""
        return tuple(Mark(*row) for row in self._store.annotations())

    def add(self, at: datetime, text: str) -> None:
        """A new one. Raises BadSettings without words."""
        self._change(lambda own: [*own, (at, _tidy(text))])

    def edit(self, mark: Mark, text: str) -> None:
        """Other words. Raises BadSettings when it is not there, or without words."""
        said = _tidy(text)
        self._change(lambda own: [(at, said) if (at, old) == (mark.at, mark.text) else (at, old)
                                  for at, old in self._with(own, mark)])

    def delete(self, mark: Mark) -> None:
        """Take it away. Raises BadSettings when it is not there."""
        def without(own: Notes) -> Notes:
            rest = self._with(own, mark)
            rest.remove((mark.at, mark.text))
            return rest
        self._change(without)

    def undo(self) -> bool:
        """As it was before the last change; False when there was none."""
        with self._lock:
            if not self._done:
                return False
            self._store.annotate(ORIGIN, self._done.pop())
            return True

    def _change(self, change: Callable[[Notes], Notes]) -> None:
        with self._lock:
            before = [(mark.at, mark.text) for mark in self.all() if mark.own]
            after = change(list(before))
            self._store.annotate(ORIGIN, after)
            self._done = [*self._done, tuple(before)][-MOST_STEPS:]

    @staticmethod
    def _with(own: Notes, mark: Mark) -> Notes:
        if not mark.own or (mark.at, mark.text) not in own:
            raise BadSettings("There is no such mark of yours", do="Choose another one from the list")
        return own


def _tidy(text: str) -> str:
    said = " ".join(text.split())[:LONGEST]
    if not said:
        raise BadSettings("A mark needs words", do="Type what happened then")
    return said
