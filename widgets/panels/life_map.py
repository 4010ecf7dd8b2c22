"""The lines of time of *Lifecycle*: a row for each model version, its share of the requests, and what happened to it.

Painted by hand, like the map of *Over time*; what does not follow the mark is one picture.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip

from console.advice.lifecycle import Happened, LifecycleView, LifeEvent, VersionLife
from console.metrics.format import format_time, format_value
from widgets.charts.time_axis import time_ticks
from widgets.icons import Icons
from widgets.models.rows import plain_tip
from widgets.theme import GRID, Theme, font_metrics, system_font

ROW_PX, AXIS_PX = 64, 24
LANE_PX, SHARE_PX = 24, 28
"""In a row: what happened, and below it the share of the requests."""
NAME_PX, MOST_NAME_PX, NAME_SHARE = 176, 280, 0.18
ICON_PX, APART_PX, MOST_SHIFT_PX = 16, 18, 54
"""Icons that would lie on each other step aside, but no further than that: the table has all."""
ICONS = {Happened.FIRST_SEEN: "ray-start-arrow", Happened.RAMPED: "stairs-up", Happened.LAST_SEEN: "ray-end",
         Happened.DRIFTED: "chart-bell-curve", Happened.ALARMED: "bell-outline",
         Happened.STARTED: "rocket-launch-outline", Happened.PROMOTED: "check-circle-outline",
         Happened.ABORTED: "close-octagon-outline", Happened.ROLLED_BACK: "undo-variant",
         Happened.ADVISED: "compass-outline", Happened.REPORTED: "file-document-alert-outline"}
TONES = {Happened.ALARMED: "firing", Happened.ABORTED: "text", Happened.ROLLED_BACK: "text"}
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
CENTRE = Qt.AlignmentFlag.AlignCenter
KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End,
        Qt.Key.Key_Return, Qt.Key.Key_Enter)


class LifeMap(QAbstractScrollArea):
    """Displays a LifecycleView. Up and down mark a version, left and right what happened to it; Return or a double
    click asks to be taken there."""

    marked = Signal()                    # another version, or another event
    event_asked = Signal(object)         # LifeEvent

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self.setObjectName("life_map")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Lines of time of model versions")
        self.viewport().setMouseTracking(True)
        self._icons = icons
        self._view: LifecycleView | None = None
        self._row, self._at = 0, 0
        self._kept: QPixmap | None = None
        icons.holder.changed.connect(self._theme_changed)
        self.verticalScrollBar().valueChanged.connect(self._forget_picture)

    # ---- what is shown -------------------------------------------------------------------------------------

    @property
    def life(self) -> VersionLife | None:
        """The marked version."""
        lives = self._view.versions if self._view is not None else ()
        return lives[self._row] if self._row < len(lives) else None

    @property
    def event_marked(self) -> LifeEvent | None:
        """Of that version."""
        life = self.life
        return life.events[self._at] if life is not None and self._at < len(life.events) else None

    @property
    def place(self) -> int:
        """Its number among those of the version."""
        return self._at

    def display(self, view: LifecycleView | None) -> None:
        """Another view; the mark stays with its version, else it goes to the one with most of the requests."""
        before, self._view = self.life, view
        lives = view.versions if view is not None else ()
        same = next((number for number, life in enumerate(lives) if before is not None
                     and life.version == before.version), None)
        most = max(range(len(lives)), key=lambda number: (lives[number].serving, lives[number].share), default=0)
        self._row = most if same is None else same
        self._at = 0 if same is None else min(self._at, max(0, len(lives[same].events) - 1))
        self.setMaximumHeight(AXIS_PX + max(1, len(lives)) * ROW_PX)
        self._lay_out()
        self._keep_in_sight()
        self._tell()

    def mark(self, row: int, at: int) -> None:
        """That version and what happened to it."""
        lives = self._view.versions if self._view is not None else ()
        if not lives:
            return
        self._row = min(max(row, 0), len(lives) - 1)
        self._at = min(max(at, 0), max(0, len(lives[self._row].events) - 1))
        self._keep_in_sight()
        self._forget_picture()
        self._tell()

    def mark_event(self, at: int) -> None:
        """Of the same version."""
        if at != self._at:
            self.mark(self._row, at)

    # ---- places --------------------------------------------------------------------------------------------

    def _lane(self) -> QRectF:
        wide = self.viewport().width()
        name = min(MOST_NAME_PX, max(NAME_PX, NAME_SHARE * wide))
        return QRectF(name, 0, max(60.0, wide - name - GRID), self.viewport().height())

    def _top(self, row: int) -> int:
        return row * ROW_PX - self.verticalScrollBar().value()

    def _rows_high(self) -> int:
        return self.viewport().height() - AXIS_PX

    def x_of(self, at_s: float) -> float:
        """The pixel of a time."""
        view, lane = self._view, self._lane()
        if view is None:
            return lane.left()
        window = view.window
        share = (at_s - window.start_s) / max(1e-9, window.seconds)
        return float(lane.left() + min(1.0, max(0.0, share)) * lane.width())

    def _icon_places(self, life: VersionLife) -> list[tuple[int, float]]:
        """Number and left edge of the icons that find room."""
        found: list[tuple[int, float]] = []
        free = -1e9
        right = self._lane().right() - ICON_PX
        for number, event in enumerate(life.events):
            wanted = min(self.x_of(event.at.timestamp()) - ICON_PX / 2, right)
            left = max(wanted, free)
            if left - wanted <= MOST_SHIFT_PX and left <= right + 1:
                found.append((number, left))
                free = left + APART_PX
        return found

    def event_at(self, place: QPoint) -> tuple[int, int] | None:
        """Version and event at a pixel; the event is -1 beside all of them."""
        lives = self._view.versions if self._view is not None else ()
        row = (place.y() + self.verticalScrollBar().value()) // ROW_PX
        if place.y() >= self._rows_high() or not 0 <= row < len(lives):
            return None
        inside = place.y() - self._top(row) <= LANE_PX + GRID
        near = [number for number, left in self._icon_places(lives[row]) if left - 2 <= place.x() <= left + ICON_PX + 2]
        return row, near[-1] if near and inside else -1

    def _lay_out(self) -> None:
        rows = len(self._view.versions) if self._view is not None else 0
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, rows * ROW_PX - self._rows_high()))
        bar.setPageStep(max(ROW_PX, self._rows_high()))
        bar.setSingleStep(ROW_PX)
        self._forget_picture()

    def _keep_in_sight(self) -> None:
        bar, top = self.verticalScrollBar(), self._row * ROW_PX
        if top < bar.value():
            bar.setValue(top)
        elif top + ROW_PX > bar.value() + self._rows_high():
            bar.setValue(top + ROW_PX - self._rows_high())

    # ---- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt's: the kept picture, and the mark on it."""
        view, theme = self._view, self._icons.theme
        painter = QPainter(self.viewport())
        if view is None:
            painter.fillRect(self.viewport().rect(), theme.color("background"))
            painter.end()
            return
        ratio = self.devicePixelRatioF()
        if self._kept is None or self._kept.size() != self.viewport().size() * ratio:
            self._kept = self._picture(view, theme, ratio)
        painter.drawPixmap(0, 0, self._kept)
        self._paint_mark(painter, theme)
        painter.end()

    def _picture(self, view: LifecycleView, theme: Theme, ratio: float) -> QPixmap:
        pixmap = QPixmap(self.viewport().size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(theme.color("background"))
        painter = QPainter(pixmap)
        painter.setFont(system_font())
        painter.save()
        painter.setClipRect(QRectF(0, 0, self.viewport().width(), self._rows_high()))
        for number, life in enumerate(view.versions):
            top = self._top(number)
            if top + ROW_PX > 0 and top < self._rows_high():
                self._paint_row(painter, life, view, theme, top, chosen=number == self._row)
        painter.restore()
        self._paint_axis(painter, view, theme)
        painter.end()
        return pixmap

    def _paint_row(self, painter: QPainter, life: VersionLife, view: LifecycleView, theme: Theme, top: int, *,
                   chosen: bool) -> None:
        lane, font = self._lane(), font_metrics()
        if chosen:
            painter.fillRect(QRectF(0, top, self.viewport().width(), ROW_PX - 4), theme.brush("accent", 28))
            painter.fillRect(QRectF(0, top, 3, ROW_PX - 4), theme.color("accent"))
        room = lane.left() - 3 * GRID
        painter.setPen(theme.color("text" if life.serving else "muted"))
        painter.drawText(QRectF(GRID + 4, top + 6, room, 22), LEFT, font.elidedText(
            life.version or "The model", Qt.TextElideMode.ElideMiddle, room))
        painter.setPen(theme.color("muted"))
        painter.drawText(QRectF(GRID + 4, top + 28, room, 22), LEFT, font.elidedText(
            standing(life), Qt.TextElideMode.ElideRight, room))
        self._paint_share(painter, life, view, theme, QRectF(lane.left(), top + LANE_PX + 4, lane.width(), SHARE_PX))
        for number, left in self._icon_places(life):
            event = life.events[number]
            x = self.x_of(event.at.timestamp())
            painter.setPen(theme.pen("line"))
            painter.drawLine(QPointF(x, top + LANE_PX - 1), QPointF(x, top + LANE_PX + 4 + SHARE_PX))
            self._icons.icon(ICONS[event.what], TONES.get(event.what, "accent")).paint(
                painter, QRect(round(left), top + 5, ICON_PX, ICON_PX))

    def _paint_share(self, painter: QPainter, life: VersionLife, view: LifecycleView, theme: Theme,
                     place: QRectF) -> None:
        """Of all requests, from nothing at the ground to all at the top, while it was there."""
        painter.setPen(theme.pen("line"))
        painter.drawLine(QPointF(place.left(), place.bottom()), QPointF(place.right(), place.bottom()))
        there = np.flatnonzero(np.nan_to_num(life.shares) > 0)
        if not len(there):
            return
        shape = QPolygonF()
        shape.append(QPointF(self.x_of(float(view.starts_s[there[0]])), place.bottom()))
        for number in range(int(there[0]), int(there[-1]) + 1):
            share = float(life.shares[number])
            y = place.bottom() - (0.0 if share != share else share) * place.height()
            start = float(view.starts_s[number])
            shape.append(QPointF(self.x_of(start), y))
            shape.append(QPointF(self.x_of(start + view.bucket_s), y))
        shape.append(QPointF(self.x_of(float(view.starts_s[there[-1]]) + view.bucket_s), place.bottom()))
        painter.setPen(QPen(theme.color("accent" if life.serving else "muted"), 1))
        painter.setBrush(theme.brush("accent" if life.serving else "muted", 60))
        painter.drawPolygon(shape)

    def _paint_axis(self, painter: QPainter, view: LifecycleView, theme: Theme) -> None:
        lane = self._lane()
        top = min(self._rows_high(), len(view.versions) * ROW_PX)
        digit, taken = font_metrics().horizontalAdvance("0"), lane.left() - GRID
        for tick in time_ticks(view.window.start_s, view.window.end_s, lane.width(), digit, relative=view.relative):
            x = round(self.x_of(tick.at_s))
            painter.setPen(theme.pen("line"))
            painter.drawLine(x, top - 4, x, top)
            wide = font_metrics().horizontalAdvance(tick.label)
            left = min(max(x - wide / 2, lane.left()), lane.right() - wide)
            if left < taken + GRID:
                continue                            # pushed in at an end, it would touch its neighbour
            taken = left + wide
            painter.setPen(theme.color("text" if tick.day_change else "muted"))
            painter.drawText(QRectF(left - 1, top, wide + 2, AXIS_PX - 4), CENTRE, tick.label)

    def _paint_mark(self, painter: QPainter, theme: Theme) -> None:
        life = self.life
        place = dict(self._icon_places(life)).get(self._at) if life is not None else None
        if place is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("accent" if self.hasFocus() else "muted"), 2))
        painter.drawRoundedRect(QRectF(place - 3, self._top(self._row) + 2, ICON_PX + 6, ICON_PX + 6), 4, 4)

    # ---- events of Qt --------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """Room for all rows."""
        rows = len(self._view.versions) if self._view is not None else 3
        return QSize(800, AXIS_PX + max(1, rows) * ROW_PX)

    def minimumSizeHint(self) -> QSize:
        """Room for two, or for the one that there is."""
        rows = len(self._view.versions) if self._view is not None else 1
        return QSize(400, AXIS_PX + min(2, max(1, rows)) * ROW_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's."""
        super().resizeEvent(event)
        self._lay_out()

    def event(self, event: QEvent) -> bool:
        """Keys that move the mark are not the window's here."""
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) \
                and Qt.Key(event.key()) in KEYS and not event.modifiers():
            event.accept()
            return True
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Qt's: what happened, on hovering."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._view is not None:
            at = self.event_at(event.pos())
            if at is not None and at[1] >= 0:
                one = self._view.versions[at[0]].events[at[1]]
                QToolTip.showText(event.globalPos(), plain_tip(words_of(one, relative=self._view.relative)), self)
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's."""
        life, key = self.life, Qt.Key(event.key())
        if life is None or key not in KEYS:
            super().keyPressEvent(event)
            return
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.event_marked is not None:
                self.event_asked.emit(self.event_marked)
            return
        down = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(key, 0)
        if down:
            self.mark(self._row + down, 0)
            return
        along = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -len(life.events),
                 Qt.Key.Key_End: len(life.events)}
        self.mark(self._row, self._at + along[key])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        at = self.event_at(event.position().toPoint())
        if at is not None:
            self.mark(at[0], at[1] if at[1] >= 0 else 0 if at[0] != self._row else self._at)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        at = self.event_at(event.position().toPoint())
        if at is not None and at[1] >= 0 and self._view is not None:
            self.event_asked.emit(self._view.versions[at[0]].events[at[1]])

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt's."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Qt's."""
        super().focusOutEvent(event)
        self.viewport().update()

    def _tell(self) -> None:
        """For those who listen, and for the page."""
        life, one, view = self.life, self.event_marked, self._view
        said = f"{life.version or 'The model'}, {standing(life)}" if life is not None else ""
        if one is not None and view is not None:
            said += f". {words_of(one, relative=view.relative)}"
        self.setAccessibleDescription(said)
        self.viewport().update()
        self.marked.emit()

    def _theme_changed(self) -> None:
        self._forget_picture()

    def _forget_picture(self) -> None:
        self._kept = None
        self.viewport().update()


def standing(life: VersionLife) -> str:
    """`87 % of the requests, next: model`; `serves no more`."""
    if not life.serving or life.stage is None:
        return "serves no more"
    return f"{format_value(life.share, 'share')} now, next: {life.stage.value}"


def words_of(event: LifeEvent, *, relative: bool) -> str:
    """`Drifted, 9 Mar 2026 00:02 UTC: price rose at once.`"""
    return f"{event.what.value[:1].upper()}{event.what.value[1:]}, {format_time(event.at, relative=relative)}: " \
           f"{event.sentence}"
