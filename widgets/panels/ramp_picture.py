"""The ramp of a plan: the candidate's share of the requests over time, as it goes when nothing stops it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from console.metrics.format import format_span
from console.rollout.plan_view import PlanView
from console.rollout.schedule import Span
from widgets.icons import Icons
from widgets.theme import Theme

PAD = 8
WAIT_SHARE = 0.06
"""Of the width, for a wait whose length nobody knows: for a person, and for an analysis that never ends."""

TAIL_SHARE = 0.08
"""For what comes after the last step."""

LEAST_SHARE = 0.004
TINT = 48


@dataclass(frozen=True, slots=True)
class Piece:
    """A span in the picture, from 0 to 1."""

    span: Span | None       # None: after the last step
    left: float
    right: float
    percent: float
    mirrored: float
    open: bool              # nobody knows how long


def pieces(view: PlanView) -> tuple[Piece, ...]:
    """Where each span stands. Waits without a length have one width; the others are as wide as they are long."""
    shown = [span for span in view.spans if span.seconds or span.waits]
    free = [span.waits or span.seconds == inf for span in shown]
    waits = min(WAIT_SHARE * sum(free), 0.5)
    timed = sum(span.seconds for span, is_open in zip(shown, free, strict=True) if not is_open)
    room = 1 - TAIL_SHARE - waits
    found: list[Piece] = []
    left = 0.0
    for span, is_open in zip(shown, free, strict=True):
        width = waits / sum(free) if is_open else max(span.seconds / timed * room, LEAST_SHARE) if timed else 0.0
        found.append(Piece(span, left, left + width, span.percent, span.mirrored, is_open))
        left += width
    if not shown and view.waits:
        found.append(Piece(None, 0.0, 0.5, 0.0, 0.0, True))
        left = 0.5
    shadow = view.kind == "Shadow"
    found.append(Piece(None, left, 1.0, 0.0 if shadow else 100.0, 0.0, False))
    return tuple(found)


class RampPicture(QWidget):
    """Draws a PlanView. Which step is chosen is told to it."""

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ramp_picture")
        self._icons = icons
        self._view: PlanView | None = None
        self._chosen = -1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        icons.holder.changed.connect(self.update)

    def display(self, view: PlanView | None) -> None:
        """Show this plan."""
        self._view = view
        self.setAccessibleName(spoken(view))
        self.update()

    def choose(self, step: int) -> None:
        """The step with this index stands out; -1 for none."""
        if step != self._chosen:
            self._chosen = step
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as may be."""
        return QSize(600, 128)

    def minimumSizeHint(self) -> QSize:
        """Lower it cannot be read."""
        return QSize(240, 128)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A few dozen lines."""
        if self._view is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, metrics = self._icons.theme, QFontMetrics(self.font())
        left = metrics.horizontalAdvance("100 %") + PAD
        plot = QRectF(left, metrics.height() / 2 + 2, max(self.width() - left - PAD, 1.0),
                      max(self.height() - 2 * metrics.height() - 4, 1.0))
        self._grid(painter, theme, metrics, plot)
        found = pieces(self._view)
        self._areas(painter, theme, plot, found)
        self._labels(painter, theme, metrics, plot, found)
        painter.end()

    def _grid(self, painter: QPainter, theme: Theme, metrics: QFontMetrics, plot: QRectF) -> None:
        for percent in (0, 50, 100):
            y = round(_y(plot, percent)) + 0.5
            painter.setPen(theme.pen("grid" if percent else "line"))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(theme.color("muted"))
            painter.drawText(QRectF(0, y - metrics.height() / 2, plot.left() - PAD / 2, metrics.height()),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{percent} %")

    def _areas(self, painter: QPainter, theme: Theme, plot: QRectF, found: tuple[Piece, ...]) -> None:
        line = QPolygonF()
        for piece in found:
            left, right, y = _x(plot, piece.left), _x(plot, piece.right), _y(plot, piece.percent)
            area = QRectF(QPointF(left, y), QPointF(right, plot.bottom()))
            painter.fillRect(area, theme.brush("accent", TINT))
            if piece.open:
                painter.fillRect(QRectF(QPointF(left, plot.top()), QPointF(right, plot.bottom())),
                                 QBrush(theme.color("muted", 90), Qt.BrushStyle.BDiagPattern))
            if piece.span is not None and piece.span.index == self._chosen:
                painter.fillRect(QRectF(QPointF(left, plot.top()), QPointF(right, plot.bottom())),
                                 theme.brush("accent", TINT))
            if piece.mirrored:
                painter.setPen(QPen(theme.color("muted"), 1.5, Qt.PenStyle.DashLine))
                at = _y(plot, piece.mirrored)
                painter.drawLine(QPointF(left, at), QPointF(right, at))
            line.append(QPointF(left, y))
            line.append(QPointF(right, y))
        painter.setPen(QPen(theme.color("accent"), 2.0))
        painter.drawPolyline(line)

    def _labels(self, painter: QPainter, theme: Theme, metrics: QFontMetrics, plot: QRectF,
                found: tuple[Piece, ...]) -> None:
        free_at = plot.left()
        under_at = -1e9
        before = -1.0
        for piece in found:
            left, right = _x(plot, piece.left), _x(plot, piece.right)
            if piece.percent != before or piece.mirrored:
                said = "shadow" if piece.mirrored and not piece.percent else f"{piece.percent:g} %"
                wide = metrics.horizontalAdvance(said)
                height = piece.mirrored if piece.mirrored and not piece.percent else piece.percent
                high = _y(plot, height) - metrics.height() - 1
                at = min(left + 4, plot.right() - wide)
                if at >= free_at and (piece.percent or piece.mirrored):
                    painter.setPen(theme.color("text"))
                    top = high if high >= plot.top() - metrics.height() / 2 else _y(plot, height) + 2
                    painter.drawText(QRectF(at, top, wide + 4, metrics.height()), Qt.AlignmentFlag.AlignLeft, said)
                    free_at = at + wide + PAD
                before = piece.percent
            text = "until promoted" if piece.open and piece.span is not None and piece.span.waits else (
                "a person decides" if piece.open and piece.span is None else "no end" if piece.open else
                format_span(piece.span.start_s) if piece.span is not None else
                f"then {'nothing' if not piece.percent else 'all'}")
            wide = metrics.horizontalAdvance(text)
            at = min(max(left, plot.left()), plot.right() - wide)
            if at >= under_at + PAD and (wide <= right - left + PAD or not piece.open or right >= plot.right()):
                painter.setPen(theme.color("muted"))
                painter.drawText(QRectF(at, plot.bottom() + 3, wide + 4, metrics.height()),
                                 Qt.AlignmentFlag.AlignLeft, text)
                under_at = at + wide


def _x(plot: QRectF, share: float) -> float:
    return plot.left() + share * plot.width()


def _y(plot: QRectF, percent: float) -> float:
    return plot.bottom() - percent / 100 * plot.height()


def spoken(view: PlanView | None) -> str:
    """The ramp in words."""
    if view is None:
        return "No plan"
    walked = ", ".join(f"{row.said} from {row.when}" for row in view.steps)
    return f"Ramp of {view.name}: {walked or 'no steps'}; then all requests"
