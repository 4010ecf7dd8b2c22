"""*Lifecycle*: what became of each model version, and where in its cycle somebody has to act next."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPen, QPolygonF, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QTableView, QToolButton, QWidget

from console.advice.lifecycle import LifecycleView, LifeEvent, Shown, Stage
from console.metrics.format import format_count, format_span, format_time
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.advice_page import AdvicePage
from widgets.panels.life_map import ICONS, TONES, LifeMap
from widgets.panels.parts import button, column, holding, label, row, table, tool
from widgets.theme import GRID, font_metrics, system_font

ABOUT = ("Tells of each model version when it came, how its share of the requests grew, what drifted, which alarms "
         "fired, what rollouts, advice and incidents say of it; and whether the next step is a matter of scope, data, "
         "model, deployment or monitoring.")
PLACES = {Shown.BOARD: "Show on the board", Shown.DRIFT: "Show in Drift", Shown.ROLLOUT: "Show in Rollout",
          Shown.ADVICE: "Ask for advice about it", Shown.INCIDENTS: "Open the incident"}
STAGE_PX, ARROW_PX = 26, 16


class StageStrip(QWidget):
    """The five stages of the cycle in their order, the next one marked."""

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self.setObjectName("life_stage")
        self._icons = icons
        self._stage: Stage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        icons.holder.changed.connect(self._on_theme)

    @property
    def stage(self) -> Stage | None:
        """The marked one."""
        return self._stage

    def display(self, stage: Stage | None) -> None:
        """None marks none."""
        self._stage = stage
        self.setAccessibleName("The cycle of a model")
        self.setAccessibleDescription(f"Next: {stage.value}" if stage is not None else "Nothing is to be done")
        self.setToolTip("Where in the cycle of a model the evidence points next")
        self.update()

    def sizeHint(self) -> QSize:
        """Room for the words."""
        wide = sum(round(font_metrics().horizontalAdvance(stage.value)) + 2 * GRID for stage in Stage)
        return QSize(wide + ARROW_PX * (len(Stage) - 1) + 2, STAGE_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt's."""
        theme, painter = self._icons.theme, QPainter(self)
        painter.setFont(system_font())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left = 1.0
        for number, stage in enumerate(Stage):
            if number:
                painter.setPen(QPen(theme.color("muted"), 1.2))
                x, y = left + ARROW_PX / 2 - 2, STAGE_PX / 2
                painter.drawPolyline(QPolygonF([QPointF(x, y - 4), QPointF(x + 4, y), QPointF(x, y + 4)]))
                left += ARROW_PX
            wide = font_metrics().horizontalAdvance(stage.value) + 2 * GRID
            box = QRectF(left, 1, wide, STAGE_PX - 2)
            chosen = stage is self._stage
            if chosen:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.brush("accent"))
                painter.drawRoundedRect(box, 4, 4)
            painter.setPen(theme.color("on_accent" if chosen else "muted"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, stage.value)
            left += wide
        painter.end()

    def _on_theme(self) -> None:
        self.update()


class LifecyclePanel(AdvicePage):
    """Displays a LifecycleView; asks for it, and to be taken where something is shown in full."""

    event_asked = Signal(object)         # LifeEvent
    seen = Signal()                      # somebody looks at an answer that may be old

    def __init__(self, icons: Icons) -> None:
        super().__init__(icons, "lifecycle_page", "What became of each model version?", ABOUT, "Tell the lifecycle")

    def _answer_page(self) -> QWidget:
        again = tool(self._icons, "refresh", "lifecycle_again", "Look again (L)")
        again.clicked.connect(self.asked)
        head = self._answer_head(again)
        incident = head.findChild(QToolButton, "lifecycle_page_incident")
        assert incident is not None
        incident.hide()                                     # it is about all of the log
        self._map = LifeMap(self._icons)
        self._map.marked.connect(self._on_marked)
        self._map.event_asked.connect(self.event_asked)
        self._who = label(name="life_version", large=True)
        self._stages = StageStrip(self._icons)
        self._reason = label(name="life_reason", wrap=True)
        who = row(self._who, 16, self._stages, None)
        who.setAlignment(self._stages, Qt.AlignmentFlag.AlignVCenter)
        self._model = RowsModel((
            Column("When", 176, self._when),
            Column("What", 136, lambda one: one.what.value,
                   icon=lambda one: self._icons.icon(ICONS[one.what], TONES.get(one.what, "accent"))),
            Column("How it is known", 272, lambda one: one.known),
            Column("In words", 320, lambda one: one.sentence),
        ))
        self._events = table(self._model, "life_events", "What happened to this version")
        self._events.activated.connect(self._on_open)
        self._events.selectionModel().currentRowChanged.connect(self._on_row)
        self._said = label(name="life_said", tone="muted", wrap=True)
        self._said.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._said.setMinimumHeight(40)
        self._open = button(PLACES[Shown.BOARD], "life_open", "Go where it is shown in full (Return)")
        self._open.clicked.connect(self._on_open)
        foot = row(self._said, self._open, gap=16)
        foot.setStretch(0, 1)
        foot.setAlignment(self._open, Qt.AlignmentFlag.AlignTop)
        page = column(head, self._map, 4, who, self._reason, self._events, foot, gap=12)
        page.setStretch(1, 2)
        page.setStretch(5, 3)
        self._events.setMinimumHeight(120)
        return holding(page)

    # ---- what is shown -------------------------------------------------------------------------------------

    @property
    def map(self) -> LifeMap:
        """The lines of time."""
        return self._map

    @property
    def events(self) -> QTableView:
        """The table of the marked version."""
        return self._events

    @property
    def event_marked(self) -> LifeEvent | None:
        """The one that is marked in both."""
        return self._map.event_marked

    def showEvent(self, event: QShowEvent) -> None:
        """Somebody looks: what was kept meanwhile belongs to it."""
        super().showEvent(event)
        if self.state == "result":
            self.seen.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The keyboard goes to the lines."""
        super().focusInEvent(event)
        if self.state == "result":
            self._map.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show(self, view: LifecycleView) -> None:
        if self.hasFocus():
            self._map.setFocus(Qt.FocusReason.OtherFocusReason)
        versions = format_count(len(view.versions))
        small = f"{versions} version{'s' if len(view.versions) != 1 else ''}, counted in buckets of " \
                f"{format_span(view.bucket_s)}; {view.seconds:.1f} s."
        self._dress("timeline-clock-outline", "text", view.headline or view.sentence, " ".join((small, *view.notes)))
        self._map.display(view)

    def _on_marked(self) -> None:
        life, one = self._map.life, self._map.event_marked
        self._who.setText("" if life is None else life.version or "The model")
        self._stages.display(life.stage if life is not None else None)
        self._reason.setText("" if life is None else life.reason)
        events = life.events if life is not None else ()
        if self._model.rows != events:
            self._model.show(events)
        at = self._map.place
        if events and self._events.currentIndex().row() != at:
            self._events.selectRow(at)
        self._said.setText(one.sentence if one is not None else "")
        self._open.setEnabled(one is not None)
        self._open.setText(PLACES[one.shown] if one is not None else PLACES[Shown.BOARD])

    def _on_row(self) -> None:
        at = self._events.currentIndex().row()
        if at >= 0:
            self._map.mark_event(at)

    def _on_open(self) -> None:
        one = self._map.event_marked
        if one is not None:
            self.event_asked.emit(one)

    def _when(self, one: LifeEvent) -> str:
        relative = self._view is not None and self._view.relative
        return format_time(one.at, relative=relative)

