"""*Shock*: what changed at once, and what speaks for and against each thing that it may have been."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QWidget

from console.advice.shock import ChangeCause
from console.advice.view import CAUSES, ShockView
from console.drift.course_view import CourseRow
from console.metrics.format import format_count, format_span, format_time, format_window
from console.window import Window
from widgets.icons import Icons
from widgets.panels.advice_page import AdvicePage
from widgets.panels.course_map import CourseMap, spoken
from widgets.panels.lines import Line, Lines
from widgets.panels.parts import Elided, button, column, holding, label, row

ICONS = {ChangeCause.SHOCK: "lightning-bolt", ChangeCause.DEPLOYMENT: "rocket-launch-outline",
         ChangeCause.SCHEMA: "table-cog", ChangeCause.PIPELINE: "pipe-leak", ChangeCause.SEASON: "calendar-sync",
         ChangeCause.CONCEPT: "chart-bell-curve", ChangeCause.GRADUAL: "trending-up",
         ChangeCause.NONE: "check-circle-outline"}
ABOUT = ("Looks for a moment at which several things changed at once that no model decides: inputs and traffic. That "
         "is told from a deployment, a schema change, a fault of a data pipeline, a season and gradual drift.")
NOTHING = ("Nothing changed abruptly in several things at once. If you know of a moment, type it above; or take the "
           "onset of a column below.")
NO_EVENTS = ("No known events are named. An [[event]] in pilothouse.toml with name, start, end and kind (holiday, "
             "release, policy or other) is held against what is found.")


class ShockPanel(AdvicePage):
    """Displays a ShockView; asks for a look, and for another moment. What a shock is is decided in console.advice."""

    moment_asked = Signal(object)    # datetime: that one instead

    def __init__(self, icons: Icons) -> None:
        super().__init__(icons, "shock_page", "What changed at once?", ABOUT, "Look for a shock")

    @property
    def chart(self) -> CourseMap:
        """The picture on it."""
        return self._map

    def _answer_page(self) -> QWidget:
        head = self._answer_head()
        self._map = CourseMap(self._icons)
        self._map.setObjectName("shock_map")
        self._map.setAccessibleName("What changed at once, over time")
        self._map.cell_changed.connect(self._on_cell)
        self._map.onset_asked.connect(self._on_onset)
        self._left = label(name="shock_left", tone="muted")
        self._nothing = label(NOTHING, name="shock_nothing", tone="muted", wrap=True)
        self._cell = Elided("shock_cell", "")
        self._row = label(name="shock_row", tone="muted", wrap=True)
        self._row.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._row.setMinimumHeight(40)
        self._take = button("Ask about this onset", "shock_take", "Take the onset of the marked row as the moment "
                            "(double click on it)")
        self._take.clicked.connect(self._on_take)
        foot = row(column(self._cell, self._row, gap=4), self._take, gap=16)
        foot.setStretch(0, 1)
        foot.setAlignment(self._take, Qt.AlignmentFlag.AlignTop)
        left = column(self._left, self._nothing, self._map, foot, None, margins=(0, 0, 16, 0))
        left.setStretch(2, 1000)
        self._evidence = Lines(self._icons, "shock_evidence", "For and against")
        self._evidence.widget().setAutoFillBackground(False)
        self._evidence.viewport().setAutoFillBackground(False)
        self._calendar = label(name="shock_calendar", tone="muted", wrap=True)
        right = column(label("For and against", tone="muted"), self._evidence, self._calendar, margins=(16, 0, 0, 0))
        right.setStretch(1, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("shock_split")
        split.addWidget(holding(left))
        split.addWidget(holding(right))
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setSizes([640, 400])
        split.setChildrenCollapsible(False)
        page = column(head, split, gap=16)
        page.setStretch(1, 1)
        return holding(page)

    def _show(self, view: ShockView) -> None:
        found, courses, relative = view.shock, view.courses, view.relative
        self._dress(ICONS[found.cause], "muted" if found.cause is ChangeCause.NONE else "text", view.sentence,
                    " ".join((f"{_when(view)}{format_count(len(courses.starts_s))} buckets of "
                              f"{format_span(courses.bucket_s)}; {view.seconds:.1f} s.", *view.notes)))
        self._left.setText("What changed at once" if view.at_once else "What moved, at no common time")
        self._nothing.setVisible(not view.at_once)
        self._map.display(courses)
        lines = [Line("check-circle-outline" if one.speaks_for else "minus-circle-outline",
                      "accent" if one.speaks_for else "muted",
                      f"{'For' if one.speaks_for else 'Against'} {CAUSES[one.cause]}: {one.sentence}")
                 for one in found.evidence]
        lines += [Line("calendar-star", "accent", f"Known event: {event.name} ({event.kind.value}), "
                       f"{format_window(Window(event.start, event.end), relative=relative)}.")
                  for event in found.events]
        self._evidence.show_lines(lines)
        self._calendar.setText(NO_EVENTS if not view.calendar else
                               f"{format_count(view.calendar)} known events are named in pilothouse.toml."
                               if view.calendar > 1 else "One known event is named in pilothouse.toml.")
        self._on_cell()

    def _on_cell(self) -> None:
        one, marked = self._map.row, self._map.chosen
        self._cell.setText(self._map.cell_words)
        self._row.setText(f"{one.title}: {spoken(one)}" if one is not None else "")
        self._take.setEnabled(marked is not None and marked.onset is not None and self._view is not None
                              and marked.onset != self._view.at)

    def _on_onset(self, one: CourseRow) -> None:
        if one.onset is not None:
            self.moment_asked.emit(one.onset)

    def _on_take(self) -> None:
        if self._map.chosen is not None:
            self._on_onset(self._map.chosen)


def _when(view: ShockView) -> str:
    """The interval of the onset."""
    found, relative = view.shock, view.relative
    if found.onset is None or found.onset_low is None or found.onset_high is None:
        return f"Asked about {format_time(view.asked, relative=relative)}. " if view.asked is not None else ""
    if found.onset_low == found.onset_high:
        return f"Onset {format_time(found.onset, relative=relative)}, within a bucket. "
    return f"Onset {format_time(found.onset, relative=relative)}, 95 % between " \
           f"{format_window(Window(found.onset_low, found.onset_high), relative=relative)}. "
