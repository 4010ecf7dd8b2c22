"""One slim line under the time bar: what went wrong, where, and what to do. Never a dialog, never rich text."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from widgets.icons import Icons
from widgets.panels.parts import button, label, row, tool

ICONS = {"firing": "alert-octagon", "warning": "alert", "accent": "information-outline", "good": "check-circle-outline"}
LONGEST = 400


class MessageBar(QWidget):
    """Shows the newest message until it is closed, or until what it was about is over."""

    action_asked = Signal(str)       # key given with the message: "undo" ...

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message_bar")
        self._icons = icons
        self._tone = "accent"
        self._key = ""
        self.topic = ""
        self._icon = label()
        self._text = label(name="message_text", wrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._act = button("Undo", "message_action", "")
        self._close = tool(icons, "close", "message_close", "Close this message")
        layout = row(self._icon, self._text, self._act, self._close, margins=(16, 4, 8, 4))
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._close.clicked.connect(self.clear)
        self._act.clicked.connect(self._on_act)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text() if not self.isHidden() else ""

    def say(self, text: str, tone: str = "accent", *, topic: str = "", action: str = "", key: str = "") -> None:
        """tone: firing, warning, good or accent. A message with the same topic can be taken back by `done(topic)`."""
        self._tone = tone
        self.topic = topic
        self._key = key
        self._icons.dress(self._icon, ICONS[tone], tone, 20)
        self._text.setText(text if len(text) <= LONGEST else text[:LONGEST] + " …")
        self._text.setAccessibleName(text)
        self._act.setText(action)
        self._act.setVisible(bool(action))
        self.show()
        self.update()

    def done(self, topic: str) -> None:
        """What it was about is over."""
        if topic and self.topic == topic:
            self.clear()

    def clear(self) -> None:
        """Say nothing."""
        self.topic = ""
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A tint, and a strip in the tone at the left."""
        painter = QPainter(self)
        theme = self._icons.theme
        painter.fillRect(self.rect(), theme.color(self._tone, 28))
        painter.fillRect(0, 0, 4, self.height(), theme.color(self._tone))

    def _on_act(self) -> None:
        key = self._key
        self.clear()
        self.action_asked.emit(key)
