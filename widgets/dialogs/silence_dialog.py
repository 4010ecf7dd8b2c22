"""Until when nobody is to be called for an alarm, and why."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QWidget

from console.metrics.format import format_time
from console.window import Window
from widgets.models.typed_time import NotATime, read_since, read_window
from widgets.panels.parts import column, label, row


class SilenceDialog(QDialog):
    """Asks for a length (`4h`, `2d`) or a time, and for a reason. What is wrong stands under its field."""

    def __init__(self, what: str, now: datetime, *, relative: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("silence_dialog")
        self.setWindowTitle("Silence")
        self._now, self._relative = now, relative
        self._until = QLineEdit("4h", objectName="silence_until")
        self._until.setAccessibleName("Until when")
        self._until.setPlaceholderText("4h, 2d, or a time")
        self._wrong_until = label(name="silence_until_wrong", tone="muted", wrap=True)
        self._reason = QLineEdit(objectName="silence_reason")
        self._reason.setAccessibleName("Why")
        self._reason.setPlaceholderText("Why nobody is to be called")
        self._wrong_reason = label(name="silence_reason_wrong", tone="warning", wrap=True)
        buttons = QDialogButtonBox()
        self._accept = buttons.addButton("Silence", QDialogButtonBox.ButtonRole.AcceptRole)
        self._accept.setObjectName("silence_accept")
        buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        said = label(f"Nobody is called for {what}.", wrap=True)
        self.setLayout(column(said, 8, label("For how long, or until when", tone="muted"), self._until,
                              self._wrong_until, label("Why", tone="muted"), self._reason, self._wrong_reason, 8,
                              row(None, buttons), margins=(16, 16, 16, 16), gap=4))
        self.resize(440, 0)
        self._until.textChanged.connect(self._look)
        buttons.accepted.connect(self._on_accept)
        buttons.rejected.connect(self.reject)
        self._look()
        self._reason.setFocus()

    @property
    def answer(self) -> tuple[datetime, str] | None:
        """Until when and why; None while one of them is missing or wrong."""
        until, reason = self._read(), self._reason.text().strip()
        return (until, reason) if isinstance(until, datetime) and reason else None

    def _read(self) -> datetime | str:
        """The time, or what is wrong with it."""
        typed = self._until.text().strip()
        try:
            length = (read_since if self._relative else read_window)(typed, self._now)
            if length.end == self._now and length.start < self._now:     # a bare length ends now: silences begin then
                return self._now + (length.end - length.start)
        except NotATime:
            pass
        try:
            return Window(self._now, (read_since if self._relative else read_window)(f"now .. {typed}", self._now).end
                          ).end
        except (NotATime, ValueError):
            return "Write a length, as in 4h or 2d, or a time after the newest row"

    def _look(self) -> None:
        until = self._read()
        wrong = isinstance(until, str)
        self._wrong_until.setText(until if isinstance(until, str)
                                  else f"Until {format_time(until, relative=self._relative)}, in the time of the log")
        self._wrong_until.setProperty("tone", "warning" if wrong else "muted")
        self._wrong_until.style().polish(self._wrong_until)

    def _on_accept(self) -> None:
        self._wrong_reason.setText("" if self._reason.text().strip() else "A silence needs a reason")
        if self.answer is not None:
            self.accept()
