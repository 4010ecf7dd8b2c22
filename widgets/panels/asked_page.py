"""A page that is asked something: what it is about, how far the work is, the answer, or what went wrong."""

from __future__ import annotations

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import QProgressBar, QStackedWidget, QWidget

from console.errors import ConsoleError
from widgets.panels.parts import button, centred, column, label, row

EMPTY, RUNNING, RESULT, ERROR = range(4)
STATES = ("empty", "running", "result", "error")


class AskedPage(QWidget):
    """Four pages, one of them seen. A subclass adds them once by `_add_pages`, and says whether it `_has_answer` to go
    back to when work was stopped."""

    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pages = QStackedWidget()
        self._idle_note = ""

    @property
    def state(self) -> str:
        """empty | running | result | error"""
        return STATES[self._pages.currentIndex()]

    def display_progress(self, done: int, total: int, note: str) -> None:
        """While it is worked on. total: 0 while nobody knows."""
        self._pages.setCurrentIndex(RUNNING)
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._note.setText(note or self._idle_note)

    def display_stopped(self) -> None:
        """Cancelled: back to what was there."""
        self._pages.setCurrentIndex(RESULT if self._has_answer() else EMPTY)

    def display_error(self, error: ConsoleError) -> None:
        """What, where, and what to do."""
        self._error.setText(error.what)
        self._error_do.setText(" ".join(part for part in (error.where, error.do) if part))
        self._pages.setCurrentIndex(ERROR)

    # ---- for subclasses ------------------------------------------------------------------------------------

    def _has_answer(self) -> bool:
        raise NotImplementedError

    def _add_pages(self, name: str, empty: QWidget, answer: QWidget, *, title: str, note: str, stop_tip: str,
                   retry_tip: str, retry: SignalInstance) -> None:
        """title, note: of the page that is seen while it is worked on; retry: what *Try again* asks for."""
        self._idle_note = note
        running, trouble = self._running_page(name, title, stop_tip), self._error_page(name, retry_tip, retry)
        for page in (empty, running, answer, trouble):
            self._pages.addWidget(page)

    def _running_page(self, name: str, title: str, stop_tip: str) -> QWidget:
        self._bar = QProgressBar(objectName=f"{name}_progress")
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._note = label(self._idle_note, tone="muted", wrap=True)
        cancel = button("Cancel", f"{name}_cancel", stop_tip)
        cancel.clicked.connect(self.cancel_asked)
        return centred(column(label(title, large=True), self._bar, self._note, row(cancel, None)), 480)

    def _error_page(self, name: str, retry_tip: str, retry: SignalInstance) -> QWidget:
        self._error = label(name=f"{name}_error", large=True, wrap=True)
        self._error_do = label(name=f"{name}_error_do", tone="muted", wrap=True)
        again = button("Try again", f"{name}_retry", retry_tip)
        again.clicked.connect(retry)
        return centred(column(self._error, self._error_do, 8, row(again, None)), 560)
