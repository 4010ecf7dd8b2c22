"""What of a chart stays while its curves move: surface, title, legend, axes and grid, painted once into a pixmap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QPainter, QPixmap

from console.metrics.format import WAITING
from widgets.charts.alarm_marks import Behind
from widgets.charts.time_axis import Tick, time_ticks
from widgets.charts.value_axis import scale_of, value_ticks
from widgets.theme import GRID, Theme, font_metrics, system_font

DASH_PX, SHORT_DASH_PX = 22.0, 16.0
"""Length of a curve's sample in the legend, and of one that has a value beside it."""
LEAST_NAME_PX = 40.0
"""Names in a crowded legend are shortened in their middle, but not below that."""
LEFT, RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
MIDDLE, CENTRE = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignHCenter
MARK_ALPHA = 120
"""A noted moment is behind the curves, and never louder than they are."""
GHOST_DASH: tuple[float, ...] = (4, 4)
NOW = "shown"
"""The name of a curve that needs none while it is alone."""
NO_DATA = "No data in this window"
NO_ALARMS = Behind()
NO_VALUE = "no data"
WAITS = (WAITING, "waiting", "…")
"""What stands in the hatched stretch, by the room there is."""
HATCH_ALPHA = 120


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand in a chart of one size, in pixels. Nothing here depends on the data: axes hold still."""

    title: QRectF                # title, unit and, at its right end, the current value
    legend: QRectF               # without height where there is one curve: its room is the plot's
    plot: QRectF
    times: QRectF                # labels below the plot

    @staticmethod
    def of(width: float, height: float, *, legend: bool = True) -> Layout:
        """For a chart of that size, with or without names of curves."""
        small, large, digit = metrics()
        title = QRectF(1.5 * GRID, GRID, max(1.0, width - 3 * GRID), large)
        named = QRectF(title.left(), title.bottom(), title.width(), small + 4 if legend else 0.0)
        left = round(GRID + 7.5 * digit)
        top, bottom = named.bottom() + GRID, height - small - GRID
        plot = QRectF(left, round(top), max(1.0, width - left - 2 * GRID), max(1.0, round(bottom - top)))
        return Layout(title, named, plot, QRectF(0, plot.bottom() + 5, width, small))


@dataclass(frozen=True, slots=True)
class Backdrop:
    """All that the pixmap depends on. Equal backdrops are the same picture."""

    theme: Theme
    size: QSize
    ratio: float                 # device pixels per pixel
    title: str
    unit: str
    series: tuple[str, ...]
    start_s: float
    end_s: float
    low: float
    high: float
    empty: bool
    room: float                  # kept free for the current value, at the right of the title
    badge: str = ""              # where the numbers are from; beside the unit, where there is room
    marks: tuple[float, ...] = ()       # moments about which something was noted, in seconds
    relative: bool = False              # the time axis counts from the start of the log
    ghost: str = ""                     # name of the curve of hours before; "" for none
    waits: tuple[float, float] | None = None    # from when to when outcomes are waited for, in seconds
    said: str = ""                      # what stands in the plot in place of NO_DATA
    ticks: tuple[tuple[float, str], ...] | None = None      # of the value axis, where it is not even
    scale: bool = False                 # the row of the legend is kept for the shades of a map
    alarms: Behind = NO_ALARMS          # thresholds and stretches, in pixels

    @property
    def legend(self) -> tuple[str, ...]:
        """The names of the curves, where there is more than one line; the ghost is not among them."""
        return legend_names(self.series, self.ghost)

    def paint(self) -> QPixmap:
        """Draws it."""
        pixmap = QPixmap(self.size * self.ratio)
        pixmap.setDevicePixelRatio(self.ratio)
        painter = QPainter(pixmap)
        self.draw(painter)
        painter.end()
        return pixmap

    def draw(self, painter: QPainter) -> None:
        """With any painter, so that a file gets lines and letters and no pixels."""
        painter.fillRect(QRectF(0, 0, self.size.width(), self.size.height()), self.theme.color("surface"))
        layout = Layout.of(self.size.width(), self.size.height(), legend=bool(self.legend) or self.scale)
        painter.setFont(system_font())
        self._title(painter, layout)
        if self.legend:
            paint_legend(painter, layout.legend, self.theme, self.legend, ghost=self.ghost)
        self._grid(painter, layout)
        whole = self._waiting(painter, layout) if self.waits is not None else False
        if self.empty and not whole:
            painter.setPen(self.theme.pen("muted"))
            painter.drawText(layout.plot, CENTRE | MIDDLE | Qt.TextFlag.TextWordWrap, self.said or NO_DATA)

    def _waiting(self, painter: QPainter, layout: Layout) -> bool:
        """The hatched stretch of what is too young to be told. Says whether its words were written."""
        assert self.waits is not None
        plot, across = layout.plot, layout.plot.width() / (self.end_s - self.start_s)
        left, right = (min(max(plot.left() + (at - self.start_s) * across, plot.left()), plot.right())
                       for at in self.waits)
        if right - left < 1:
            return False
        painter.save()
        painter.fillRect(QRectF(left, plot.top(), right - left, plot.height()),
                         QBrush(self.theme.color("muted", HATCH_ALPHA), Qt.BrushStyle.BDiagPattern))
        painter.restore()
        words = next((text for text in WAITS if font_metrics().horizontalAdvance(text) + GRID <= right - left), "")
        if words:
            small = metrics()[0]
            box = QRectF(0, 0, font_metrics().horizontalAdvance(words) + GRID, small + 2)
            box.moveCenter(QPointF((left + right) / 2, plot.center().y() if self.empty else plot.top() + small))
            painter.fillRect(box, self.theme.color("surface"))
            painter.setPen(self.theme.pen("muted"))
            painter.drawText(box, CENTRE | MIDDLE, words)
        return bool(words)

    def _title(self, painter: QPainter, layout: Layout) -> None:
        title, unit = title_parts(self.title, title_unit(self.unit, self.low, self.high), self.badge,
                                  layout.title.width() - self.room - GRID)
        painter.setFont(system_font(bold=True))
        painter.setPen(self.theme.pen("text"))
        painter.drawText(layout.title, LEFT | MIDDLE, title)
        painter.setFont(system_font())
        painter.setPen(self.theme.pen("muted"))
        used = font_metrics(bold=True).horizontalAdvance(title) + GRID
        painter.drawText(layout.title.adjusted(used, 0, 0, 0), LEFT | MIDDLE, unit)

    def _grid(self, painter: QPainter, layout: Layout) -> None:
        plot, theme = layout.plot, self.theme
        small, _, digit = metrics()
        values = (() if self.empty else self.ticks if self.ticks is not None
                  else value_ticks(self.low, self.high, plot.height(), self.unit))
        times = time_ticks(self.start_s, self.end_s, plot.width(), digit, relative=self.relative)
        heights = [round(plot.bottom() - (v - self.low) / (self.high - self.low) * plot.height()) for v, _ in values]
        places = time_places(times, self.start_s, self.end_s, plot)
        self.alarms.paint_tints(painter, theme, plot)
        painter.setPen(theme.pen("grid"))
        for y in heights:
            painter.drawLine(int(plot.left()), y, int(plot.right()), y)
        for x in places:
            painter.drawLine(x, int(plot.top()), x, int(plot.bottom()))
        self.alarms.paint(painter, theme, plot)
        painter.setPen(theme.color("accent", MARK_ALPHA))
        for x in mark_places(self.marks, self.start_s, self.end_s, plot):
            painter.drawLine(x, int(plot.top()), x, int(plot.bottom()))
        painter.setPen(theme.pen("line"))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        painter.setPen(theme.pen("muted"))
        for y, (_, label) in zip(heights, values, strict=True):
            top = min(y - small / 2, plot.bottom() + 3 - small)      # clear of the first time below
            painter.drawText(QRectF(0, top, plot.left() - 6, small), RIGHT | MIDDLE, label)
        for box, tick in zip(time_boxes(times, places, layout), times, strict=True):
            if tick.day_change:
                painter.setPen(theme.pen("text"))
            painter.drawText(box, CENTRE | MIDDLE, tick.label)
            if tick.day_change:
                painter.setPen(theme.pen("muted"))


def time_places(ticks: tuple[Tick, ...], start_s: float, end_s: float, plot: QRectF) -> list[int]:
    """The horizontal pixels of the ticks of the time axis."""
    across = plot.width() / (end_s - start_s)
    return [round(plot.left() + (tick.at_s - start_s) * across) for tick in ticks]


def mark_places(marks: tuple[float, ...], start_s: float, end_s: float, plot: QRectF) -> list[int]:
    """The horizontal pixels of noted moments, of those that lie within."""
    across = plot.width() / (end_s - start_s)
    return [round(plot.left() + (at - start_s) * across) for at in marks if start_s <= at <= end_s]


def time_boxes(ticks: tuple[Tick, ...], places: list[int], layout: Layout) -> list[QRectF]:
    """Where their labels stand: centred below, but inside the chart."""
    small, _, digit = metrics()
    boxes = []
    for x, tick in zip(places, ticks, strict=True):
        width = len(tick.label) * digit + GRID
        left = min(max(x - width / 2, 2.0), layout.times.width() - width - 2)
        boxes.append(QRectF(left, layout.times.top(), width, small))
    return boxes


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A name in the legend, with the sample of its curve before it, in pixels."""

    text: str
    left: float
    sample: float
    width: float


def legend_entries(room: QRectF, names: tuple[str, ...], values: tuple[str, ...] = (), *,
                   ghost: str = "") -> list[LegendEntry]:
    """Where each stands; without those that have no room."""
    names = (*names, ghost) if ghost else names
    font = font_metrics()
    gap = GRID if values else 1.5 * GRID
    sample = (SHORT_DASH_PX if values else DASH_PX) + 4
    after = [f" {values[index]}" if index < len(values) else "" for index in range(len(names))]
    texts = [name + value for name, value in zip(names, after, strict=True)]
    if sum(font.horizontalAdvance(text) + sample + gap for text in texts) - gap > room.width():
        sample, gap = SHORT_DASH_PX + 4, float(GRID)
        free = room.width() + gap - len(names) * (sample + gap) - sum(font.horizontalAdvance(value) for value in after)
        rooms = shared([font.horizontalAdvance(name) for name in names], free)
        short = [font.elidedText(n, Qt.TextElideMode.ElideMiddle, wide) for n, wide in zip(names, rooms, strict=True)]
        texts = [name + value for name, value in zip(short, after, strict=True)]
    left = room.left()
    found: list[LegendEntry] = []
    for index, text in enumerate(texts):
        advance = sample + font.horizontalAdvance(text) + gap
        more = font.horizontalAdvance("+99") if index < len(names) - 1 else 0
        if found and left + advance - gap + more > room.right() + gap:
            break
        found.append(LegendEntry(text, left, sample, advance))
        left += advance
    return found


def paint_legend(
    painter: QPainter, room: QRectF, theme: Theme, names: tuple[str, ...], values: tuple[str, ...] = (), *,
    ghost: str = "",
) -> None:
    """A sample of each curve with its name, and its value where there is one; what has no room is counted.

    ghost  stands last, with the sample of a curve of hours before
    """
    entries, count = legend_entries(room, names, values, ghost=ghost), len(names) + bool(ghost)
    middle, ratio = room.center().y(), painter.device().devicePixelRatio()
    for index, one in enumerate(entries):
        of_ghost = bool(ghost) and index == count - 1
        # a sample needs more weight than a curve
        painter.setPen(theme.pen("muted", 1.0, GHOST_DASH) if of_ghost else theme.series_pen(index, ratio, 2.0))
        painter.drawLine(QPointF(one.left, middle), QPointF(one.left + one.sample - 4, middle))
        painter.setPen(theme.pen("text" if values else "muted"))
        painter.drawText(room.adjusted(one.left - room.left() + one.sample, 0, GRID, 0), LEFT | MIDDLE, one.text)
    if len(entries) < count:
        painter.setPen(theme.pen("muted"))
        left = entries[-1].left + entries[-1].width if entries else room.left()
        painter.drawText(room.adjusted(left - room.left(), 0, GRID, 0), LEFT | MIDDLE, f"+{count - len(entries)}")


def shared(widths: list[float], room: float) -> list[float]:
    """How much of the room each name gets: short ones all that they need, long ones equal parts of what is left."""
    given = [0.0] * len(widths)
    left = sorted(range(len(widths)), key=lambda at: widths[at])
    for number, at in enumerate(left):
        given[at] = max(LEAST_NAME_PX, min(widths[at], room / (len(left) - number)))
        room -= min(widths[at], given[at])
    return given


def legend_names(series: tuple[str, ...], ghost: str) -> tuple[str, ...]:
    """Names for the legend; none for a curve that is alone."""
    return tuple(name or NOW for name in series) if len(series) > 1 or ghost else ()


def title_parts(title: str, unit: str, badge: str, room: float) -> tuple[str, str]:
    """What stands at the left of the title: the title, shortened in its middle since series differ in their endings,
    and what follows it. The unit is always there, for the value leaves it out; the badge if nothing is cut for it."""
    font, small = font_metrics(bold=True), font_metrics()
    both = ", ".join(word for word in (unit, badge) if word)
    if font.horizontalAdvance(title) + GRID + small.horizontalAdvance(both) <= room:
        return title, both
    left = room - (small.horizontalAdvance(unit) + GRID if unit else 0)
    return font.elidedText(title, Qt.TextElideMode.ElideMiddle, left), unit


def title_unit(unit: str, low: float, high: float) -> str:
    """The unit as the title says it. Nothing where the axis says it at each number: percent, and what is divided."""
    return "" if unit in ("share", "%") or scale_of(unit, max(abs(low), abs(high)))[1] else unit


def without_unit(texts: tuple[str, ...], unit: str) -> tuple[str, ...]:
    """Values without the unit that the title says already; as they are where one has another ("1.2 s" among "ms")."""
    ending = f" {unit}"
    if unit and all(text.endswith(ending) or text in ("", NO_VALUE) for text in texts):
        return tuple(text.removesuffix(ending) for text in texts)
    return texts


@lru_cache(maxsize=1)
def metrics() -> tuple[float, float, float]:
    """Height of a small and of a large line, and width of a digit, in pixels."""
    small, large = font_metrics(), font_metrics(large=True)
    return float(round(small.height())), float(round(large.height())), small.horizontalAdvance("0")
