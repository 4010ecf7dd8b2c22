"""Sentences below each other, each with an icon, as high as their words need at this width: Qt's lists get it wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from widgets.icons import Icons
from widgets.panels.parts import column, holding, label, row


class Line(NamedTuple):
    """One sentence. about: what it leads to; "" for nothing."""

    icon: str
    tone: str
    text: str
    about: str = ""


class _Row(QWidget):
    """Its icon and its words."""

    pressed = Signal(str)

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self._icons = icons
        self._about = ""
        self._shown: Line | None = None
        self._icon = label()
        self._text = label(name="line", wrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        across = row(self._icon, self._text, margins=(8, 4, 8, 4))
        across.setAlignment(self._icon, Qt.AlignmentFlag.AlignTop)
        across.setStretch(1, 1)
        self.setLayout(across)

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def display(self, line: Line) -> None:
        """Only what is another is written."""
        if line != self._shown:
            self._shown = line
            self._text.setText(line.text)
            self._icons.dress(self._icon, line.icon, line.tone)
            self._about = line.about
            self.setCursor(Qt.CursorShape.PointingHandCursor if line.about else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Leads to what it is about."""
        if self._about:
            self.pressed.emit(self._about)
        super().mousePressEvent(event)


class Lines(QScrollArea):
    """Displays lines; says which one was pressed."""

    chosen = Signal(str)     # what the line is about

    def __init__(self, icons: Icons, name: str, spoken: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self._icons = icons
        self._rows: list[_Row] = []
        self._column = column(None, gap=0)
        sheet = holding(self._column)
        sheet.setAutoFillBackground(True)
        sheet.setBackgroundRole(sheet.palette().ColorRole.Base)
        self.setWidget(sheet)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    @property
    def texts(self) -> tuple[str, ...]:
        """What is shown."""
        return tuple(each.text for each in self._rows if not each.isHidden())

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show these instead."""
        while len(self._rows) < len(lines):
            made = _Row(self._icons)
            made.pressed.connect(self.chosen)
            self._column.insertWidget(len(self._rows), made)
            self._rows.append(made)
        for number, each in enumerate(self._rows):
            each.setVisible(number < len(lines))
            if number < len(lines):
                each.display(lines[number])
