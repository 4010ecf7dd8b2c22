"""A lane for each rule over the shown time: when it was pending, fired, had no data."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QFocusEvent, QFontMetricsF, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip, QWidget

from console.alarms.machine import WORST
from console.alarms.view import AlarmsView, RuleRow, StateSpan
from console.metrics.format import format_span
from console.window import Window, from_epoch
from widgets.charts.time_axis import time_ticks
from widgets.models.alarm_words import LOOKS, look_of_rule, short_time
from widgets.models.rows import plain_tip
from widgets.panels.parts import column
from widgets.theme import ThemeHolder, font_metrics, system_font

LANE_PX, NAME_PX, AXIS_PX = 28, 224, 24
RIGHT_PX = 16
LEAST_SPAN_PX = 3.0
MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Enter)
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
CENTRE = Qt.AlignmentFlag.AlignCenter


class Timeline(QWidget):
    """The lanes and the time axis over them. A click, or Return on a stretch, asks for that time."""

    span_asked = Signal(object, object)          # RuleRow, StateSpan
    time_asked = Signal(object)                  # datetime, where nothing was

    def __init__(self, holder: ThemeHolder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lanes = Lanes(holder)
        self._axis = _Axis(holder, self.lanes)
        area = QScrollArea()
        area.setWidget(self.lanes)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        self._area = area
        page = column(self._axis, area, gap=0)
        page.setStretch(1, 1)
        self.setLayout(page)
        self.lanes.span_asked.connect(self.span_asked)
        self.lanes.time_asked.connect(self.time_asked)
        self.lanes.lane_chosen.connect(self._on_lane)

    def display(self, view: AlarmsView | None, visible: Window | None) -> None:
        """Rules that ever did something first, in their own order."""
        rules = view.rules if view is not None else ()
        relative = view is not None and view.relative
        self.lanes.show_rules((*(one for one in rules if one.spans), *(one for one in rules if not one.spans)), visible,
                              view.judged[1] if view is not None and view.judged else None, relative=relative)
        self._axis.show_window(visible, relative=relative)

    def _on_lane(self, top: int) -> None:
        self._area.ensureVisible(0, top + LANE_PX // 2, 0, LANE_PX)


class _Axis(QWidget):
    """As wide as the lanes are, which may have a scroll bar beside them."""

    def __init__(self, holder: ThemeHolder, lanes: Lanes) -> None:
        super().__init__()
        self._holder, self._lanes = holder, lanes
        self._visible: Window | None = None
        self._relative = False
        self.setFixedHeight(AXIS_PX)
        holder.changed.connect(self.update)

    def show_window(self, visible: Window | None, *, relative: bool) -> None:
        self._visible, self._relative = visible, relative
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's."""
        if self._visible is None:
            return
        theme, painter = self._holder.theme, QPainter(self)
        painter.setFont(system_font())
        painter.setPen(theme.pen("muted"))
        width = self._lanes.wide
        start, span = self._visible.start_s, self._visible.seconds
        for tick in time_ticks(start, self._visible.end_s, width, font_metrics().horizontalAdvance("0"),
                               relative=self._relative):
            x = NAME_PX + (tick.at_s - start) / span * width
            painter.drawText(QRectF(x - 80, 0, 160, AXIS_PX), CENTRE, tick.label)
        painter.end()


class Lanes(QWidget):
    """What is painted. Arrows move between lanes and stretches; the pointer is told what it rests on."""

    span_asked = Signal(object, object)
    time_asked = Signal(object)
    lane_chosen = Signal(int)                    # its top

    def __init__(self, holder: ThemeHolder) -> None:
        super().__init__()
        self.setObjectName("alarm_lanes")
        self.setAccessibleName("Timeline of alarm rules")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._holder = holder
        self._rules: tuple[RuleRow, ...] = ()
        self._visible: Window | None = None
        self._newest: datetime | None = None
        self._relative = False
        self._lane = 0
        self._span: StateSpan | None = None
        holder.changed.connect(self.update)

    def show_rules(self, rules: tuple[RuleRow, ...], visible: Window | None, newest: datetime | None, *,
                   relative: bool) -> None:
        """Over that time."""
        self._rules, self._visible, self._newest, self._relative = rules, visible, newest, relative
        self._lane = min(self._lane, max(0, len(rules) - 1))
        self.setFixedHeight(max(1, len(rules)) * LANE_PX)
        self.update()

    def sizeHint(self) -> QSize:
        """Qt's."""
        return QSize(600, max(1, len(self._rules)) * LANE_PX)

    # ---- where things are ----------------------------------------------------------------------------------

    def x_of(self, at: datetime) -> float:
        """Pixels of an instant."""
        assert self._visible is not None
        return NAME_PX + (at - self._visible.start).total_seconds() / self._visible.seconds * self.wide

    def spans_at(self, place: QPointF | QPoint) -> tuple[RuleRow, tuple[StateSpan, ...]] | None:
        """The lane there and its stretches there, the worst first."""
        number = int(place.y() // LANE_PX)
        if self._visible is None or not 0 <= number < len(self._rules) or place.y() < 0:
            return None
        rule = self._rules[number]
        found = [span for span in self._shown(rule) if self._rect(number, span).left() - 2 <= place.x()
                 <= self._rect(number, span).right() + 2]
        return rule, tuple(sorted(found, key=lambda one: -WORST.index(one.state)))

    @property
    def wide(self) -> float:
        """Pixels of the shown time."""
        return max(1.0, self.width() - NAME_PX - RIGHT_PX)

    def _shown(self, rule: RuleRow) -> list[StateSpan]:
        visible = self._visible
        if visible is None:
            return []
        found = [span for span in rule.spans if span.start < visible.end and span.end >= visible.start]
        return sorted(found, key=lambda one: (WORST.index(one.state), one.start))

    def _rect(self, number: int, span: StateSpan) -> QRectF:
        left = max(float(NAME_PX), self.x_of(span.start))
        right = min(NAME_PX + self.wide, max(self.x_of(span.end), left + LEAST_SPAN_PX))
        return QRectF(left, number * LANE_PX + 4, right - left, LANE_PX - 8)

    # ---- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's."""
        theme, painter = self._holder.theme, QPainter(self)
        painter.fillRect(event.rect(), theme.color("surface"))
        painter.setFont(system_font())
        metrics = font_metrics()
        for number, rule in enumerate(self._rules):
            area = QRectF(0, number * LANE_PX, self.width(), LANE_PX)
            if area.top() > event.rect().bottom() or area.bottom() < event.rect().top():
                continue
            if self.hasFocus() and number == self._lane:
                painter.fillRect(QRectF(0, area.top(), 3, LANE_PX), theme.color("accent"))
            look = look_of_rule(rule)
            painter.setPen(theme.pen("text" if rule.rule.enabled else "muted"))
            name = metrics.elidedText(rule.rule.name, Qt.TextElideMode.ElideMiddle, NAME_PX - 32)
            painter.drawText(QRectF(16, area.top(), NAME_PX - 24, LANE_PX), LEFT, name)
            painter.setPen(theme.pen("grid"))
            painter.drawLine(QPointF(NAME_PX, area.center().y()), QPointF(NAME_PX + self.wide, area.center().y()))
            if not rule.rule.enabled:
                self._word(painter, QRectF(NAME_PX, area.top(), 200, LANE_PX), look.word, metrics)
            for span in self._shown(rule):
                self._paint_span(painter, number, span, metrics)
        painter.end()

    def _paint_span(self, painter: QPainter, number: int, span: StateSpan, metrics: QFontMetricsF) -> None:
        theme, look, area = self._holder.theme, LOOKS[span.state], self._rect(number, span)
        solid = look.hatch is Qt.BrushStyle.SolidPattern
        painter.fillRect(area, theme.color(look.tone) if solid else theme.color("surface"))
        if not solid:
            painter.fillRect(area, QBrush(theme.color(look.tone), look.hatch))
            if area.width() > 4:
                painter.setPen(theme.pen(look.tone))
                painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5))
        if span is self._span and self.hasFocus():
            painter.setPen(theme.pen("accent", 2.0))
            painter.drawRect(area.adjusted(-2, -2, 2, 2))
        wide = metrics.horizontalAdvance(look.word) + 8
        if area.width() >= wide + 8:
            pad = QRectF(area.left() + 4, area.top() + 2, wide, area.height() - 4)
            if not solid:
                painter.fillRect(pad, theme.color("surface"))
            painter.setPen(theme.pen("surface" if solid else look.tone))
            painter.drawText(pad, CENTRE, look.word)

    def _word(self, painter: QPainter, area: QRectF, word: str, metrics: QFontMetricsF) -> None:
        wide = metrics.horizontalAdvance(word) + 16
        pad = QRectF(area.left(), area.top() + 4, wide, area.height() - 8)
        painter.fillRect(pad, self._holder.theme.color("surface"))
        painter.setPen(self._holder.theme.pen("muted"))
        painter.drawText(pad, CENTRE, word)

    # ---- what people do ------------------------------------------------------------------------------------

    def said_at(self, place: QPointF | QPoint) -> str:
        """What stands there, in words."""
        found = self.spans_at(place)
        if found is None:
            return ""
        rule, spans = found
        said = [rule.rule.name] if not spans else []
        return "\n".join([*said, *(self._said(rule, one) for one in spans[:8])])

    def _said(self, rule: RuleRow, span: StateSpan) -> str:
        whose = f" ({span.labels_text})" if span.labels_text else ""
        since = short_time(span.start, self._newest, relative=self._relative)
        length = format_span((span.end - span.start).total_seconds())
        return f"{rule.rule.name}{whose}: {LOOKS[span.state].word} from {since} for {length}"

    def event(self, event: QEvent) -> bool:
        """Qt's: arrows move here, and do not move the charts."""
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in MOVES:
            event.accept()
            return True
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), plain_tip(self.said_at(event.pos())), self)
            return True
        return super().event(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        found = self.spans_at(event.position())
        if found is None or event.button() is not Qt.MouseButton.LeftButton or event.position().x() < NAME_PX:
            return
        rule, spans = found
        self._lane = self._rules.index(rule)
        if spans:
            self._choose(spans[0])
            self.span_asked.emit(rule, spans[0])
        elif self._visible is not None:
            share = (event.position().x() - NAME_PX) / self.wide
            self.time_asked.emit(from_epoch(self._visible.start_s + share * self._visible.seconds))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's."""
        if not self._rules or event.key() not in MOVES:
            super().keyPressEvent(event)
            return
        spans = sorted(self._shown(self._rules[self._lane]), key=lambda one: one.start)
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step = 1 if key == Qt.Key.Key_Down else -1
            self._lane = max(0, min(len(self._rules) - 1, self._lane + step))
            self._choose(None)
            self.lane_chosen.emit(self._lane * LANE_PX)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._span in spans:
                self.span_asked.emit(self._rules[self._lane], self._span)
        elif spans:
            at = spans.index(self._span) if self._span in spans else -1
            step = 1 if key == Qt.Key.Key_Right else -1
            self._choose(spans[max(0, min(len(spans) - 1, at + step))] if at >= 0 else spans[0])

    def _choose(self, span: StateSpan | None) -> None:
        self._span = span
        if self._rules:
            rule = self._rules[self._lane]
            self.setAccessibleDescription(self._said(rule, span) if span is not None else rule.rule.name)
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt's."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Qt's."""
        super().focusOutEvent(event)
        self.update()


class Legend(QWidget):
    """What the fillings of the lanes mean."""

    def __init__(self, holder: ThemeHolder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._holder = holder
        self._looks = tuple(look for state, look in LOOKS.items() if look.word != "ended")
        self.setFixedHeight(AXIS_PX)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("States: " + ", ".join(look.word for look in self._looks))
        holder.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Qt's."""
        metrics = font_metrics()
        return QSize(round(sum(metrics.horizontalAdvance(look.word) + 44 for look in self._looks)), AXIS_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's."""
        theme, painter, left = self._holder.theme, QPainter(self), 0.0
        painter.setFont(system_font())
        for look in self._looks:
            sample = QRectF(left, 6, 20, AXIS_PX - 12)
            painter.fillRect(sample, QBrush(theme.color(look.tone), look.hatch))
            wide = font_metrics().horizontalAdvance(look.word)
            painter.setPen(theme.pen("muted"))
            painter.drawText(QRectF(left + 26, 0, wide + 4, AXIS_PX), LEFT, look.word)
            left += wide + 44
        painter.end()
