"""What is chosen: the visible stretch of time, the two test windows, the column. Pure: no clock, no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from console.metrics.grid import bucket_for
from console.session.view import SelectionView
from console.window import ZERO, Window, from_epoch

Side = Literal["reference", "current"]
QUICK_S = {"15m": 900.0, "1h": 3600.0, "6h": 21600.0, "1d": 86400.0}
ALL = "all"
FIRST_LIVE = "1h"
"""The range that a growing log opens with: short enough that one sees it move."""
LEAST_S = 1.0
"""No zoom goes closer than this: the finest rollups are seconds."""
STEPS = 500
"""A live window moves on in steps of one in so many of its length, not on every row: axes need not be redrawn."""
HISTORY = 100


@dataclass(slots=True)
class Selection:
    """Takes intents one at a time; `view()` says how things stand."""

    whole: Window | None = None
    visible: Window | None = None
    live: bool = False
    quick: str = ALL
    reference: Window | None = None
    current: Window | None = None
    against: str = ""
    column: str = ""
    waited: int = 0
    relative: bool = False
    _back: list[tuple[Window, str]] = field(default_factory=list)
    _forward: list[tuple[Window, str]] = field(default_factory=list)
    _gesture: str = ""

    def view(self) -> SelectionView:
        """How things stand."""
        return SelectionView(self.visible, self.whole, self.live, bool(self._back), bool(self._forward), self.quick,
                             self.reference, self.current, self.column, self.waited, self.relative,
                             self.against)

    def data_changed(self, whole: Window | None, new_rows: int = 0) -> None:
        """More of the log is known. The view moves only if it shows all, or follows live."""
        self.whole = whole
        if whole is None:
            return
        if self.visible is None or (self.quick == ALL and not self.live):
            self.visible = whole
        elif self.live:
            self.follow()
        elif new_rows:
            self.waited += new_rows
        if self.quick == ALL or self.live:
            self.waited = 0

    def follow(self) -> None:
        """Move a live window so that the newest row is in it; in steps."""
        if not self.live or self.whole is None or self.visible is None:
            return
        if self.quick == ALL:
            self.visible = Window(self.whole.start, self._edge(self.whole.seconds))
        elif not self.visible.start <= self.whole.end <= self.visible.end:
            edge = self._edge(self.visible.seconds)
            self.visible = Window(edge - timedelta(seconds=self.visible.seconds), edge)

    def look_at(self, window: Window, *, gesture: str = "") -> None:
        """Show that stretch. A run of the same gesture (turning the wheel) is one step of the history."""
        window = self._sensible(window)
        if window == self.visible:
            return
        if not gesture or gesture != self._gesture:
            self._remember()
        self._gesture = gesture
        self.quick = ""
        self.live = self.live and self.whole is not None and window.start < self.whole.end <= window.end
        self.visible = window

    def choose_quick(self, name: str) -> None:
        """The last so many minutes or hours before the newest row; `all` is the whole log."""
        if self.whole is None:
            return
        self._remember()
        self._gesture = ""
        self.quick = name
        length = self.whole.seconds if name == ALL else QUICK_S[name]
        end = self._edge(length) if self.live else self.whole.end
        self.visible = Window(self.whole.start, end) if name == ALL else Window(end - timedelta(seconds=length), end)
        if name == ALL:
            self.waited = 0

    def zoom(self, factor: float, around: datetime) -> None:
        """factor < 1 comes closer; the instant `around` stays where it is on the screen."""
        if self.visible is None:
            return
        before = (around - self.visible.start) * factor
        after = (self.visible.end - around) * factor
        if before + after >= timedelta(seconds=LEAST_S):
            self.look_at(Window(around - before, around + after), gesture="zoom")

    def pan(self, fraction: float) -> None:
        """Move by that share of the visible length; negative goes back in time."""
        if self.visible is not None:
            self.look_at(self.visible.shifted(timedelta(seconds=self.visible.seconds * fraction)), gesture="pan")

    def begin_live(self) -> None:
        """A log that grows is first shown where it grows, unless the user has looked elsewhere already."""
        if self.quick != ALL or self._back or self.whole is None or self.live:
            return
        if self.whole.seconds > 2 * QUICK_S[FIRST_LIVE]:
            self.choose_quick(FIRST_LIVE)
        self.set_live(True)

    def go_back(self) -> None:
        """The stretch seen before."""
        self._go(self._back, self._forward)

    def go_forward(self) -> None:
        """The stretch left by going back."""
        self._go(self._forward, self._back)

    def set_live(self, live: bool) -> None:
        """Follow the newest row, or stay."""
        self.live = live
        if live and self.whole is not None and self.visible is not None:
            self.waited = 0
            if self.quick == ALL:
                self.follow()
            else:
                edge = self._edge(self.visible.seconds)
                self.visible = Window(edge - timedelta(seconds=self.visible.seconds), edge)

    def brush(self, side: Side, window: Window | None) -> None:
        """Set or clear one of the two test windows."""
        if side == "reference":
            self.reference, self.against = window, ""
        else:
            self.current = window

    def compare_with(self, against: str) -> None:
        """Something else than a window is the reference (see `console.session.references`)."""
        self.reference, self.against = None, against

    def suggest(self) -> tuple[Window, Window] | None:
        """Two windows to begin with: the last quarter of what is visible against the quarter at its start."""
        if self.visible is None or self.whole is None:
            return None
        start, end = max(self.visible.start, self.whole.start), min(self.visible.end, self.whole.end)
        quarter = (end - start) / 4
        if quarter <= ZERO:
            return None
        return Window(start, start + quarter), Window(end - quarter, end)

    def _edge(self, length_s: float) -> datetime:
        """The end of a live window: the newest row, rounded up to the next step."""
        assert self.whole is not None
        step = bucket_for(Window.from_epoch(0, max(length_s, LEAST_S)), STEPS)
        return from_epoch((self.whole.end_s // step + 1) * step)

    def _sensible(self, window: Window) -> Window:
        """Not closer than a second, not farther than thrice the log, and never quite off it."""
        length = max(window.seconds, LEAST_S)
        if self.whole is not None:
            length = min(length, 3 * max(self.whole.seconds, LEAST_S))
        middle = window.start + (window.end - window.start) / 2
        if self.whole is not None:
            middle = min(max(middle, self.whole.start), self.whole.end)
        half = timedelta(seconds=length / 2)
        if length == window.seconds and middle == window.start + (window.end - window.start) / 2:
            return window
        return Window(middle - half, middle + half)

    def _remember(self) -> None:
        if self.visible is not None:
            self._back.append((self.visible, self.quick))
            del self._back[:-HISTORY]
        self._forward.clear()

    def _go(self, source: list[tuple[Window, str]], target: list[tuple[Window, str]]) -> None:
        if source and self.visible is not None:
            target.append((self.visible, self.quick))
            self.visible, self.quick = source.pop()
            self._gesture = ""
            self.live = self.live and self.whole is not None and self.visible.end >= self.whole.end
