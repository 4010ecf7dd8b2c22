"""A page that asks one question, of the two windows or of a moment: what it is, how far the work is, the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QTableView, QWidget

from console.drift.view import Verdict
from widgets.icons import Icons
from widgets.models.rows import RowsModel
from widgets.panels.asked_page import EMPTY, RESULT, AskedPage
from widgets.panels.drift_table import ICONS, TONES
from widgets.panels.parts import button, centred, column, holding, label, row, tool

if TYPE_CHECKING:
    from console.session.view import SelectionView


class QuestionPage(AskedPage):
    """What such pages share. A subclass builds `_answer_page` and shows an answer in `_show`.

    The question is asked when somebody looks and the windows are chosen, once for each choice; later by the button.
    """

    asked = Signal()
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
        self._ask = button(ask, f"{name}_ask", about, default=True)
        self._head = label(title, large=True)
        self._how = label(about, name=f"{name}_how", tone="muted", wrap=True)
        empty = centred(column(self._head, self._how, 8, row(self._ask, None)), 560)
        self._add_pages(name, empty, self._answer_page(), title=title, note="Reading the two windows", stop_tip="Stop",
                        retry_tip=about, retry=self.asked)
        self._sheet = column(self._pages, margins=(0, 8, 0, 0))
        self._sheet.setStretch(0, 1)
        self.setLayout(self._sheet)
        self._ask.clicked.connect(self.asked)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

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
            self._pages.setCurrentIndex(EMPTY)
        self._ask.setEnabled(self.ready)
        self._how.setText(self._what if self.ready else f"{self._what} Choose both windows first: R and C, then drag "
                                                         "over the strip below, or press Suggest.")

    def display(self, view: Any) -> None:
        """Show the answer."""
        self._view = view
        self._show(view)
        self._pages.setCurrentIndex(RESULT)

    def forget(self) -> None:
        """Another folder."""
        self._view, self._asked_for, self._selection = None, None, None
        self._pages.setCurrentIndex(EMPTY)

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

    def _has_answer(self) -> bool:
        return self._view is not None

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
