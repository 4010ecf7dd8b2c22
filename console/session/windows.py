"""Windows that are picked by a word instead of dragged, and those that people keep under a name with the log."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from console.errors import BadSettings
from console.window import ZERO, Window, from_epoch

if TYPE_CHECKING:
    from console.session.selection import Side
    from console.store import Workspace

KEY = "windows"
MOST_KEPT = 100
LONGEST_NAME = 60
DAY, WEEK, HOUR = timedelta(days=1), timedelta(days=7), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class WindowChoice:
    """A window for one side of a drift test.

    word  what stands for it on the command line; the name of one that is kept
    """

    word: str
    text: str
    window: Window
    kept: bool = False


def choices(side: Side, other: Window | None, whole: Window, alarm: Window | None = None) -> tuple[WindowChoice, ...]:
    """What can be picked for a side, while the other side is `other`; only what lies in the log.

    alarm  from the begin of the alarm that is looked at to its end, or to the end of the log
    """
    quarter = (whole.end - whole.start) / 4
    found: list[tuple[str, str, Window]] = []
    if side == "reference":
        about = other or Window(whole.end - quarter, whole.end)
        length = about.end - about.start
        if length <= DAY:
            found.append(("previous-day", "The day before", about.shifted(-DAY)))
        if length <= WEEK:
            found.append(("previous-week", "Same hours a week before", about.shifted(-WEEK)))
        found += [("just-before", "The time just before", about.shifted(-length)),
                  ("first-quarter", "First quarter of the log", Window(whole.start, whole.start + quarter))]
        if alarm is not None:
            before = max(alarm.end - alarm.start, HOUR)
            found.append(("before-alarm", "Before the alarm", Window(alarm.start - before, alarm.start)))
    else:
        found.append(("last-quarter", "Last quarter of the log", Window(whole.end - quarter, whole.end)))
        found += [(f"last-{name}", f"The last {name}", Window(whole.end - length, whole.end))
                  for name, length in (("hour", HOUR), ("day", DAY)) if whole.end - whole.start >= 2 * length]
        if alarm is not None:
            found.append(("since-alarm", "Since the alarm", alarm))
    return tuple(WindowChoice(word, text, window) for word, text, window in found
                 if quarter > ZERO and window.start >= whole.start - quarter and window.overlaps(whole))


def chosen(word: str, side: Side, other: Window | None, whole: Window, kept: Sequence[WindowChoice]) -> Window:
    """The window that a word stands for. Raises BadSettings and lists the words."""
    offered = (*kept, *choices(side, other, whole))
    found = next((one for one in offered if one.word == word), None)
    if found is None:
        raise BadSettings(f"`{word}` is no {side} window of this log",
                          do="Write two times as A..B, or one of " + ", ".join(f"`{one.word}`" for one in offered))
    return found.window


class _Kept(msgspec.Struct):
    name: str
    start_us: int
    end_us: int


class KeptWindows:
    """Windows under names, kept in the workspace. Safe to call from several threads."""

    def __init__(self, store: Workspace) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: tuple[WindowChoice, ...] | None = None

    def all(self) -> tuple[WindowChoice, ...]:
        """In the order of their names."""
        if self._known is None:
            text = self._store.remembered(KEY)
            try:
                read = msgspec.json.decode(text, type=list[_Kept]) if text else []
            except msgspec.MsgspecError:
                read = []
            self._known = tuple(WindowChoice(one.name, one.name, _window(one), kept=True) for one in read
                                if one.end_us > one.start_us)
        return self._known

    def keep(self, name: str, window: Window) -> None:
        """Under that name, in the place of one that had it. Raises BadSettings."""
        said = " ".join(name.split())[:LONGEST_NAME]
        if not said or ".." in said:
            raise BadSettings("A window needs a name without two dots", do="Type what happened then")
        rest = [one for one in self.all() if one.word != said]
        if len(rest) >= MOST_KEPT:
            raise BadSettings(f"{MOST_KEPT} windows are kept already", do="Forget one first")
        self._write([*rest, WindowChoice(said, said, window, kept=True)])

    def forget(self, name: str) -> None:
        """No longer. Raises BadSettings when there is none of that name."""
        rest = [one for one in self.all() if one.word != name]
        if len(rest) == len(self.all()):
            raise BadSettings(f"No window is kept as `{name}`", do="Choose another one from the list")
        self._write(rest)

    def _write(self, windows: list[WindowChoice]) -> None:
        with self._lock:
            windows.sort(key=lambda one: (one.word.casefold(), one.word))
            kept = [_Kept(one.word, round(one.window.start_s * 1e6), round(one.window.end_s * 1e6)) for one in windows]
            self._store.remember(KEY, msgspec.json.encode(kept).decode() if kept else None)
            self._known = tuple(windows)


def _window(one: _Kept) -> Window:
    return Window(from_epoch(one.start_us / 1e6), from_epoch(one.end_us / 1e6))
