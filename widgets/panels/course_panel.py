"""*Over time*: which kind of drift each column shows, since when, and how far every bucket lies from the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from console.drift.course_view import CourseRow, CourseView, RegimeMatch
from console.metrics.format import format_count, format_span, format_window
from console.window import Window
from widgets.icons import Icons
from widgets.panels.asked_page import EMPTY, RESULT, AskedPage
from widgets.panels.course_map import ICONS, TONES, CourseMap, spoken
from widgets.panels.parts import Elided, button, centred, column, holding, label, row, set_tone, tool

if TYPE_CHECKING:
    from console.session.view import SelectionView

HOW = ("Every column is compared with the reference window, stretch by stretch, over the whole log; without one, with "
       "the first quarter of it. Each gets the kind of change that it shows: sudden, gradual, recurring, transient, or "
       "none. A time of day that comes back is none.")


class CoursePanel(AskedPage):
    """Displays a CourseView; asks for one, for windows and for columns. What counts as drift is decided in
    console.drift."""

    look_asked = Signal()
    bucket_asked = Signal(object, int)   # CourseRow, bucket: it becomes the current window
    onset_asked = Signal(object)         # CourseRow: before and after its onset
    column_asked = Signal(str)
    command_asked = Signal()
    shown = Signal()                     # it is seen now

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("course_panel")
        self._icons = icons
        self._view: CourseView | None = None
        self._selection: SelectionView | None = None
        self._add_pages("course", self._empty_page(), self._result_page(), title="Looking over time",
                        note="Counting rows", stop_tip="Stop counting", retry_tip="Look once more",
                        retry=self.look_asked)
        self.setLayout(column(self._pages, margins=(0, 16, 0, 0), gap=0))
        self.setFocusProxy(self._map)

    @property
    def view(self) -> CourseView | None:
        """What is shown."""
        return self._view

    @property
    def chosen(self) -> CourseRow | None:
        """The row that is marked."""
        return self._map.chosen if self.state == "result" else None

    def forget(self) -> None:
        """Another folder."""
        self._view = None
        self._map.display(None)
        self._pages.setCurrentIndex(EMPTY)

    def display(self, view: CourseView, match: RegimeMatch | None) -> None:
        """Show the map."""
        self._view = view
        self._sentence.setText(view.sentence)
        self._icons.dress(self._verdict_icon, ICONS[view.verdict], TONES[view.verdict], 24)
        relative = view.relative
        notes = " ".join(view.notes)
        self._small.setText(
            f"{format_count(round(float(view.rows_n.sum())))} rows in {len(view.starts_s)} buckets of "
            f"{format_span(view.bucket_s)}, each against {format_window(view.reference, relative=relative)}; "
            f"{view.seconds:.1f} s. {notes}".strip())
        self._map.display(view)
        if self._selection is not None:
            self._map.display_selection(self._selection)
        self.display_match(match)
        self._pages.setCurrentIndex(RESULT)
        self._on_cell()

    def display_match(self, match: RegimeMatch | None) -> None:
        """Which earlier time the current window, or the time since the last change, is like; nothing where nothing
        changed before it."""
        self._like.setText(match.sentence if match is not None else "")
        self._like.setVisible(match is not None)

    def display_selection(self, view: SelectionView) -> None:
        """The two windows; another reference makes the map an old one."""
        self._selection = view
        self._map.display_selection(view)
        self._say_old()

    # ---- pages ---------------------------------------------------------------------------------------------

    def _empty_page(self) -> QWidget:
        look = button("Look over time", "course_look", "Compare every stretch of the log with the reference "
                      "(Ctrl+Shift+T)", default=True)
        look.clicked.connect(self.look_asked)
        return centred(column(label("Since when, and how?", large=True), label(HOW, tone="muted", wrap=True), 8,
                              row(look, None)), 560)

    def _result_page(self) -> QWidget:
        self._verdict_icon = label()
        self._sentence = label(name="course_sentence", large=True, wrap=True)
        self._small = label(name="course_small", tone="muted", wrap=True)
        self._like = label(name="course_like", wrap=True)
        self._again = button("Look again", "course_again", "Count once more, against the reference that is chosen now "
                             "(Ctrl+Shift+T)")
        self._again.clicked.connect(self.look_asked)
        copy = tool(self._icons, "console-line", "course_command", "Copy the command that gives these numbers")
        copy.clicked.connect(self.command_asked)
        self._map = CourseMap(self._icons)
        self._map.cell_changed.connect(self._on_cell)
        self._map.bucket_asked.connect(self.bucket_asked)
        self._map.onset_asked.connect(self.onset_asked)
        self._map.row_chosen.connect(self._on_row)
        self._cell = Elided("course_cell", "")
        self._row_sentence = label(name="course_row", tone="muted", wrap=True)
        self._row_sentence.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._row_sentence.setMinimumHeight(40)
        self._onset = button("Before and after", "course_onset", "Compare the time before the onset of the marked "
                             "column with the time after it (Shift+O)")
        self._onset.clicked.connect(self._on_onset)
        texts = column(self._sentence, self._small, self._like, gap=4)
        head = row(self._verdict_icon, texts, self._again, copy, gap=8)
        head.setStretch(1, 1)
        head.setAlignment(self._verdict_icon, Qt.AlignmentFlag.AlignTop)
        head.setAlignment(self._again, Qt.AlignmentFlag.AlignTop)
        head.setAlignment(copy, Qt.AlignmentFlag.AlignTop)
        foot = row(column(self._cell, self._row_sentence, gap=4), self._onset, gap=16)
        foot.setStretch(0, 1)
        foot.setAlignment(self._onset, Qt.AlignmentFlag.AlignTop)
        page = column(head, self._map, foot, None)
        page.setStretch(1, 1000)
        return holding(page)

    # ---- inside --------------------------------------------------------------------------------------------

    def _has_answer(self) -> bool:
        return self._view is not None

    def _on_cell(self) -> None:
        one = self._map.row
        self._cell.setText(self._map.cell_words)
        said = f"{one.title}: {spoken(one)}" if one is not None and spoken(one) != one.sentence else (
            one.sentence if one is not None else "")
        self._row_sentence.setText(said)
        marked = self._map.chosen
        self._onset.setEnabled(marked is not None and marked.onset is not None)

    def _on_row(self, one: CourseRow) -> None:
        self.column_asked.emit(one.column)

    def _on_onset(self) -> None:
        if self._map.chosen is not None:
            self.onset_asked.emit(self._map.chosen)

    def _say_old(self) -> None:
        """Whether the reference is another one than that of the map."""
        view, chosen = self._view, self._selection.reference if self._selection is not None else None
        old = view is not None and chosen is not None and chosen != view.reference
        self._again.setDefault(old)
        self._again.setText("Look again with this reference" if old else "Look again")
        set_tone(self._again, "accent" if old else "")

    def reference(self) -> Window | None:
        """What the map was counted against."""
        return self._view.reference if self._view is not None else None

    # ---- events of Qt --------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Qt's."""
        super().showEvent(event)
        self.shown.emit()
