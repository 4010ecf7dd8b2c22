"""A page of the place Advice: one question about a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QStackedWidget, QToolButton, QWidget

from console.errors import ConsoleError
from widgets.icons import Icons
from widgets.panels.parts import centred, column, label, tool
from widgets.panels.question_page import QuestionPage

LOADING = "The folder is being loaded."
WHAT_TO_LOG = ("Answers are judged by what came true. Log it when it becomes known: a row with the request's id, the "
               "label (or whether it was clicked, or churned) and the time at which it came. It may be another file "
               "in this folder; Pilothouse joins it by the id. Where it is there already under another name, say so "
               "under Columns (Ctrl+L).")


class AdvicePage(QuestionPage):
    """What such pages share. Which moment is asked about is told to it; another one puts the answer away."""

    command_asked = Signal()
    chart_asked = Signal()           # its picture as a file

    asks_itself = True
    """Whether the question is asked as soon as somebody looks. What takes long waits for its button."""

    def __init__(self, icons: Icons, name: str, title: str, about: str, ask: str) -> None:
        self._at: datetime | None = None
        self._is_ready = False
        self._asked_at: object = None
        super().__init__(icons, name, title, about, ask)
        self._idle_note = "Reading the log"
        self.display_ready(False, LOADING)

    @property
    def ready(self) -> bool:
        """Whether it can be asked now."""
        return self._is_ready

    @property
    def at(self) -> datetime | None:
        """The moment that is asked about."""
        return self._at

    def display_ready(self, ready: bool, why: str = "") -> None:
        """Whether it can be asked; why not."""
        self._is_ready = ready
        self._ask.setEnabled(ready)
        self._how.setText(f"{self._what} {why}".strip())
        self.look_if_seen()

    def display_moment(self, at: datetime | None) -> None:
        """Another moment is asked about: what was said of the one before goes."""
        if at != self._at:
            self._at = at
            self.put_away()

    def put_away(self) -> None:
        """The answer is no longer one."""
        self._view, self._asked_for = None, None
        self._pages.setCurrentIndex(0)

    def look_if_seen(self) -> None:
        """The question is asked, once for each moment, if somebody looks and it asks itself."""
        if self.isVisible() and self.ready and self.asks_itself and self.state == "empty" and \
                self._asked_for != self._choice:
            self._asked_for = self._choice
            self.asked.emit()

    def forget(self) -> None:
        """Another folder."""
        self._at = None
        super().forget()
        self.display_ready(False, LOADING)

    def showEvent(self, event: object) -> None:
        """Qt's."""
        super(QuestionPage, self).showEvent(event)  # type: ignore[arg-type]
        self.look_if_seen()

    @property
    def _choice(self) -> object:
        return self._at, self._is_ready

    def _answer_head(self, *more: QWidget) -> QWidget:
        """With the word beside the icon of what is done most."""
        head = super()._answer_head(*more, self._command_tool())
        incident = head.findChild(QToolButton, f"{self.objectName()}_incident")
        assert incident is not None
        incident.setText("Create incident")
        incident.setToolTip("Keep the time since this moment as an incident, with this answer in its notes")
        incident.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return head

    def _or_missing(self, body: QWidget) -> QStackedWidget:
        """The answer, or in its place what the log would have to say."""
        self._missing = label(name=f"{self.objectName()}_missing", wrap=True)
        self._body = QStackedWidget()
        self._body.addWidget(body)
        self._body.addWidget(centred(column(label("What is missing", large=True), self._missing,
                                            label(WHAT_TO_LOG, tone="muted", wrap=True), gap=12), 560))
        return self._body

    def _show_missing(self, notes: Sequence[str]) -> None:
        self._missing.setText(" ".join(notes))
        self._body.setCurrentIndex(1)

    def _chart_tool(self) -> QToolButton:
        made = tool(self._icons, "image-outline", f"{self.objectName()}_export_chart",
                    "Write the chart as PNG, SVG or CSV (X)")
        made.clicked.connect(self.chart_asked)
        return made

    def _command_tool(self) -> QToolButton:
        made = tool(self._icons, "console-line", f"{self.objectName()}_command",
                    "Copy the command that gives these numbers")
        made.clicked.connect(self.command_asked)
        return made

    def _dress(self, icon: str, tone: str, sentence: str, small: str) -> None:
        assert isinstance(self._verdict_icon, QLabel)
        self._icons.dress(self._verdict_icon, icon, tone, 24)
        self._verdict.setText(sentence)
        self._small.setText(small)

    def display_error(self, error: ConsoleError) -> None:
        """What, where, and what to do."""
        self._view = None
        super().display_error(error)
