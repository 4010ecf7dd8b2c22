"""A page of the place Drift that asks one question about the two windows: what it is, how far the work is, the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QProgressBar, QStackedWidget, QTableView, QWidget

from console.drift.view import Verdict
from console.errors import ConsoleError
from widgets.icons import Icons
from widgets.models.rows import RowsModel
from widgets.panels.drift_table import ICONS, TONES
from widgets.panels.parts import button, centred, column, holding, label, row, tool

if TYPE_CHECKING:
    from console.session.view import SelectionView

STATES = ("empty", "running", "result", "error")


class QuestionPage(QWidget):
    """What such pages share. A subclass builds `_answer_page` and shows an answer in `_show`.

    The question is asked when somebody looks and the windows are chosen, once for each choice; later by the button.
    """

    asked = Signal()
    cancel_asked = Signal()
    incident_asked = Signal()
    export_asked = Signal()
    copy_asked = Signal()

    def __init__(self, icons: Icons, name: str, title: str, about: str, ask: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._icons = icons
        self._selection: SelectionView | None = None
        self._view: Any = None
        self._asked_for: object = None
        self._what = about
        self._pages = QStackedWidget()
        self._ask = button(ask, f"{name}_ask", about, default=True)
        self._head = label(title, large=True)
        self._how = label(about, name=f"{name}_how", tone="muted", wrap=True)
        self._pages.addWidget(centred(column(self._head, self._how, 8, row(self._ask, None)), 560))
        self._bar = QProgressBar(objectName=f"{name}_progress")
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._note = label(tone="muted", wrap=True)
        cancel = button("Cancel", f"{name}_cancel", "Stop")
        cancel.clicked.connect(self.cancel_asked)
        self._pages.addWidget(centred(column(label(title, large=True), self._bar, self._note, row(cancel, None)), 480))
        self._pages.addWidget(self._answer_page())
        self._error = label(name=f"{name}_error", large=True, wrap=True)
        self._error_do = label(name=f"{name}_error_do", tone="muted", wrap=True)
        again = button("Try again", f"{name}_retry", about)
        again.clicked.connect(self.asked)
        self._pages.addWidget(centred(column(self._error, self._error_do, 8, row(again, None)), 560))
        self._sheet = column(self._pages, margins=(0, 8, 0, 0))
        self._sheet.setStretch(0, 1)
        self.setLayout(self._sheet)
        self._ask.clicked.connect(self.asked)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def state(self) -> str:
        """empty | running | result | error"""
        return STATES[self._pages.currentIndex()]

    @property
    def view(self) -> Any:
        """The answer that is shown; None without one."""
        return self._view

    @property
    def ready(self) -> bool:
        """Whether the windows that the question needs are chosen."""
        chosen = self._selection
        return chosen is not None and chosen.current is not None and (chosen.reference is not None
                                                                      or bool(chosen.against))

    def display_selection(self, view: SelectionView) -> None:
        """The two windows; an answer about other ones is put away."""
        before = self._choice
        self._selection = view
        if self._choice != before and self.state in ("result", "error"):
            self._view = None
            self._pages.setCurrentIndex(0)
        self._ask.setEnabled(self.ready)
        self._how.setText(self._what if self.ready else f"{self._what} Choose both windows first: R and C, then drag "
                                                         "over the strip below, or press Suggest.")

    def display(self, view: Any) -> None:
        """Show the answer."""
        self._view = view
        self._show(view)
        self._pages.setCurrentIndex(2)

    def display_progress(self, done: int, total: int, note: str) -> None:
        """While it is worked on."""
        self._pages.setCurrentIndex(1)
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._note.setText(note or "Reading the two windows")

    def display_stopped(self) -> None:
        """Cancelled: back to what was there."""
        self._pages.setCurrentIndex(2 if self._view is not None else 0)

    def display_error(self, error: ConsoleError) -> None:
        """What, where, and what to do."""
        self._error.setText(error.what)
        self._error_do.setText(" ".join(part for part in (error.where, error.do) if part))
        self._pages.setCurrentIndex(3)

    def forget(self) -> None:
        """Another folder."""
        self._view, self._asked_for, self._selection = None, None, None
        self._pages.setCurrentIndex(0)

    def showEvent(self, event: QShowEvent) -> None:
        """Somebody looks."""
        super().showEvent(event)
        if self.ready and self.state == "empty" and self._asked_for != self._choice:
            self._asked_for = self._choice
            self.asked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+C copies the chosen row of the table that has the keyboard, all rows where none has."""
        if event.matches(QKeySequence.StandardKey.Copy):
            focused = self.focusWidget()
            if isinstance(focused, QTableView) and isinstance(focused.model(), RowsModel):
                model = focused.model()
                at = focused.currentIndex().row()
                texts = [str(model.data(model.index(at, section))) for section in range(model.columnCount())]
                QGuiApplication.clipboard().setText("\t".join(texts))
            else:
                self.copy_asked.emit()
        else:
            super().keyPressEvent(event)

    # ---- for subclasses ------------------------------------------------------------------------------------

    def _answer_page(self) -> QWidget:
        raise NotImplementedError

    def _show(self, view: Any) -> None:
        raise NotImplementedError

    def _answer_head(self, *more: QWidget) -> QWidget:
        """The verdict in a sentence, and what can be done with the answer."""
        name = self.objectName()
        self._verdict_icon = label()
        self._verdict = label(name=f"{name}_sentence", large=True, wrap=True)
        self._small = label(name=f"{name}_small", tone="muted", wrap=True)
        copy = tool(self._icons, "content-copy", f"{name}_copy", "Copy the whole table (Ctrl+C: the chosen row)")
        export = tool(self._icons, "export-variant", f"{name}_export", "Write the answer as CSV or JSON")
        incident = tool(self._icons, "file-document-plus-outline", f"{name}_incident",
                        "Keep the current window as an incident, with this answer in its notes")
        copy.clicked.connect(self.copy_asked)
        export.clicked.connect(self.export_asked)
        incident.clicked.connect(self.incident_asked)
        head = row(self._verdict_icon, column(self._verdict, self._small, gap=4), *more, copy, export, incident)
        head.setStretch(1, 1)
        for part in (self._verdict_icon, *more, copy, export, incident):
            head.setAlignment(part, Qt.AlignmentFlag.AlignTop)
        return holding(head)

    def _say(self, verdict: Verdict, sentence: str, small: str) -> None:
        self._icons.dress(self._verdict_icon, ICONS[verdict], TONES[verdict], 24)
        self._verdict.setText(sentence)
        self._small.setText(small)

    @property
    def _choice(self) -> object:
        chosen = self._selection
        return None if chosen is None else (chosen.reference, chosen.current, chosen.against)
