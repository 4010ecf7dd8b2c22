"""A test window as it is typed."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QWidget

from console.metrics.format import format_span, format_window
from console.window import Window
from widgets.models.typed_time import EXAMPLES, EXAMPLES_SINCE, NotATime, read_since, read_window
from widgets.panels.parts import column, label, row


class WindowDialog(QDialog):
    """Asks for two times. What was understood stands under the field, or what is wrong with it."""

    def __init__(self, side: str, shown: Window | None, newest: datetime, *, relative: bool,
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("window_dialog")
        self.setWindowTitle(f"{side.capitalize()} window")
        self._newest, self._relative = newest, relative
        self._field = QLineEdit(format_window(shown, relative=relative) if shown else "", objectName="window_typed")
        self._field.setAccessibleName(f"{side.capitalize()} window")
        self._field.setPlaceholderText((EXAMPLES_SINCE if relative else EXAMPLES).split(", ")[0])
        self._said = label(name="window_said", tone="muted", wrap=True)
        buttons = QDialogButtonBox()
        self._accept = buttons.addButton("Choose", QDialogButtonBox.ButtonRole.AcceptRole)
        self._accept.setObjectName("window_accept")
        buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        self.setLayout(column(label(f"From when to when is the {side} window?", wrap=True), self._field, self._said, 8,
                              row(None, buttons), margins=(16, 16, 16, 16)))
        self.resize(480, 0)
        self._field.textChanged.connect(self._look)
        self._field.selectAll()
        buttons.accepted.connect(self._on_accept)
        buttons.rejected.connect(self.reject)
        self._look()

    @property
    def answer(self) -> Window | None:
        """None while it cannot be read."""
        try:
            return (read_since if self._relative else read_window)(self._field.text(), self._newest)
        except NotATime:
            return None

    def _look(self) -> None:
        found = self.answer
        examples = EXAMPLES_SINCE if self._relative else EXAMPLES
        self._said.setText(f"Write it like {examples}" if found is None else
                           f"{format_window(found, relative=self._relative)}, {format_span(found.seconds)}")
        self._accept.setEnabled(found is not None)

    def _on_accept(self) -> None:
        if self.answer is not None:
            self.accept()
