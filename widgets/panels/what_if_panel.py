"""A what-if: plans many times over the log, with candidates as good as stable and with bad ones."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QProgressBar, QSizePolicy, QWidget

from console.rollout.ready import NAMES
from console.rollout.what_if_view import WhatIfRow, WhatIfView
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.lines import Line, Lines
from widgets.panels.parts import Choice, button, column, label, row, table

RUNS = (20, 100, 300, 1000)
EMPTY = ("Try plans out before one is used: each runs many times over this log, with a candidate as good as stable "
         "and with bad ones.")
BAR_PX, GAP_PX, PAD = 14, 10, 8
OWN = "the plan that is open"


class SharePicture(QWidget):
    """The share of runs that each plan stops, by candidate: a bar with its interval."""

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self.setObjectName("what_if_picture")
        self._icons = icons
        self._view: WhatIfView | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        icons.holder.changed.connect(self.update)

    def display(self, view: WhatIfView | None) -> None:
        """Show these."""
        self._view = view
        self.setAccessibleName("Share of runs that are stopped: " + "; ".join(
            f"{one.plan}, {one.candidate}: {one.share:.0%}" for one in (view.rows if view is not None else ())))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As high as its bars."""
        view = self._view
        if view is None:
            return QSize(400, 0)
        height = QFontMetrics(self.font()).height()
        return QSize(400, 2 * height + 12 + len(view.candidates) * (len(view.plans) * BAR_PX + GAP_PX))

    def minimumSizeHint(self) -> QSize:
        """The same."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Some dozen bars."""
        view = self._view
        if view is None or not view.rows:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, metrics = self._icons.theme, QFontMetrics(self.font())
        left = max(metrics.horizontalAdvance(name) for name in view.candidates) + 2 * PAD
        top = metrics.height() + 6
        plot = QRectF(left, top, max(self.width() - left - 56, 1.0), self.height() - top - metrics.height() - 4)
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            x = round(plot.left() + share * plot.width()) + 0.5
            painter.setPen(theme.pen("grid"))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
            painter.setPen(theme.color("muted"))
            painter.drawText(QRectF(x - 30, plot.bottom() + 2, 60, metrics.height()), Qt.AlignmentFlag.AlignHCenter,
                             f"{share:.0%}")
        x = 0.0
        painter.setPen(theme.color("text"))
        painter.drawText(QPointF(x, metrics.ascent()), "Runs that are stopped")
        x += metrics.horizontalAdvance("Runs that are stopped") + 2 * PAD
        for number, name in enumerate(view.plans):
            painter.fillRect(QRectF(x, metrics.height() / 2 - 4, 10, 10), QColor(theme.series_color(number)))
            painter.setPen(theme.color("muted"))
            painter.drawText(QPointF(x + 14, metrics.ascent()), name)
            x += 14 + metrics.horizontalAdvance(name) + 2 * PAD
        y = plot.top() + GAP_PX / 2
        for candidate in view.candidates:
            rows = [one for one in view.rows if one.candidate == candidate]
            height = len(view.plans) * BAR_PX
            painter.setPen(theme.color("text"))
            painter.drawText(QRectF(0, y, left - PAD, height), Qt.AlignmentFlag.AlignRight
                             | Qt.AlignmentFlag.AlignVCenter, candidate)
            for one in rows:
                at = y + one.number * BAR_PX
                bar = QRectF(plot.left(), at + 2, one.share * plot.width(), BAR_PX - 4)
                painter.fillRect(bar, QColor(theme.series_color(one.number)))
                painter.setPen(QPen(theme.color("text"), 1.0))
                middle = at + BAR_PX / 2
                low, high = plot.left() + one.low * plot.width(), plot.left() + one.high * plot.width()
                painter.drawLine(QPointF(low, middle), QPointF(high, middle))
                for end in (low, high):
                    painter.drawLine(QPointF(end, middle - 3), QPointF(end, middle + 3))
                painter.setPen(theme.color("muted"))
                painter.drawText(QRectF(max(bar.right(), high) + 6, at, 60, BAR_PX),
                                 Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, f"{one.share:.0%}")
            y += height + GAP_PX
        painter.end()


class WhatIfPanel(QWidget):
    """Displays a WhatIfView; asks for runs. What a plan does is worked out in console.rollout."""

    run_asked = Signal(object, int)      # names of ready plans, OWN for the open one; runs of each candidate
    cancel_asked = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("what_if_panel")
        self._icons = icons
        self._boxes = {name: QCheckBox(name, objectName=f"what_if_plan_{number}")
                       for number, name in enumerate((OWN, *(name for name in NAMES if name != "blue/green")))}
        self._boxes[OWN].setChecked(True)
        self._runs = Choice(icons, "what_if_runs", "Runs of each candidate", [f"{runs:,} runs" for runs in RUNS])
        self._runs.setCurrentIndex(1)
        self._run = button("Try out", "what_if_run", "Run the chosen plans over this log, many times each")
        self._bar = QProgressBar(objectName="what_if_progress")
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(96, 8)
        self._cancel = button("Cancel", "what_if_cancel", "Stop trying out")
        self._error = label(name="what_if_error", tone="firing", wrap=True)
        self.picture = SharePicture(icons)
        self._rows: RowsModel = RowsModel((
            Column("Candidate", 112, lambda one: one.candidate), Column("Plan", 144, lambda one: one.plan),
            Column("Stopped", 64, lambda one: f"{one.share:.0%}", right=True),
            Column("Until stopped", 136, lambda one: one.minutes),
            Column("Requests it met", 136, lambda one: one.requests),
            Column("Errors too many", 112, lambda one: one.excess_errors),
            Column("Clicks lost", 96, lambda one: one.clicks_lost),
            Column("Until all requests", 144, lambda one: one.to_full),
            Column("Mostly by", 112, lambda one: one.stopped_by)))
        self._table = table(self._rows, "what_if_rows", "What became of the runs")
        self._sentences = Lines(icons, "what_if_sentences", "The same in words")
        self._empty = label(EMPTY, name="what_if_empty", tone="muted", wrap=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        page = column(row(*self._boxes.values(), None, self._runs, self._run, self._bar, self._cancel), self._error,
                      self.picture, self._table, self._sentences, self._empty, margins=(0, 8, 0, 0), gap=8)
        page.setStretch(3, 3)
        page.setStretch(4, 2)
        page.setStretch(5, 5)
        self.setLayout(page)
        self._run.clicked.connect(self._on_run)
        self._cancel.clicked.connect(self.cancel_asked)
        self.setFocusProxy(self._run)
        self.display_busy(False)
        self.display(None)

    def display(self, view: WhatIfView | None) -> None:
        """Show these."""
        self.display_error("")
        self._empty.setVisible(view is None)
        for part in (self.picture, self._table, self._sentences):
            part.setVisible(view is not None)
        self.picture.display(view)
        rows: tuple[WhatIfRow, ...] = view.rows if view is not None else ()
        self._rows.show(rows)
        self._sentences.show_lines([Line("information-outline", "muted", text)
                                    for text in (view.sentences if view is not None else ())])

    def display_busy(self, busy: bool, done: int = 0, total: int = 0) -> None:
        """Runs are going on."""
        self._bar.setVisible(busy)
        self._cancel.setVisible(busy)
        self._run.setEnabled(not busy)
        self._bar.setRange(0, total)
        self._bar.setValue(done)

    def display_error(self, sentence: str) -> None:
        """What was asked for cannot be; "" for nothing."""
        self._error.setText(sentence)
        self._error.setVisible(bool(sentence))

    def _on_run(self) -> None:
        chosen = [name for name, box in self._boxes.items() if box.isChecked()]
        if chosen:
            self.run_asked.emit(tuple(chosen), RUNS[self._runs.currentIndex()])
        else:
            self.display_error("Choose at least one plan.")
