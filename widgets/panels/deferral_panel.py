"""Answers that go to a person: workload and error against the threshold of confidence."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QDoubleSpinBox, QSizePolicy, QWidget

from console.rollout.deferral_view import DeferralView
from widgets.charts.value_axis import value_ticks
from widgets.icons import Icons
from widgets.panels.parts import button, column, holding, label, row
from widgets.theme import REFERENCE_DASH

EMPTY = ("Under partial automation answers that are not sure enough can go to a person. Work out how many that would "
         "be on this log, and how often the others are wrong.")
LEFT_PX, PAD = 56, 8
FIRST_SHARE = 0.1
"""Of the answers go to a person before somebody chooses a threshold."""


class DeferralPicture(QWidget):
    """Two curves over the threshold: the share that goes to a person, and errors among the rest."""

    picked = Signal(float)       # a threshold

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self.setObjectName("deferral_picture")
        self._icons = icons
        self._found: DeferralView | None = None
        self._threshold = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(240)
        self.setCursor(Qt.CursorShape.CrossCursor)
        icons.holder.changed.connect(self.update)

    def display(self, found: DeferralView | None, threshold: float) -> None:
        """Show these curves, the threshold as a line."""
        self._found, self._threshold = found, threshold
        self.setAccessibleName(found.said(threshold) if found is not None else "No curve")
        self.update()

    def sizeHint(self) -> QSize:
        """Wide."""
        return QSize(600, 320)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The threshold there."""
        self._pick(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Dragged."""
        self._pick(event.position().x())

    def _pick(self, x: float) -> None:
        if self._found is not None:
            share = min(max((x - LEFT_PX) / max(self.width() - LEFT_PX - PAD, 1.0), 0.0), 1.0)
            low, high = float(self._found.thresholds[0]), float(self._found.thresholds[-1])
            self.picked.emit(low + share * (high - low))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Two panes of some hundred points."""
        found = self._found
        if found is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, metrics = self._icons.theme, QFontMetrics(self.font())
        line = metrics.height()
        room = self.height() - 3 * line - 36
        low, high = float(found.thresholds[0]), float(found.thresholds[-1])
        top = 0.0
        known = found.high[np.isfinite(found.high)]
        panes = ((found.to_person, 1.0, "Goes to a person", None),
                 (found.wrong, min(float(np.nanmax(found.wrong)) * 1.5, 1.0) if len(known) else 1.0,
                  "Wrong among the others" if len(known) else "Wrong among the others: no outcome is known",
                  (found.low, found.high)))
        for number, (values, most, title, interval) in enumerate(panes):
            most = most or 1.0
            plot = QRectF(LEFT_PX, top + line + 8, max(self.width() - LEFT_PX - PAD, 1.0), room / 2)

            def place(at: int, value: float, plot: QRectF = plot, most: float = most) -> QPointF:
                x = plot.left() + (found.thresholds[at] - low) / max(high - low, 1e-12) * plot.width()
                return QPointF(float(x), plot.bottom() - min(value / most, 1.0) * plot.height())

            painter.setPen(theme.color("text"))
            painter.drawText(QPointF(0, top + metrics.ascent()), title)
            for value, text in value_ticks(0.0, most, plot.height(), "share"):
                y = round(plot.bottom() - value / most * plot.height()) + 0.5
                painter.setPen(theme.pen("grid"))
                painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
                painter.setPen(theme.color("muted"))
                painter.drawText(QRectF(0, y - line / 2, LEFT_PX - 6, line),
                                 Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            there = np.flatnonzero(np.isfinite(values))
            if interval is not None and len(there):
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.brush("accent", 48))
                painter.drawPolygon(QPolygonF([place(int(at), float(interval[1][at])) for at in there]
                                              + [place(int(at), float(interval[0][at])) for at in there[::-1]]))
                painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2.0))
            painter.drawPolyline(QPolygonF([place(int(at), float(values[at])) for at in there]))
            x = round(plot.left() + (self._threshold - low) / max(high - low, 1e-12) * plot.width()) + 0.5
            pen = QPen(theme.color("text"), 1.0)
            pen.setDashPattern(list(REFERENCE_DASH))
            painter.setPen(pen)
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
            if number:
                painter.setPen(theme.color("muted"))
                under = QRectF(plot.left(), plot.bottom() + 4, plot.width(), line)
                painter.drawText(under, Qt.AlignmentFlag.AlignLeft, f"{low:.2f}")
                painter.drawText(under, Qt.AlignmentFlag.AlignHCenter, "threshold of confidence")
                painter.drawText(under, Qt.AlignmentFlag.AlignRight, f"{high:.2f}")
            top = plot.bottom() + 8
        painter.end()


class DeferralPanel(QWidget):
    """Displays a DeferralView; asks for it. Which threshold is shown is its own affair."""

    run_asked = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("deferral_panel")
        self._found: DeferralView | None = None
        self._run = button("Work out", "deferral_run", "Read scores and outcomes of this log")
        self._threshold = QDoubleSpinBox(objectName="deferral_threshold")
        self._threshold.setAccessibleName("Threshold of confidence")
        self._threshold.setDecimals(3)
        self._threshold.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self._said = label(name="deferral_said", wrap=True)
        self._error = label(name="deferral_error", tone="firing", wrap=True)
        self.picture = DeferralPicture(icons)
        self._empty = label(EMPTY, name="deferral_empty", tone="muted", wrap=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        page = column(row(self._run, label("Threshold", tone="muted"), self._threshold, None), self._error, self._said,
                      self.picture, holding(column(None, self._empty, None, margins=(64, 0, 64, 0))),
                      margins=(0, 8, 0, 0), gap=8)
        page.setStretch(3, 1)
        page.setStretch(4, 1)
        self.setLayout(page)
        self.setFocusProxy(self._run)
        self._run.clicked.connect(self.run_asked)
        self._threshold.valueChanged.connect(self._show)
        self.picture.picked.connect(self._threshold.setValue)
        self.display(None)

    def display(self, found: DeferralView | None) -> None:
        """Show these curves, or that there are none yet."""
        self._found = found
        self.display_error("")
        there = found is not None
        for part in (self.picture, self._said):
            part.setVisible(there)
        self._threshold.setEnabled(there)
        self._empty.parentWidget().setVisible(not there)
        if found is not None:
            low, high = float(found.thresholds[0]), float(found.thresholds[-1])
            self._threshold.setRange(low, high)
            self._threshold.setSingleStep((high - low) / 100)
            self._threshold.setValue(found.threshold_for(FIRST_SHARE))
            self._show()

    def display_busy(self, busy: bool) -> None:
        """The log is being read."""
        self._run.setEnabled(not busy)
        self._run.setText("Reading the log …" if busy else "Work out")

    def display_error(self, sentence: str) -> None:
        """What was asked for cannot be; "" for nothing."""
        self._error.setText(sentence)
        self._error.setVisible(bool(sentence))

    def _show(self) -> None:
        if self._found is not None:
            self._said.setText(self._found.said(self._threshold.value()))
            self.picture.display(self._found, self._threshold.value())
