"""One line above the strip while a window is dragged: what its columns do, in places where no table says so."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from widgets.theme import GRID, ThemeHolder, font_metrics, system_font

HEIGHT = 32
MOST_PX = 640
PREFIX = "Preview: "


class BrushReadout(QWidget):
    """Floats over the window and takes no click. Text from logs is drawn as it is."""

    def __init__(self, holder: ThemeHolder, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("brush_readout")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._holder = holder
        self.text = ""
        self.hide()

    def say(self, text: str, side: str, middle_px: int, bottom_px: int) -> None:
        """That text, its middle there if it fits into the window, its lower edge there."""
        self.text, self._side = PREFIX + text, side
        self.setAccessibleName(self.text)
        room = self.parentWidget().width() - 2 * GRID
        needed = round(font_metrics().horizontalAdvance(self.text)) + 4 * GRID
        before = self.width() if self.isVisible() else 0
        wide = min(room, max(before, min(MOST_PX, needed)))         # it grows, and does not flutter
        left = min(max(GRID, middle_px - wide // 2), GRID + room - wide)
        self.setGeometry(left, bottom_px - HEIGHT, wide, HEIGHT)
        if self.isHidden():
            self.show()
            self.raise_()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A raised line with the colour of the dragged window at its left."""
        painter = QPainter(self)
        theme = self._holder.theme
        painter.fillRect(self.rect(), theme.brush("raised"))
        painter.setPen(theme.pen("line"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.fillRect(0, 0, 3, self.height(), theme.brush(self._side))
        painter.setFont(system_font())
        painter.setPen(theme.pen("text"))
        area = self.rect().adjusted(2 * GRID, 0, -2 * GRID, 0)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
                         painter.fontMetrics().elidedText(self.text, Qt.TextElideMode.ElideRight, area.width()))
        painter.end()
